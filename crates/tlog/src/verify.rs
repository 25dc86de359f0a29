//! Checking a whole log in one pass: every commitment in order, every checkpoint on the way, and the
//! stored tiles when they are wanted. It trusts nothing it is given and names the first thing that is wrong.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::Appender;
use crate::hash::Hash;
use crate::tile::{FetchError, Tile, TileId, TileSource, fetch};
use crate::tree::leaf_hash;

/// The first thing that is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Two checkpoints of one size have different roots: the log was forked.
    #[error("two checkpoints of {size} entries have different roots: the log was forked")]
    Fork {
        /// The size that both name.
        size: u64,
    },
    /// The entries do not lead to a checkpoint: one of those since the last good checkpoint was
    /// replaced, moved, added or removed.
    #[error("the checkpoint of {size} entries does not match: an entry from {good} on is not as it was signed")]
    Checkpoint {
        /// The checkpoint's size.
        size: u64,
        /// Entries up to the last checkpoint that matched; those are as they were signed.
        good: u64,
    },
    /// A checkpoint was registered when the log had already passed its size.
    #[error("the checkpoint of {size} entries came after the log had passed it: register it earlier")]
    Passed {
        /// The checkpoint's size.
        size: u64,
    },
    /// The log is shorter than a checkpoint says: its end was cut off.
    #[error("the log ends after {entries} entries, a checkpoint was signed for {size}")]
    Truncated {
        /// The first checkpoint's size that is not reached.
        size: u64,
        /// Entries that are there.
        entries: u64,
    },
    /// An entry is not the one whose hash stands in its tile.
    #[error("entry {index} is not the one whose hash is stored in {tile}")]
    Entry {
        /// The entry's index in the log.
        index: u64,
        /// The tile that disagrees with it.
        tile: TileId,
    },
    /// A tile above the leaves is not what the entries lead to.
    #[error("{tile} is not what the entries lead to")]
    Tile {
        /// The tile.
        tile: TileId,
    },
}

/// Why the stored tiles do not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileFault<E> {
    /// A tile is missing, too short or cannot be read.
    #[error(transparent)]
    Fetch(#[from] FetchError<E>),
    /// A tile says something else than the entries.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A log that was checked from its first to its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries in the log.
    pub size: u64,
    /// Root over all of them.
    pub root: Hash,
    /// Different checkpoints that matched; each is therefore consistent with every other.
    pub checkpoints: u64,
    /// Size of the largest checkpoint; entries behind it are not signed yet.
    pub signed: u64,
}

/// Checks a log as its entries stream by. After a fault, only [`LogVerifier::check_tiles`] is of use.
#[derive(Clone, Debug)]
pub struct LogVerifier {
    log: Appender,
    keeps_tiles: bool,
    expected: BTreeMap<u64, Hash>,
    next: Option<u64>,
    checkpoints: u64,
    signed: u64,
}

impl Default for LogVerifier {
    fn default() -> Self {
        Self::new()
    }
}

impl LogVerifier {
    /// Checks entries against checkpoints.
    pub fn new() -> Self {
        Self {
            log: Appender::new(),
            keeps_tiles: false,
            expected: BTreeMap::new(),
            next: None,
            checkpoints: 0,
            signed: 0,
        }
    }

    /// Checks the stored tiles too: call [`LogVerifier::check_tiles`] after every batch of entries,
    /// the tiles computed since then are kept (32 bytes an entry).
    pub fn with_tiles() -> Self {
        Self { keeps_tiles: true, ..Self::new() }
    }

    /// Entries so far.
    pub const fn size(&self) -> u64 {
        self.log.size()
    }

