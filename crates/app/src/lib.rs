//! The domains: what the product does, one folder each, plain Rust on `db::Tx`.
//!
//! A domain calls another's public functions and never names its `store` or `model`. Only
//! `vault`, `audit` and `channels` seal and open.

pub mod access;
pub mod audit;
pub mod backup;
pub mod channels;
mod context;
pub mod desk;
pub mod identity;
mod secret_text;
pub mod vault;

use std::sync::Arc;

pub use context::{Actor, Context, STALE_TRIES, UnknownActor};

/// The whole product below its screens: one handle per domain, cheap to clone.
#[derive(Clone)]
pub struct App {
    /// What all domains stand on.
    pub context: Arc<Context>,
    /// Who may do what.
    pub access: access::Access,
    /// The transparency log.
    pub audit: audit::Audit,
    /// Copies of everything, and the way back from them.
    pub backup: backup::Backup,
    /// How messages come in.
    pub channels: channels::Channels,
    /// Conversations.
    pub desk: desk::Desk,
    /// Organisations and their agents.
    pub identity: identity::Identity,
    /// Customers and their sealed values.
    pub vault: vault::Vault,
}

impl App {
    /// Puts the domains together. `resolver` says whom to ask about the senders of mail.
    /// The policies are those compiled in.
    pub fn new(context: Context, resolver: &channels::ResolverConfig) -> Result<Self, channels::Error> {
        Self::with_policies(context, resolver, access::Policies::built_in())
    }

    /// The same with policies that were read before.
    pub fn with_policies(
        context: Context,
        resolver: &channels::ResolverConfig,
        policies: Arc<access::Policies>,
    ) -> Result<Self, channels::Error> {
        let context = Arc::new(context);
        let vault = vault::Vault::new(Arc::clone(&context));
        let audit = audit::Audit::new(Arc::clone(&context), vault.clone());
        let desk = desk::Desk::new(Arc::clone(&context), vault.clone(), audit.clone());
        let channels = channels::Channels::new(Arc::clone(&context), vault.clone(), audit.clone(), resolver)?;
        let access = access::Access::new(Arc::clone(&context), audit.clone(), vault.clone(), policies);
        let identity = identity::Identity::new(Arc::clone(&context), audit.clone(), vault.clone());
        let backup = backup::Backup::new(Arc::clone(&context), vault.clone(), audit.clone(), channels.clone());
        Ok(Self { context, access, audit, backup, channels, desk, identity, vault })
    }

    /// The same with what the operator says about signing in. For a product that was just put together.
    pub fn with_identity(mut self, settings: identity::Settings) -> Self {
        self.identity = self.identity.with(settings);
        self
    }

    /// Ends the database's threads after the work that waits; nothing works afterwards.
    pub async fn close(&self) {
        self.context.db.close().await;
    }
}

/// Makes every counter of the domains known, at nought, to whoever counts in this process.
pub fn begin_counting() {
    audit::begin_counting();
    channels::counting::begin();
}

/// Every statement of every domain, for the test that prepares each on both engines.
pub fn statements() -> Vec<&'static db::Statement> {
    [
        access::STATEMENTS,
        audit::STATEMENTS,
        channels::STATEMENTS,
        channels::OUT_STATEMENTS,
        channels::MAILBOX_STATEMENTS,
        desk::STATEMENTS,
        identity::STATEMENTS,
        vault::STATEMENTS,
    ]
    .concat()
}
