//! The channels' tables: what has arrived, which Message-ID leads where, and the quarantine.

use db::{Asked, Error, Row, Tx, blob, id, int, opt_blob, opt_id, text, time};
use kernel::{ConversationId, CustomerId, MessageId, OrganisationId, QuarantineId, Timestamp};

use crate::vault::CustomerState;

db::statements! { "channels";
    /// A mail that has not arrived before; no row when it has.
    INSERT_ARRIVAL = "INSERT INTO mail_arrival (org, reference, identity, message, quarantine)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org, reference, identity) DO NOTHING RETURNING 1";
    /// Whether it has.
    ARRIVAL = "SELECT 1 FROM mail_arrival WHERE org = $1 AND reference = $2 AND identity = $3";
    /// The message that came out of quarantine.
    RELEASE_ARRIVAL = "DELETE FROM mail_arrival WHERE org = $1 AND quarantine = $2";
    /// A Message-ID is spoken for while a transaction decides about it. A row that is there stays as it
    /// is and is held.
    CLAIM_REFERENCE = "INSERT INTO mail_reference (org, reference, conversation, message)
        VALUES ($1, $2, NULL, NULL)
        ON CONFLICT (org, reference) DO UPDATE SET message = mail_reference.message WHERE 1 = 0";
    /// The conversation of the message that bears a Message-ID, and where its customer stands.
    BEARER = "SELECT r.conversation, c.customer, c.answered, k.merged_into, k.erased_at
        FROM mail_reference r
        JOIN conversation c ON c.org = r.org AND c.id = r.conversation
        JOIN customer k ON k.org = c.org AND k.id = c.customer
        WHERE r.org = $1 AND r.reference = $2 AND r.message IS NOT NULL";
    /// The same of a conversation by its own id.
    CANDIDATE = "SELECT c.id, c.customer, c.answered, k.merged_into, k.erased_at
        FROM conversation c JOIN customer k ON k.org = c.org AND k.id = c.customer
        WHERE c.org = $1 AND c.id = $2";
    /// The message that bears a Message-ID.
    BEARING_MESSAGE = "SELECT conversation, message FROM mail_reference
        WHERE org = $1 AND reference = $2 AND message IS NOT NULL";
    /// The first mail that bears a Message-ID has it.
    BEAR = "UPDATE mail_reference SET conversation = $3, message = $4
        WHERE org = $1 AND reference = $2 AND message IS NULL";
    /// Whether any conversation mentions a Message-ID which nobody bears yet.
    AWAITED = "SELECT 1 FROM mail_mention m WHERE m.org = $1 AND m.reference = $2 AND NOT EXISTS
        (SELECT 1 FROM mail_reference r WHERE r.org = m.org AND r.reference = m.reference AND r.message IS NOT NULL)
        LIMIT 1";
    /// Conversations of one customer that mention a Message-ID which nobody bears yet, the oldest first.
    MENTIONED_BY = "SELECT m.conversation FROM mail_mention m
        JOIN conversation c ON c.org = m.org AND c.id = m.conversation
        WHERE m.org = $1 AND m.reference = $2 AND c.customer = $3 ORDER BY m.conversation LIMIT $4";
    /// One more of them, unless somebody bears it: its row is there, claimed.
    INSERT_MENTION = "INSERT INTO mail_mention (org, reference, conversation)
        SELECT org, reference, $3 FROM mail_reference WHERE org = $1 AND reference = $2 AND message IS NULL
        ON CONFLICT (org, reference, conversation) DO NOTHING";
    /// A mention is answered.
    REMOVE_MENTION = "DELETE FROM mail_mention WHERE org = $1 AND reference = $2 AND conversation = $3";
    /// Message-IDs of an absorbed conversation.
    MOVE_REFERENCES = "UPDATE mail_reference SET conversation = $3 WHERE org = $1 AND conversation = $2";
    /// Its mentions.
    COPY_MENTIONS = "INSERT INTO mail_mention (org, reference, conversation)
        SELECT org, reference, $3 FROM mail_mention WHERE org = $1 AND conversation = $2
        ON CONFLICT (org, reference, conversation) DO NOTHING";
    /// And their old rows.
    REMOVE_MENTIONS = "DELETE FROM mail_mention WHERE org = $1 AND conversation = $2";
    /// Message-IDs that led to an erased conversation.
    FORGET_REFERENCES = "DELETE FROM mail_reference WHERE org = $1 AND conversation = $2";
    /// A mail that could not be understood.
    INSERT_QUARANTINE = "INSERT INTO quarantine
        (org, id, reason, size, key_sealed, content, blob_name, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Those that wait, newest first.
    LIST_QUARANTINE = "SELECT id, reason, size, received_at, released_at FROM quarantine
        WHERE org = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    /// One of them.
    QUARANTINE = "SELECT id, reason, size, received_at, released_at, key_sealed, content, blob_name
        FROM quarantine WHERE org = $1 AND id = $2";
    /// It is read now: its sealed bytes go.
    RELEASE = "UPDATE quarantine SET released_at = $3, content = NULL, blob_name = NULL
        WHERE org = $1 AND id = $2 AND released_at IS NULL";
    /// A blob that nobody needs any more.
    INSERT_REMOVAL = "INSERT INTO blob_removal (org, blob_name, due_at) VALUES ($1, $2, $3)
        ON CONFLICT (org, blob_name) DO NOTHING";
    /// Blobs to be removed now.
    DUE_REMOVALS = "SELECT blob_name FROM blob_removal WHERE org = $1 AND due_at <= $2 LIMIT $3";
    /// Removed.
    REMOVAL_DONE = "DELETE FROM blob_removal WHERE org = $1 AND blob_name = $2";
}

/// Blobs that are to be removed, and so not to be backed up.
pub(crate) const REMOVALS_TABLE: &str = "blob_removal";

/// Remembers an arrival, as an answer that comes later: nothing when the same mail has arrived before.
pub(super) fn insert_arrival(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (reference, identity): (&[u8; 32], &[u8; 32]),
    message: Option<MessageId>,
    quarantine: Option<QuarantineId>,
) -> Result<Asked<()>, Error> {
    let values =
        [id(&organisation), blob(reference), blob(identity), opt_id(message.as_ref()), opt_id(quarantine.as_ref())];
    tx.ask(&INSERT_ARRIVAL, &values, |_| Ok(()))
}

/// Whether a mail has arrived, as an answer that comes later.
pub(super) fn ask_arrived(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (reference, identity): (&[u8; 32], &[u8; 32]),
) -> Result<Asked<()>, Error> {
    tx.ask(&ARRIVAL, &[id(&organisation), blob(reference), blob(identity)], |_| Ok(()))
}

pub(super) fn forget_arrival(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    quarantine: QuarantineId,
) -> Result<(), Error> {
    tx.execute(&RELEASE_ARRIVAL, &[id(&organisation), id(&quarantine)]).map(drop)
}

/// Makes two transactions that deal with the same Message-IDs wait for each other. The hashes
/// come sorted, so that they never wait in a circle.
pub(super) fn claim_references(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    sorted: &[[u8; 32]],
) -> Result<(), Error> {
    sorted.iter().try_for_each(|reference| tx.put(&CLAIM_REFERENCE, &[id(&organisation), blob(reference)]))
}

/// A conversation that a mail could join, and where its customer stands.
pub(super) struct Known {
    pub(super) conversation: ConversationId,
    pub(super) owner: CustomerId,
    pub(super) owner_is: CustomerState,
    pub(super) answered: bool,
}

fn known(row: &Row<'_>) -> Result<Known, Error> {
    Ok(Known {
        conversation: row.id(0)?,
        owner: row.id(1)?,
        answered: row.flag(2)?,
        owner_is: CustomerState::of(row.opt_id(3)?, row.opt_time(4)?),
    })
}

/// The conversation of the message that bears a Message-ID.
pub(super) fn ask_bearer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
) -> Result<Asked<Known>, Error> {
    tx.ask(&BEARER, &[id(&organisation), blob(reference)], known)
}

