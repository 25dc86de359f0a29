//! What can go wrong on a message's way in and out, and whether the sender should try again.

/// An error of the channels. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The preparation was overtaken by another change: prepare again.
    #[error("the data changed meanwhile")]
    Stale,
    /// The mail is larger than what is taken in.
    #[error("the mail has {bytes} bytes, more than the {} that are taken in", kernel::limits::MAIL_BYTES)]
    TooLarge {
        /// Bytes of the raw mail.
        bytes: usize,
    },
    /// Too many large mails are being read at this moment.
    #[error("too many large mails at once: try again in a moment")]
    Busy,
    /// The permission does not hold, or not any more.
    #[error(transparent)]
    Refused(#[from] crate::access::Refused),
    /// Nothing by this id.
    #[error("there is no such mail in quarantine")]
    NotQuarantined,
    /// It has left quarantine before.
    #[error("this mail has been released already")]
    Released,
    /// Still not readable, so it stays in quarantine.
    #[error("the mail still cannot be read: {0}")]
    StillUnreadable(String),
    /// The blob store cannot serve.
    #[error("the blob store cannot be used: {0}")]
    Blobs(#[from] object_store::Error),
    /// The folder of the blob store cannot be made.
    #[error("the folder for large files cannot be made: {0}")]
    BlobFolder(std::io::Error),
    /// A sealed document cannot be read.
    #[error("a sealed document does not hold what it must")]
    Document(#[from] serde_json::Error),
    /// What was asked for cannot be.
    #[error(transparent)]
    Out(#[from] super::Refused),
    /// Work of our own on a mail died.
    #[error("a mail could not be put together: the log says where it failed")]
    Died,
    /// A mailbox cannot be as it was asked for.
    #[error(transparent)]
    Mailbox(#[from] super::mailbox::Refusal),
    /// The name servers cannot be set up.
    #[error(transparent)]
    Resolver(#[from] super::authentication::ResolverError),
    /// Customers and keys.
    #[error(transparent)]
    Vault(super::super::vault::Error),
    /// Conversations.
    #[error(transparent)]
    Desk(super::super::desk::Error),
    /// The audit entry could not be written, so nothing happened.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<crate::vault::Error> for Error {
    fn from(error: crate::vault::Error) -> Self {
        match error {
            crate::vault::Error::Stale | crate::vault::Error::Erased => Self::Stale,
            crate::vault::Error::Database(error) => Self::Database(error),
            other => Self::Vault(other),
        }
    }
}

impl From<crate::desk::Error> for Error {
    fn from(error: crate::desk::Error) -> Self {
        match error {
            crate::desk::Error::Stale => Self::Stale,
            crate::desk::Error::Database(error) => Self::Database(error),
            other => Self::Desk(other),
        }
    }
}

impl Error {
    /// Whether the same mail may get in later, so that its sender should keep it and come again.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::TooLarge { .. }
            | Self::NotQuarantined
            | Self::Released
            | Self::StillUnreadable(_)
            | Self::Out(_)
            | Self::Mailbox(_) => false,
            Self::Database(error) | Self::Audit(crate::audit::Error::Database(error)) => error.is_temporary(),
            // A wrong key or a bug of ours: the mail is not at fault and must not bounce.
            _ => true,
        }
    }
}
