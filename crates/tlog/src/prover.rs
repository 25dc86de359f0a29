//! Making inclusion and consistency proofs (RFC 9162 §2.1.3.1 and §2.1.4.1) from stored tiles. It asks
//! only for tiles that the log's size calls for, and each of them once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::MAX_ENTRIES;
use crate::hash::Hash;
use crate::tile::{FetchError, TILE_HEIGHT, TileId, TileSource, fetch};
use crate::tree::{empty_root, fold_peaks, node_hash};

/// Tiles that one prover keeps, each with its inner nodes (16 KiB).
const KEPT_TILES: usize = 4_096;

/// Why a proof cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// No such entry in a log of this size.
    #[error("entry {index} is not in a log of {size} entries")]
    Index {
        /// The entry that was asked for.
        index: u64,
        /// The log's size.
        size: u64,
    },
    /// The older log is the larger one.
    #[error("a log of {old} entries is not older than one of {new}")]
    Sizes {
        /// The size said to be older.
        old: u64,
        /// The size said to be newer.
        new: u64,
    },
    /// A tile is not at hand.
    #[error(transparent)]
    Tile(#[from] FetchError<E>),
}

/// Proof that entry `index` is in the log of `size` entries, from the leaf's sibling upwards.
pub fn inclusion<S: TileSource>(index: u64, size: u64, source: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    Prover::new(size, source)?.inclusion(index)
}

/// Proof that the log of `old` entries is the beginning of the log of `new` entries; empty when
/// they are one or the older is empty.
pub fn consistency<S: TileSource>(old: u64, new: u64, source: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    Prover::new(new, source)?.consistency(old)
}

/// Makes many proofs about one size of a log; each tile is fetched and hashed once.
#[derive(Debug)]
pub struct Prover<'s, S> {
    source: &'s S,
    size: u64,
    tiles: BTreeMap<(u8, u64), TileTree>,
}

/// All complete nodes of one tile: row 0 holds its hashes, each further row the nodes above.
#[derive(Debug)]
struct TileTree(Vec<Vec<Hash>>);

impl TileTree {
    fn new(hashes: Vec<Hash>) -> Self {
        let mut rows = vec![hashes];
        while let Some(row) = rows.last().filter(|row| row.len() > 1) {
            let (pairs, _) = row.as_chunks::<2>();
            rows.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
        }
        Self(rows)
    }

    fn node(&self, row: u32, position: u64) -> Option<Hash> {
        self.0.get(usize::try_from(row).ok()?)?.get(usize::try_from(position).ok()?).copied()
    }
}

impl<'s, S: TileSource> Prover<'s, S> {
    /// Proofs about the log of `size` entries.
    pub fn new(size: u64, source: &'s S) -> Result<Self, ProveError<S::Error>> {
        if size > MAX_ENTRIES {
            return Err(FetchError::Size(size).into());
        }
        Ok(Self { source, size, tiles: BTreeMap::new() })
    }

    /// Root of the log, computed from its tiles.
    pub fn root(&mut self) -> Result<Hash, ProveError<S::Error>> {
        if self.size == 0 { Ok(empty_root()) } else { self.range(0, self.size) }
    }

    /// See [`inclusion`].
    pub fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>, ProveError<S::Error>> {
        if index >= self.size {
            return Err(ProveError::Index { index, size: self.size });
        }
        let (mut low, mut high) = (0, self.size);
        let mut proof = Vec::new();
        while high - low > 1 {
            let middle = low + left_leaves(high - low);
            if index < middle {
                proof.push(self.range(middle, high)?);
                high = middle;
            } else {
                proof.push(self.range(low, middle)?);
                low = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// See [`consistency`].
    pub fn consistency(&mut self, old: u64) -> Result<Vec<Hash>, ProveError<S::Error>> {
        if old > self.size {
            return Err(ProveError::Sizes { old, new: self.size });
        }
        if old == 0 {
            return Ok(Vec::new());
        }
        let (mut low, mut high) = (0, self.size);
        let mut proof = Vec::new();
        while high != old {
            let middle = low + left_leaves(high - low);
            if old <= middle {
                proof.push(self.range(middle, high)?);
                high = middle;
            } else {
                proof.push(self.range(low, middle)?);
                low = middle;
            }
        }
        // The older root itself is known to who checks; a part of it is not.
        if low > 0 {
            proof.push(self.range(low, high)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// Root over the leaves from `low` to before `high`, a node of the tree or its right edge.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, ProveError<S::Error>> {
        let mut peaks = Vec::new();
        let mut at = low;
        while let Some(height) = (high - at).checked_ilog2() {
            peaks.push(self.subtree(at, height)?);
            at += 1 << height;
        }
        Ok(fold_peaks(peaks.into_iter()).unwrap_or_else(empty_root))
    }

    /// Root of the complete subtree of 2^height leaves that begins at leaf `low`.
    fn subtree(&mut self, low: u64, height: u32) -> Result<Hash, ProveError<S::Error>> {
        let (level, row) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let node = low >> height;
        let (index, position) = (node >> (TILE_HEIGHT - row), node & ((1 << (TILE_HEIGHT - row)) - 1));
        let level = u8::try_from(level).map_err(|_| FetchError::Size(self.size))?;
        let id = TileId::within(level, index, self.size).ok_or(FetchError::Size(self.size))?;
        if self.tiles.len() >= KEPT_TILES {
            self.tiles.clear();
        }
        let tile = match self.tiles.entry((level, index)) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(empty) => empty.insert(TileTree::new(fetch(self.source, id)?)),
        };
        Ok(tile.node(row, position).ok_or(FetchError::Short(id))?)
    }
}

/// Leaves in the left half of a tree of two or more: the largest power of two below its size.
fn left_leaves(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
