//! Who may do what. Policies decide, and a decision is the only way to a [`Permit`]; bearer tokens
//! bring programs in. A token's text is shown once and never stored.

pub mod action;
mod authenticate;
mod decide;
mod error;
mod obligation;
mod permit;
mod policies;
mod principal;
mod recent;
mod refusal;
mod resource;
mod scope;
mod store;
#[cfg(test)]
mod tests;
mod token;

use std::sync::{Arc, Mutex};

use kernel::{OrganisationId, TokenId};

use crate::Context;
use crate::audit::{Audit, Entry};
use crate::secret_text::Carried;
use crate::vault::{SubjectKeys, Vault};
use recent::Recent;

pub use action::{Action, ActionName};
pub use authenticate::Bearer;
pub use error::{Denied, Error};
pub use obligation::{LONGEST_PERMIT, Obligations, Offer, PERMIT_LASTS, REASON_BYTES};
pub(crate) use permit::Grounds;
pub use permit::Permit;
pub use policies::{OWN_FILE_BYTES, OWN_FILES, POLICIES_OF_AN_ACTION, Policies, PolicyError};
pub use principal::{Principal, SignIn};
pub use refusal::{Refusal, Refused, UnknownRefusal};
pub use resource::{CustomerCase, Facts, Merge, OrganisationWide, Resource, Reveal};
pub use scope::{Scope, UnknownScope};
pub(crate) use store::STATEMENTS;
pub use token::{NewToken, Token};

/// Characters of a token's name.
pub const NAME_CHARS: usize = 100;
/// Tokens in force that one organisation has.
pub const TOKENS: usize = 1_000;

impl Carried for TokenId {
    const BEGINS: &'static str = "dwt_";
}

/// Decisions and bearer tokens for all organisations of this process.
#[derive(Clone)]
pub struct Access {
    context: Arc<Context>,
    audit: Audit,
    vault: Vault,
    policies: Arc<Policies>,
    recent: Arc<Mutex<Recent>>,
}

impl Access {
    pub(crate) fn new(context: Arc<Context>, audit: Audit, vault: Vault, policies: Arc<Policies>) -> Self {
        Self { context, audit, vault, policies, recent: Arc::default() }
    }

    /// Keys of the organisation itself, under which its own audit entries are sealed.
    async fn organisation_keys(&self, organisation: OrganisationId) -> Result<Arc<SubjectKeys>, Error> {
        let vault = self.vault.clone();
        self.context
            .db
            .read("access.organisation_keys", move |tx| {
                vault.keys(tx, organisation, organisation.into())?.ok_or(Error::NoOrganisation)
            })
            .await
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn write_entry(&self, organisation: OrganisationId, entry: &Entry) -> Result<(), Error> {
        let keys = self.organisation_keys(organisation).await?;
        let prepared = [self.audit.prepare(&keys, entry)?];
        self.context.db.write("access.write_entry", move |tx| Ok(Audit::append(tx, organisation, &prepared)?)).await
    }
}
