//! Forgetting a customer at the desk: what was said goes, that something was said stays. Part of an
//! erasure, which destroys the keys in the same transaction.

use db::Tx;
use kernel::{ConversationId, CustomerId, OrganisationId, Timestamp};

use super::conversation::announce;
use super::{Desk, store};

/// What the desk forgot of a customer.
#[derive(Debug, Default)]
pub struct Forgotten {
    /// The conversations that are the customer's matter.
    pub conversations: Vec<ConversationId>,
    /// Messages whose content went, in those conversations and others.
    pub messages: u64,
    /// Notes whose text went.
    pub notes: u64,
    /// Attachments removed.
    pub attachments: u64,
    /// The blobs that they leave behind in the blob store.
    pub blobs: Vec<[u8; 16]>,
}

impl Desk {
    /// Removes everything that is sealed under a customer's key: subjects, messages, notes and
    /// attachments. What others wrote into their conversations stays, under the keys of those.
    pub fn forget_customer(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Forgotten, db::Error> {
        let conversations = store::conversations_of(tx, organisation, customer)?;
        store::forget_subjects(tx, organisation, customer, now)?;
        let messages = store::forget_messages(tx, organisation, customer)?;
        let notes = store::forget_notes(tx, organisation, customer)?;
        store::forget_drafts(tx, organisation, customer)?;
        let (attachments, blobs) = store::forget_attachments(tx, organisation, customer)?;
        for conversation in &conversations {
            announce(tx, organisation, *conversation);
        }
        Ok(Forgotten { conversations, messages, notes, attachments, blobs })
    }
}
