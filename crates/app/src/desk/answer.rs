//! Mail of ours at the desk: it joins its conversation and moves it on, and it can be taken back as
//! long as it has not left. How it leaves is the channels' matter.

use db::Tx;
use kernel::{AttachmentId, ConversationId, CustomerId, Id as _, MessageId, OrganisationId, Timestamp};

use super::conversation::announce;
use super::event::{Event, EventId, EventKind};
use super::message::{AttachmentPurpose, Direction, Nature, NewMessage};
use super::state::{State, Step};
use super::{Desk, Error, Standing, store};
use crate::Actor;

/// What becomes of the conversation when we have written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// It stays as it is.
    Stay,
    /// It waits for the customer.
    #[default]
    Wait,
    /// The matter is settled.
    Resolve,
}

/// Something that was said, still sealed.
pub struct SealedSaid {
    /// The message.
    pub id: MessageId,
    /// Whose key seals it.
    pub customer: CustomerId,
    /// Who wrote it.
    pub direction: Direction,
    /// What it is by nature.
    pub nature: Nature,
    /// Sealed [`MessageContent`](super::MessageContent); none when its customer is erased.
    pub sealed: Option<Vec<u8>>,
    /// When it came.
    pub received_at: Timestamp,
}

/// A file of a message, as it lies.
pub struct StoredFile {
    /// Its id.
    pub id: AttachmentId,
    /// Whose key seals it.
    pub customer: CustomerId,
    /// What it is for.
    pub purpose: AttachmentPurpose,
    /// Plain bytes.
    pub size: u64,
    /// Sealed [`AttachmentDescription`](super::AttachmentDescription).
    pub description_sealed: Vec<u8>,
    /// Sealed key of the file.
    pub key_sealed: Vec<u8>,
    /// The sealed chunks, when they lie in the database.
    pub content: Option<Vec<u8>>,
    /// The name in the blob store otherwise.
    pub blob_name: Option<[u8; 16]>,
}

/// What a message of ours moved, to be moved back when it is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where the conversation stood.
    pub before: State,
    /// Until when it slept.
    pub slept_until: Option<Timestamp>,
    /// Where it stands since.
    pub after: State,
}

impl Desk {
    /// What was said last in a conversation, the newest first.
    pub fn recent(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        limit: usize,
    ) -> Result<Vec<SealedSaid>, Error> {
        Ok(store::recent(tx, organisation, conversation, limit)?)
    }

    /// One thing that was said in a conversation.
    pub fn said(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<SealedSaid>, Error> {
        Ok(store::said(tx, organisation, (conversation, message))?)
    }

    /// The files of a message, as they lie, in their order.
    pub fn files(tx: &mut Tx<'_>, organisation: OrganisationId, message: MessageId) -> Result<Vec<StoredFile>, Error> {
        Ok(store::files(tx, organisation, message)?)
    }

    /// Stores a message of ours and moves the conversation on; [`Error::Stale`] when it does not
    /// stand as it was seen any more.
    pub fn answer(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &NewMessage,
        (seen, after, actor): (&Standing, After, Actor),
    ) -> Result<Moved, Error> {
        let standing = store::standing(tx, organisation, new.conversation, true)?.ok_or(Error::Stale)?;
        if standing != *seen {
            return Err(Error::Stale);
        }
        store::insert_message(tx, organisation, new)?;
        for (position, attachment) in new.attachments.iter().enumerate() {
            store::insert_attachment(tx, organisation, new, position, attachment)?;
        }
        let (state, kind) = after.of(standing.state)?;
        let to = Standing {
            state,
            snoozed_until: standing.snoozed_until.filter(|_| state == State::Snoozed),
            activity_at: standing.activity_at.max(new.received_at),
            changed_at: standing.changed_at.max(new.received_at),
            ..standing
        };
        store::move_on(tx, organisation, new.conversation, &to)?;
        store::mark_answered(tx, organisation, new.conversation)?;
        if let Some(kind) = kind.filter(|_| state != standing.state) {
            let event = Event { id: step_of(new.id), kind, actor, detail: String::new(), at: new.received_at };
            store::insert_event(tx, organisation, new.conversation, &event)?;
        }
        announce(tx, organisation, new.conversation);
        Ok(Moved { before: standing.state, slept_until: standing.snoozed_until, after: state })
    }

    /// Takes a message of ours out again, and moves the conversation back if nothing else has moved
    /// it since. Whether the conversation went with it, because there was nothing else in it.
    pub fn take_back(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        (conversation, message): (ConversationId, MessageId),
        moved: Moved,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let standing = store::standing(tx, organisation, conversation, true)?.ok_or(Error::Stale)?;
        store::remove_message(tx, organisation, message, &step_of(message))?;
        let is_untouched = standing.state == moved.after;
        let state = if is_untouched { moved.before } else { standing.state };
        let sleeps = if is_untouched { moved.slept_until } else { standing.snoozed_until };
        let to = Standing {
            state,
            snoozed_until: sleeps.filter(|_| state == State::Snoozed),
            changed_at: standing.changed_at.max(now),
            ..standing
        };
        store::move_back(tx, organisation, conversation, &to)?;
        let is_gone = standing.messages <= 1 && !store::has_notes(tx, organisation, conversation)?;
        if is_gone {
            store::remove_empty(tx, organisation, conversation)?;
        }
        announce(tx, organisation, conversation);
        Ok(is_gone)
    }

    /// Says that something about a conversation's messages changed that its row does not tell.
    pub fn touch(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        now: Timestamp,
    ) -> Result<(), Error> {
        store::touch(tx, organisation, conversation, now)?;
        announce(tx, organisation, conversation);
        Ok(())
    }
}

impl After {
    /// Where it leads from a state, and what the thread tells of it. What is settled is taken up
    /// again by somebody who writes and waits for an answer.
    fn of(self, from: State) -> Result<(State, Option<EventKind>), Error> {
        Ok(match (self, from) {
            (Self::Stay, _) | (Self::Wait, State::Waiting) | (Self::Resolve, State::Resolved) => (from, None),
            (Self::Wait, State::Resolved) => (from.after(Step::Reopen)?.after(Step::Wait)?, Some(EventKind::Waiting)),
            (Self::Wait, _) => (from.after(Step::Wait)?, Some(EventKind::Waiting)),
            (Self::Resolve, _) => (from.after(Step::Resolve)?, Some(EventKind::Resolved)),
        })
    }
}

/// The step that came with a message: its id with the last bit turned, so that it needs no
/// randomness inside a transaction and is found again.
fn step_of(message: MessageId) -> EventId {
    let mut bytes = *message.bytes();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    EventId::from_bytes(bytes)
}
