//! Steps of agents and of time: state, assignee, labels, notes, events.

use db::{Error, Tx, blob, id, int, opt_id, opt_time, text, time};
use kernel::{ConversationId, CustomerId, LabelId, NoteId, OrganisationId, Timestamp};

use super::super::conversation::Standing;
use super::super::event::Event;
use crate::Actor;

db::statements! { "desk";
    /// Where the conversation stands after a step.
    STEP = "UPDATE conversation SET state = $3, assignee = $4, snoozed_until = $5, changed_at = $6
        WHERE org = $1 AND id = $2";
    /// The labels' copy of the state.
    STEP_LABELS = "UPDATE conversation_label SET state = $3 WHERE org = $1 AND conversation = $2";
    /// What happened.
    INSERT_EVENT = "INSERT INTO conversation_event (org, id, conversation, kind, actor, detail, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A note.
    INSERT_NOTE = "INSERT INTO note (org, id, conversation, customer, author, sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A label by its name.
    FIND_LABEL = "SELECT id FROM label WHERE org = $1 AND name = $2";
    /// How many labels the organisation has, up to a bound.
    COUNT_LABELS = "SELECT COUNT(*) FROM (SELECT id FROM label WHERE org = $1 LIMIT $2) AS l";
    /// A label, unless somebody made it meanwhile.
    INSERT_LABEL = "INSERT INTO label (org, id, name, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (org, name) DO NOTHING";
    /// Labels of one conversation.
    LABELS_OF = "SELECT l.name FROM conversation_label AS c JOIN label AS l ON l.org = c.org AND l.id = c.label
        WHERE c.org = $1 AND c.conversation = $2 ORDER BY l.name";
    /// Every label of the organisation.
    LABELS = "SELECT name FROM label WHERE org = $1 ORDER BY name";
    /// A conversation carries a label.
    ADD_LABEL = "INSERT INTO conversation_label (org, conversation, label, state, activity_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org, conversation, label) DO NOTHING";
    /// And does so no more.
    TAKE_LABEL = "DELETE FROM conversation_label WHERE org = $1 AND conversation = $2 AND label = $3";
    /// Conversations that have slept long enough.
    DUE = "SELECT id FROM conversation WHERE org = $1 AND snoozed_until <= $2 ORDER BY snoozed_until LIMIT $3";
}

pub(in super::super) fn step(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    (from, to): (&Standing, &Standing),
) -> Result<(), Error> {
    let [org, conversation] = [id(&organisation), id(&conversation)];
    let state = text(to.state.word());
    let values =
        [org, conversation, state, opt_id(to.assignee.as_ref()), opt_time(to.snoozed_until), time(to.changed_at)];
    tx.execute_one(&STEP, &values)?;
    if from.state != to.state {
        tx.execute(&STEP_LABELS, &[org, conversation, state])?;
    }
    Ok(())
}

pub(in super::super) fn insert_event(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    event: &Event,
) -> Result<(), Error> {
    let actor = event.actor.to_string();
    let values = [
        id(&organisation),
        id(&event.id),
        id(&conversation),
        text(event.kind.word()),
        text(&actor),
        text(&event.detail),
        time(event.at),
    ];
    tx.put_one(&INSERT_EVENT, &values)
}

pub(in super::super) fn insert_note(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    (note, sealed): (NoteId, &[u8]),
    (customer, author): (CustomerId, Actor),
    now: Timestamp,
) -> Result<(), Error> {
    let author = author.to_string();
    let values =
        [id(&organisation), id(&note), id(&conversation), id(&customer), text(&author), blob(sealed), time(now)];
    tx.execute_one(&INSERT_NOTE, &values)
}

pub(in super::super) fn find_label(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    name: &str,
) -> Result<Option<LabelId>, Error> {
    tx.query_opt(&FIND_LABEL, &[id(&organisation), text(name)], |row| row.id(0))
}

/// How many labels there are, counted up to a bound.
pub(in super::super) fn count_labels(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    bound: usize,
) -> Result<u64, Error> {
    tx.query_one(&COUNT_LABELS, &[id(&organisation), int(bound)], |row| row.count(0))
}

/// Makes a label, or finds the one that somebody made meanwhile.
pub(in super::super) fn make_label(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (label, name): (LabelId, &str),
    now: Timestamp,
) -> Result<LabelId, Error> {
    match tx.execute(&INSERT_LABEL, &[id(&organisation), id(&label), text(name), time(now)])? {
        0 => tx.query_one(&FIND_LABEL, &[id(&organisation), text(name)], |row| row.id(0)),
        _ => Ok(label),
    }
}

pub(in super::super) fn labels(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<String>, Error> {
    tx.query(&LABELS, &[id(&organisation)], |row| row.text(0))
}

pub(in super::super) fn labels_of(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Vec<String>, Error> {
    tx.query(&LABELS_OF, &[id(&organisation), id(&conversation)], |row| row.text(0))
}

/// Whether the label was not there before.
pub(in super::super) fn add_label(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    label: LabelId,
    standing: &Standing,
) -> Result<bool, Error> {
    let values =
        [id(&organisation), id(&conversation), id(&label), text(standing.state.word()), time(standing.activity_at)];
    Ok(tx.execute(&ADD_LABEL, &values)? == 1)
}

/// Whether the label was there before.
pub(in super::super) fn take_label(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    label: LabelId,
) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_LABEL, &[id(&organisation), id(&conversation), id(&label)])? == 1)
}

pub(in super::super) fn due(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<ConversationId>, Error> {
    tx.query(&DUE, &[id(&organisation), time(now), int(limit)], |row| row.id(0))
}
