//! What can go wrong with backups, and what to do about it.

use std::path::PathBuf;

use kernel::OrganisationId;

/// An error of a backup or a restore. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A backup is never written over anything.
    #[error("{0} exists already: name a folder that does not")]
    Exists(PathBuf),
    /// One folder within the other.
    #[error("data and keys are kept apart: name two folders, neither in the other")]
    Together,
    /// No manifest: not a backup, or one that was interrupted.
    #[error("{0} holds no finished backup: there is no manifest in it")]
    NoBackup(PathBuf),
    /// The manifest is not one.
    #[error("{0} is not a manifest that this program reads: restore with the version that made the backup")]
    Manifest(PathBuf),
    /// Of another schema.
    #[error(
        "the backup is of schema {found}, this program has {known}: restore with the version that made it, then upgrade"
    )]
    Schema {
        /// The backup's.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// A file is not the one that the manifest names.
    #[error("{0} is not as it was written: it was changed or damaged, or belongs to another backup")]
    Changed(PathBuf),
    /// A restore never mixes with what is there.
    #[error("{0} is not empty: a backup is restored only where nothing is")]
    NotEmpty(String),
    /// The keyring knows nothing of the backup's organisation.
    #[error("the keyring has no keys of {0}: bring the keyring that belongs to this backup")]
    OtherKeyring(OrganisationId),
    /// A file or folder cannot be used.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The blob store cannot serve.
    #[error(transparent)]
    Channels(#[from] crate::channels::Error),
    /// Customers and keys.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}
