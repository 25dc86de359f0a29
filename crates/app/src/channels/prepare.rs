//! What is done about a mail before its transaction: hashes, sealing, files to their place.

use std::sync::Arc;

use bytes::Bytes;
use envelope::chunked::FileKey;
use kernel::{AttachmentId, ConversationId, CustomerId, Id, Locale, MessageId, OrganisationId, Timestamp, limits};

use super::authentication::Verdicts;
use super::mail::{self, Fault, Mail, Mailbox};
use super::threading::{Facts, Thread};
use super::{Arrival, Channels, Error, reply_token};
use crate::Actor;
use crate::audit::{self, Action, Entry};
use crate::desk::{
    self, AttachmentDescription, AttachmentPurpose, Direction, MessageContent, Nature, NewAttachment, NewConversation,
    NewMessage, Party,
};
use crate::vault::{Column, ContactKind, Index, NewCustomer, Normalised, SubjectKeys};

/// The channel's word in `conversation.channel`.
pub(super) const CHANNEL: &str = "email";

/// A mail as far as it does not depend on what the database holds.
pub(super) struct Incoming {
    pub(super) facts: Facts,
    pub(super) sorted_references: Vec<[u8; 32]>,
    pub(super) received_at: Timestamp,
    /// The Message-ID of the mail that a bounce reports.
    pub(super) bounced: Option<[u8; 32]>,
    reference: [u8; 32],
    identity: [u8; 32],
    author: Normalised,
    author_blind: [u8; 32],
    author_name: Option<String>,
    subject: String,
    subject_index: Option<[u8; 32]>,
    language: Option<Locale>,
    nature: Nature,
    content: Vec<u8>,
    authentication: String,
    files: Vec<File>,
    size: u64,
    actor: Actor,
}

struct File {
    purpose: AttachmentPurpose,
    description: Vec<u8>,
    bytes: Bytes,
}

impl Incoming {
    /// What tells this mail from every other.
    pub(super) const fn arrival_key(&self) -> (&[u8; 32], &[u8; 32]) {
        (&self.reference, &self.identity)
    }

    /// The sender as one whose mails may meet by a guess: not the one who stands for all unknown.
    pub(super) fn same_sender(&self, author: Option<CustomerId>) -> Option<CustomerId> {
        author.filter(|_| self.author.kind() != ContactKind::Unknown)
    }

    /// The sender's address in its normal form; empty when there is none.
    pub(super) fn sender(&self) -> &str {
        self.author.normalised()
    }

    /// What finds its sender.
    pub(super) const fn author_key(&self) -> (ContactKind, &[u8; 32]) {
        (self.author.kind(), &self.author_blind)
    }
}

/// What the database knew when it was looked at.
pub(super) struct Look {
    pub(super) duplicate: bool,
    pub(super) author: Option<(CustomerId, Arc<SubjectKeys>)>,
    pub(super) thread: Thread,
    pub(super) owner_keys: Option<Arc<SubjectKeys>>,
    /// The message that a bounce reports, and its conversation.
    pub(super) bounced: Option<(ConversationId, MessageId)>,
}

/// Everything that the transaction stores.
pub(super) struct Prepared {
    pub(super) thread: Thread,
    /// The sender as the look found it.
    pub(super) known_author: Option<CustomerId>,
    pub(super) author: CustomerId,
    pub(super) author_keys: Arc<SubjectKeys>,
    pub(super) new_author: Option<NewCustomer>,
    /// The new conversation, or the one taken over with its subject sealed anew.
    pub(super) conversation: Option<NewConversation>,
    pub(super) message: NewMessage,
    pub(super) bounced: Option<MessageId>,
    /// Entries that go on with a chain.
    pub(super) entries: Vec<audit::Prepared>,
    /// Entries that begin the chain of a new sender.
    pub(super) first_entries: Vec<audit::Prepared>,
}

