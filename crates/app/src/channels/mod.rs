//! How messages come in: read whatever their faults, found their customer and conversation,
//! sealed, and committed with their audit entries in one transaction. Nothing that arrived is lost.
//! And how they leave, in [`out`]: once, in their order, with what became of each on record.

pub mod authentication;
mod blobs;
pub(crate) mod counting;
mod error;
mod file;
mod forget;
pub mod mail;
pub mod mailbox;
mod out;
mod prepare;
mod quarantine;
mod receive;
mod reply_token;
pub mod sink;
mod store;
mod threading;
mod turns;

use std::sync::Arc;

use crate::Context;
use crate::audit::Audit;
use crate::vault::Vault;

pub use authentication::{Client, ResolverConfig};
pub(crate) use blobs::file_path as blob_path;
pub use counting::Refusal;
pub use error::Error;
pub use file::OpenedFile;
pub(crate) use mailbox::store::STATEMENTS as MAILBOX_STATEMENTS;
pub use mailbox::{Mailbox, MailboxPace, NewMailbox};
pub(crate) use out::store::STATEMENTS as OUT_STATEMENTS;
pub use out::*;
pub use quarantine::{Quarantined, QuarantinedMail};
pub use receive::{Arrival, Outcome};
pub(crate) use store::{REMOVALS_TABLE, STATEMENTS};

/// The ways in and out, for all organisations of this process.
#[derive(Clone)]
pub struct Channels {
    context: Arc<Context>,
    vault: Vault,
    audit: Audit,
    authenticator: authentication::Authenticator,
    blobs: blobs::Blobs,
    turns: Arc<turns::Turns>,
}

impl Channels {
    pub(crate) fn new(
        context: Arc<Context>,
        vault: Vault,
        audit: Audit,
        resolver: &ResolverConfig,
    ) -> Result<Self, Error> {
        let authenticator = authentication::Authenticator::new(resolver)?;
        let blobs = blobs::Blobs::local(&context.blobs)?;
        Ok(Self { context, vault, audit, authenticator, blobs, turns: Arc::new(turns::Turns::new()) })
    }
}
