//! Conversations: everything that was said about one matter, over whatever channel, and where
//! the work on it stands. Masked by what it hands out; it never sees a key.

mod answer;
mod assign;
mod changes;
mod conversation;
mod counts;
mod cursor;
mod draft;
mod error;
mod event;
mod file;
mod forget;
mod label;
mod language;
mod list;
mod message;
mod note;
mod reads;
mod resolve;
mod show;
mod snooze;
mod state;
mod step;
mod store;

use std::sync::Arc;

use crate::Context;
use crate::audit::Audit;
use crate::vault::Vault;

pub use answer::{After, Moved, SealedSaid, StoredFile};
pub use changes::{Changed, ConversationChanges, Heard};
pub use conversation::{HeldConversation, NewConversation, Standing};
pub use counts::{COUNTED, Count, Counts};
pub use cursor::{Cursor, CursorError, Order};
pub use draft::{Draft, DraftKind};
pub use error::Error;
pub use event::EventKind;
pub use file::{Designed, InlineImage, SealedFile};
pub use forget::Forgotten;
pub use label::{CONVERSATION_LABELS, LABEL_CHARS, ORGANISATION_LABELS};
pub use language::language_of;
pub use list::{Assignee, Filter, ListRow, Page, PageRequest, SCAN_ROWS};
pub use message::{
    AttachmentDescription, AttachmentPurpose, Direction, MessageContent, Nature, NewAttachment, NewMessage, Party,
};
pub use reads::READ_INTERVAL;
pub use show::{Attachment, Event, Item, Message, Note, Participant, Thread, ThreadRequest};
pub use snooze::LONGEST_SNOOZE;
pub use state::{Illegal, State, Step, UnknownState};
pub(crate) use store::STATEMENTS;

/// The desk of all organisations of this process.
#[derive(Clone)]
pub struct Desk {
    context: Arc<Context>,
    vault: Vault,
    audit: Audit,
    reads: reads::Reads,
}

impl Desk {
    pub(crate) fn new(context: Arc<Context>, vault: Vault, audit: Audit) -> Self {
        Self { context, vault, audit, reads: reads::Reads::new() }
    }
}