impl Channels {
    pub(super) fn incoming(
        &self,
        organisation: OrganisationId,
        arrival: Arrival,
        mail: Mail,
        verdicts: Option<&Verdicts>,
    ) -> Result<Incoming, Error> {
        let hash = |id: &str| self.vault.blind(organisation, Index::MessageId, id.as_bytes());
        let (reference, identity) = self.arrival_hashes(organisation, mail.message_id.as_deref(), &arrival.raw)?;
        let own = mail.message_id.as_deref().map(hash).transpose()?;
        let bounce = match &mail.nature {
            mail::Nature::Bounce(bounce) => Some(bounce),
            _ => None,
        };
        let bounced = bounce.and_then(|bounce| bounce.original_message_id.as_deref()).map(hash).transpose()?;
        let base = mail::base_subject(&mail.subject);
        let subject_index = self.subject_index(organisation, &base.text)?;
        let facts = Facts {
            token: self.token_of(organisation, &mail)?,
            own,
            mentions: mentions(&mail, own, bounced, hash)?,
            replied_subject: subject_index.filter(|_| base.reply),
        };
        let mut sorted_references: Vec<_> = facts.mentions.iter().copied().chain(own).collect();
        sorted_references.sort_unstable();
        sorted_references.dedup();
        let (author, author_name) = author(&mail);
        let author_blind = self.vault.blind(organisation, author.kind().index(), author.normalised().as_bytes())?;
        let nature = match &mail.nature {
            mail::Nature::Personal => Nature::Personal,
            mail::Nature::AutoReply => Nature::AutoReply,
            mail::Nature::Bulk => Nature::Bulk,
            mail::Nature::Bounce(_) => Nature::Bounce,
        };
        let authentication = verdicts.map_or_else(String::new, |verdicts| {
            format!("{},{},{}", verdicts.spf.word(), verdicts.dkim.word(), verdicts.dmarc.word())
        });
        let size = arrival.raw.len() as u64;
        let language = desk::language_of(&format!("{}\n{}", base.text, mail.reply));
        let (content, subject, files) = documents(mail, verdicts, arrival.raw)?;
        Ok(Incoming {
            facts,
            sorted_references,
            received_at: self.context.clock.now(),
            bounced,
            reference,
            identity,
            author,
            author_blind,
            author_name,
            subject,
            subject_index,
            language,
            nature,
            content,
            authentication,
            files,
            size,
            actor: arrival.actor,
        })
    }

