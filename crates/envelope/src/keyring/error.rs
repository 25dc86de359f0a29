//! What each key of the keyring is for, and why the keyring does not give one.

use std::path::PathBuf;
use std::{fmt, io};

use kernel::OrganisationId;

use crate::{InstanceId, ProviderError};

/// What a key of the keyring is for: the first part of the context it is wrapped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proves that the root key is the right one.
    Check,
    /// Wraps data keys during one epoch.
    EpochKek,
    /// Blinds values that must be found.
    IndexKey,
    /// Signs checkpoints of the audit log.
    LogSeed,
}

impl Purpose {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::EpochKek => "epoch key",
            Self::IndexKey => "index key",
            Self::LogSeed => "log seed",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Why the keyring does not give a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A keyring is never overwritten.
    #[error("{path} exists already and is never overwritten: move it away first")]
    Exists {
        /// The keyring file.
        path: PathBuf,
    },
    /// There is no keyring.
    #[error("there is no keyring at {path}: restore it from the copy of the wrapped keys")]
    Missing {
        /// The keyring file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has held the keyring's lock for too long.
    #[error("another process holds the lock of {path}: end it or wait, then try again")]
    Busy {
        /// The keyring file.
        path: PathBuf,
    },
    /// Not a keyring, or one of a later version, or too large.
    #[error("{path} is not a keyring that this version reads: restore it from the copy of the wrapped keys")]
    Malformed {
        /// The keyring file.
        path: PathBuf,
    },
    /// The root key is not the one that this keyring was made with.
    #[error("this root key does not open this keyring; give the root key of instance {instance}")]
    WrongRootKey {
        /// The keyring's instance.
        instance: InstanceId,
    },
    /// The root key comes from another kind of provider than the keyring's.
    #[error("this keyring belongs to a root key from the provider {keyring}, not {given}: give that one")]
    OtherProvider {
        /// The provider that the keyring was made with.
        keyring: String,
        /// The provider that was given.
        given: &'static str,
    },
    /// The provider failed, but not because of a wrong key.
    #[error(transparent)]
    Provider(ProviderError),
    /// The keyring knows no such organisation.
    #[error("the keyring has no keys of {0}: restore the keyring that belongs to this data")]
    UnknownOrganisation(OrganisationId),
    /// The organisation has its keys already.
    #[error("the keyring has keys of {0} already")]
    OrganisationExists(OrganisationId),
    /// The key is not there: destroyed, or never made, or lost with an older copy of the keyring.
    #[error("the keyring has no {purpose} {number} of {organisation}: it was destroyed, or this is an older keyring")]
    NoSuchKey {
        /// The organisation.
        organisation: OrganisationId,
        /// What the key is for.
        purpose: Purpose,
        /// Its epoch or index.
        number: u32,
    },
    /// The root key is right, but this one key does not open.
    #[error("the {purpose} {number} of {organisation} is damaged: restore the keyring from its copy")]
    Damaged {
        /// The organisation.
        organisation: OrganisationId,
        /// What the key is for.
        purpose: Purpose,
        /// Its epoch or index.
        number: u32,
    },
    /// The epoch in use cannot be destroyed.
    #[error("epoch {epoch} of {organisation} is in use: start a new epoch and wrap the data keys again first")]
    CurrentEpoch {
        /// The organisation.
        organisation: OrganisationId,
        /// Its current epoch.
        epoch: u32,
    },
    /// The checkpoint is longer than any that a log signs.
    #[error("a checkpoint has at most 16384 bytes")]
    CheckpointTooLong,
}
