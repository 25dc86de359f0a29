//! Pages of lists: keys from index ranges that end after one page, then the rows of those keys.
//!
//! Each range is one stretch of one index and is left after a page's worth of keys, so a list
//! costs the same however long the archive is. A filter with several states merges one range of
//! each; a state that is not asked for is the empty word, whose range is empty.

use db::{Error, Row, Tx, Value, blob, id, int, time};
use kernel::{AgentId, ConversationId, CustomerId, LabelId, Locale, OrganisationId, Timestamp, limits};

use super::super::cursor::{Cursor, Order};
use super::super::state::State;
use crate::vault::{ids_of_page, page_of_ids};

/// One stretch of one index.
macro_rules! range {
    ($from:literal, $id:literal, $and:literal, $last:literal, $than:literal, $order:literal) => {
        concat!(
            "SELECT * FROM (SELECT activity_at, ",
            $id,
            " AS id FROM ",
            $from,
            " WHERE org = $1 AND ",
            $and,
            $last,
            " AND (activity_at, ",
            $id,
            ") ",
            $than,
            " ($2, $3) ORDER BY activity_at ",
            $order,
            ", ",
            $id,
            " ",
            $order,
            " LIMIT $4) AS r"
        )
    };
}

/// The stretches of all states under one condition.
macro_rules! states {
    ($from:literal, $id:literal, $and:literal, $than:literal, $order:literal) => {
        concat!(
            range!($from, $id, $and, "state = $5", $than, $order),
            " UNION ALL ",
            range!($from, $id, $and, "state = $6", $than, $order),
            " UNION ALL ",
            range!($from, $id, $and, "state = $7", $than, $order),
            " UNION ALL ",
            range!($from, $id, $and, "state = $8", $than, $order),
            " UNION ALL ",
            range!($from, $id, $and, "state = $9", $than, $order)
        )
    };
}

macro_rules! unassigned {
    ($than:literal, $order:literal) => {
        states!("conversation", "id", "assignee IS NULL AND ", $than, $order)
    };
}

macro_rules! anybody {
    ($than:literal, $order:literal) => {
        concat!(
            unassigned!($than, $order),
            " UNION ALL ",
            states!("conversation", "id", "assignee IS NOT NULL AND ", $than, $order)
        )
    };
}

macro_rules! of_agent {
    ($than:literal, $order:literal) => {
        states!("conversation", "id", "assignee = $10 AND ", $than, $order)
    };
}

macro_rules! of_label {
    ($than:literal, $order:literal) => {
        states!("conversation_label", "conversation", "label = $10 AND ", $than, $order)
    };
}

/// All stretches as one, ended after a page's worth.
macro_rules! newest {
    ($ranges:expr) => {
        concat!($ranges, " ORDER BY activity_at DESC, id DESC LIMIT $4")
    };
}

macro_rules! oldest {
    ($ranges:expr) => {
        concat!($ranges, " ORDER BY activity_at, id LIMIT $4")
    };
}

/// Conversations of one state, counted up to one more than is told.
macro_rules! counted {
    ($state:literal, $and:literal) => {
        concat!(
            "SELECT '",
            $state,
            "' AS state, COUNT(*) FROM (SELECT id FROM conversation WHERE org = $1 AND ",
            $and,
            " AND state = '",
            $state,
            "' LIMIT $2) AS c"
        )
    };
    ($and:literal) => {
        concat!(
            counted!("new", $and),
            " UNION ALL ",
            counted!("open", $and),
            " UNION ALL ",
            counted!("waiting", $and),
            " UNION ALL ",
            counted!("snoozed", $and),
            " UNION ALL ",
            counted!("resolved", $and)
        )
    };
}

