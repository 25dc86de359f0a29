//! The log's tables: entries, heads of chains, tiles and checkpoints.

use std::cell::RefCell;
use std::collections::BTreeMap;

use db::{Asked, Error, Row, Statement, Tx, Value, blob, id, int, text, time};
use envelope::SubjectId;
use kernel::{AuditEntryId, Id, OrganisationId, Timestamp};
use tlog::chain::Head;
use tlog::tile::{TILE_WIDTH, Tile, TileId, TileSource, decode_hashes};
use tlog::tree::empty_root;
use tlog::{HASH_BYTES, Hash};

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
    /// Entries that are not in the tree yet.
    TO_FOLD = "SELECT id, commitment FROM audit_entry WHERE org = $1 AND leaf IS NULL ORDER BY id LIMIT $2";
    /// An entry's place in the tree.
    PLACE_ENTRY = "UPDATE audit_entry SET leaf = $3 WHERE org = $1 AND id = $2 AND leaf IS NULL";
    /// How far the log is folded.
    LOG_STATE = "SELECT size, root FROM log_state WHERE org = $1";
    /// The first state of a log; of two who come first, one finds the other's row.
    INSERT_STATE = "INSERT INTO log_state (org, size, root) VALUES ($1, $2, $3) ON CONFLICT (org) DO NOTHING";
    /// The log moves on, if it is still where it was.
    SWAP_STATE = "UPDATE log_state SET size = $2, root = $3 WHERE org = $1 AND size = $4 AND root = $5";
    /// One tile.
    TILE = "SELECT hashes FROM log_tile WHERE org = $1 AND level = $2 AND tile = $3";
    /// Tiles of one level, side by side.
    TILES = "SELECT tile, hashes FROM log_tile WHERE org = $1 AND level = $2 AND tile >= $3 AND tile < $4";
    /// A tile that is new or has grown.
    STORE_TILE = "INSERT INTO log_tile (org, level, tile, hashes) VALUES ($1, $2, $3, $4)
        ON CONFLICT (org, level, tile) DO UPDATE SET hashes = excluded.hashes";
    /// The newest checkpoint.
    LAST_CHECKPOINT = "SELECT size, root, note, at FROM log_checkpoint WHERE org = $1 ORDER BY size DESC LIMIT 1";
    /// Checkpoints of a stretch of the log, behind one size and up to another.
    CHECKPOINTS = "SELECT size, root, note, at FROM log_checkpoint
        WHERE org = $1 AND size > $2 AND size <= $3 ORDER BY size LIMIT $4";
    /// A new checkpoint.
    INSERT_CHECKPOINT = "INSERT INTO log_checkpoint (org, size, root, note, at) VALUES ($1, $2, $3, $4, $5)";
    /// Leaves of a stretch of the log.
    LEAVES = "SELECT leaf, id, commitment FROM audit_entry
        WHERE org = $1 AND leaf >= $2 AND leaf < $3 ORDER BY leaf LIMIT $4";
    /// Entries that claim a place behind the end of the log.
    BEYOND = "SELECT leaf, id, commitment FROM audit_entry WHERE org = $1 AND leaf >= $2 ORDER BY leaf LIMIT $3";
    /// Entries that claim a place before its beginning.
    BEFORE = "SELECT leaf, id, commitment FROM audit_entry WHERE org = $1 AND leaf < $2 ORDER BY leaf LIMIT $3";
    /// Links of all chains, chain by chain, with the head of the chain as it is at this moment.
    LINKS = "SELECT entry.id, entry.subject, entry.sequence, entry.previous, entry.body_hash, entry.commitment,
            entry.sealed, entry.leaf, head.sequence, head.commitment
        FROM audit_entry entry LEFT JOIN audit_head head ON head.org = entry.org AND head.subject = entry.subject
        WHERE entry.org = $1 AND (entry.subject, entry.sequence) > ($2, $3)
        ORDER BY entry.subject, entry.sequence LIMIT $4";
    /// Links of one chain.
    CHAIN = "SELECT id, subject, sequence, previous, body_hash, commitment, sealed, leaf,
            CAST(NULL AS BIGINT), CAST(NULL AS BYTEA)
        FROM audit_entry WHERE org = $1 AND subject = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";
    /// The last links of one chain.
    LAST_LINKS = "SELECT id, subject, sequence, previous, body_hash, commitment, sealed, leaf,
            CAST(NULL AS BIGINT), CAST(NULL AS BYTEA)
        FROM audit_entry WHERE org = $1 AND subject = $2 ORDER BY sequence DESC LIMIT $3";
    /// One link.
    ENTRY = "SELECT id, subject, sequence, previous, body_hash, commitment, sealed, leaf,
            CAST(NULL AS BIGINT), CAST(NULL AS BYTEA)
        FROM audit_entry WHERE org = $1 AND id = $2";
    /// Heads of chains, and whether the chain has any entry.
    HEADS = "SELECT subject, sequence, CAST(CASE WHEN EXISTS
            (SELECT 1 FROM audit_entry entry WHERE entry.org = head.org AND entry.subject = head.subject)
            THEN 1 ELSE 0 END AS BIGINT)
        FROM audit_head head WHERE org = $1 AND subject > $2 ORDER BY subject LIMIT $3";
}

