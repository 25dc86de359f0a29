//! Forgetting at the channels: the Message-IDs that led to erased conversations, and blobs that
//! nobody needs any more.

use db::Tx;
use kernel::{ConversationId, OrganisationId, Timestamp};

use super::{Channels, store};

impl Channels {
    /// Removes every Message-ID that leads to these conversations or is waited for by them, so that
    /// no later mail is threaded to what was erased.
    pub fn forget_conversations(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversations: &[ConversationId],
    ) -> Result<(), db::Error> {
        conversations.iter().try_for_each(|conversation| store::forget_references(tx, organisation, *conversation))
    }

    /// Has blobs removed from the store at the next [`Channels::remove_due_blobs`] after `due`, if
    /// this transaction commits.
    pub fn remove_later(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        names: &[[u8; 16]],
        due: Timestamp,
    ) -> Result<(), db::Error> {
        names.iter().try_for_each(|name| store::insert_removal(tx, organisation, name, due))
    }
}
