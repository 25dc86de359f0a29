//! Organisations and the agents who work for them. An agent's address is sealed and found by
//! keyed hash; nobody logs in here.

mod create;
mod error;
mod find;
mod role;
mod store;

use std::sync::Arc;

use crate::Context;
use crate::audit::Audit;
use crate::vault::Vault;

pub use create::{Created, New};
pub use error::Error;
pub use find::Organisation;
pub use role::{Role, Roles, UnknownRole};
pub(crate) use store::STATEMENTS;

/// Characters of an organisation's name.
pub const NAME_CHARS: usize = 100;
/// Organisations that one installation holds.
pub const ORGANISATIONS: usize = 10_000;

/// The organisations and agents of this installation.
#[derive(Clone)]
pub struct Identity {
    context: Arc<Context>,
    audit: Audit,
    vault: Vault,
}

impl Identity {
    pub(crate) const fn new(context: Arc<Context>, audit: Audit, vault: Vault) -> Self {
        Self { context, audit, vault }
    }
}
