//! What can go wrong with customers, values and keys.

/// An error of the vault. Texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The preparation was overtaken by another change: prepare again.
    #[error("the data changed meanwhile")]
    Stale,
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
    /// The conversation gives no reason to look at this customer.
    #[error("the conversation does not concern this customer")]
    NotConcerned,
    /// A sealed value does not open: it was changed, moved, or belongs to another key.
    #[error("a sealed value does not open")]
    Sealed(#[from] envelope::OpenError),
    /// The keyring cannot serve.
    #[error(transparent)]
    Keyring(#[from] envelope::KeyringError),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The audit entry could not be written, so nothing happened.
    #[error("the audit log refused the entry: {0}")]
    Audit(String),
}
