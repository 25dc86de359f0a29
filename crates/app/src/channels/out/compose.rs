//! Writing: an answer, a forward, the first mail of a conversation. Message, step, audit entry and
//! the mail to leave are one transaction; what was sealed for a conversation that moved meanwhile is
//! sealed again.

use db::Tx;
use kernel::{ConversationId, CustomerId, Id, Locale, MessageId, OrganisationId, OwnAddressId, Timestamp};

use super::delivery::{DeliveryState, Envelope, Recipient};
use super::files::{Kept, NewFile};
use super::look::{Look, Ways};
use super::plan::{self, Plan};
use super::store::{self as mails, MailRow};
use super::{Refused, letter};
use crate::audit::{self, Action, Audit, Entry};
use crate::channels::{Channels, Error, reply_token, store};
use crate::desk::{
    After, Desk, Direction, MessageContent, Moved, Nature, NewConversation, NewMessage, Party, Standing,
};
use crate::vault::{Column, ContactKind, CustomerState, Index, NewCustomer, Normalised, SubjectKeys, Vault};
use crate::{Actor, STALE_TRIES};

/// Bytes of the part of an address before its @.
const LOCAL_PART_BYTES: usize = 64;

/// What all mails of ours are made of. No `Debug`: it holds words and addresses.
#[derive(Clone, Default)]
pub struct Writing {
    /// The address of ours that it comes from; none for the one that the customer wrote to.
    pub from: Option<OwnAddressId>,
    /// What is newly written, at most [`TEXT_BYTES`](super::TEXT_BYTES).
    pub text: String,
    /// Addresses in copy.
    pub cc: Vec<String>,
    /// Files sent along.
    pub files: Vec<NewFile>,
    /// The language of signature and quote.
    pub language: Locale,
    /// What becomes of the conversation.
    pub after: After,
}

/// An answer.
#[derive(Clone)]
pub struct NewReply {
    /// In which conversation.
    pub conversation: ConversationId,
    /// To which message; none for the last one that its customer wrote.
    pub answers: Option<MessageId>,
    /// To whom; none for the answered message's Reply-To or sender.
    pub to: Option<Vec<String>>,
    /// Whether the answered message is quoted below.
    pub quotes: bool,
    /// The rest.
    pub writing: Writing,
}

/// A message passed on.
#[derive(Clone)]
pub struct NewForward {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which message.
    pub message: MessageId,
    /// To whom.
    pub to: Vec<String>,
    /// Whether its files go with it.
    pub with_files: bool,
    /// The rest.
    pub writing: Writing,
}

/// The first mail of a new conversation.
#[derive(Clone)]
pub struct NewMail {
    /// To which address; a customer is found by it or made.
    pub to: String,
    /// The customer's name, if one is known.
    pub name: Option<String>,
    /// About what.
    pub subject: String,
    /// The rest.
    pub writing: Writing,
}

/// A mail that is durable and leaves when its time to be taken back is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its conversation.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageId,
    /// Until when it can be taken back.
    pub undo_until: Timestamp,
}

/// Everything that the transaction stores.
struct Prepared {
    contact: Option<(ContactKind, [u8; 32], Option<CustomerId>)>,
    customer: Option<NewCustomer>,
    conversation: Option<NewConversation>,
    seen: Option<Standing>,
    message: NewMessage,
    mail: MailRow,
    reference: [u8; 32],
    after: After,
    entries: Vec<audit::Prepared>,
}

/// Where a mail will hang, and whose it is.
struct Place<'a> {
    conversation: ConversationId,
    customer: CustomerId,
    keys: &'a SubjectKeys,
}

impl Channels {
    /// Writes an answer into a conversation.
    pub async fn reply(&self, organisation: OrganisationId, actor: Actor, new: NewReply) -> Result<Written, Error> {
        let plan = |look: &Look| plan::reply(&new, look, (actor == Actor::System, self.context.clock.now()));
        self.write_into(organisation, actor, (new.conversation, new.answers), &new.writing, plan).await
    }

    /// Passes a message on to somebody else, in the conversation that it stands in.
    pub async fn forward(&self, organisation: OrganisationId, actor: Actor, new: NewForward) -> Result<Written, Error> {
        let mut writing = new.writing.clone();
        if new.with_files {
            writing.files.extend(self.files_of(organisation, (new.conversation, new.message)).await?);
        }
        let plan = |look: &Look| plan::forward(&new, look);
        self.write_into(organisation, actor, (new.conversation, Some(new.message)), &writing, plan).await
    }