/// The head of a subject's chain, held until the transaction ends, as an answer that comes later.
pub(super) fn ask_head(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
) -> Result<Asked<Head>, Error> {
    tx.ask(&LOCK_HEAD, &[id(&organisation), blob(subject.bytes())], head)
}

/// That head, made when there is none yet.
pub(super) fn held_head(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
    asked: Asked<Head>,
) -> Result<Head, Error> {
    if let Some(head) = tx.answer_opt(asked)? {
        return Ok(head);
    }
    let empty = Head::empty(organisation.bytes(), subject.bytes());
    if tx.execute(&INSERT_HEAD, &head_values(&organisation, &subject, &empty))? == 1 {
        return Ok(empty);
    }
    tx.query_one(&LOCK_HEAD, &[id(&organisation), blob(subject.bytes())], head)
}

fn head(row: &Row<'_>) -> Result<Head, Error> {
    Ok(Head { sequence: row.count(0)?, commitment: Hash::new(row.array(1)?) })
}

pub(super) fn move_head(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
    head: &Head,
) -> Result<(), Error> {
    tx.put_one(&UPDATE_HEAD, &head_values(&organisation, &subject, head))
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
    tx.put_one(&INSERT_ENTRY, &entry_values(&organisation, entry, previous, next))
}

fn entry_values<'v>(
    organisation: &'v OrganisationId,
    entry: &'v Prepared,
    previous: &'v Hash,
    next: &'v Head,
) -> [Value<'v>; 9] {
    [
        id(organisation),
        id(&entry.id),
        blob(entry.subject.bytes()),
        int(next.sequence),
        blob(previous.bytes()),
        blob(entry.body_hash.bytes()),
        blob(next.commitment.bytes()),
        blob(&entry.sealed),
        time(entry.at),
    ]
}

/// The entries of new chains, each chain with its head.
pub(super) fn begin_chains(tx: &mut Tx<'_>, organisation: OrganisationId, entries: &[Prepared]) -> Result<(), Error> {
    let mut heads: BTreeMap<SubjectId, Head> = BTreeMap::new();
    let mut links = Vec::with_capacity(entries.len());
    for entry in entries {
        let head =
            heads.entry(entry.subject).or_insert_with(|| Head::empty(organisation.bytes(), entry.subject.bytes()));
        let next = head.advance(&entry.body_hash);
        links.push((entry, std::mem::replace(head, next), next));
    }
    let mut rows: Vec<(&'static Statement, Vec<Value<'_>>)> = Vec::with_capacity(links.len() + heads.len());
    for (entry, previous, next) in &links {
        rows.push((&INSERT_ENTRY, entry_values(&organisation, entry, &previous.commitment, next).to_vec()));
    }
    for (subject, head) in &heads {
        rows.push((&INSERT_HEAD, head_values(&organisation, subject, head).to_vec()));
    }
    let work: Vec<_> = rows.iter().map(|(statement, values)| (*statement, values.as_slice())).collect();
    // A chain that is there already makes this one's head affect no row.
    if tx.execute_all(&work)?.iter().all(|stored| *stored == 1) { Ok(()) } else { Err(Error::Unique) }
}

/// Entries that wait for their place, the oldest id first.
pub(super) fn entries_to_fold(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    limit: usize,
) -> Result<Vec<(AuditEntryId, Hash)>, Error> {
    tx.query(&TO_FOLD, &[id(&organisation), int(limit)], |row| Ok((row.id(0)?, Hash::new(row.array(1)?))))
}

/// Places entries behind `first` leaves; gives how many of them were there and had no place.
pub(super) fn place_entries(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    first: u64,
    entries: &[AuditEntryId],
) -> Result<u64, Error> {
    let places: Vec<[Value<'_>; 3]> =
        entries.iter().zip(first..).map(|(entry, leaf)| [id(&organisation), id(entry), int(leaf)]).collect();
    let work: Vec<(&'static Statement, &[Value<'_>])> =
        places.iter().map(|values| (&PLACE_ENTRY, values.as_slice())).collect();
    Ok(tx.execute_all(&work)?.iter().sum())
}

/// How far a log is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogState {
    pub(super) size: u64,
    pub(super) root: Hash,
}

