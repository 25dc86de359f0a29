//! One thread: its row, who is in it, and a page of messages, notes and events.
//!
//! What a page will hold is decided by sizes; only then are sealed bodies read.

use std::cmp::Reverse;

use db::{Error, Row, Tx, blob, id, int, time};
use kernel::{AttachmentId, ConversationId, CustomerId, MessageId, NoteId, OrganisationId, Timestamp, limits};

use super::super::cursor::Cursor;
use super::super::event::{EventId, EventKind};
use super::super::file::SealedFile;
use super::super::message::{AttachmentPurpose, Direction, Nature};
use crate::Actor;
use crate::vault::{ids_of_page, page_of_ids};

db::statements! { "desk";
    /// Times, ids and sizes of messages before a place, the newest first.
    MESSAGES_BEFORE = "SELECT received_at, id, CAST(COALESCE(LENGTH(sealed), 0) AS BIGINT) FROM message
        WHERE org = $1 AND conversation = $2 AND (received_at, id) < ($3, $4)
        ORDER BY received_at DESC, id DESC LIMIT $5";
    /// The same of notes.
    NOTES_BEFORE = "SELECT created_at, id, CAST(COALESCE(LENGTH(sealed), 0) AS BIGINT) FROM note
        WHERE org = $1 AND conversation = $2 AND (created_at, id) < ($3, $4)
        ORDER BY created_at DESC, id DESC LIMIT $5";
    /// The same of events, which have no size.
    EVENTS_BEFORE = "SELECT at, id, CAST(0 AS BIGINT) FROM conversation_event
        WHERE org = $1 AND conversation = $2 AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5";
    /// A page of messages.
    MESSAGES = concat!(
        "SELECT id, customer, direction, nature, sealed, authentication, bounced_at, size, received_at
        FROM message WHERE org = $1 AND id IN ", page_of_ids!());
    /// A page of notes.
    NOTES = concat!(
        "SELECT id, customer, author, sealed, created_at FROM note WHERE org = $1 AND id IN ", page_of_ids!());
    /// A page of events.
    EVENTS = concat!(
        "SELECT id, kind, actor, detail, at FROM conversation_event WHERE org = $1 AND id IN ", page_of_ids!());
    /// The attachments of one message, bounded by what a message may have.
    ATTACHMENTS = "SELECT id, customer, purpose, size, description_sealed FROM attachment
        WHERE org = $1 AND message = $2 ORDER BY position LIMIT $3";
    /// Which of a page of messages have attachments.
    WITH_ATTACHMENTS = concat!(
        "SELECT DISTINCT message FROM attachment WHERE org = $1 AND message IN ", page_of_ids!());
    /// Whether a message is of a conversation.
    IS_OF = "SELECT 1 FROM message WHERE org = $1 AND id = $2 AND conversation = $3";
    /// A file of a conversation.
    FILE = "SELECT a.customer, a.purpose, a.size, a.description_sealed, a.key_sealed, a.content, a.blob_name
        FROM attachment AS a JOIN message AS m ON m.org = a.org AND m.id = a.message
        WHERE a.org = $1 AND a.id = $2 AND m.conversation = $3";
    /// Who else is in the conversation.
    PARTICIPANTS = "SELECT customer, joined_at FROM participant WHERE org = $1 AND conversation = $2
        ORDER BY joined_at, customer LIMIT $3";
}

/// Where something stands in a thread, and how many sealed bytes it holds.
pub(in super::super) struct Slot {
    pub(in super::super) at: Timestamp,
    pub(in super::super) id: [u8; 16],
    pub(in super::super) kind: SlotKind,
    pub(in super::super) bytes: u64,
}

/// What stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum SlotKind {
    Message,
    Note,
    Event,
}

pub(in super::super) struct SealedMessage {
    pub(in super::super) id: MessageId,
    pub(in super::super) customer: CustomerId,
    pub(in super::super) direction: Direction,
    pub(in super::super) nature: Nature,
    pub(in super::super) sealed: Option<Vec<u8>>,
    pub(in super::super) authentication: String,
    pub(in super::super) bounced_at: Option<Timestamp>,
    pub(in super::super) size: u64,
    pub(in super::super) received_at: Timestamp,
    pub(in super::super) attachments: Vec<SealedAttachment>,
}

pub(in super::super) struct SealedAttachment {
    pub(in super::super) id: AttachmentId,
    pub(in super::super) customer: CustomerId,
    pub(in super::super) purpose: AttachmentPurpose,
    pub(in super::super) size: u64,
    pub(in super::super) description: Vec<u8>,
}

pub(in super::super) struct SealedNote {
    pub(in super::super) id: NoteId,
    pub(in super::super) customer: CustomerId,
    pub(in super::super) author: Actor,
    pub(in super::super) sealed: Option<Vec<u8>>,
    pub(in super::super) at: Timestamp,
}

