//! The log's tables: entries, heads of chains, tiles and checkpoints.

use db::{Error, Tx, Value, blob, id, int, time};
use envelope::SubjectId;
use kernel::{Id, OrganisationId};
use tlog::Hash;
use tlog::chain::Head;

use super::append::Prepared;

db::statements! { "audit";
    /// The end of one subject's chain, held until the transaction ends.
    LOCK_HEAD = "SELECT sequence, commitment FROM audit_head WHERE org = $1 AND subject = $2 FOR UPDATE";
    /// The head of a chain without entries; of two who come first, one waits here for the other.
    INSERT_HEAD = "INSERT INTO audit_head (org, subject, sequence, commitment) VALUES ($1, $2, $3, $4)
        ON CONFLICT (org, subject) DO NOTHING";
    /// The head moves on.
    UPDATE_HEAD = "UPDATE audit_head SET sequence = $3, commitment = $4 WHERE org = $1 AND subject = $2";
    /// A new entry, not yet in the tree.
    INSERT_ENTRY = "INSERT INTO audit_entry
        (org, id, subject, sequence, previous, body_hash, commitment, sealed, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

/// The head of a subject's chain, made when there is none yet, and held until the transaction ends.
pub(super) fn lock_head(tx: &mut Tx<'_>, organisation: OrganisationId, subject: SubjectId) -> Result<Head, Error> {
    let key = [id(&organisation), blob(subject.bytes())];
    let read = |row: &db::Row<'_>| Ok(Head { sequence: row.count(0)?, commitment: Hash::new(row.array(1)?) });
    if let Some(head) = tx.query_opt(&LOCK_HEAD, &key, read)? {
        return Ok(head);
    }
    let empty = Head::empty(organisation.bytes(), subject.bytes());
    if tx.execute(&INSERT_HEAD, &head_values(&organisation, &subject, &empty))? == 1 {
        return Ok(empty);
    }
    tx.query_one(&LOCK_HEAD, &key, read)
}

pub(super) fn move_head(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
    head: &Head,
) -> Result<(), Error> {
    tx.execute_one(&UPDATE_HEAD, &head_values(&organisation, &subject, head))
}

fn head_values<'v>(organisation: &'v OrganisationId, subject: &'v SubjectId, head: &'v Head) -> [Value<'v>; 4] {
    [id(organisation), blob(subject.bytes()), int(head.sequence), blob(head.commitment.bytes())]
}

pub(super) fn insert_entry(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    entry: &Prepared,
    previous: &Hash,
    next: &Head,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&entry.id),
        blob(entry.subject.bytes()),
        int(next.sequence),
        blob(previous.bytes()),
        blob(entry.body_hash.bytes()),
        blob(next.commitment.bytes()),
        blob(&entry.sealed),
        time(entry.at),
    ];
    tx.execute_one(&INSERT_ENTRY, &values)
}
