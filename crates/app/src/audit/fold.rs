//! Folding: committed entries become leaves of the tree, and a signed checkpoint says so.
//!
//! Hashing and signing happen outside the transaction; inside it, only whoever still finds the log
//! as it was read may extend it. A checkpoint is therefore never signed for two histories.

use std::sync::Arc;

use db::Tx;
use kernel::{AuditEntryId, OrganisationId, Timestamp, fail_point};
use tlog::tree::leaf_hash;
use tlog::{Appended, Appender, Checkpoint, Hash, Signer};

use super::log_key::blocking;
use super::start::{LogEnd, Trust, check_end};
use super::store::{self, LogState, StoredCheckpoint};
use super::{Audit, Error, origin};
use crate::STALE_TRIES;

/// Entries of one batch: some 50 ms of a writer's time, and a few 100 KiB of memory.
const FOLD_ENTRIES: usize = 8_192;

/// What folding came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Entries in the log now.
    pub size: u64,
    /// Entries that were added.
    pub added: u64,
    /// The signed checkpoint over all of them; none when nothing was added.
    pub checkpoint: Option<String>,
}

/// Entries that wait, and the log that they go behind.
struct Waiting {
    end: LogEnd,
    entries: Vec<(AuditEntryId, Hash)>,
}

/// One batch, ready to be stored.
struct Batch {
    before: LogState,
    appended: Appended,
    /// The new leaves, in the order of the tree.
    ids: Vec<AuditEntryId>,
    count: u64,
    note: String,
    at: Timestamp,
}

impl Audit {
    /// Folds every entry that waits, in batches; nothing is signed when nothing waits.
    ///
    /// [`Error::RolledBack`] and [`Error::Broken`] when the log is not the one that was signed last:
    /// nothing is signed on top of it.
    pub async fn fold(&self, organisation: OrganisationId) -> Result<Folded, Error> {
        let mut folded = Folded { size: 0, added: 0, checkpoint: None };
        let mut overtaken = 0;
        loop {
            match self.fold_batch(organisation).await {
                Ok(batch) => {
                    folded.size = batch.size;
                    folded.added += batch.added;
                    folded.checkpoint = batch.checkpoint.or(folded.checkpoint);
                    if batch.added < FOLD_ENTRIES as u64 {
                        return Ok(folded);
                    }
                }
                // Another node won: what it folded is out of the way, and the rest may still wait.
                Err(Error::Overtaken) if overtaken < STALE_TRIES => overtaken += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn fold_batch(&self, organisation: OrganisationId) -> Result<Folded, Error> {
        let signer = self.signer(organisation).await?;
        let remembered = self.remembered(organisation).await?;
        let trust = Trust { organisation, signer: Arc::clone(&signer), remembered };
        let waiting = self.context.db.read("audit.fold.read", move |tx| read_waiting(tx, &trust)).await?;
        if waiting.entries.is_empty() {
            return Ok(Folded { size: waiting.end.state.size, added: 0, checkpoint: None });
        }
        fail_point::pass("audit.fold.read");
        let now = self.context.clock.now();
        let batch = Arc::new(blocking(move || grow(waiting, organisation, &signer, now)).await?);
        fail_point::pass("audit.fold.signed");
        let stored = Arc::clone(&batch);
        self.context.db.write("audit.fold", move |tx| store_batch(tx, organisation, &stored)).await?;
        fail_point::pass("audit.fold.durable");
        metrics::counter!(super::folding::ENTRIES).increment(batch.count);
        self.remember_newest(organisation, &batch).await?;
        fail_point::pass("audit.fold.remembered");
        Ok(Folded { size: batch.appended.size, added: batch.count, checkpoint: Some(batch.note.clone()) })
    }

    /// Remembers the batch's checkpoint unless another process has remembered a later one meanwhile.
    async fn remember_newest(&self, organisation: OrganisationId, batch: &Batch) -> Result<(), Error> {
        match self.remembered(organisation).await? {
            Some(remembered) if remembered.size > batch.appended.size => Ok(()),
            _ => self.remember(organisation, batch.note.clone()).await,
        }
    }
}

fn read_waiting(tx: &mut Tx<'_>, trust: &Trust) -> Result<Waiting, Error> {
    let entries = store::entries_to_fold(tx, trust.organisation, FOLD_ENTRIES)?;
    Ok(Waiting { end: check_end(tx, trust)?, entries })
}

/// Grows the tree by the waiting entries and signs what it became.
fn grow(waiting: Waiting, organisation: OrganisationId, signer: &Signer, now: Timestamp) -> Result<Batch, Error> {
    let Waiting { end: LogEnd { state: before, mut tree, .. }, entries } = waiting;
    let mut ids = Vec::with_capacity(entries.len());
    for (id, commitment) in &entries {
        tree.push(leaf_hash(commitment.bytes()));
        ids.push(*id);
    }
    let appended = Appender::finish(tree);
    let note = Checkpoint::new(origin(organisation), appended.size, appended.root).sign(&[signer])?;
    Ok(Batch { before, appended, ids, count: entries.len() as u64, note, at: now })
}

/// Stores a batch if the log is still the one that it goes behind.
fn store_batch(tx: &mut Tx<'_>, organisation: OrganisationId, batch: &Batch) -> Result<(), Error> {
    let after = LogState { size: batch.appended.size, root: batch.appended.root };
    if !store::swap_log_state(tx, organisation, &batch.before, &after)? {
        return Err(Error::Overtaken);
    }
    // Fewer rows mean that an entry vanished between reading and storing: read again, and let the
    // check of the chains name it.
    if store::place_entries(tx, organisation, batch.before.size, &batch.ids)? != batch.count {
        return Err(Error::Overtaken);
    }
    store::store_tiles(tx, organisation, &batch.appended.tiles)?;
    let checkpoint = StoredCheckpoint { state: after, note: batch.note.clone(), at: batch.at };
    Ok(store::insert_checkpoint(tx, organisation, &checkpoint)?)
}