    /// Registers a checkpoint whose signature holds, in any order, but before its size is passed.
    pub fn expect(&mut self, size: u64, root: Hash) -> Result<(), Fault> {
        if size < self.size() {
            return Err(Fault::Passed { size });
        }
        match self.expected.entry(size) {
            Entry::Occupied(known) if *known.get() != root => return Err(Fault::Fork { size }),
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(root);
            }
        }
        self.look_ahead();
        if self.next == Some(self.size()) { self.check_root() } else { Ok(()) }
    }

    /// Takes the next commitment.
    pub fn push(&mut self, commitment: &Hash) -> Result<(), Fault> {
        self.log.push(leaf_hash(commitment.bytes()));
        if !self.keeps_tiles {
            self.log.forget_full();
        }
        if self.next == Some(self.size()) { self.check_root() } else { Ok(()) }
    }

    fn check_root(&mut self) -> Result<(), Fault> {
        let size = self.size();
        if self.expected.get(&size) != Some(&self.log.root()) {
            return Err(Fault::Checkpoint { size, good: self.signed });
        }
        self.expected.remove(&size);
        self.checkpoints += 1;
        self.signed = size;
        self.look_ahead();
        Ok(())
    }

    fn look_ahead(&mut self) {
        self.next = self.expected.first_key_value().map(|(size, _)| *size);
    }

    /// Compares the tiles computed since the last call with the stored ones. Called after a
    /// [`Fault::Checkpoint`], it names the very entry, unless its tile was falsified with it.
    pub fn check_tiles<S: TileSource>(&mut self, stored: &S) -> Result<(), TileFault<S::Error>> {
        for computed in self.log.take_changed() {
            compare(&computed, &fetch(stored, computed.id)?)?;
        }
        Ok(())
    }

    /// Ends the log: every checkpoint must have been reached.
    pub fn finish(self) -> Result<Verified, Fault> {
        let size = self.size();
        match self.next {
            Some(missing) => Err(Fault::Truncated { size: missing, entries: size }),
            None => Ok(Verified { size, root: self.log.root(), checkpoints: self.checkpoints, signed: self.signed }),
        }
    }
}

