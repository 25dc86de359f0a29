//! Reading mail: one raw message into sender, subject, text, safe HTML and attachments, with
//! what is new told apart from what is quoted.
//! Pure functions: no file, no clock, no network; bounded by [`kernel::limits`] whatever is sent.

mod address;
mod attachment_name;
mod automatic;
mod bounce;
mod charset;
mod fields;
mod html;
mod html_text;
mod html_tokens;
mod identity;
mod mbox;
mod parameters;
mod parse;
mod parts;
mod quote;
mod quote_marks;
mod subject;
mod transfer;
mod words;

pub use address::{Mailbox, normalise};
pub use automatic::Nature;
pub use bounce::Bounce;
pub use identity::content_identity;
pub use mbox::{Entry, Mbox, MboxError};
pub use parse::parse;
pub use subject::{Base, base_subject};

use kernel::Timestamp;

/// One mail as the desk works with it. Personal throughout: neither printed nor serialised.
pub struct Mail {
    /// The Message-ID without its brackets, as the sender's program wrote it: anybody can guess
    /// or repeat one.
    pub message_id: Option<String>,
    /// Message-IDs this mail answers, without brackets.
    pub in_reply_to: Vec<String>,
    /// Message-IDs of the thread, without brackets, oldest first.
    pub references: Vec<String>,
    /// Who wrote it, as the mail claims: the first usable mailbox of `From`.
    pub from: Option<Mailbox>,
    /// Who sent it for them.
    pub sender: Option<Mailbox>,
    /// Where answers should go, as the mail claims.
    pub reply_to: Vec<Mailbox>,
    /// Recipients.
    pub to: Vec<Mailbox>,
    /// Recipients of a copy.
    pub cc: Vec<Mailbox>,
    /// The subject, decoded, on one line; empty when there is none.
    pub subject: String,
    /// When it was written, as the mail claims.
    pub date: Option<Timestamp>,
    /// The whole readable text: the plain one, or the HTML as text. Line feeds end its lines.
    pub text: String,
    /// What is new in the text; never empty when the text is not.
    pub reply: String,
    /// The rest of the text: quotes and signature.
    pub quoted: Option<String>,
    /// The HTML, safe to show: nothing in it runs or is fetched by itself.
    pub html: Option<String>,
    /// Attached and inline files, attached mails among them.
    pub attachments: Vec<Attachment>,
    /// Whether a person wrote it.
    pub nature: Nature,
    /// What was broken and had to be mended, each kind once.
    pub faults: Vec<Fault>,
}

/// A file that came with a mail. Personal: neither printed nor serialised.
pub struct Attachment {
    /// A base name that is safe to save and to show; `.eml` for attached mails without a name.
    pub filename: Option<String>,
    /// The declared media type in lower case, such as `image/png`; a claim, not a finding.
    pub media_type: String,
    /// The Content-ID without its brackets, by which the HTML names an inline image.
    pub content_id: Option<String>,
    /// It belongs into the text rather than beside it.
    pub inline: bool,
    /// The decoded bytes.
    pub bytes: Vec<u8>,
}

/// What was broken in a mail, or left out of it; the raw message keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// No date, or one that cannot be read.
    NoDate,
    /// No sender, or none with a usable address.
    NoSender,
    /// A field that may stand once stands several times; the first counts.
    RepeatedField,
    /// A line of the header is no field.
    JunkInHeader,
    /// More or longer header fields than are looked at.
    HeaderCut,
    /// The charset was missing, unknown or wrong.
    WrongCharset,
    /// The transfer encoding was broken or wrong.
    TransferEncoding,
    /// A multipart without a usable boundary.
    BrokenMultipart,
    /// A multipart without its end.
    Unterminated,
    /// More parts than are looked at.
    TooManyParts,
    /// Parts nested deeper than is looked at.
    NestedTooDeep,
    /// More attachments than are kept apart.
    TooManyAttachments,
    /// The text was longer than is kept.
    TextCut,
    /// The HTML was too much to be made safe; the text stands for it.
    HtmlLeftOut,
}

/// Why bytes cannot be read as a mail at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("the mail is empty")]
    Empty,
    /// Not one field that a mail has.
    #[error("this is not a mail: it has no header with a from, to, subject or date field")]
    NoHeader,
    /// More than [`kernel::limits::MAIL_BYTES`].
    #[error("the mail has {bytes} bytes, more than the {} that are taken in", kernel::limits::MAIL_BYTES)]
    TooLarge {
        /// Bytes of the raw message.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests;
