//! The desk's tables as a message's way in uses them.

use db::{Asked, Error, Row, Tx, blob, id, int, opt_blob, opt_text, opt_time, text, time};
use kernel::{ConversationId, CustomerId, Id, Locale, MessageId, OrganisationId, Timestamp};

use super::super::conversation::{NewConversation, Standing};
use super::super::message::{Direction, NewAttachment, NewMessage};

db::statements! { "desk";
    /// A new conversation.
    INSERT_CONVERSATION = "INSERT INTO conversation
        (org, id, customer, channel, state, subject_sealed, subject_index, messages, answered, created_at, activity_at, changed_at,
            language)
        VALUES ($1, $2, $3, $4, 'new', $5, $6, 0, 0, $7, $7, $7, $8)";
    /// What a use case must know.
    STANDING = "SELECT customer, state, messages, answered, assignee, snoozed_until, activity_at, changed_at
        FROM conversation WHERE org = $1 AND id = $2";
    /// The same, held until the transaction ends.
    HOLD = "SELECT customer, state, messages, answered, assignee, snoozed_until, activity_at, changed_at
        FROM conversation WHERE org = $1 AND id = $2 FOR UPDATE";
    /// The newest conversation with this subject.
    FIND_BY_SUBJECT = "SELECT id FROM conversation
        WHERE org = $1 AND customer = $2 AND subject_index = $3 AND activity_at >= $4
        ORDER BY activity_at DESC LIMIT 1";
    /// Another owner, and the subject under that one's key.
    SET_OWNER = "UPDATE conversation SET customer = $3, subject_sealed = $4, subject_index = $5, changed_at = $6
        WHERE org = $1 AND id = $2";
    /// One more message.
    MOVE_ON = "UPDATE conversation SET messages = messages + 1, state = $3, snoozed_until = $4, activity_at = $5,
        changed_at = $6 WHERE org = $1 AND id = $2";
    /// The labels' copy of state and activity.
    MOVE_LABELS = "UPDATE conversation_label SET state = $3, activity_at = $4 WHERE org = $1 AND conversation = $2";
    /// Somebody else in the conversation.
    INSERT_PARTICIPANT = "INSERT INTO participant (org, conversation, customer, joined_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (org, conversation, customer) DO NOTHING";
    /// Whether somebody else is in the conversation.
    IS_PARTICIPANT = "SELECT 1 FROM participant WHERE org = $1 AND conversation = $2 AND customer = $3";
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
    /// Who wrote it.
    DIRECTION = "SELECT direction FROM message WHERE org = $1 AND id = $2";
    /// Undelivered.
    MARK_BOUNCED = "UPDATE message SET bounced_at = $3
        WHERE org = $1 AND id = $2 AND direction = 'out' RETURNING conversation";
    /// Something in the conversation changed, and its row tells only when.
    TOUCH = "UPDATE conversation SET changed_at = CASE WHEN changed_at > $3 THEN changed_at ELSE $3 END
        WHERE org = $1 AND id = $2";
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
    /// Its labels, which follow the one that took it in.
    COPY_LABELS = "INSERT INTO conversation_label (org, conversation, label, state, activity_at)
        SELECT c.org, c.id, l.label, c.state, c.activity_at
        FROM conversation_label AS l JOIN conversation AS c ON c.org = l.org AND c.id = $3
        WHERE l.org = $1 AND l.conversation = $2
        ON CONFLICT (org, conversation, label) DO NOTHING";
    /// And their old rows.
    REMOVE_LABELS = "DELETE FROM conversation_label WHERE org = $1 AND conversation = $2";
    /// The emptied row.
    REMOVE_CONVERSATION = "DELETE FROM conversation WHERE org = $1 AND id = $2";
    /// The count of the one that took it in.
    ADD_MESSAGES = "UPDATE conversation SET messages = messages + $3, changed_at = $4 WHERE org = $1 AND id = $2";
}

pub(in super::super) fn insert_conversation(
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
        opt_text(new.language.map(Locale::code)),
    ];
    tx.put_one(&INSERT_CONVERSATION, &values)
}

pub(in super::super) fn standing(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    hold: bool,
) -> Result<Option<Standing>, Error> {
    let statement = if hold { &HOLD } else { &STANDING };
    tx.query_opt(statement, &[id(&organisation), id(&conversation)], standing_of)
}

