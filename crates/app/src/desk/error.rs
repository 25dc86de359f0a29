//! What can go wrong at the desk.

/// An error of the desk. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The preparation was overtaken by another change: prepare again.
    #[error("the conversation changed meanwhile")]
    Stale,
    /// Nothing by this id.
    #[error("there is no such conversation")]
    NoConversation,
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
