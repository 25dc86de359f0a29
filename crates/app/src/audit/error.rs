//! What can go wrong with the audit log.

/// An error of the audit log. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another node folded the log meanwhile.
    #[error("another process has folded the log")]
    Overtaken,
    /// The stored log contradicts itself or what was remembered of it.
    #[error("the audit log does not hold: {0}")]
    Broken(String),
    /// A key is missing or does not open.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// The keyring cannot serve.
    #[error(transparent)]
    Keyring(#[from] envelope::KeyringError),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}
