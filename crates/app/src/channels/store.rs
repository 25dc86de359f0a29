//! The channels' tables: what has arrived, which Message-ID leads where, and the quarantine.

use db::{Error, Tx, blob, id, int, opt_blob, opt_id, text, time};
use kernel::{ConversationId, CustomerId, MessageId, OrganisationId, QuarantineId, Timestamp};

db::statements! { "channels";
    /// A mail that has not arrived before.
    INSERT_ARRIVAL = "INSERT INTO mail_arrival (org, reference, identity, message, quarantine)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org, reference, identity) DO NOTHING";
    /// Whether it has.
    ARRIVAL = "SELECT 1 FROM mail_arrival WHERE org = $1 AND reference = $2 AND identity = $3";
    /// The message that came out of quarantine.
    RELEASE_ARRIVAL = "DELETE FROM mail_arrival WHERE org = $1 AND quarantine = $2";
    /// A Message-ID is spoken for while a transaction decides about it.
    CLAIM_REFERENCE = "INSERT INTO mail_reference (org, reference, conversation, message)
        VALUES ($1, $2, NULL, NULL) ON CONFLICT (org, reference) DO NOTHING";
    /// The conversation of the message that bears a Message-ID.
    BEARER = "SELECT conversation, message FROM mail_reference WHERE org = $1 AND reference = $2
        AND message IS NOT NULL";
    /// The first mail that bears a Message-ID has it.
    BEAR = "UPDATE mail_reference SET conversation = $3, message = $4
        WHERE org = $1 AND reference = $2 AND message IS NULL";
    /// The same row, held: a claim that was there before made nobody wait.
    HOLD_REFERENCE = "SELECT 1 FROM mail_reference WHERE org = $1 AND reference = $2 FOR UPDATE";
    /// Conversations of one customer that mention a Message-ID which nobody bears yet, the oldest first.
    MENTIONED_BY = "SELECT m.conversation FROM mail_mention m
        JOIN conversation c ON c.org = m.org AND c.id = m.conversation
        WHERE m.org = $1 AND m.reference = $2 AND c.customer = $3 ORDER BY m.conversation LIMIT $4";
    /// One more of them.
    INSERT_MENTION = "INSERT INTO mail_mention (org, reference, conversation) VALUES ($1, $2, $3)
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

/// Remembers an arrival; false when the same mail has arrived before.
pub(super) fn insert_arrival(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (reference, identity): (&[u8; 32], &[u8; 32]),
    message: Option<MessageId>,
    quarantine: Option<QuarantineId>,
) -> Result<bool, Error> {
    let values =
        [id(&organisation), blob(reference), blob(identity), opt_id(message.as_ref()), opt_id(quarantine.as_ref())];
    Ok(tx.execute(&INSERT_ARRIVAL, &values)? == 1)
}

pub(super) fn has_arrived(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (reference, identity): (&[u8; 32], &[u8; 32]),
) -> Result<bool, Error> {
    let values = [id(&organisation), blob(reference), blob(identity)];
    Ok(tx.query_opt(&ARRIVAL, &values, |_| Ok(()))?.is_some())
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
    for reference in sorted {
        let key = [id(&organisation), blob(reference)];
        if tx.execute(&CLAIM_REFERENCE, &key)? == 0 {
            tx.query_opt(&HOLD_REFERENCE, &key, |_| Ok(()))?;
        }
    }
    Ok(())
}

pub(super) fn bearer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
) -> Result<Option<ConversationId>, Error> {
    tx.query_opt(&BEARER, &[id(&organisation), blob(reference)], |row| row.id(0))
}

pub(super) fn bearing_message(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
) -> Result<Option<(ConversationId, MessageId)>, Error> {
    tx.query_opt(&BEARER, &[id(&organisation), blob(reference)], |row| Ok((row.id(0)?, row.id(1)?)))
}

pub(super) fn bear(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    conversation: ConversationId,
    message: MessageId,
) -> Result<bool, Error> {
    let values = [id(&organisation), blob(reference), id(&conversation), id(&message)];
    Ok(tx.execute(&BEAR, &values)? == 1)
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
    tx.execute(&INSERT_MENTION, &[id(&organisation), blob(reference), id(&conversation)]).map(drop)
}

pub(super) fn remove_mention(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    reference: &[u8; 32],
    conversation: ConversationId,
) -> Result<(), Error> {
    tx.execute(&REMOVE_MENTION, &[id(&organisation), blob(reference), id(&conversation)]).map(drop)
}

pub(super) fn move_references(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: ConversationId,
    into: ConversationId,
) -> Result<(), Error> {
    let both = [id(&organisation), id(&from), id(&into)];
    tx.execute(&MOVE_REFERENCES, &both)?;
    tx.execute(&COPY_MENTIONS, &both)?;
    tx.execute(&REMOVE_MENTIONS, &[id(&organisation), id(&from)]).map(drop)
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

fn quarantine_row(row: &db::Row<'_>) -> Result<QuarantineRow, Error> {
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