db::statements! { "desk";
    /// Keys of everything, the newest first.
    ANYBODY_NEWEST = newest!(anybody!("<", "DESC"));
    /// And the oldest first.
    ANYBODY_OLDEST = oldest!(anybody!(">", "ASC"));
    /// Keys of what nobody works on.
    UNASSIGNED_NEWEST = newest!(unassigned!("<", "DESC"));
    /// And the oldest first.
    UNASSIGNED_OLDEST = oldest!(unassigned!(">", "ASC"));
    /// Keys of what one agent works on.
    AGENT_NEWEST = newest!(of_agent!("<", "DESC"));
    /// And the oldest first.
    AGENT_OLDEST = oldest!(of_agent!(">", "ASC"));
    /// Keys of what carries one label.
    LABEL_NEWEST = newest!(of_label!("<", "DESC"));
    /// And the oldest first.
    LABEL_OLDEST = oldest!(of_label!(">", "ASC"));
    /// Keys of one customer.
    CUSTOMER_NEWEST = range!("conversation", "id", "", "customer = $5", "<", "DESC");
    /// And the oldest first.
    CUSTOMER_OLDEST = range!("conversation", "id", "", "customer = $5", ">", "ASC");
    /// The rows of a page.
    ROWS = concat!(
        "SELECT id, customer, channel, state, subject_sealed, assignee, snoozed_until, messages, created_at, activity_at,
            language
        FROM conversation WHERE org = $1 AND id IN ", page_of_ids!());
    /// The labels of a page.
    ROW_LABELS = concat!(
        "SELECT c.conversation, l.name FROM conversation_label AS c JOIN label AS l ON l.org = c.org AND l.id = c.label
        WHERE c.org = $1 AND c.conversation IN ", page_of_ids!(), " ORDER BY l.name");
    /// How many nobody works on, by state.
    COUNT_UNASSIGNED = counted!("assignee IS NULL");
    /// How many somebody works on, by state.
    COUNT_ASSIGNED = counted!("assignee IS NOT NULL");
    /// How many one agent works on, by state.
    COUNT_OF_AGENT = counted!("assignee = $3");
    /// What changed since a time.
    CHANGED = "SELECT changed_at, id FROM conversation WHERE org = $1 AND (changed_at, id) > ($2, $3)
        ORDER BY changed_at, id LIMIT $4";
}

/// Along which index a list is read.
pub(in super::super) enum Path {
    Anybody,
    Unassigned,
    Agent(AgentId),
    Label(LabelId),
    Customer(CustomerId),
}

/// A row's place in a list.
pub(in super::super) type Key = (Timestamp, ConversationId);

/// A conversation of a list, still sealed.
pub(in super::super) struct SealedRow {
    pub(in super::super) id: ConversationId,
    pub(in super::super) customer: CustomerId,
    pub(in super::super) channel: String,
    pub(in super::super) state: State,
    pub(in super::super) subject: Vec<u8>,
    pub(in super::super) assignee: Option<AgentId>,
    pub(in super::super) snoozed_until: Option<Timestamp>,
    pub(in super::super) messages: u64,
    pub(in super::super) created_at: Timestamp,
    pub(in super::super) activity_at: Timestamp,
    pub(in super::super) language: Option<Locale>,
}

/// The first keys behind a cursor, in its order.
pub(in super::super) fn keys(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    path: &Path,
    states: &[State],
    cursor: &Cursor,
    limit: usize,
) -> Result<Vec<Key>, Error> {
    let newest = cursor.order == Order::NewestFirst;
    let statement = match (path, newest) {
        (Path::Anybody, true) => &ANYBODY_NEWEST,
        (Path::Anybody, false) => &ANYBODY_OLDEST,
        (Path::Unassigned, true) => &UNASSIGNED_NEWEST,
        (Path::Unassigned, false) => &UNASSIGNED_OLDEST,
        (Path::Agent(_), true) => &AGENT_NEWEST,
        (Path::Agent(_), false) => &AGENT_OLDEST,
        (Path::Label(_), true) => &LABEL_NEWEST,
        (Path::Label(_), false) => &LABEL_OLDEST,
        (Path::Customer(_), true) => &CUSTOMER_NEWEST,
        (Path::Customer(_), false) => &CUSTOMER_OLDEST,
    };
    let mut values = vec![id(&organisation), time(cursor.at), blob(&cursor.id), int(limit)];
    if let Path::Customer(customer) = path {
        values.push(id(customer));
    } else {
        let asked = |state: State| if states.contains(&state) { state.word() } else { "" };
        values.extend(State::ALL.map(|state| Value::Text(asked(state))));
    }
    match path {
        Path::Agent(agent) => values.push(id(agent)),
        Path::Label(label) => values.push(id(label)),
        Path::Anybody | Path::Unassigned | Path::Customer(_) => {}
    }
    tx.query(statement, &values, |row| Ok((row.time(0)?, row.id(1)?)))
}

/// The rows of keys, in no order; those that went meanwhile are missing.
pub(in super::super) fn rows(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ids: &[ConversationId],
) -> Result<Vec<SealedRow>, Error> {
    let mut rows = Vec::with_capacity(ids.len());
    for page in ids.chunks(limits::PAGE_ROWS) {
        rows.extend(tx.query(&ROWS, &ids_of_page(&organisation, page), sealed_row)?);
    }
    Ok(rows)
}

fn sealed_row(row: &Row<'_>) -> Result<SealedRow, Error> {
    Ok(SealedRow {
        id: row.id(0)?,
        customer: row.id(1)?,
        channel: row.text(2)?,
        state: row.word(3)?,
        subject: row.blob(4)?,
        assignee: row.opt_id(5)?,
        snoozed_until: row.opt_time(6)?,
        messages: row.count(7)?,
        created_at: row.time(8)?,
        activity_at: row.time(9)?,
        // A word of a later version shows as none.
        language: row.opt_text(10)?.and_then(|code| code.parse().ok()),
    })
}

/// The labels of conversations, each with the conversation that carries it, by name.
pub(in super::super) fn row_labels(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ids: &[ConversationId],
) -> Result<Vec<(ConversationId, String)>, Error> {
    let mut labels = Vec::new();
    for page in ids.chunks(limits::PAGE_ROWS) {
        let values = ids_of_page(&organisation, page);
        labels.extend(tx.query(&ROW_LABELS, &values, |row| Ok((row.id(0)?, row.text(1)?)))?);
    }
    Ok(labels)
}

/// How many conversations there are in each state along a path, each counted up to a bound.
/// Labels and customers are not counted.
pub(in super::super) fn counts(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    path: &Path,
    bound: usize,
) -> Result<Vec<(State, u64)>, Error> {
    let read = |row: &Row<'_>| Ok((row.word(0)?, row.count(1)?));
    let values = [id(&organisation), int(bound)];
    match path {
        Path::Agent(agent) => {
            let [organisation, bound] = values;
            tx.query(&COUNT_OF_AGENT, &[organisation, bound, id(agent)], read)
        }
        Path::Unassigned => tx.query(&COUNT_UNASSIGNED, &values, read),
        Path::Anybody | Path::Label(_) | Path::Customer(_) => {
            let mut counts = tx.query(&COUNT_UNASSIGNED, &values, read)?;
            counts.extend(tx.query(&COUNT_ASSIGNED, &values, read)?);
            Ok(counts)
        }
    }
}

pub(in super::super) fn changed(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    after: &Cursor,
    limit: usize,
) -> Result<Vec<Key>, Error> {
    let values = [id(&organisation), time(after.at), blob(&after.id), int(limit)];
    tx.query(&CHANGED, &values, |row| Ok((row.time(0)?, row.id(1)?)))
}
