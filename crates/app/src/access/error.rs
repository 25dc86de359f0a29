//! What can go wrong with decisions and tokens, and why a token is refused.

use super::{Refused, Scope};

/// An error of access. Texts hold no part of a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The policies do not permit what was asked.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The token does not permit what was asked.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The name of a token.
    #[error("a token's name has 1 to {} characters on one line: choose another name", super::NAME_CHARS)]
    Name,
    /// A token without a scope may nothing.
    #[error("a token needs a scope: give at least one of {}", Scope::list())]
    NoScope,
    /// No more tokens.
    #[error("an organisation has {} tokens in force at most: revoke one first", super::TOKENS)]
    TooMany,
    /// Nothing by this id.
    #[error("there is no such token")]
    NoToken,
    /// The organisation has no keys, so nothing about it can be put on record.
    #[error("there is no such organisation")]
    NoOrganisation,
    /// There is no such conversation, or the desk failed.
    #[error(transparent)]
    Desk(#[from] crate::desk::Error),
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

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is no token, or none of ours. Which of the two is not told.
    #[error("this token is not known: create one with `doorward token create`")]
    Unknown,
    /// It was revoked.
    #[error("this token was revoked: create another one")]
    Revoked,
    /// It is for something else.
    #[error("this token has not the scope {needed}: create one that has it")]
    Scope {
        /// What would permit it.
        needed: Scope,
    },
}
