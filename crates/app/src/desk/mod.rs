//! Conversations: everything that was said about one matter, over whatever channel, and where
//! the work on it stands. Masked by what it hands out; it never sees a key.

mod conversation;
mod error;
mod message;
mod store;

use std::sync::Arc;

use crate::Context;
use crate::audit::Audit;
use crate::vault::Vault;

pub use conversation::{NewConversation, Standing, State};
pub use error::Error;
pub use message::{AttachmentDescription, AttachmentPurpose, Direction, MessageContent, Nature, NewAttachment, NewMessage, Party};
pub(crate) use store::STATEMENTS;

/// The desk of all organisations of this process.
#[derive(Clone)]
pub struct Desk {
    context: Arc<Context>,
    vault: Vault,
    audit: Audit,
}

impl Desk {
    pub(crate) const fn new(context: Arc<Context>, vault: Vault, audit: Audit) -> Self {
        Self { context, vault, audit }
    }
}
