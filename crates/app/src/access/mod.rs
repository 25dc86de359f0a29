//! Who may use the HTTP interface: bearer tokens with scopes. A token's text is shown once and
//! never stored; what lies in the database cannot be used as a token.

mod authenticate;
mod error;
mod recent;
mod scope;
mod store;
mod token;

use std::sync::{Arc, Mutex};

use kernel::{OrganisationId, TokenId};

use crate::Context;
use crate::audit::{Audit, Entry};
use crate::secret_text::Carried;
use crate::vault::{SubjectKeys, Vault};
use recent::Recent;

pub use authenticate::Bearer;
pub use error::{Denied, Error};
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

/// The bearer tokens of all organisations of this process.
#[derive(Clone)]
pub struct Access {
    context: Arc<Context>,
    audit: Audit,
    vault: Vault,
    recent: Arc<Mutex<Recent>>,
}

impl Access {
    pub(crate) fn new(context: Arc<Context>, audit: Audit, vault: Vault) -> Self {
        Self { context, audit, vault, recent: Arc::default() }
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