/// A conversation by its own id.
pub(super) fn ask_known(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Asked<Known>, Error> {
    tx.ask(&CANDIDATE, &[id(&organisation), id(&conversation)], known)
}

/// Whether somebody mentions a Message-ID that nobody bears.
pub(super) fn ask_awaited(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
) -> Result<Asked<()>, Error> {
    tx.ask(&AWAITED, &[id(&organisation), blob(reference)], |_| Ok(()))
}

pub(super) fn bearing_message(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
) -> Result<Option<(ConversationId, MessageId)>, Error> {
    tx.query_opt(&BEARING_MESSAGE, &[id(&organisation), blob(reference)], |row| Ok((row.id(0)?, row.id(1)?)))
}

pub(super) fn bear(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    conversation: ConversationId,
    message: MessageId,
) -> Result<(), Error> {
    tx.put(&BEAR, &[id(&organisation), blob(reference), id(&conversation), id(&message)])
}

/// The same for a Message-ID that we have made: nobody can bear it already.
pub(super) fn bear_own(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    conversation: ConversationId,
    message: MessageId,
) -> Result<(), Error> {
    tx.put_one(&BEAR, &[id(&organisation), blob(reference), id(&conversation), id(&message)])
}

pub(super) fn mentioned_by(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    customer: CustomerId,
    limit: usize,
) -> Result<Vec<ConversationId>, Error> {
    tx.query(&MENTIONED_BY, &[id(&organisation), blob(reference), id(&customer), int(limit)], |row| row.id(0))
}

pub(super) fn insert_mention(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    conversation: ConversationId,
) -> Result<(), Error> {
    tx.put(&INSERT_MENTION, &[id(&organisation), blob(reference), id(&conversation)])
}

pub(super) fn remove_mention(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    conversation: ConversationId,
) -> Result<(), Error> {
    tx.put(&REMOVE_MENTION, &[id(&organisation), blob(reference), id(&conversation)])
}

pub(super) fn move_references(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: ConversationId,
    into: ConversationId,
) -> Result<(), Error> {
    let both = [id(&organisation), id(&from), id(&into)];
    tx.put(&MOVE_REFERENCES, &both)?;
    tx.put(&COPY_MENTIONS, &both)?;
    tx.put(&REMOVE_MENTIONS, &[id(&organisation), id(&from)])
}

pub(super) fn forget_references(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<(), Error> {
    let key = [id(&organisation), id(&conversation)];
    tx.execute(&FORGET_REFERENCES, &key)?;
    tx.execute(&REMOVE_MENTIONS, &key).map(drop)
}

/// A mail in quarantine as it is stored.
pub(super) struct QuarantineRow {
    pub(super) id: QuarantineId,
    pub(super) reason: String,
    pub(super) size: u64,
    pub(super) received_at: Timestamp,
    pub(super) released_at: Option<Timestamp>,
}

/// The sealed bytes of a mail in quarantine.
pub(super) struct QuarantineContent {
    pub(super) key_sealed: Vec<u8>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) blob_name: Option<[u8; 16]>,
}

pub(super) fn insert_quarantine(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    row: &QuarantineRow,
    content: &QuarantineContent,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&row.id),
        text(&row.reason),
        int(row.size),
        blob(&content.key_sealed),
        opt_blob(content.content.as_ref()),
        opt_blob(content.blob_name.as_ref()),
        time(row.received_at),
    ];
    tx.execute_one(&INSERT_QUARANTINE, &values)
}

