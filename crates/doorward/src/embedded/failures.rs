//! What a domain's error means for the one who ran a command: the words are the domain's, the
//! exit code is chosen here.

use app::{access, audit, backup, channels, desk, identity, vault};
use envelope::{KeyringError, ProviderError};

use crate::exit::{Failure, Kind};

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        let kind = match &error {
            db::Error::Full | db::Error::ReadOnly => Kind::Io,
            db::Error::Unavailable(_) | db::Error::Closed => Kind::Unavailable,
            db::Error::Conflict => Kind::TryAgain,
            db::Error::NewerSchema { .. } | db::Error::ChangedMigration(_) | db::Error::Settings(_) => {
                Kind::Configuration
            }
            _ => Kind::Software,
        };
        Self::new(kind, error)
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let kind = match &error {
            ProviderError::Exists { .. } => Kind::CannotCreate,
            ProviderError::Unavailable { .. } | ProviderError::TimedOut | ProviderError::Unreachable { .. } => {
                Kind::Unavailable
            }
            _ => Kind::Configuration,
        };
        Self::new(kind, error)
    }
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Provider(error) => error.into(),
            other => Self::new(Kind::Configuration, other),
        }
    }
}

impl From<vault::Error> for Failure {
    fn from(error: vault::Error) -> Self {
        match error {
            vault::Error::Database(error) => error.into(),
            vault::Error::Keyring(error) => error.into(),
            vault::Error::NoCustomer | vault::Error::NoValue | vault::Error::Erased => Self::new(Kind::NotFound, error),
            vault::Error::Refused(_) => Self::new(Kind::NoPermission, error),
            vault::Error::Stale => Self::new(Kind::TryAgain, error),
            vault::Error::Sealed(_) => Self::new(Kind::Software, error),
            other => Self::new(Kind::Data, other),
        }
    }
}

impl From<vault::ImportError> for Failure {
    fn from(error: vault::ImportError) -> Self {
        match error {
            vault::ImportError::Vault(error) => error.into(),
            other => Self::new(Kind::Data, other),
        }
    }
}

impl From<audit::Error> for Failure {
    fn from(error: audit::Error) -> Self {
        match error {
            audit::Error::Database(error) => error.into(),
            audit::Error::Keyring(error) => error.into(),
            audit::Error::Vault(error) => error.into(),
            audit::Error::Overtaken => Self::new(Kind::TryAgain, error),
            other => Self::new(Kind::CheckFailed, other),
        }
    }
}

impl From<desk::Error> for Failure {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Database(error) => error.into(),
            desk::Error::Vault(error) => error.into(),
            desk::Error::Audit(error) => error.into(),
            desk::Error::Refused(_) => Self::new(Kind::NoPermission, error),
            desk::Error::NoConversation => Self::new(Kind::NotFound, error),
            desk::Error::Stale => Self::new(Kind::TryAgain, error),
            other => Self::new(Kind::Data, other),
        }
    }
}

impl From<channels::Error> for Failure {
    fn from(error: channels::Error) -> Self {
        match error {
            channels::Error::Database(error) => error.into(),
            channels::Error::Vault(error) => error.into(),
            channels::Error::Desk(error) => error.into(),
            channels::Error::Audit(error) => error.into(),
            channels::Error::Refused(_) => Self::new(Kind::NoPermission, error),
            channels::Error::Busy | channels::Error::Stale => Self::new(Kind::TryAgain, error),
            channels::Error::Blobs(_) | channels::Error::BlobFolder(_) => Self::new(Kind::Io, error),
            channels::Error::Resolver(_) => Self::new(Kind::Configuration, error),
            channels::Error::NotQuarantined
            | channels::Error::Released
            | channels::Error::Mailbox(channels::mailbox::Refusal::NoMailbox)
            | channels::Error::Out(
                channels::Refused::NoMail
                | channels::Refused::NoMessage
                | channels::Refused::UnknownOwnAddress
                | channels::Refused::NoServer,
            ) => Self::new(Kind::NotFound, error),
            channels::Error::TooLarge { .. }
            | channels::Error::StillUnreadable(_)
            | channels::Error::Mailbox(_)
            | channels::Error::Out(_) => Self::new(Kind::Data, error),
            channels::Error::Document(_) | channels::Error::Died => Self::new(Kind::Software, error),
        }
    }
}

impl From<identity::Error> for Failure {
    fn from(error: identity::Error) -> Self {
        match error {
            identity::Error::Database(error) => error.into(),
            identity::Error::Keyring(error) => error.into(),
            identity::Error::Vault(error) => error.into(),
            identity::Error::Audit(error) => error.into(),
            identity::Error::NameTaken | identity::Error::AddressTaken => Self::new(Kind::CannotCreate, error),
            identity::Error::NoAgent | identity::Error::NoOrganisation => Self::new(Kind::NotFound, error),
            identity::Error::Busy | identity::Error::Overloaded => Self::new(Kind::TryAgain, error),
            identity::Error::LostData(_) | identity::Error::PublicUrl | identity::Error::BreachedList(_) => {
                Self::new(Kind::Configuration, error)
            }
            identity::Error::Died => Self::new(Kind::Software, error),
            other => Self::new(Kind::Data, other),
        }
    }
}

impl From<access::Error> for Failure {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Database(error) => error.into(),
            access::Error::Vault(error) => error.into(),
            access::Error::Desk(error) => error.into(),
            access::Error::Refused(refused) => vault::Error::from(refused).into(),
            access::Error::Audit(error) => error.into(),
            other => Self::new(Kind::Data, other),
        }
    }
}

impl From<backup::Error> for Failure {
    fn from(error: backup::Error) -> Self {
        match error {
            backup::Error::Database(error) => error.into(),
            other => Self::new(Kind::Data, other),
        }
    }
}