    /// Writes to a contact point, whose customer is found or made, in a new conversation.
    pub async fn start_conversation(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        new: NewMail,
    ) -> Result<Written, Error> {
        let contact = Normalised::email(&new.to).ok_or(Refused::Address)?;
        let kept = self.keep(&new.writing.files).await?;
        for _ in 0..STALE_TRIES {
            match self.try_start(organisation, actor, (&new, &contact), &kept).await {
                Err(Error::Stale) => {}
                done => return self.finished(done, &kept).await,
            }
        }
        self.finished(Err(db::Error::Conflict.into()), &kept).await
    }

    async fn write_into(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        (conversation, named): (ConversationId, Option<MessageId>),
        writing: &Writing,
        plan: impl Fn(&Look) -> Result<Plan, Refused>,
    ) -> Result<Written, Error> {
        let kept = self.keep(&writing.files).await?;
        for _ in 0..STALE_TRIES {
            let tried = async {
                let look = self.look_at(organisation, conversation, named).await?;
                let plan = plan(&look)?;
                let place = Place { conversation, customer: look.standing.customer, keys: &look.keys };
                let mut prepared =
                    self.prepare_mail(organisation, actor, &place, (plan, writing), (&kept, &look.ways))?;
                prepared.seen = Some(look.standing);
                self.commit_mail(organisation, actor, prepared).await
            };
            match tried.await {
                Err(Error::Stale) => {}
                done => return self.finished(done, &kept).await,
            }
        }
        self.finished(Err(db::Error::Conflict.into()), &kept).await
    }

    async fn try_start(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        (new, contact): (&NewMail, &Normalised),
        kept: &[Kept],
    ) -> Result<Written, Error> {
        let blind = self.vault.blind(organisation, contact.kind().index(), contact.normalised().as_bytes())?;
        let kind = contact.kind();
        let channels = self.clone();
        let look = move |tx: &mut Tx<'_>| {
            let known = match Vault::find_by_contact(tx, organisation, kind, &blind)? {
                Some(known) => {
                    let keys = channels.vault.keys(tx, organisation, known.into())?.ok_or(Error::Stale)?;
                    Some((known, keys))
                }
                None => None,
            };
            Ok::<_, Error>((known, channels.ways(tx, organisation)?))
        };
        let (known, ways) = self.context.db.read("channels.look_before_start", look).await?;
        let plan = plan::first(new, &ways)?;
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let known_customer = known.as_ref().map(|(customer, _)| *customer);
        let (customer, keys, made) = if let Some((customer, keys)) = known {
            (customer, keys, None)
        } else {
            let made = self.vault.prepare_customer(organisation, contact, new.name.as_deref())?;
            (made.id, std::sync::Arc::clone(made.opened()), Some(made))
        };
        let conversation = ConversationId::new(now, entropy);
        let opened = NewConversation {
            id: conversation,
            customer,
            channel: crate::channels::prepare::CHANNEL,
            subject_sealed: keys.seal(Column::Subject, conversation.bytes(), plan.subject.as_bytes(), entropy)?,
            subject_index: self
                .subject_index(organisation, &crate::channels::mail::base_subject(&plan.subject).text)?,
            language: Some(new.writing.language),
        };
        let place = Place { conversation, customer, keys: &keys };
        let mut prepared = self.prepare_mail(organisation, actor, &place, (plan, &new.writing), (kept, &ways))?;
        let entry = |action| Entry::new(action, actor, now).conversation(conversation);
        let mut entries = Vec::new();
        if made.is_some() {
            entries.push(self.audit.prepare(&keys, &entry(Action::CustomerCreated).object(customer))?);
        }
        entries.push(self.audit.prepare(&keys, &entry(Action::ConversationOpened).object(conversation))?);
        entries.append(&mut prepared.entries);
        prepared.entries = entries;
        prepared.contact = Some((kind, blind, known_customer));
        prepared.customer = made;
        prepared.conversation = Some(opened);
        let written = self.commit_mail(organisation, actor, prepared).await?;
        self.vault.remember(&keys);
        Ok(written)
    }

    /// Seals a mail for its place.
    fn prepare_mail(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        place: &Place<'_>,
        (plan, writing): (Plan, &Writing),
        (kept, ways): (&[Kept], &Ways),
    ) -> Result<Prepared, Error> {
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let id = MessageId::new(now, entropy);
        let token = reply_token::make(&self.vault, organisation, place.conversation)?;
        let (local, domain) = split(&plan.own.details.on_the_wire()?)?;
        let message_id = format!("{}.{token}@{domain}", letter::hex(&entropy.array::<12>()));
        let reference = self.vault.blind(organisation, Index::MessageId, message_id.as_bytes())?;
        let own = &plan.own.details;
        let envelope = Envelope {
            recipients: recipients(plan.to.iter().chain(&plan.cc)),
            // A longer local part is none (RFC 5321, 4.5.3.1.1); the Message-ID names the conversation too.
            reply_to: Some(format!("{local}+{token}"))
                .filter(|named| own.takes_plus && named.len() <= LOCAL_PART_BYTES)
                .map(|named| format!("{named}@{domain}")),
            in_reply_to: plan.in_reply_to,
            references: plan.references,
            automatic: plan.automatic,
            trouble: None,
        };
        let content = MessageContent {
            from: Some(Party { name: own.name.clone(), address: own.address.clone() }),
            to: plan.to,
            cc: plan.cc,
            subject: plan.subject,
            date: Some(now.seconds()),
            message_id: Some(message_id),
            text: writing.text.replace("\r\n", "\n").trim_end().to_owned(),
            quoted: plan.below,
            ..MessageContent::default()
        };
        let attachments =
            kept.iter().map(|file| file.attach(place.keys, entropy)).collect::<Result<Vec<_>, Error>>()?;
        let bytes = content.text.len() as u64 + kept.iter().map(|file| file.size).sum::<u64>();
        let message = NewMessage {
            id,
            conversation: place.conversation,
            customer: place.customer,
            direction: Direction::Out,
            nature: if plan.automatic { Nature::AutoReply } else { Nature::Personal },
            sealed: place.keys.seal(Column::Message, id.bytes(), &serde_json::to_vec(&content)?, entropy)?,
            authentication: String::new(),
            size: bytes,
            received_at: now,
            attachments,
        };
        let sealed = place.keys.seal(Column::OutgoingMail, id.bytes(), &serde_json::to_vec(&envelope)?, entropy)?;
        let mail = MailRow {
            message: id,
            conversation: place.conversation,
            customer: place.customer,
            own_address: plan.own.id,
            author: actor,
            state: DeliveryState::Held,
            sealed: Some(sealed),
            due_at: Some(now.plus(ways.undo)),
            tries: 0,
            doubts: 0,
            moved: Moved { before: crate::desk::State::New, slept_until: None, after: crate::desk::State::New },
            created_at: now,
        };
        let entry = Entry::new(Action::MessageWritten, actor, now).conversation(place.conversation).object(id);
        let entries = vec![self.audit.prepare(place.keys, &entry)?];
        let (after, new) = (writing.after, None);
        Ok(Prepared {
            contact: None,
            customer: new,
            conversation: None,
            seen: None,
            message,
            mail,
            reference,
            after,
            entries,
        })
    }

    async fn commit_mail(&self, organisation: OrganisationId, actor: Actor, new: Prepared) -> Result<Written, Error> {
        let written = Written {
            conversation: new.message.conversation,
            message: new.message.id,
            undo_until: new.mail.due_at.unwrap_or(new.mail.created_at),
        };
        let write = move |tx: &mut Tx<'_>| commit(tx, organisation, actor, &new);
        self.context.db.write("channels.write", write).await.map(|()| written)
    }
}

