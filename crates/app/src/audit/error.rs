//! What can go wrong with the audit log.

use kernel::{AuditEntryId, Timestamp};
use tlog::checkpoint::CheckpointError;
use tlog::proof::ProveError;
use tlog::tile::FetchError;

/// An error of the audit log. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another node folded the log meanwhile.
    #[error("another process has folded the log")]
    Overtaken,
    /// The stored log contradicts itself or what was remembered of it.
    #[error("the audit log does not hold: {0}")]
    Broken(String),
    /// The database is older than what was signed: an old copy of it, or its end was cut off.
    #[error(
        "the database is older than its audit log: the log ends after {found} entries{}, but a checkpoint of \
         {remembered} entries was signed later and is kept beside the root key; bring the newer database back, \
         or announce that this one was restored from a backup", signed_at(*found_at)
    )]
    RolledBack {
        /// Entries that the remembered checkpoint signs.
        remembered: u64,
        /// Entries in the log of this database.
        found: u64,
        /// When the last checkpoint in this database was signed; none when there is none.
        found_at: Option<Timestamp>,
    },
    /// No such entry.
    #[error("there is no audit entry {0}")]
    NoEntry(AuditEntryId),
    /// The entry is there, but no checkpoint signs it yet.
    #[error("audit entry {0} is not signed yet: try again in a second")]
    NotSigned(AuditEntryId),
    /// A checkpoint cannot be read or signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
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

impl From<FetchError<db::Error>> for Error {
    fn from(error: FetchError<db::Error>) -> Self {
        match error {
            FetchError::Source(error) => Self::Database(error),
            FetchError::Size(_) | FetchError::Short(_) => Self::Broken(error.to_string()),
        }
    }
}

impl From<ProveError<db::Error>> for Error {
    fn from(error: ProveError<db::Error>) -> Self {
        match error {
            ProveError::Tile(error) => error.into(),
            ProveError::Index { .. } | ProveError::Sizes { .. } => Self::Broken(error.to_string()),
        }
    }
}

fn signed_at(at: Option<Timestamp>) -> String {
    at.and_then(|at| jiff::Timestamp::from_microsecond(at.micros()).ok())
        .map_or_else(String::new, |at| format!(", signed at {at:.0}"))
}