impl LogState {
    /// A log without leaves, which has no row.
    pub(super) fn empty() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

pub(super) fn log_state(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Option<LogState>, Error> {
    tx.query_opt(&LOG_STATE, &[id(&organisation)], |row| {
        Ok(LogState { size: row.count(0)?, root: Hash::new(row.array(1)?) })
    })
}

/// Moves the log from one state to the next; false when it is not in the first one any more.
pub(super) fn swap_log_state(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: &LogState,
    to: &LogState,
) -> Result<bool, Error> {
    let new = [id(&organisation), int(to.size), blob(to.root.bytes())];
    let changed = if *from == LogState::empty() {
        tx.execute(&INSERT_STATE, &new)?
    } else {
        let [organisation, size, root] = new;
        tx.execute(&SWAP_STATE, &[organisation, size, root, int(from.size), blob(from.root.bytes())])?
    };
    Ok(changed == 1)
}

/// The stored tiles of one log. A missing or unreadable tile is one without hashes, so that
/// whoever asks names it.
pub(super) struct Tiles<'t, 'c> {
    tx: RefCell<&'t mut Tx<'c>>,
    organisation: OrganisationId,
}

impl<'t, 'c> Tiles<'t, 'c> {
    pub(super) const fn new(tx: &'t mut Tx<'c>, organisation: OrganisationId) -> Self {
        Self { tx: RefCell::new(tx), organisation }
    }
}

impl TileSource for Tiles<'_, '_> {
    type Error = Error;

    fn tile(&self, tile: TileId) -> Result<Vec<Hash>, Error> {
        let key = [id(&self.organisation), int(tile.level), int(tile.index)];
        let bytes = self.tx.borrow_mut().query_opt(&TILE, &key, |row| row.blob(0))?;
        Ok(bytes.and_then(|bytes| decode_hashes(&bytes).ok()).unwrap_or_default())
    }
}

/// Tiles of one level from one index up to another; unreadable ones are left out.
pub(super) fn tiles(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    level: u8,
    indexes: std::ops::Range<u64>,
) -> Result<Vec<Tile>, Error> {
    let values = [id(&organisation), int(level), int(indexes.start), int(indexes.end)];
    let mut tiles = Vec::new();
    tx.for_each(&TILES, &values, |row| {
        if let Ok(hashes) = decode_hashes(&row.blob(1)?) {
            let width = u16::try_from(hashes.len()).unwrap_or(TILE_WIDTH);
            tiles.push(Tile { id: TileId { level, index: row.count(0)?, width }, hashes });
        }
        Ok(())
    })?;
    Ok(tiles)
}

pub(super) fn store_tiles(tx: &mut Tx<'_>, organisation: OrganisationId, tiles: &[Tile]) -> Result<(), Error> {
    let encoded: Vec<_> = tiles.iter().map(|tile| (tile.id, tile.encode())).collect();
    let values: Vec<_> = encoded
        .iter()
        .map(|(tile, hashes)| [id(&organisation), int(tile.level), int(tile.index), blob(hashes)])
        .collect();
    let work: Vec<_> = values.iter().map(|values| (&STORE_TILE, &values[..])).collect();
    tx.execute_all(&work).map(drop)
}

/// A checkpoint as it is stored: the columns repeat what the signed note says.
#[derive(Clone, Debug)]
pub(super) struct StoredCheckpoint {
    pub(super) state: LogState,
    pub(super) note: String,
    pub(super) at: Timestamp,
}

fn stored_checkpoint(row: &Row<'_>) -> Result<StoredCheckpoint, Error> {
    let state = LogState { size: row.count(0)?, root: hash(row, 1)? };
    Ok(StoredCheckpoint { state, note: row.text(2)?, at: row.time(3)? })
}

pub(super) fn last_checkpoint(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
) -> Result<Option<StoredCheckpoint>, Error> {
    tx.query_opt(&LAST_CHECKPOINT, &[id(&organisation)], stored_checkpoint)
}

/// Checkpoints behind `after` entries and up to `to`.
pub(super) fn checkpoints(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    after: u64,
    to: u64,
    limit: usize,
) -> Result<Vec<StoredCheckpoint>, Error> {
    tx.query(&CHECKPOINTS, &[id(&organisation), int(after), int(to), int(limit)], stored_checkpoint)
}

pub(super) fn insert_checkpoint(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    checkpoint: &StoredCheckpoint,
) -> Result<(), Error> {
    let StoredCheckpoint { state, note, at } = checkpoint;
    let values = [id(&organisation), int(state.size), blob(state.root.bytes()), text(note), time(*at)];
    tx.execute_one(&INSERT_CHECKPOINT, &values)
}

/// An entry as a leaf of the tree.
pub(super) struct Leaf {
    /// Its place as its row has it, which somebody may have made negative.
    pub(super) place: i64,
    pub(super) entry: AuditEntryId,
    pub(super) commitment: Hash,
}

fn leaf(row: &Row<'_>) -> Result<Leaf, Error> {
    Ok(Leaf { place: row.int(0)?, entry: row.id(1)?, commitment: hash(row, 2)? })
}

/// Leaves from one index up to another, in order.
pub(super) fn leaves(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    indexes: std::ops::Range<u64>,
    limit: usize,
) -> Result<Vec<Leaf>, Error> {
    tx.query(&LEAVES, &[id(&organisation), int(indexes.start), int(indexes.end), int(limit)], leaf)
}

/// Entries whose place lies outside a log of this size.
pub(super) fn stray_leaves(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    size: u64,
    limit: usize,
) -> Result<Vec<Leaf>, Error> {
    let mut strays = tx.query(&BEFORE, &[id(&organisation), int(0), int(limit)], leaf)?;
    strays.extend(tx.query(&BEYOND, &[id(&organisation), int(size), int(limit)], leaf)?);
    Ok(strays)
}

/// An entry as a link of its chain.
pub(super) struct Link {
    pub(super) entry: AuditEntryId,
    pub(super) subject: SubjectId,
    pub(super) sequence: u64,
    pub(super) previous: Hash,
    pub(super) body_hash: Hash,
    pub(super) commitment: Hash,
    pub(super) sealed: Vec<u8>,
    pub(super) leaf: Option<u64>,
    /// The recorded head of the chain, where it was asked for and is there.
    pub(super) head: Option<Head>,
}

fn link(row: &Row<'_>) -> Result<Link, Error> {
    let head = match (row.opt_int(8)?, row.opt_blob(9)?) {
        (Some(sequence), Some(commitment)) => {
            Some(Head { sequence: unsigned(sequence), commitment: hash_or_none(&commitment) })
        }
        _ => None,
    };
    Ok(Link {
        entry: row.id(0)?,
        subject: SubjectId::from_bytes(row.array(1)?),
        sequence: unsigned(row.int(2)?),
        previous: hash(row, 3)?,
        body_hash: hash(row, 4)?,
        commitment: hash(row, 5)?,
        sealed: row.blob(6)?,
        leaf: row.opt_int(7)?.map(unsigned),
        head,
    })
}

/// Links of all chains behind one, in the order of subject and sequence.
pub(super) fn links(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (subject, sequence): (SubjectId, i64),
    limit: usize,
) -> Result<Vec<Link>, Error> {
    tx.query(&LINKS, &[id(&organisation), blob(subject.bytes()), int(sequence), int(limit)], link)
}

/// Links of one chain behind a sequence.
pub(super) fn chain(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
    after: u64,
    limit: usize,
) -> Result<Vec<Link>, Error> {
    tx.query(&CHAIN, &[id(&organisation), blob(subject.bytes()), int(after), int(limit)], link)
}

/// The last links of one chain, the newest first.
pub(super) fn last_links(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
    limit: usize,
) -> Result<Vec<Link>, Error> {
    tx.query(&LAST_LINKS, &[id(&organisation), blob(subject.bytes()), int(limit)], link)
}

pub(super) fn entry(tx: &mut Tx<'_>, organisation: OrganisationId, entry: AuditEntryId) -> Result<Option<Link>, Error> {
    tx.query_opt(&ENTRY, &[id(&organisation), id(&entry)], link)
}

/// The recorded head of a chain.
pub(super) struct RecordedHead {
    pub(super) subject: SubjectId,
    pub(super) sequence: u64,
    pub(super) has_entries: bool,
}

/// Heads behind a subject, in order.
pub(super) fn heads(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    after: Option<SubjectId>,
    limit: usize,
) -> Result<Vec<RecordedHead>, Error> {
    // The empty value sorts before every subject.
    let after = after.map_or_else(Vec::new, |subject| subject.bytes().to_vec());
    tx.query(&HEADS, &[id(&organisation), blob(&after), int(limit)], |row| {
        Ok(RecordedHead {
            subject: SubjectId::from_bytes(row.array(0)?),
            sequence: unsigned(row.int(1)?),
            has_entries: row.flag(2)?,
        })
    })
}

/// A hash that somebody may have tampered with.
fn hash(row: &Row<'_>, column: usize) -> Result<Hash, Error> {
    row.blob(column).map(|bytes| hash_or_none(&bytes))
}

/// Bytes that are no hash become one that nothing has, and are named where it does not match.
fn hash_or_none(bytes: &[u8]) -> Hash {
    Hash::from_slice(bytes).unwrap_or(Hash::new([0; HASH_BYTES]))
}

/// A count that somebody may have made negative becomes one that nothing reaches.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
