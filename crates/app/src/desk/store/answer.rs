//! The desk's tables as mail of ours uses them: what it answers, where it joins, and how it is
//! taken back.

use db::{Error, Row, Tx, id, int, opt_time, text, time};
use kernel::{AttachmentId, ConversationId, CustomerId, MessageId, OrganisationId, limits};

use super::super::answer::{SealedSaid, StoredFile};
use super::super::conversation::Standing;
use super::super::event::EventId;

db::statements! { "desk.answer";
    /// What was said last.
    RECENT = "SELECT id, customer, direction, nature, sealed, received_at FROM message
        WHERE org = $1 AND conversation = $2 ORDER BY received_at DESC, id DESC LIMIT $3";
    /// One thing that was said.
    SAID = "SELECT id, customer, direction, nature, sealed, received_at FROM message
        WHERE org = $1 AND id = $2 AND conversation = $3";
    /// The files of a message, as they lie.
    FILES = "SELECT id, customer, purpose, size, description_sealed, key_sealed, content, blob_name FROM attachment
        WHERE org = $1 AND message = $2 ORDER BY position LIMIT $3";
    /// One of us has answered, or after all nobody has.
    ANSWERED = "UPDATE conversation SET answered = CASE WHEN EXISTS (SELECT 1 FROM message
            WHERE org = $1 AND conversation = $2 AND direction = 'out') THEN 1 ELSE 0 END
        WHERE org = $1 AND id = $2";
    /// The files of a message that is taken back.
    REMOVE_FILES = "DELETE FROM attachment WHERE org = $1 AND message = $2";
    /// And the message.
    REMOVE_MESSAGE = "DELETE FROM message WHERE org = $1 AND id = $2 AND direction = 'out'";
    /// And the step that came with it.
    REMOVE_EVENT = "DELETE FROM conversation_event WHERE org = $1 AND id = $2";
    /// One message less, and where the conversation stands then.
    MOVE_BACK = "UPDATE conversation SET messages = messages - 1, state = $3, snoozed_until = $4, changed_at = $5
        WHERE org = $1 AND id = $2";
    /// The labels' copy of the state.
    MOVE_LABELS_BACK = "UPDATE conversation_label SET state = $3 WHERE org = $1 AND conversation = $2";
    /// Whether anybody noted anything.
    HAS_NOTES = "SELECT 1 FROM note WHERE org = $1 AND conversation = $2 LIMIT 1";
    /// The steps of a conversation that never was.
    REMOVE_EVENTS = "DELETE FROM conversation_event WHERE org = $1 AND conversation = $2";
    /// Its labels.
    REMOVE_ITS_LABELS = "DELETE FROM conversation_label WHERE org = $1 AND conversation = $2";
    /// Its participants.
    REMOVE_ITS_PARTICIPANTS = "DELETE FROM participant WHERE org = $1 AND conversation = $2";
    /// And its row.
    REMOVE_EMPTY = "DELETE FROM conversation WHERE org = $1 AND id = $2 AND messages = 0";
}

fn said_row(row: &Row<'_>) -> Result<SealedSaid, Error> {
    Ok(SealedSaid {
        id: row.id(0)?,
        customer: row.id(1)?,
        direction: row.word(2)?,
        nature: row.word(3)?,
        sealed: row.opt_blob(4)?,
        received_at: row.time(5)?,
    })
}

pub(in super::super) fn recent(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    limit: usize,
) -> Result<Vec<SealedSaid>, Error> {
    tx.query(&RECENT, &[id(&organisation), id(&conversation), int(limit)], said_row)
}

pub(in super::super) fn said(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (conversation, message): (ConversationId, MessageId),
) -> Result<Option<SealedSaid>, Error> {
    tx.query_opt(&SAID, &[id(&organisation), id(&message), id(&conversation)], said_row)
}

pub(in super::super) fn files(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
) -> Result<Vec<StoredFile>, Error> {
    // One more than the attachments: the raw mail may be kept beside them.
    tx.query(&FILES, &[id(&organisation), id(&message), int(limits::MAIL_ATTACHMENTS + 1)], |row| {
        Ok(StoredFile {
            id: row.id::<AttachmentId>(0)?,
            customer: row.id::<CustomerId>(1)?,
            purpose: row.word(2)?,
            size: row.count(3)?,
            description_sealed: row.blob(4)?,
            key_sealed: row.blob(5)?,
            content: row.opt_blob(6)?,
            blob_name: row.opt_blob(7)?.and_then(|name| name.try_into().ok()),
        })
    })
}

pub(in super::super) fn mark_answered(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<(), Error> {
    tx.execute_one(&ANSWERED, &[id(&organisation), id(&conversation)])
}

/// Removes a message of ours with its files and its step.
pub(in super::super) fn remove_message(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
    step: &EventId,
) -> Result<(), Error> {
    tx.execute(&REMOVE_FILES, &[id(&organisation), id(&message)])?;
    tx.execute(&REMOVE_EVENT, &[id(&organisation), id(step)])?;
    tx.execute_one(&REMOVE_MESSAGE, &[id(&organisation), id(&message)])
}

pub(in super::super) fn move_back(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    to: &Standing,
) -> Result<(), Error> {
    let [org, conversation] = [id(&organisation), id(&conversation)];
    let state = text(to.state.word());
    tx.execute_one(&MOVE_BACK, &[org, conversation, state, opt_time(to.snoozed_until), time(to.changed_at)])?;
    tx.execute(&MOVE_LABELS_BACK, &[org, conversation, state])?;
    tx.execute_one(&ANSWERED, &[org, conversation])
}

pub(in super::super) fn has_notes(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<bool, Error> {
    Ok(tx.query_opt(&HAS_NOTES, &[id(&organisation), id(&conversation)], |_| Ok(()))?.is_some())
}

/// Removes a conversation that holds no message, with what hangs on it.
pub(in super::super) fn remove_empty(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<(), Error> {
    let key = [id(&organisation), id(&conversation)];
    for statement in [&REMOVE_EVENTS, &REMOVE_ITS_LABELS, &REMOVE_ITS_PARTICIPANTS] {
        tx.execute(statement, &key)?;
    }
    super::move_drafts(tx, organisation, conversation, None)?;
    tx.execute_one(&REMOVE_EMPTY, &key)
}
