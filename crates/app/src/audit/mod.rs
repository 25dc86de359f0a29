//! The audit log: an action and its entry commit in one transaction, and a transparency log
//! makes sure that nobody can take the entry back unseen.

mod append;
mod end;
mod entry;
mod error;
mod fold;
mod folding;
mod log_key;
mod read;
mod start;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use kernel::OrganisationId;
use tlog::Signer;

use crate::Context;
use crate::vault::Vault;

pub use append::{HeldHeads, Prepared};
pub use entry::{Action, Entry};
pub use error::Error;
pub use fold::Folded;
pub(crate) use folding::begin_counting;
pub use log_key::origin;
pub use read::{EntryProof, Told, Written};
pub use start::{Announced, Standing};
pub(crate) use store::STATEMENTS;
pub use verify::{Problem, Report, VerifyOptions, Witness};

/// The audit log of all organisations of this process.
#[derive(Clone)]
pub struct Audit {
    context: Arc<Context>,
    vault: Vault,
    signers: Arc<Mutex<HashMap<OrganisationId, Arc<Signer>>>>,
}

impl Audit {
    pub(crate) fn new(context: Arc<Context>, vault: Vault) -> Self {
        Self { context, vault, signers: Arc::default() }
    }
}
