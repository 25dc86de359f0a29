//! What can be wrong with a stored log. Each problem names the thing, and never what it says.

use std::fmt;

use envelope::SubjectId;
use kernel::{AuditEntryId, CustomerId, Id, OrganisationId};
use tlog::TileId;
use tlog::chain::ChainBreak;

/// Problems that are told one by one; further ones are counted.
const PROBLEMS: usize = 100;

/// Who says what the root is at some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// A stored checkpoint, signed by the log's key.
    Checkpoint,
    /// The checkpoint beside the root key.
    Remembered,
    /// The checkpoint that was given for this check.
    Given,
    /// The stored state of the log, which nobody signed.
    State,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checkpoint => "the checkpoint",
            Self::Remembered => "the checkpoint beside the root key",
            Self::Given => "the given checkpoint",
            Self::State => "the stored state",
        })
    }
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The end of the log was cut off, or the database is an old one.
    #[error("the log ends after {entries} entries, but {witness} is of {size} entries: its end was cut off")]
    Truncated {
        /// Who says so.
        witness: Witness,
        /// The size that it names.
        size: u64,
        /// Entries in the log.
        entries: u64,
    },
    /// The entries do not lead to a root that is vouched for.
    #[error("{witness} of {size} entries does not match the log: the fault lies behind entry {good}")]
    Root {
        /// Who vouches for it.
        witness: Witness,
        /// The size that it names.
        size: u64,
        /// Entries up to the last root that matched.
        good: u64,
    },
    /// A stored checkpoint is not one that the log's key signed.
    #[error("the stored checkpoint of {size} entries is not genuine: {reason}")]
    Forged {
        /// The size in its row.
        size: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The last checkpoint does not sign the end of the log.
    #[error("the log has {size} entries, its last checkpoint has {signed}")]
    Unsigned {
        /// Entries in the log.
        size: u64,
        /// Entries that the last stored checkpoint names.
        signed: u64,
    },
    /// No entry stands at a place of the tree.
    #[error("the entry at place {leaf} of the log is missing")]
    Missing {
        /// The place, counted from 0.
        leaf: u64,
    },
    /// An entry is not the one that was signed at its place.
    #[error("entry {entry} at place {leaf} is not the one that was signed")]
    Entry {
        /// The entry that stands there now.
        entry: AuditEntryId,
        /// The place, counted from 0.
        leaf: u64,
    },
    /// An entry and its tile differ, and no later checkpoint says which of them is right.
    #[error("entry {entry} at place {leaf} is not the one whose hash is stored in {tile}")]
    Differs {
        /// The entry.
        entry: AuditEntryId,
        /// The place, counted from 0.
        leaf: u64,
        /// The tile.
        tile: TileId,
    },
    /// A stored tile is missing or was changed; the entries are right.
    #[error("{tile} is missing or not what the entries lead to")]
    Tile {
        /// The tile.
        tile: TileId,
    },
    /// An entry claims a place that the log does not have, or that another entry has.
    #[error("entry {entry} claims place {leaf}, where the log has none for it")]
    Stray {
        /// The entry.
        entry: AuditEntryId,
        /// The place that its row names.
        leaf: i64,
    },
    /// A chain does not hold at an entry.
    #[error("chain of {subject}, at entry {entry}: {fault}")]
    Link {
        /// Whose chain.
        subject: String,
        /// Where it breaks.
        entry: AuditEntryId,
        /// How.
        fault: ChainBreak,
    },
    /// A chain does not end where its head says.
    #[error("chain of {subject}: {fault}")]
    Head {
        /// Whose chain.
        subject: String,
        /// How it ends.
        fault: ChainBreak,
    },
    /// A chain has entries and no head.
    #[error("chain of {subject}: its head is missing")]
    NoHead {
        /// Whose chain.
        subject: String,
    },
    /// A chain has a head and no entries.
    #[error("chain of {subject}: all of its {entries} entries are missing")]
    NoEntries {
        /// Whose chain.
        subject: String,
        /// Entries that the head counts.
        entries: u64,
    },
    /// The sealed body is not the one that was hashed.
    #[error("entry {entry}: its content is not what its hash says")]
    Body {
        /// The entry.
        entry: AuditEntryId,
    },
    /// The sealed body does not open, although the key is there.
    #[error("entry {entry}: its content does not open: {reason}")]
    Sealed {
        /// The entry.
        entry: AuditEntryId,
        /// What the vault said.
        reason: String,
    },
    /// More than are told one by one.
    #[error("{0} further problems")]
    Further(u64),
}

impl serde::Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Names whose chain it is.
pub(super) fn name_of(organisation: OrganisationId, subject: SubjectId) -> String {
    if subject.bytes() == organisation.bytes() {
        organisation.to_string()
    } else {
        CustomerId::from_bytes(*subject.bytes()).to_string()
    }
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    further: u64,
}

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        if self.list.contains(&problem) {
            return;
        }
        if self.list.len() < PROBLEMS {
            self.list.push(problem);
        } else {
            self.further += 1;
        }
    }

    pub(super) fn into_list(mut self) -> Vec<Problem> {
        if self.further > 0 {
            self.list.push(Problem::Further(self.further));
        }
        self.list
    }
}