/// The same, held, as an answer that comes later.
pub(in super::super) fn ask_held(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Asked<Standing>, Error> {
    tx.ask(&HOLD, &[id(&organisation), id(&conversation)], standing_of)
}

fn standing_of(row: &Row<'_>) -> Result<Standing, Error> {
    Ok(Standing {
        customer: row.id(0)?,
        state: row.word(1)?,
        messages: row.count(2)?,
        answered: row.flag(3)?,
        assignee: row.opt_id(4)?,
        snoozed_until: row.opt_time(5)?,
        activity_at: row.time(6)?,
        changed_at: row.time(7)?,
    })
}

pub(in super::super) fn find_by_subject(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    subject_index: &[u8; 32],
    since: Timestamp,
) -> Result<Option<ConversationId>, Error> {
    let values = [id(&organisation), id(&customer), blob(subject_index), time(since)];
    tx.query_opt(&FIND_BY_SUBJECT, &values, |row| row.id(0))
}

pub(in super::super) fn set_owner(
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
    tx.put_one(&SET_OWNER, &values)
}

pub(in super::super) fn insert_participant(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.put(&INSERT_PARTICIPANT, &[id(&organisation), id(&conversation), id(&customer), time(now)])
}

pub(in super::super) fn is_participant(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    customer: CustomerId,
) -> Result<bool, Error> {
    let values = [id(&organisation), id(&conversation), id(&customer)];
    Ok(tx.query_opt(&IS_PARTICIPANT, &values, |_| Ok(()))?.is_some())
}

pub(in super::super) fn remove_participant(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    customer: CustomerId,
) -> Result<(), Error> {
    tx.put(&REMOVE_PARTICIPANT, &[id(&organisation), id(&conversation), id(&customer)])
}

pub(in super::super) fn insert_message(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    new: &NewMessage,
) -> Result<(), Error> {
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
    tx.put_one(&INSERT_MESSAGE, &values)
}

pub(in super::super) fn insert_attachment(
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
    tx.put_one(&INSERT_ATTACHMENT, &values)
}

/// A message joined: one more, and what else it moved.
pub(in super::super) fn move_on(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    to: &Standing,
) -> Result<(), Error> {
    let [org, conversation] = [id(&organisation), id(&conversation)];
    let (state, activity) = (text(to.state.word()), time(to.activity_at));
    let values = [org, conversation, state, opt_time(to.snoozed_until), activity, time(to.changed_at)];
    tx.put_one(&MOVE_ON, &values)?;
    tx.put(&MOVE_LABELS, &[org, conversation, state, activity])
}

pub(in super::super) fn direction(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
) -> Result<Option<Direction>, Error> {
    tx.query_opt(&DIRECTION, &[id(&organisation), id(&message)], |row| row.word(0))
}

/// The conversation of the message, when there is such a message of ours.
pub(in super::super) fn mark_bounced(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
    now: Timestamp,
) -> Result<Option<ConversationId>, Error> {
    tx.query_opt(&MARK_BOUNCED, &[id(&organisation), id(&message), time(now)], |row| row.id(0))
}

pub(in super::super) fn touch(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.put_one(&TOUCH, &[id(&organisation), id(&conversation), time(now)])
}

pub(in super::super) fn move_contents(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: ConversationId,
    into: ConversationId,
    messages: u64,
    changed_at: Timestamp,
) -> Result<(), Error> {
    let both = [id(&organisation), blob(from.bytes()), id(&into)];
    let gone = [id(&organisation), id(&from)];
    for statement in [&MOVE_MESSAGES, &MOVE_NOTES, &MOVE_EVENTS, &COPY_PARTICIPANTS, &COPY_LABELS] {
        tx.put(statement, &both)?;
    }
    for statement in [&REMOVE_PARTICIPANTS, &REMOVE_LABELS] {
        tx.put(statement, &gone)?;
    }
    super::move_drafts(tx, organisation, from, Some(into))?;
    tx.put_one(&REMOVE_CONVERSATION, &gone)?;
    tx.put_one(&ADD_MESSAGES, &[id(&organisation), id(&into), int(messages), time(changed_at)])
}
