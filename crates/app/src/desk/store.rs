//! The desk's tables as a message's way in uses them.

use db::{Error, Tx, blob, id, int, opt_blob, text, time};
use kernel::{ConversationId, CustomerId, Id, MessageId, OrganisationId, Timestamp};

use super::conversation::{NewConversation, Standing, State};
use super::message::{NewAttachment, NewMessage};

db::statements! { "desk";
    /// A new conversation.
    INSERT_CONVERSATION = "INSERT INTO conversation
        (org, id, customer, channel, state, subject_sealed, subject_index, messages, answered, created_at, activity_at, changed_at)
        VALUES ($1, $2, $3, $4, 'new', $5, $6, 0, 0, $7, $7, $7)";
    /// What a use case must know.
    STANDING = "SELECT customer, state, messages, answered FROM conversation WHERE org = $1 AND id = $2";
    /// The same, held until the transaction ends.
    HOLD = "SELECT customer, state, messages, answered FROM conversation WHERE org = $1 AND id = $2 FOR UPDATE";
    /// The newest conversation with this subject.
    FIND_BY_SUBJECT = "SELECT id FROM conversation
        WHERE org = $1 AND customer = $2 AND subject_index = $3 AND activity_at >= $4
        ORDER BY activity_at DESC LIMIT 1";
    /// Another owner, and the subject under that one's key.
    SET_OWNER = "UPDATE conversation SET customer = $3, subject_sealed = $4, subject_index = $5, changed_at = $6
        WHERE org = $1 AND id = $2";
    /// One more message.
    MOVE_ON = "UPDATE conversation SET messages = messages + 1, state = $3, activity_at = $4, changed_at = $4,
        snoozed_until = CASE WHEN $5 = 'snoozed' THEN snoozed_until ELSE NULL END WHERE org = $1 AND id = $2";
    /// The labels' copy of state and activity.
    MOVE_LABELS = "UPDATE conversation_label SET state = $3, activity_at = $4 WHERE org = $1 AND conversation = $2";
    /// Somebody else in the conversation.
    INSERT_PARTICIPANT = "INSERT INTO participant (org, conversation, customer, joined_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (org, conversation, customer) DO NOTHING";
    /// Not somebody else after all.
    REMOVE_PARTICIPANT = "DELETE FROM participant WHERE org = $1 AND conversation = $2 AND customer = $3";
    /// A new message.
    INSERT_MESSAGE = "INSERT INTO message
        (org, id, conversation, customer, direction, nature, sealed, authentication, size, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// A new attachment.
    INSERT_ATTACHMENT = "INSERT INTO attachment
        (org, id, message, customer, position, purpose, size, description_sealed, key_sealed, content, blob_name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// Undelivered.
    MARK_BOUNCED = "UPDATE message SET bounced_at = $3 WHERE org = $1 AND id = $2";
    /// Messages of an absorbed conversation.
    MOVE_MESSAGES = "UPDATE message SET conversation = $3 WHERE org = $1 AND conversation = $2";
    /// Its notes.
    MOVE_NOTES = "UPDATE note SET conversation = $3 WHERE org = $1 AND conversation = $2";
    /// Its events.
    MOVE_EVENTS = "UPDATE conversation_event SET conversation = $3 WHERE org = $1 AND conversation = $2";
    /// Its participants.
    COPY_PARTICIPANTS = "INSERT INTO participant (org, conversation, customer, joined_at)
        SELECT org, $3, customer, joined_at FROM participant WHERE org = $1 AND conversation = $2
        ON CONFLICT (org, conversation, customer) DO NOTHING";
    /// And their old rows.
    REMOVE_PARTICIPANTS = "DELETE FROM participant WHERE org = $1 AND conversation = $2";
    /// Its labels end with it.
    REMOVE_LABELS = "DELETE FROM conversation_label WHERE org = $1 AND conversation = $2";
    /// The emptied row.
    REMOVE_CONVERSATION = "DELETE FROM conversation WHERE org = $1 AND id = $2";
    /// The count of the one that took it in.
    ADD_MESSAGES = "UPDATE conversation SET messages = messages + $3, changed_at = $4 WHERE org = $1 AND id = $2";
}

pub(super) fn insert_conversation(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    new: &NewConversation,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&new.id),
        id(&new.customer),
        text(new.channel),
        blob(&new.subject_sealed),
        opt_blob(new.subject_index.as_ref()),
        time(now),
    ];
    tx.execute_one(&INSERT_CONVERSATION, &values)
}

