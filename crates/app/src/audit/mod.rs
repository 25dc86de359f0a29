//! The audit log: an action and its entry commit in one transaction, and a transparency log
//! makes sure that nobody can take the entry back unseen.

mod append;
mod entry;
mod error;
mod store;

use std::sync::Arc;

use crate::Context;
use crate::vault::Vault;

pub use append::Prepared;
pub use entry::{Action, Entry};
pub use error::Error;
pub(crate) use store::STATEMENTS;

/// The audit log of all organisations of this process.
#[derive(Clone)]
pub struct Audit {
    context: Arc<Context>,
    vault: Vault,
}

impl Audit {
    pub(crate) const fn new(context: Arc<Context>, vault: Vault) -> Self {
        Self { context, vault }
    }
}