pub(in super::super) struct EventRow {
    pub(in super::super) id: EventId,
    pub(in super::super) kind: EventKind,
    pub(in super::super) actor: Actor,
    pub(in super::super) detail: String,
    pub(in super::super) at: Timestamp,
}

/// The last slots before a place, the newest first, of all three kinds together.
pub(in super::super) fn slots_before(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    before: &Cursor,
    limit: usize,
) -> Result<Vec<Slot>, Error> {
    let values = [id(&organisation), id(&conversation), time(before.at), blob(&before.id), int(limit)];
    let mut slots = Vec::new();
    for (statement, kind) in
        [(&MESSAGES_BEFORE, SlotKind::Message), (&NOTES_BEFORE, SlotKind::Note), (&EVENTS_BEFORE, SlotKind::Event)]
    {
        tx.for_each(statement, &values, |row| {
            slots.push(Slot { at: row.time(0)?, id: row.array(1)?, kind, bytes: row.count(2)? });
            Ok(())
        })?;
    }
    slots.sort_unstable_by_key(|slot| Reverse((slot.at, slot.id)));
    slots.truncate(limit);
    Ok(slots)
}

/// Messages with their attachments, a page at most, in no order.
pub(in super::super) fn messages(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ids: &[MessageId],
) -> Result<Vec<SealedMessage>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values = ids_of_page(&organisation, ids);
    let mut messages = tx.query(&MESSAGES, &values, |row| {
        Ok(SealedMessage {
            id: row.id(0)?,
            customer: row.id(1)?,
            direction: row.word(2)?,
            nature: row.word(3)?,
            sealed: row.opt_blob(4)?,
            authentication: row.text(5)?,
            bounced_at: row.opt_time(6)?,
            size: row.count(7)?,
            received_at: row.time(8)?,
            attachments: Vec::new(),
        })
    })?;
    // Most messages have none, and one question for all of them says so.
    let with: Vec<MessageId> = tx.query(&WITH_ATTACHMENTS, &values, |row| row.id(0))?;
    for message in messages.iter_mut().filter(|message| with.contains(&message.id)) {
        // One more than the attachments: the raw mail may be kept beside them.
        let bound = int(limits::MAIL_ATTACHMENTS + 1);
        message.attachments = tx.query(&ATTACHMENTS, &[id(&organisation), id(&message.id), bound], attachment)?;
    }
    Ok(messages)
}

fn attachment(row: &Row<'_>) -> Result<SealedAttachment, Error> {
    Ok(SealedAttachment {
        id: row.id(0)?,
        customer: row.id(1)?,
        purpose: row.word(2)?,
        size: row.count(3)?,
        description: row.blob(4)?,
    })
}

/// Notes, a page at most, in no order.
pub(in super::super) fn notes(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ids: &[NoteId],
) -> Result<Vec<SealedNote>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.query(&NOTES, &ids_of_page(&organisation, ids), |row| {
        Ok(SealedNote {
            id: row.id(0)?,
            customer: row.id(1)?,
            author: row.word(2)?,
            sealed: row.opt_blob(3)?,
            at: row.time(4)?,
        })
    })
}

/// Events, a page at most, in no order.
pub(in super::super) fn events(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ids: &[EventId],
) -> Result<Vec<EventRow>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.query(&EVENTS, &ids_of_page(&organisation, ids), |row| {
        Ok(EventRow { id: row.id(0)?, kind: row.word(1)?, actor: row.word(2)?, detail: row.text(3)?, at: row.time(4)? })
    })
}

pub(in super::super) fn participants(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    limit: usize,
) -> Result<Vec<(CustomerId, Timestamp)>, Error> {
    let values = [id(&organisation), id(&conversation), int(limit)];
    tx.query(&PARTICIPANTS, &values, |row| Ok((row.id(0)?, row.time(1)?)))
}

pub(in super::super) fn is_of(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    message: MessageId,
) -> Result<bool, Error> {
    let values = [id(&organisation), id(&message), id(&conversation)];
    Ok(tx.query_opt(&IS_OF, &values, |_| Ok(()))?.is_some())
}

pub(in super::super) fn file(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    file: AttachmentId,
) -> Result<Option<SealedFile>, Error> {
    tx.query_opt(&FILE, &[id(&organisation), id(&file), id(&conversation)], |row| {
        Ok(SealedFile {
            customer: row.id(0)?,
            purpose: row.word(1)?,
            size: row.count(2)?,
            description: row.blob(3)?,
            key: row.blob(4)?,
            content: row.opt_blob(5)?,
            blob_name: row.opt_blob(6)?.and_then(|name| name.try_into().ok()),
        })
    })
}