pub(super) fn standing(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    hold: bool,
) -> Result<Option<Standing>, Error> {
    let statement = if hold { &HOLD } else { &STANDING };
    tx.query_opt(statement, &[id(&organisation), id(&conversation)], |row| {
        Ok(Standing {
            customer: row.id(0)?,
            state: row.word(1)?,
            messages: row.count(2)?,
            answered: row.flag(3)?,
        })
    })
}

pub(super) fn find_by_subject(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    subject_index: &[u8; 32],
    since: Timestamp,
) -> Result<Option<ConversationId>, Error> {
    let values = [id(&organisation), id(&customer), blob(subject_index), time(since)];
    tx.query_opt(&FIND_BY_SUBJECT, &values, |row| row.id(0))
}

pub(super) fn set_owner(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    new: &NewConversation,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&new.id),
        id(&new.customer),
        blob(&new.subject_sealed),
        opt_blob(new.subject_index.as_ref()),
        time(now),
    ];
    tx.execute_one(&SET_OWNER, &values)
}

pub(super) fn insert_participant(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(&INSERT_PARTICIPANT, &[id(&organisation), id(&conversation), id(&customer), time(now)]).map(drop)
}

pub(super) fn remove_participant(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    customer: CustomerId,
) -> Result<(), Error> {
    tx.execute(&REMOVE_PARTICIPANT, &[id(&organisation), id(&conversation), id(&customer)]).map(drop)
}

pub(super) fn insert_message(tx: &mut Tx<'_>, organisation: OrganisationId, new: &NewMessage) -> Result<(), Error> {
    let (direction, nature) = (new.direction.to_string(), new.nature.to_string());
    let values = [
        id(&organisation),
        id(&new.id),
        id(&new.conversation),
        id(&new.customer),
        text(&direction),
        text(&nature),
        blob(&new.sealed),
        text(&new.authentication),
        int(new.size),
        time(new.received_at),
    ];
    tx.execute_one(&INSERT_MESSAGE, &values)
}

pub(super) fn insert_attachment(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: &NewMessage,
    position: usize,
    new: &NewAttachment,
) -> Result<(), Error> {
    let purpose = new.purpose.to_string();
    let values = [
        id(&organisation),
        id(&new.id),
        id(&message.id),
        id(&message.customer),
        int(position),
        text(&purpose),
        int(new.size),
        blob(&new.description_sealed),
        blob(&new.key_sealed),
        opt_blob(new.content.as_ref()),
        opt_blob(new.blob_name.as_ref()),
    ];
    tx.execute_one(&INSERT_ATTACHMENT, &values)
}

pub(super) fn move_on(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    state: State,
    at: Timestamp,
) -> Result<(), Error> {
    let key = [id(&organisation), id(&conversation)];
    let [org, conversation] = key;
    let state = text(state.word());
    tx.execute_one(&MOVE_ON, &[org, conversation, state, time(at), state])?;
    tx.execute(&MOVE_LABELS, &[org, conversation, state, time(at)]).map(drop)
}

pub(super) fn mark_bounced(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&MARK_BOUNCED, &[id(&organisation), id(&message), time(now)])? == 1)
}

pub(super) fn move_contents(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: ConversationId,
    into: ConversationId,
    messages: u64,
    now: Timestamp,
) -> Result<(), Error> {
    let both = [id(&organisation), blob(from.bytes()), id(&into)];
    let gone = [id(&organisation), id(&from)];
    for statement in [&MOVE_MESSAGES, &MOVE_NOTES, &MOVE_EVENTS, &COPY_PARTICIPANTS] {
        tx.execute(statement, &both)?;
    }
    for statement in [&REMOVE_PARTICIPANTS, &REMOVE_LABELS] {
        tx.execute(statement, &gone)?;
    }
    tx.execute_one(&REMOVE_CONVERSATION, &gone)?;
    tx.execute_one(&ADD_MESSAGES, &[id(&organisation), id(&into), int(messages), time(now)])
}
