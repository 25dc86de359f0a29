//! One mail's way in, from raw bytes to a durable conversation, duplicate or quarantine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use kernel::{ConversationId, MessageId, OrganisationId, QuarantineId, fail_point, limits};

use super::mail::{self, Mail};
use super::prepare::{Incoming, Look, Prepared};
use super::threading::{self, Thread};
use super::{Channels, Client, Error, counting, store};
use crate::audit::{Audit, HeldHeads};
use crate::desk::{Desk, HeldConversation, Standing};
use crate::vault::{AskedContact, CustomerState, HeldCustomer, Vault};
use crate::{Actor, STALE_TRIES};

/// Reading a mail above this size, in bytes, is left to a thread of its own.
const READ_INLINE_BYTES: usize = 256 * 1024;

/// A mail as it came.
pub struct Arrival {
    /// The raw message (RFC 5322).
    pub raw: Bytes,
    /// What the mail server knows of the sender.
    pub client: Client,
    /// Who brought it.
    pub actor: Actor,
    /// Whether name servers are asked about the sender; an import of old mail does not ask.
    pub authenticate: bool,
}

/// What became of a mail. All of it is durable when this is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It opened a conversation.
    Received {
        /// The new conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
    },
    /// It joined a conversation.
    Appended {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
    },
    /// It could not be read and lies sealed in quarantine.
    Quarantined(QuarantineId),
    /// The same mail has arrived before.
    Duplicate,
}

impl Channels {
    /// Takes a mail in. An error means that nothing was stored; [`Error::is_temporary`] says
    /// whether the sender should keep the mail and come again.
    pub async fn receive(&self, organisation: OrganisationId, arrival: Arrival) -> Result<Outcome, Error> {
        let received = self.receive_uncounted(organisation, arrival).await;
        counting::count(&received);
        received
    }

    async fn receive_uncounted(&self, organisation: OrganisationId, arrival: Arrival) -> Result<Outcome, Error> {
        if arrival.raw.len() > limits::MAIL_BYTES {
            return Err(Error::TooLarge { bytes: arrival.raw.len() });
        }
        match read(arrival.raw.clone()).await {
            Ok(mail) => self.store_mail(organisation, arrival, mail).await,
            Err(reason) => self.quarantine(organisation, &arrival, &reason).await,
        }
    }

