//! Organisations, the agents who work for them, and how agents prove who they are. Addresses, names
//! and secrets are sealed or kept as keyed hashes; no account exists that nobody was invited to.

mod account;
mod agent;
mod agents;
mod attempt;
mod breached;
mod ceremony;
mod create;
mod device;
mod enrol;
mod error;
mod find;
mod invite;
mod means;
mod notice;
mod passkey;
mod password;
mod recent;
mod recover;
mod recovery_code;
mod role;
mod session;
mod session_list;
mod settings;
mod sign_in;
mod sign_in_passkey;
mod store;
mod totp;
mod visitor;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::OrganisationId;

use crate::Context;
use crate::audit::Audit;
use crate::vault::{SubjectKeys, Vault};
use password::Hashing;
use recent::Recent;

pub use account::{FRESH, Ways};
pub use agent::{Agent, AgentState, UnknownAgentState};
pub use attempt::{BEGUN_PER_SOURCE, PER_ADDRESS, PER_ADDRESS_AND_SOURCE, PER_DEVICE, PER_SOURCE, WINDOW};
pub use ceremony::CEREMONY;
pub use create::{Created, New};
pub use enrol::{Enrolled, Enrolment, NewSession};
pub use error::Error;
pub use find::Organisation;
pub use invite::{INVITED_FOR, Invitation, InvitationKind, Invited, NewAgent, RECOVERED_FOR};
pub use means::{BegunTotp, Means};
pub use notice::{Notice, NoticeKind};
pub use passkey::{Begun, PasskeyShown};
pub use role::{Role, Roles, UnknownRole};
pub use session::{IDLE, LONGEST, SESSIONS, SignedIn, Strength, UnknownStrength};
pub use session_list::Session;
pub use settings::Settings;
pub use sign_in::PasswordSignIn;
pub(crate) use store::STATEMENTS;
pub use totp::one_time_password;
pub use visitor::Visitor;

/// Characters of an organisation's name.
pub const NAME_CHARS: usize = 100;
/// Organisations that one installation holds.
pub const ORGANISATIONS: usize = 10_000;
/// Agents that one organisation has, with those who left.
pub const AGENTS: usize = 10_000;
/// Characters of an agent's name.
pub const DISPLAY_NAME_CHARS: usize = 100;
/// Passkeys of one agent.
pub const PASSKEYS: usize = 20;
/// Bytes of what a browser answers in a ceremony.
pub const PASSKEY_RESPONSE_BYTES: usize = 64 * 1024;
/// Characters that a password has at least.
pub const PASSWORD_CHARS: usize = 12;
/// Bytes that a password has at most.
pub const PASSWORD_BYTES: usize = 1_024;
/// Recovery codes that an agent is given.
pub const RECOVERY_CODES: usize = 10;
/// Notices that are read at one time.
pub const NOTICES: usize = 50;

/// The organisations and agents of this installation.
#[derive(Clone)]
pub struct Identity {
    context: Arc<Context>,
    audit: Audit,
    vault: Vault,
    settings: Arc<Settings>,
    hashing: Hashing,
    recent: Arc<Mutex<Recent>>,
}

impl Identity {
    pub(crate) fn new(context: Arc<Context>, audit: Audit, vault: Vault) -> Self {
        Self { context, audit, vault, settings: Arc::default(), hashing: Hashing::default(), recent: Arc::default() }
    }

    /// The same as the operator wants it.
    pub(crate) fn with(mut self, settings: Settings) -> Self {
        self.settings = Arc::new(settings);
        self
    }

    /// Where agents reach this installation.
    pub fn settings(&self) -> &Settings {
        &self.settings
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