    /// What tells a mail that cannot be read from every other: all of its bytes.
    pub(super) fn unread_hashes(
        &self,
        organisation: OrganisationId,
        raw: &[u8],
    ) -> Result<([u8; 32], [u8; 32]), Error> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, raw);
        let reference = self.vault.blind(organisation, Index::MessageId, &[])?;
        Ok((reference, self.vault.blind(organisation, Index::MailContent, digest.as_ref())?))
    }

    /// What tells a mail from every other: its Message-ID and its content, both by keyed hash.
    pub(super) fn arrival_hashes(
        &self,
        organisation: OrganisationId,
        message_id: Option<&str>,
        raw: &[u8],
    ) -> Result<([u8; 32], [u8; 32]), Error> {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        mail::content_identity(raw, &mut |piece| digest.update(piece));
        let reference = self.vault.blind(organisation, Index::MessageId, message_id.unwrap_or_default().as_bytes())?;
        let identity = self.vault.blind(organisation, Index::MailContent, digest.finish().as_ref())?;
        Ok((reference, identity))
    }

    pub(super) fn subject_index(&self, organisation: OrganisationId, base: &str) -> Result<Option<[u8; 32]>, Error> {
        let words = base.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if words.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.vault.blind(organisation, Index::Subject, words.as_bytes())?))
    }

    fn token_of(&self, organisation: OrganisationId, mail: &Mail) -> Result<Option<ConversationId>, Error> {
        let addresses = mail.to.iter().chain(&mail.cc).map(|mailbox| mailbox.address.as_str());
        let ids = mail.in_reply_to.iter().chain(&mail.references).map(String::as_str);
        for text in addresses.chain(ids) {
            if let Some(conversation) = reply_token::find(&self.vault, organisation, text)? {
                return Ok(Some(conversation));
            }
        }
        Ok(None)
    }

    /// Seals everything for the place that the look found.
    pub(super) async fn prepare(
        &self,
        organisation: OrganisationId,
        incoming: &Incoming,
        look: Look,
    ) -> Result<Prepared, Error> {
        let entropy = &*self.context.entropy;
        let known_author = look.author.as_ref().map(|(author, _)| *author);
        let (author, author_keys, new_author) = self.author_of(organisation, incoming, &look)?;
        let (conversation_id, is_root) = match &look.thread {
            Thread::New => (ConversationId::new(incoming.received_at, entropy), true),
            Thread::Join { conversation, is_root, .. } => (*conversation, *is_root),
        };
        let conversation = if is_root {
            Some(NewConversation {
                id: conversation_id,
                customer: author,
                channel: CHANNEL,
                language: incoming.language,
                subject_sealed: author_keys.seal(
                    Column::Subject,
                    conversation_id.bytes(),
                    incoming.subject.as_bytes(),
                    entropy,
                )?,
                subject_index: incoming.subject_index,
            })
        } else {
            None
        };
        let message = self.message(incoming, author, &author_keys, conversation_id).await?;
        let entries = self.entries(incoming, &look, (author, &author_keys), new_author.is_some(), &message)?;
        let (first_entries, entries) =
            entries.into_iter().partition(|entry| new_author.is_some() && entry.subject() == author.into());
        Ok(Prepared {
            thread: look.thread,
            known_author,
            author,
            author_keys,
            new_author,
            conversation,
            message,
            bounced: look.bounced.map(|(_, message)| message),
            entries,
            first_entries,
        })
    }

    /// Under whose key the message lies: its sender's. A bounce of one of the conversation's messages is
    /// nobody's writing and lies under the key of the conversation's customer; one that only claims to
    /// belong there is the writing of somebody unknown.
    fn author_of(
        &self,
        organisation: OrganisationId,
        incoming: &Incoming,
        look: &Look,
    ) -> Result<(CustomerId, Arc<SubjectKeys>, Option<NewCustomer>), Error> {
        if let (Nature::Bounce, Thread::Join { owner, conversation, is_root: false, .. }) =
            (incoming.nature, &look.thread)
            && look.bounced.is_some_and(|(bounced_in, _)| bounced_in == *conversation)
        {
            let keys = look.owner_keys.clone().ok_or(Error::Stale)?;
            return Ok((*owner, keys, None));
        }
        if let Some((author, keys)) = &look.author {
            return Ok((*author, Arc::clone(keys), None));
        }
        let new = self.vault.prepare_customer(organisation, &incoming.author, incoming.author_name.as_deref())?;
        Ok((new.id, Arc::clone(new.opened()), Some(new)))
    }

    async fn message(
        &self,
        incoming: &Incoming,
        author: CustomerId,
        keys: &SubjectKeys,
        conversation: ConversationId,
    ) -> Result<NewMessage, Error> {
        let entropy = &*self.context.entropy;
        let id = MessageId::new(incoming.received_at, entropy);
        let mut attachments = Vec::with_capacity(incoming.files.len());
        for file in &incoming.files {
            let id = AttachmentId::new(incoming.received_at, entropy);
            let key = FileKey::generate(entropy);
            let stored = self.blobs.put(&key, id.bytes(), &file.bytes, entropy).await?;
            attachments.push(NewAttachment {
                id,
                purpose: file.purpose,
                size: file.bytes.len() as u64,
                description_sealed: keys.seal(Column::AttachmentDescription, id.bytes(), &file.description, entropy)?,
                key_sealed: keys.seal_file_key(Column::AttachmentKey, id.bytes(), &key, entropy)?,
                content: stored.content,
                blob_name: stored.name,
            });
        }
        Ok(NewMessage {
            id,
            conversation,
            customer: author,
            direction: Direction::In,
            nature: incoming.nature,
            sealed: keys.seal(Column::Message, id.bytes(), &incoming.content, entropy)?,
            authentication: incoming.authentication.clone(),
            size: incoming.size,
            received_at: incoming.received_at,
            attachments,
        })
    }

    fn entries(
        &self,
        incoming: &Incoming,
        look: &Look,
        (author, author_keys): (CustomerId, &SubjectKeys),
        author_is_new: bool,
        message: &NewMessage,
    ) -> Result<Vec<audit::Prepared>, Error> {
        let entry =
            |action| Entry::new(action, incoming.actor, incoming.received_at).conversation(message.conversation);
        let mut entries = Vec::new();
        let mut add = |keys: &SubjectKeys, entry: Entry| -> Result<(), Error> {
            entries.push(self.audit.prepare(keys, &entry)?);
            Ok(())
        };
        if author_is_new {
            add(author_keys, entry(Action::CustomerCreated).object(author))?;
        }
        match &look.thread {
            Thread::New => add(author_keys, entry(Action::ConversationOpened).object(message.conversation))?,
            Thread::Join { owner, absorbed, .. } => {
                let owner_keys = look.owner_keys.as_deref().filter(|_| *owner != author);
                if let Some(keys) = owner_keys {
                    add(keys, entry(Action::MessageReceived).object(message.id).detail("from a participant"))?;
                }
                for other in absorbed {
                    add(author_keys, entry(Action::ConversationMerged).object(other))?;
                }
            }
        }
        add(author_keys, entry(Action::MessageReceived).object(message.id))?;
        if let Some((_, bounced)) = look.bounced {
            add(author_keys, entry(Action::MessageBounced).object(bounced))?;
        }
        Ok(entries)
    }
}

