//! Where the log ends, and whether that end can be trusted: asked before serving and before every
//! fold, so that nothing is ever signed on top of a log that was changed or rolled back.

use std::sync::Arc;

use db::Tx;
use kernel::{OrganisationId, Timestamp};
use tlog::proof::{consistency, verify_consistency};
use tlog::tree::empty_root;
use tlog::{Appender, Checkpoint, Signer};

use super::store::{self, LogState, Tiles};
use super::{Audit, Error, origin};

/// Whether somebody said beforehand that the database comes out of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// Nobody said so: an older database is refused.
    Nothing,
    /// It was restored: its end becomes the one that is remembered.
    Restore,
}

/// How the database stands to the checkpoint beside the root key. Sizes count entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was remembered: a new log, or a keyring without its last checkpoint.
    First {
        /// Entries in the log.
        size: u64,
    },
    /// The log goes on where the remembered checkpoint stands.
    Consistent {
        /// Entries in the log.
        size: u64,
    },
    /// An announced restore replaced what was remembered.
    Restored {
        /// Entries that the replaced checkpoint signed; none when there was none.
        remembered: Option<u64>,
        /// Entries in the log now.
        size: u64,
    },
}

/// What the end of a log is held against.
pub(super) struct Trust {
    pub(super) organisation: OrganisationId,
    pub(super) signer: Arc<Signer>,
    /// Read before the database is looked at, so that a log that grows meanwhile is never behind it.
    pub(super) remembered: Option<Checkpoint>,
}

/// The end of a log that was found good.
pub(super) struct LogEnd {
    pub(super) state: LogState,
    pub(super) note: Option<String>,
    /// Ready to take further leaves.
    pub(super) tree: Appender,
}

impl Audit {
    /// Compares the database with the last checkpoint beside the root key. An older database is
    /// [`Error::RolledBack`], one that contradicts it [`Error::Broken`]: do not serve either.
    pub async fn check_start(&self, organisation: OrganisationId, announced: Announced) -> Result<Standing, Error> {
        let known = self.remembered(organisation).await?;
        let signer = self.signer(organisation).await?;
        let remembered = if announced == Announced::Restore { None } else { known.clone() };
        let trust = Trust { organisation, signer, remembered };
        let (size, note) = self
            .context
            .db
            .read("audit.check_start", move |tx| check_end(tx, &trust).map(|end| (end.state.size, end.note)))
            .await?;
        let standing = match (announced, &known) {
            (Announced::Restore, _) => Standing::Restored { remembered: known.map(|known| known.size), size },
            (Announced::Nothing, Some(_)) => return Ok(Standing::Consistent { size }),
            (Announced::Nothing, None) => Standing::First { size },
        };
        // A log that was never signed has nothing to be remembered by but its first checkpoint.
        let note = match note {
            Some(note) => note,
            None => self.empty_checkpoint(organisation).await?,
        };
        self.remember(organisation, note).await?;
        Ok(standing)
    }

    async fn empty_checkpoint(&self, organisation: OrganisationId) -> Result<String, Error> {
        let signer = self.signer(organisation).await?;
        Ok(Checkpoint::new(origin(organisation), 0, empty_root()).sign(&[&signer])?)
    }
}

/// Reads the end of the log and checks that its state, its tiles, its last checkpoint and the
/// remembered checkpoint are of one history.
pub(super) fn check_end(tx: &mut Tx<'_>, trust: &Trust) -> Result<LogEnd, Error> {
    let organisation = trust.organisation;
    let state = store::log_state(tx, organisation)?.unwrap_or_else(LogState::empty);
    let last = store::last_checkpoint(tx, organisation)?;
    let found_at = last.as_ref().map(|last| last.at);
    check_remembered(tx, trust, &state, found_at)?;
    match &last {
        Some(last) if last.state == state && is_signed(&last.note, &state, trust) => {}
        None if state.size == 0 => {}
        _ => return Err(broken(&format!("the log of {} entries is not the one that was signed last", state.size))),
    }
    let tree = Appender::resume(state.size, &Tiles::new(tx, organisation))?;
    if tree.root() != state.root {
        return Err(broken(&format!("the stored tiles do not lead to the root over {} entries", state.size)));
    }
    Ok(LogEnd { state, note: last.map(|last| last.note), tree })
}

fn check_remembered(
    tx: &mut Tx<'_>,
    trust: &Trust,
    state: &LogState,
    found_at: Option<Timestamp>,
) -> Result<(), Error> {
    let Some(remembered) = &trust.remembered else { return Ok(()) };
    if remembered.size > state.size {
        return Err(Error::RolledBack { remembered: remembered.size, found: state.size, found_at });
    }
    // Nothing to prove in the usual case, where both are the same.
    let proof = consistency(remembered.size, state.size, &Tiles::new(tx, trust.organisation))?;
    verify_consistency(remembered.size, state.size, &proof, &remembered.root, &state.root).map_err(|_| {
        broken(&format!(
            "its first {} entries are not those that the checkpoint beside the root key signs",
            remembered.size
        ))
    })
}

/// Whether the log's key signed this state; what is remembered needs no further signature.
fn is_signed(note: &str, state: &LogState, trust: &Trust) -> bool {
    let says = |checkpoint: &Checkpoint| checkpoint.size == state.size && checkpoint.root == state.root;
    let key = std::slice::from_ref(trust.signer.verifier());
    Checkpoint::open(note, &origin(trust.organisation), key).as_ref().is_ok_and(says)
        || trust.remembered.as_ref().is_some_and(says)
}

fn broken(what: &str) -> Error {
    Error::Broken(what.to_owned())
}