    /// Seals and commits a mail that was read, again and again while others come between.
    pub(super) async fn store_mail(
        &self,
        organisation: OrganisationId,
        arrival: Arrival,
        mail: Mail,
    ) -> Result<Outcome, Error> {
        let verdicts = if arrival.authenticate {
            Some(self.authenticator.check(&arrival.raw, &arrival.client).await)
        } else {
            None
        };
        let incoming = Arc::new(self.incoming(organisation, arrival, mail, verdicts.as_ref())?);
        let _turn = self.turns.take(incoming.author_key().1).await;
        for _ in 0..STALE_TRIES {
            match self.try_once(organisation, &incoming).await {
                Err(Error::Stale) => {}
                done => return done,
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn try_once(&self, organisation: OrganisationId, incoming: &Arc<Incoming>) -> Result<Outcome, Error> {
        let look = self.look(organisation, incoming).await?;
        if look.duplicate {
            return Ok(Outcome::Duplicate);
        }
        let prepared = Arc::new(self.prepare(organisation, incoming, look).await?);
        let committed = self.commit(organisation, incoming, &prepared).await;
        match &committed {
            Ok(Outcome::Duplicate) | Err(Error::Stale) => self.drop_blobs(&prepared).await,
            Ok(_) => self.vault.remember(&prepared.author_keys),
            // The commit may stand although its answer was lost, and then the blobs are needed. Without
            // it they are sealed under keys that were never stored.
            Err(_) => {}
        }
        committed
    }

    /// What the database knows about a mail's sender and thread.
    async fn look(&self, organisation: OrganisationId, incoming: &Arc<Incoming>) -> Result<Look, Error> {
        let (channels, incoming) = (self.clone(), Arc::clone(incoming));
        self.context.db.read("channels.look", move |tx| channels.look_in(tx, organisation, &incoming)).await
    }

    fn look_in(&self, tx: &mut db::Tx<'_>, organisation: OrganisationId, incoming: &Incoming) -> Result<Look, Error> {
        let (kind, blind) = incoming.author_key();
        let arrived = store::ask_arrived(tx, organisation, incoming.arrival_key())?;
        let author = Vault::ask_by_contact(tx, organisation, kind, blind)?;
        let thread = threading::ask(tx, organisation, &incoming.facts)?;
        let duplicate = tx.answer_opt(arrived)?.is_some() || self.is_our_own(tx, organisation, incoming)?;
        let author = Vault::found_by_contact(tx, organisation, author)?;
        let same = incoming.same_sender(author);
        let thread = threading::find(tx, organisation, &incoming.facts, thread, same, incoming.received_at)?;
        let owner_keys = match &thread {
            Thread::Join { owner, .. } => self.vault.keys(tx, organisation, (*owner).into())?,
            Thread::New => None,
        };
        let author = match author {
            Some(author) => {
                let keys = self.vault.keys(tx, organisation, author.into())?.ok_or(Error::Stale)?;
                Some((author, keys))
            }
            None => None,
        };
        let bounced = match &incoming.bounced {
            Some(reference) => store::bearing_message(tx, organisation, reference)?,
            None => None,
        };
        // What came in cannot come back: such a report is made up.
        let bounced = match bounced {
            Some((_, message)) if !Desk::is_ours(tx, organisation, message)? => None,
            other => other,
        };
        Ok(Look { duplicate, author, thread, owner_keys, bounced })
    }

    /// Whether a mail is one of ours that came back to us, by a copy to ourselves or a forwarding: it
    /// is in its conversation already, and taken for a customer's it would go round in circles.
    fn is_our_own(
        &self,
        tx: &mut db::Tx<'_>,
        organisation: OrganisationId,
        incoming: &Incoming,
    ) -> Result<bool, Error> {
        let Some(own) = &incoming.facts.own else { return Ok(false) };
        let Some((_, message)) = store::bearing_message(tx, organisation, own)? else { return Ok(false) };
        // Who was sent a mail of ours knows its Message-ID, so the sender must be ours too.
        Ok(Desk::is_ours(tx, organisation, message)? && self.is_own(tx, organisation, incoming.sender())?)
    }

    async fn commit(
        &self,
        organisation: OrganisationId,
        incoming: &Arc<Incoming>,
        prepared: &Arc<Prepared>,
    ) -> Result<Outcome, Error> {
        let (incoming, prepared) = (Arc::clone(incoming), Arc::clone(prepared));
        self.context.db.write("channels.receive", move |tx| commit_in(tx, organisation, &incoming, &prepared)).await
    }

    async fn drop_blobs(&self, prepared: &Prepared) {
        for name in prepared.message.attachments.iter().filter_map(|attachment| attachment.blob_name) {
            // What cannot be removed is sealed under a key that was never stored.
            if let Err(error) = self.blobs.remove(&name).await {
                tracing::warn!(%error, "a blob that is not needed could not be removed");
            }
        }
    }
}

fn commit_in(
    tx: &mut db::Tx<'_>,
    organisation: OrganisationId,
    incoming: &Incoming,
    prepared: &Prepared,
) -> Result<Outcome, Error> {
    let message = &prepared.message;
    let now = incoming.received_at;
    let claimed = claim(tx, organisation, incoming, prepared)?;
    if tx.answer_opt(claimed.arrival)?.is_none() {
        return Ok(Outcome::Duplicate);
    }
    let author = Vault::found_by_contact(tx, organisation, claimed.author)?;
    let same = incoming.same_sender(author);
    if author != prepared.known_author
        || threading::find(tx, organisation, &incoming.facts, claimed.thread, same, now)? != prepared.thread
    {
        return Err(Error::Stale);
    }
    if let Some(new) = &prepared.new_author {
        Vault::insert_customer(tx, organisation, new, now)?;
    }
    if let Some(author) = claimed.author_held
        && Vault::held(tx, author)? == CustomerState::Erased
    {
        return Err(Error::Stale);
    }
    let (outcome, standing) = place(tx, organisation, incoming, prepared, claimed.conversation)?;
    Desk::receive(tx, organisation, message, standing)?;
    if let Some(own) = &incoming.facts.own {
        store::bear(tx, organisation, own, message.conversation, message.id)?;
    }
    for mention in &incoming.facts.mentions {
        store::insert_mention(tx, organisation, mention, message.conversation)?;
    }
    if let Some(bounced) = prepared.bounced {
        Desk::mark_bounced(tx, organisation, bounced, now)?;
    }
    Audit::append_to(tx, organisation, claimed.heads, &prepared.entries)?;
    Audit::begin(tx, organisation, &prepared.first_entries)?;
    Ok(outcome)
}

/// What a mail takes hold of before anything is decided, all of it asked for at once.
struct Claimed {
    arrival: db::Asked<()>,
    author: AskedContact,
    thread: threading::Asked,
    conversation: Option<HeldConversation>,
    /// None for one who comes to be with this mail.
    author_held: Option<HeldCustomer>,
    heads: HeldHeads,
}

/// Takes hold in one order for all, and asks behind the claims: who waited there for another mail
/// sees what that one has stored.
fn claim(
    tx: &mut db::Tx<'_>,
    organisation: OrganisationId,
    incoming: &Incoming,
    prepared: &Prepared,
) -> Result<Claimed, Error> {
    let (kind, blind) = incoming.author_key();
    let arrival = store::insert_arrival(tx, organisation, incoming.arrival_key(), Some(prepared.message.id), None)?;
    store::claim_references(tx, organisation, &incoming.sorted_references)?;
    let author_held = match &prepared.new_author {
        Some(_) => None,
        None => Some(Vault::hold(tx, organisation, prepared.author)?),
    };
    let conversation = match &prepared.thread {
        Thread::Join { conversation, .. } => Some(Desk::hold(tx, organisation, *conversation)?),
        Thread::New => None,
    };
    Ok(Claimed {
        arrival,
        author: Vault::ask_by_contact(tx, organisation, kind, blind)?,
        thread: threading::ask(tx, organisation, &incoming.facts)?,
        conversation,
        author_held,
        heads: Audit::hold_heads(tx, organisation, &prepared.entries)?,
    })
}

/// Opens or joins the conversation that the message goes into; gives how it stands.
fn place(
    tx: &mut db::Tx<'_>,
    organisation: OrganisationId,
    incoming: &Incoming,
    prepared: &Prepared,
    held: Option<HeldConversation>,
) -> Result<(Outcome, Standing), Error> {
    let now = incoming.received_at;
    let (conversation, message) = (prepared.message.conversation, prepared.message.id);
    let (Thread::Join { owner, lives_as, is_root, absorbed, .. }, Some(held)) = (&prepared.thread, held) else {
        let new = prepared.conversation.as_ref().ok_or(Error::Stale)?;
        let standing = Desk::open(tx, organisation, new, now)?;
        return Ok((Outcome::Received { conversation, message }, standing));
    };
    let mut standing = Desk::held(tx, held)?.ok_or(Error::Stale)?;
    if standing.customer != *owner {
        return Err(Error::Stale);
    }
    // Under a merged customer's own id the subject stays sealed as it is.
    let is_handed_over = *is_root && *owner == prepared.author;
    if is_handed_over {
        let new = prepared.conversation.as_ref().ok_or(Error::Stale)?;
        Desk::hand_over(tx, organisation, new, *owner, now)?;
    } else if prepared.author != *lives_as && prepared.author != *owner {
        Desk::join(tx, organisation, conversation, prepared.author, now)?;
    }
    for other in absorbed {
        Desk::absorb(tx, organisation, *other, conversation, now)?;
        store::move_references(tx, organisation, *other, conversation)?;
    }
    if is_handed_over || !absorbed.is_empty() {
        let held = Desk::hold(tx, organisation, conversation)?;
        standing = Desk::held(tx, held)?.ok_or(Error::Stale)?;
    }
    if let Some(own) = &incoming.facts.own {
        store::remove_mention(tx, organisation, own, conversation)?;
    }
    Ok((Outcome::Appended { conversation, message }, standing))
}

/// Reads a mail; the reason when it cannot be read. A panic of a reader is a reason too: one
/// poisonous mail must not stop the next.
pub(super) async fn read(raw: Bytes) -> Result<Mail, String> {
    const BROKEN: &str = "reading this mail failed unexpectedly";
    let inline = raw.len() <= READ_INLINE_BYTES;
    let guarded = move || {
        catch_unwind(AssertUnwindSafe(|| {
            fail_point::pass("channels.read");
            mail::parse(&raw)
        }))
        .map_err(|_| BROKEN.to_owned())
        .and_then(|read| read.map_err(|unreadable| unreadable.to_string()))
    };
    if inline {
        return guarded();
    }
    tokio::task::spawn_blocking(guarded).await.unwrap_or_else(|_| Err(BROKEN.to_owned()))
}