fn compare(computed: &Tile, stored: &[Hash]) -> Result<(), Fault> {
    let first_index = computed.id.index << crate::tile::TILE_HEIGHT;
    let mut pairs = (first_index..).zip(computed.hashes.iter().zip(stored));
    match pairs.find(|(_, (computed, stored))| computed != stored) {
        None => Ok(()),
        Some((index, _)) if computed.id.level == 0 => Err(Fault::Entry { index, tile: computed.id }),
        Some(_) => Err(Fault::Tile { tile: computed.id }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::TileMap;
    use crate::tree::tests::leaves;
    use proptest::prelude::*;

    /// An honest log: commitments, its checkpoints at the given sizes, and its tiles.
    fn log(size: u64, sizes: &[u64]) -> (Vec<Hash>, Vec<(u64, Hash)>, TileMap) {
        let commitments = leaves(size);
        let mut appender = Appender::new();
        let mut checkpoints = Vec::new();
        for commitment in &commitments {
            appender.push(leaf_hash(commitment.bytes()));
            if sizes.contains(&appender.size()) {
                checkpoints.push((appender.size(), appender.root()));
            }
        }
        let mut tiles = TileMap::default();
        tiles.extend(appender.finish().tiles);
        (commitments, checkpoints, tiles)
    }

    fn verify(commitments: &[Hash], checkpoints: &[(u64, Hash)]) -> Result<Verified, Fault> {
        let mut verifier = LogVerifier::new();
        checkpoints.iter().try_for_each(|(size, root)| verifier.expect(*size, *root))?;
        commitments.iter().try_for_each(|commitment| verifier.push(commitment))?;
        verifier.finish()
    }

    #[test]
    fn an_honest_log_passes_with_entries_that_are_not_signed_yet() {
        let (commitments, checkpoints, tiles) = log(1_000, &[1, 300, 999]);
        let verified = verify(&commitments, &checkpoints).unwrap();
        assert_eq!((verified.size, verified.checkpoints, verified.signed), (1_000, 3, 999));

        let mut with_tiles = LogVerifier::with_tiles();
        for batch in commitments.chunks(300) {
            for commitment in batch {
                with_tiles.push(commitment).unwrap();
            }
            with_tiles.check_tiles(&tiles).unwrap();
        }
        assert_eq!(with_tiles.finish().unwrap().root, verified.root);
    }

    #[test]
    fn an_empty_log_matches_only_the_empty_root() {
        assert_eq!(verify(&[], &[(0, crate::tree::empty_root())]).unwrap().checkpoints, 1);
        assert_eq!(verify(&[], &[(0, Hash::new([0; 32]))]), Err(Fault::Checkpoint { size: 0, good: 0 }));
    }

    #[test]
    fn a_fork_a_cut_and_a_checkpoint_that_comes_too_late_are_named() {
        let (commitments, checkpoints, _) = log(20, &[10, 20]);
        let forked = [checkpoints[0], (10, Hash::new([1; 32]))];
        assert_eq!(verify(&commitments, &forked), Err(Fault::Fork { size: 10 }));
        assert_eq!(verify(&commitments[..15], &checkpoints), Err(Fault::Truncated { size: 20, entries: 15 }));
        let mut late = LogVerifier::new();
        for commitment in &commitments {
            late.push(commitment).unwrap();
        }
        assert_eq!(late.expect(10, checkpoints[0].1), Err(Fault::Passed { size: 10 }));
    }

    #[test]
    fn a_replaced_hash_in_any_tile_is_named() {
        let (commitments, _, tiles) = log(600, &[]);
        for (id, expected) in [
            (TileId { level: 0, index: 1, width: 256 }, None),
            (TileId { level: 0, index: 2, width: 88 }, None),
            (TileId { level: 1, index: 0, width: 2 }, Some(())),
        ] {
            let mut hashes = tiles.tile(id).unwrap();
            hashes[1] = Hash::new([0; 32]);
            let mut tampered = tiles.clone();
            tampered.insert(Tile { id, hashes });
            let mut verifier = LogVerifier::with_tiles();
            for commitment in &commitments {
                verifier.push(commitment).unwrap();
            }
            let fault = match expected {
                None => Fault::Entry { index: id.index * 256 + 1, tile: id },
                Some(()) => Fault::Tile { tile: id },
            };
            assert_eq!(verifier.check_tiles(&tampered), Err(fault.into()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_tampered_entry_is_found_between_its_checkpoints_and_named_by_the_tiles(
            size in 2u64..900,
            at: prop::sample::Index,
            swapped: bool,
        ) {
            let sizes: Vec<u64> = (1..size).filter(|size| size.is_multiple_of(100)).chain([size]).collect();
            let (mut commitments, checkpoints, tiles) = log(size, &sizes);
            let index = at.index(commitments.len() - 1);
            if swapped {
                commitments.swap(index, index + 1);
            } else {
                commitments[index] = Hash::new([0; 32]);
            }
            let tampered = index as u64;
            let good = sizes.iter().copied().filter(|size| *size <= tampered).max().unwrap_or(0);
            let failing = sizes.iter().copied().find(|size| *size > tampered).unwrap();
            prop_assert_eq!(verify(&commitments, &checkpoints), Err(Fault::Checkpoint { size: failing, good }));

            let mut verifier = LogVerifier::with_tiles();
            for (size, root) in &checkpoints {
                verifier.expect(*size, *root).unwrap();
            }
            let refused = commitments.iter().try_for_each(|commitment| verifier.push(commitment));
            prop_assert!(refused.is_err());
            let tile = TileId::within(0, tampered / 256, failing).unwrap();
            prop_assert_eq!(verifier.check_tiles(&tiles), Err(Fault::Entry { index: tampered, tile }.into()));
        }

        #[test]
        fn a_removed_or_added_entry_never_passes(size in 1u64..600, at: prop::sample::Index, added: bool) {
            let (mut commitments, checkpoints, _) = log(size, &[size]);
            let index = at.index(commitments.len());
            if added {
                commitments.insert(index, Hash::new([0; 32]));
            } else {
                commitments.remove(index);
            }
            prop_assert!(verify(&commitments, &checkpoints).is_err());
        }
    }
}
