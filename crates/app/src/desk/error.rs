//! What can go wrong at the desk.

use kernel::AgentId;

use super::{CursorError, Illegal};

/// An error of the desk. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The preparation was overtaken by another change: prepare again.
    #[error("the conversation changed meanwhile")]
    Stale,
    /// The permission does not hold, or not any more.
    #[error(transparent)]
    Refused(#[from] crate::access::Refused),
    /// Nothing by this id.
    #[error("there is no such conversation")]
    NoConversation,
    /// The step does not lead on from where the conversation stands.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// Somebody else has it now, or nobody has.
    #[error("the conversation went to {} meanwhile: look at it again", describe(.0.as_ref()))]
    Assigned(Option<AgentId>),
    /// Nobody by this id works here.
    #[error("there is no such agent")]
    NoAgent,
    /// The time to sleep until.
    #[error("a conversation sleeps until a time ahead of now, two years at most: choose another time")]
    SnoozeTime,
    /// The name of a label.
    #[error("a label is a name of 1 to {} characters on one line: choose another name", super::LABEL_CHARS)]
    LabelName,
    /// A conversation carries no more labels.
    #[error("a conversation carries {} labels at most: take one off first", super::CONVERSATION_LABELS)]
    TooManyLabels,
    /// An organisation has no more labels.
    #[error("an organisation has {} labels at most: use one that is there", super::ORGANISATION_LABELS)]
    TooManyLabelNames,
    /// The text of a note.
    #[error("a note has a text of at most {} bytes: shorten it", kernel::limits::NOTE_BYTES)]
    NoteText,
    /// The place where a page begins.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// A key is missing or does not open.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// The audit entry could not be written, so nothing happened.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<crate::access::Error> for Error {
    fn from(error: crate::access::Error) -> Self {
        use crate::access::Error as Access;
        match error {
            Access::Refused(refused) => refused.into(),
            Access::Desk(error) => error,
            Access::Vault(error) => error.into(),
            Access::Audit(error) => error.into(),
            Access::Database(error) => error.into(),
            other => Self::Vault(crate::vault::Error::Access(other.to_string())),
        }
    }
}

fn describe(agent: Option<&AgentId>) -> String {
    agent.map_or_else(|| "nobody".to_owned(), AgentId::to_string)
}