fn quarantine_row(row: &Row<'_>) -> Result<QuarantineRow, Error> {
    Ok(QuarantineRow {
        id: row.id(0)?,
        reason: row.text(1)?,
        size: row.count(2)?,
        received_at: row.time(3)?,
        released_at: row.opt_time(4)?,
    })
}

pub(super) fn list_quarantine(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    before: QuarantineId,
    limit: usize,
) -> Result<Vec<QuarantineRow>, Error> {
    tx.query(&LIST_QUARANTINE, &[id(&organisation), id(&before), int(limit)], quarantine_row)
}

pub(super) fn quarantine(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    quarantine: QuarantineId,
) -> Result<Option<(QuarantineRow, QuarantineContent)>, Error> {
    tx.query_opt(&QUARANTINE, &[id(&organisation), id(&quarantine)], |row| {
        let content = QuarantineContent {
            key_sealed: row.blob(5)?,
            content: row.opt_blob(6)?,
            blob_name: row.opt_blob(7)?.and_then(|name| name.try_into().ok()),
        };
        Ok((quarantine_row(row)?, content))
    })
}

pub(super) fn release(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    quarantine: QuarantineId,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&RELEASE, &[id(&organisation), id(&quarantine), time(now)])? == 1)
}

pub(super) fn insert_removal(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    name: &[u8; 16],
    due: Timestamp,
) -> Result<(), Error> {
    tx.execute(&INSERT_REMOVAL, &[id(&organisation), blob(name), time(due)]).map(drop)
}

pub(super) fn due_removals(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<[u8; 16]>, Error> {
    tx.query(&DUE_REMOVALS, &[id(&organisation), time(now), int(limit)], |row| row.array(0))
}

pub(super) fn removal_done(tx: &mut Tx<'_>, organisation: OrganisationId, name: &[u8; 16]) -> Result<(), Error> {
    tx.execute(&REMOVAL_DONE, &[id(&organisation), blob(name)]).map(drop)
}
