//! Messages as they are sealed and stored, and what their arrival does to the conversation.

use std::fmt;
use std::str::FromStr;

use db::Tx;
use kernel::{AttachmentId, ConversationId, CustomerId, MessageId, OrganisationId, Timestamp};

use super::conversation::announce;
use super::event::Event;
use super::{Desk, Error, Standing, State, store};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A customer.
    In,
    /// One of us.
    Out,
}

/// What a message is by its nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// A person wrote it.
    Personal,
    /// A program answered by itself: it joins without reopening.
    AutoReply,
    /// It went to many: a newsletter or a list.
    Bulk,
    /// It says that another message was not delivered.
    Bounce,
}

macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),*) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),* })
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(UnknownWord),
                }
            }
        }
    };
}

/// A stored word that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored word is unknown to this version")]
pub struct UnknownWord;

words!(Direction: In = "in", Out = "out");
words!(Nature: Personal = "personal", AutoReply = "auto-reply", Bulk = "bulk", Bounce = "bounce");
words!(AttachmentPurpose: File = "file", Inline = "inline", Raw = "raw");

/// Somebody at one end of a message. Personal: it exists only inside sealed content.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Party {
    /// The name as given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The address as given.
    pub address: String,
}

/// What a message says: the sealed document of `message.sealed`.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct MessageContent {
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Party>,
    /// Where answers were asked to go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Party>,
    /// The recipients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Party>,
    /// Those in copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Party>,
    /// The subject as written.
    pub subject: String,
    /// The date that the sender claims, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<i64>,
    /// The Message-ID without its brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What was newly written.
    pub text: String,
    /// What was quoted below or around it, and the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
    /// The sanitised HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What SPF, DKIM and DMARC said, with the domains that they said it of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<String>,
    /// What was broken in the mail and mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// For a bounce: the status of RFC 3463.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounce_status: Option<String>,
    /// For a bounce: who could not be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounce_recipient: Option<String>,
}

/// What a stored file of a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentPurpose {
    /// A file to keep or open.
    File,
    /// An image that the HTML shows.
    Inline,
    /// The whole mail as it came, kept when reading it left something out.
    Raw,
}

/// What an attachment is called and holds: the sealed document of `attachment.description_sealed`.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttachmentDescription {
    /// The file name, made safe.
    pub filename: Option<String>,
    /// The media type as declared.
    pub media_type: String,
    /// The Content-ID by which HTML names it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_id: Option<String>,
}

/// An attachment prepared outside the transaction that will store it.
pub struct NewAttachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is for.
    pub purpose: AttachmentPurpose,
    /// Plain bytes.
    pub size: u64,
    /// Sealed [`AttachmentDescription`].
    pub description_sealed: Vec<u8>,
    /// Sealed key of the file.
    pub key_sealed: Vec<u8>,
    /// The sealed chunks, when they are small enough for the database.
    pub content: Option<Vec<u8>>,
    /// The random name in the blob store otherwise.
    pub blob_name: Option<[u8; 16]>,
}

/// A message prepared outside the transaction that will store it.
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// The conversation that it joins.
    pub conversation: ConversationId,
    /// Whose key seals it.
    pub customer: CustomerId,
    /// Who wrote it.
    pub direction: Direction,
    /// What it is by nature.
    pub nature: Nature,
    /// Sealed [`MessageContent`].
    pub sealed: Vec<u8>,
    /// What SPF, DKIM and DMARC said, in three words with commas between; the domains are sealed.
    pub authentication: String,
    /// Bytes of the mail as it came.
    pub size: u64,
    /// When it came.
    pub received_at: Timestamp,
    /// Its files.
    pub attachments: Vec<NewAttachment>,
}

impl Desk {
    /// Stores a message of a customer and moves the conversation: what a person wrote opens it
    /// again, what a program sent only joins. `standing` is how the conversation stands, which this
    /// transaction has made or holds; gives how it stands then.
    pub fn receive(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &NewMessage,
        standing: Standing,
    ) -> Result<Standing, Error> {
        store::insert_message(tx, organisation, new)?;
        for (position, attachment) in new.attachments.iter().enumerate() {
            store::insert_attachment(tx, organisation, new, position, attachment)?;
        }
        let reopens = matches!(new.nature, Nature::Personal | Nature::Bulk) && new.direction == Direction::In;
        let state = if reopens { standing.state.after_customer_wrote() } else { standing.state };
        let moved = Standing {
            state,
            messages: standing.messages + 1,
            snoozed_until: standing.snoozed_until.filter(|_| state == State::Snoozed),
            // A mail that was long on its way, or a clock set back, moves nothing into the past.
            activity_at: standing.activity_at.max(new.received_at),
            changed_at: standing.changed_at.max(new.received_at),
            ..standing
        };
        store::move_on(tx, organisation, new.conversation, &moved)?;
        if state != standing.state {
            store::insert_event(tx, organisation, new.conversation, &Event::of_message(new))?;
        }
        announce(tx, organisation, new.conversation);
        Ok(moved)
    }

    /// Whether one of us wrote a message.
    pub fn is_ours(tx: &mut Tx<'_>, organisation: OrganisationId, message: MessageId) -> Result<bool, Error> {
        Ok(store::direction(tx, organisation, message)? == Some(Direction::Out))
    }

    /// Marks a message of ours as undelivered; false when it is not there, or came in: what came in
    /// cannot come back.
    pub fn mark_bounced(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        message: MessageId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(conversation) = store::mark_bounced(tx, organisation, message, now)? else { return Ok(false) };
        store::touch(tx, organisation, conversation, now)?;
        announce(tx, organisation, conversation);
        Ok(true)
    }
}