/// The hashes of the Message-IDs that a mail follows, the closest first, each once.
fn mentions(
    mail: &Mail,
    own: Option<[u8; 32]>,
    bounced: Option<[u8; 32]>,
    hash: impl Fn(&str) -> Result<[u8; 32], crate::vault::Error>,
) -> Result<Vec<[u8; 32]>, Error> {
    let mut mentions: Vec<[u8; 32]> = bounced.into_iter().collect();
    for id in mail.in_reply_to.iter().chain(mail.references.iter().rev()).take(limits::MAIL_REFERENCES) {
        let mention = hash(id)?;
        if Some(mention) != own && !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }
    Ok(mentions)
}

/// The sender that can be met again, and the name that came with it.
fn author(mail: &Mail) -> (Normalised, Option<String>) {
    let mut claimed = [&mail.from, &mail.sender].into_iter().flatten();
    let usable = claimed.find_map(|mailbox| Some((Normalised::email(&mailbox.address)?, mailbox.name.clone())));
    match usable {
        Some(found) if !matches!(mail.nature, mail::Nature::Bounce(_)) => found,
        _ => (Normalised::unknown(), None),
    }
}

/// Faults after which what was read is not all there was, so that the raw mail is kept beside it.
const fn loses_something(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::HeaderCut
            | Fault::TooManyParts
            | Fault::NestedTooDeep
            | Fault::TooManyAttachments
            | Fault::TextCut
            | Fault::HtmlLeftOut
            | Fault::BrokenMultipart
            | Fault::Unterminated
            | Fault::TransferEncoding
            | Fault::WrongCharset
    )
}

/// The documents to be sealed: content, subject, and the files with their descriptions.
fn documents(mail: Mail, verdicts: Option<&Verdicts>, raw: Bytes) -> Result<(Vec<u8>, String, Vec<File>), Error> {
    let keeps_raw = mail.faults.iter().copied().any(loses_something);
    let mut content = MessageContent {
        from: mail.from.map(party),
        reply_to: mail.reply_to.into_iter().map(party).collect(),
        to: mail.to.into_iter().map(party).collect(),
        cc: mail.cc.into_iter().map(party).collect(),
        subject: mail.subject,
        date: mail.date.map(Timestamp::seconds),
        message_id: mail.message_id,
        text: mail.reply,
        quoted: mail.quoted,
        html: mail.html,
        authentication: verdicts.map(Verdicts::summary),
        faults: mail.faults.iter().map(|fault| format!("{fault:?}")).collect(),
        ..MessageContent::default()
    };
    if let mail::Nature::Bounce(bounce) = mail.nature {
        content.bounce_status = bounce.status;
        content.bounce_recipient = bounce.recipient;
    }
    let mut files = Vec::with_capacity(mail.attachments.len());
    for attachment in mail.attachments {
        let description = AttachmentDescription {
            filename: attachment.filename,
            media_type: attachment.media_type,
            content_id: attachment.content_id,
        };
        files.push(File {
            purpose: if attachment.inline { AttachmentPurpose::Inline } else { AttachmentPurpose::File },
            description: serde_json::to_vec(&description)?,
            bytes: attachment.bytes.into(),
        });
    }
    if keeps_raw {
        let description =
            AttachmentDescription { filename: None, media_type: "message/rfc822".to_owned(), content_id: None };
        files.push(File {
            purpose: AttachmentPurpose::Raw,
            description: serde_json::to_vec(&description)?,
            bytes: raw,
        });
    }
    Ok((serde_json::to_vec(&content)?, content.subject, files))
}

fn party(mailbox: Mailbox) -> Party {
    Party { name: mailbox.name, address: mailbox.address }
}