fn commit(tx: &mut Tx<'_>, organisation: OrganisationId, actor: Actor, new: &Prepared) -> Result<(), Error> {
    let now = new.mail.created_at;
    if let Some((kind, blind, known)) = &new.contact
        && Vault::find_by_contact(tx, organisation, *kind, blind)? != *known
    {
        return Err(Error::Stale);
    }
    if let Some(customer) = &new.customer {
        Vault::insert_customer(tx, organisation, customer, now)?;
    } else if Vault::state(tx, organisation, new.message.customer, true)? == CustomerState::Erased {
        return Err(Refused::Erased.into());
    }
    if let Some(conversation) = &new.conversation {
        Desk::open(tx, organisation, conversation, now)?;
    }
    let seen = if let Some(seen) = new.seen {
        seen
    } else {
        let held = Desk::hold(tx, organisation, new.message.conversation)?;
        Desk::held(tx, held)?.ok_or(Error::Stale)?
    };
    store::claim_references(tx, organisation, &[new.reference])?;
    let moved = Desk::answer(tx, organisation, &new.message, (&seen, new.after, actor))?;
    store::bear_own(tx, organisation, &new.reference, new.message.conversation, new.message.id)?;
    mails::insert_mail(tx, organisation, &MailRow { moved, ..new.mail.clone() })?;
    mails::announce(tx, organisation, *new.message.id.bytes());
    Ok(Audit::append(tx, organisation, &new.entries)?)
}

/// Everybody once, however often they are named.
fn recipients<'p>(parties: impl Iterator<Item = &'p Party>) -> Vec<Recipient> {
    let mut named: Vec<Recipient> = Vec::new();
    for address in parties.filter_map(|party| letter::wire_address(&party.address)) {
        if !named.iter().any(|known| known.address.eq_ignore_ascii_case(&address)) {
            named.push(Recipient { address, state: super::RecipientState::Waiting, words: None });
        }
    }
    named
}

fn split(address: &str) -> Result<(String, String), Refused> {
    let (local, domain) = address.rsplit_once('@').ok_or(Refused::Address)?;
    Ok((local.to_owned(), domain.to_owned()))
}
