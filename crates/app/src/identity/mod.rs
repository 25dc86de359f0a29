//! Organisations, the agents who work for them, and how agents prove who they are. Addresses, names
//! and secrets are sealed or kept as keyed hashes; no account exists that nobody was invited to.

mod agent;
mod create;
mod error;
mod find;
mod recent;
mod role;
mod session;
mod session_list;
mod store;
mod visitor;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::OrganisationId;

use crate::Context;
use crate::audit::Audit;
use crate::vault::{SubjectKeys, Vault};
use recent::Recent;

pub use agent::{Agent, AgentState, UnknownAgentState};
pub use create::{Created, New};
pub use error::Error;
pub use find::Organisation;
pub use role::{Role, Roles, UnknownRole};
pub use session::{IDLE, LONGEST, SESSIONS, SignedIn, Strength, UnknownStrength};
pub use session_list::Session;
pub(crate) use store::STATEMENTS;
pub use visitor::Visitor;

/// Characters of an organisation's name.
pub const NAME_CHARS: usize = 100;
/// Organisations that one installation holds.
pub const ORGANISATIONS: usize = 10_000;
/// Agents that one organisation has, with those who left.
pub const AGENTS: usize = 10_000;

/// The organisations and agents of this installation.
#[derive(Clone)]
pub struct Identity {
    context: Arc<Context>,
    audit: Audit,
    vault: Vault,
    recent: Arc<Mutex<Recent>>,
}

impl Identity {
    pub(crate) fn new(context: Arc<Context>, audit: Audit, vault: Vault) -> Self {
        Self { context, audit, vault, recent: Arc::default() }
    }

    /// Keys of the organisation itself, under which its agents and its own audit entries are sealed.
    async fn organisation_keys(&self, organisation: OrganisationId) -> Result<Arc<SubjectKeys>, Error> {
        let vault = self.vault.clone();
        self.context
            .db
            .read("identity.organisation_keys", move |tx| {
                vault.keys(tx, organisation, organisation.into())?.ok_or(Error::NoOrganisation)
            })
            .await
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
