//! What can go wrong with customers, values and keys.

use crate::access::Refusal;
use crate::{access, audit, desk};

/// An error of the vault. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The preparation was overtaken by another change: prepare again.
    #[error("the data changed meanwhile")]
    Stale,
    /// The permission does not hold, or not any more.
    #[error(transparent)]
    Refused(access::Refused),
    /// The data inventory does not know this field.
    #[error("the data inventory has no field {0:?}: add it with its purpose first")]
    UnknownField(String),
    /// The field is not held for this purpose.
    #[error("the field {field} is not held for the purpose {purpose}")]
    Purpose {
        /// The field's name.
        field: String,
        /// The purpose asked for.
        purpose: String,
    },
    /// The value does not fit its field.
    #[error("the value does not fit the field {field}: {reason}")]
    Value {
        /// The field's name.
        field: String,
        /// What is wrong with it, without the value.
        reason: &'static str,
    },
    /// A field cannot be like that.
    #[error("the field cannot be defined so: {0}")]
    Definition(&'static str),
    /// A contact point is somebody else's.
    #[error("another customer has this {field} already: merge the two if they are one")]
    Taken {
        /// The field's name.
        field: String,
    },
    /// Nobody by this id.
    #[error("there is no such customer")]
    NoCustomer,
    /// Nothing by this id.
    #[error("there is no such value")]
    NoValue,
    /// The customer's keys are destroyed.
    #[error("this customer has been erased")]
    Erased,
    /// Both sides of a merge are one customer already.
    #[error("these two are one customer already")]
    Merged,
    /// The one to whom mail without a sender goes is many people.
    #[error("the customer of unknown senders is many people and cannot be merged")]
    UnknownSenders,
    /// Too many customers in one.
    #[error("at most {0} customers can be merged into one")]
    TooManyMerged(usize),
    /// The conversation gives no reason to look at this customer.
    #[error("the conversation does not concern this customer")]
    NotConcerned,
    /// A sealed value does not open: it was changed, moved, or belongs to another key.
    #[error("a sealed value does not open")]
    Sealed(#[from] envelope::OpenError),
    /// The keyring cannot serve.
    #[error(transparent)]
    Keyring(#[from] envelope::KeyringError),
    /// The backup has moved to a later epoch than the keyring.
    #[error("the keyring is older than the backup: bring the keyring back that was in use with it, or a later one")]
    OlderKeyring,
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The audit entry could not be written, so nothing happened.
    #[error("the audit log refused the entry: {0}")]
    Audit(String),
    /// Whether it is permitted could not be found out.
    #[error("the permission cannot be looked at: {0}")]
    Access(String),
    /// The desk could not say whom a conversation concerns.
    #[error("the desk cannot answer: {0}")]
    Desk(String),
}

impl From<access::Refused> for Error {
    fn from(refused: access::Refused) -> Self {
        match refused.why {
            Refusal::NoCustomer => Self::NoCustomer,
            Refusal::Erased => Self::Erased,
            Refusal::NoValue => Self::NoValue,
            Refusal::NotConcerned => Self::NotConcerned,
            _ => Self::Refused(refused),
        }
    }
}

impl From<audit::Error> for Error {
    fn from(error: audit::Error) -> Self {
        match error {
            audit::Error::Vault(error) => error,
            audit::Error::Keyring(error) => Self::Keyring(error),
            audit::Error::Database(error) => Self::Database(error),
            other => Self::Audit(other.to_string()),
        }
    }
}

impl From<desk::Error> for Error {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Database(error) => Self::Database(error),
            desk::Error::Vault(error) => error,
            desk::Error::Refused(refused) => refused.into(),
            other => Self::Desk(other.to_string()),
        }
    }
}

impl From<access::Error> for Error {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Refused(refused) => refused.into(),
            access::Error::Desk(error) => error.into(),
            access::Error::Vault(error) => error,
            access::Error::Audit(error) => error.into(),
            access::Error::Database(error) => Self::Database(error),
            other => Self::Access(other.to_string()),
        }
    }
}
