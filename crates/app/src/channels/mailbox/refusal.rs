//! Why a mailbox cannot be as it was asked for. Texts hold no values.

use super::settings::{MAILBOX_NAME_CHARS, MAILBOXES};

/// What is wrong with what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing by this id.
    #[error("there is no such mailbox")]
    NoMailbox,
    /// There are too many.
    #[error("there are {MAILBOXES} mailboxes already: remove one")]
    TooMany,
    /// The name.
    #[error("a mailbox's name has 1 to {MAILBOX_NAME_CHARS} characters on one line")]
    Name,
    /// The server.
    #[error("the server is a host name or an address and a port, nothing else")]
    Host,
    /// The certificate authority.
    #[error("the certificate authority is none in PEM")]
    Authority,
    /// The user.
    #[error("the user's name is missing, too long, or not on one line")]
    User,
    /// The secret.
    #[error("the password or token is missing, too long, or not on one line")]
    Secret,
    /// A folder.
    #[error("a folder's name is missing, too long, or not on one line")]
    Folder,
    /// Both folders are one.
    #[error("mail cannot be moved to the folder that is read: name another")]
    SameFolder,
    /// A word that is none of those known.
    #[error("this word is not known: security is tls, starttls or plain; a log-in is password or xoauth2")]
    Word,
}
