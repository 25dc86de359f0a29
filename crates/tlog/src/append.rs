//! Appending to a log whose tiles are stored: it reads the right edge, takes new leaves, and says which
//! tiles changed. It writes nothing; storing the tiles and signing the root are its caller's.

use std::mem;

use crate::Frontier;
use crate::hash::Hash;
use crate::tile::{FetchError, TILE_HEIGHT, TILE_WIDTH, Tile, TileId, TileSource, fetch, right_edge};
use crate::tree::fold_peaks;

/// A tile that still has room.
#[derive(Clone, Debug, Default)]
struct OpenTile {
    index: u64,
    hashes: Vec<Hash>,
    changed: bool,
}

/// A log that grows.
#[derive(Clone, Debug, Default)]
pub struct Appender {
    frontier: Frontier,
    open: Vec<OpenTile>,
    full: Vec<Tile>,
}

/// What became of a log after a batch of leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Leaves in the log.
    pub size: u64,
    /// Root at that size.
    pub root: Hash,
    /// The tiles that are new or grew, full or partial; each supersedes a narrower one of its level and index.
    pub tiles: Vec<Tile>,
}

impl Appender {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on behind `size` leaves; reads only the partial tiles of [`right_edge`]. Compare
    /// [`Appender::root`] with the last checkpoint before anything is appended.
    pub fn resume<S: TileSource>(size: u64, source: &S) -> Result<Self, FetchError<S::Error>> {
        let mut open = Vec::new();
        for id in right_edge(size) {
            // A level without a partial tile stands between two that have one when its tile just became full.
            open.resize_with(usize::from(id.level) + 1, OpenTile::default);
            if let Some(tile) = open.last_mut() {
                tile.hashes = fetch(source, id)?;
            }
        }
        for (level, tile) in (1..).zip(&mut open) {
            tile.index = size.checked_shr(level * TILE_HEIGHT).unwrap_or(0);
        }
        let peaks = open.iter().rev().flat_map(|tile| peaks_of_tile(&tile.hashes)).collect();
        let frontier = Frontier::from_peaks(size, peaks).ok_or(FetchError::Size(size))?;
        Ok(Self { frontier, open, full: Vec::new() })
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root so far.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Appends one leaf hash ([`crate::tree::leaf_hash`] of a commitment).
    pub fn push(&mut self, leaf: Hash) {
        let Self { frontier, open, full } = self;
        frontier.append_seen(leaf, |height, node| {
            if height.is_multiple_of(TILE_HEIGHT) {
                place(open, full, height / TILE_HEIGHT, node);
            }
        });
    }

    /// The size, the root and the changed tiles, the lowest level first within each step.
    pub fn finish(mut self) -> Appended {
        let tiles = self.take_changed();
        Appended { size: self.size(), root: self.root(), tiles }
    }

    /// Every tile that changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<Tile> {
        let mut tiles = mem::take(&mut self.full);
        for (level, open) in (0u8..).zip(&mut self.open) {
            if mem::take(&mut open.changed) {
                let width = u16::try_from(open.hashes.len()).unwrap_or(TILE_WIDTH);
                let id = TileId { level, index: open.index, width };
                tiles.push(Tile { id, hashes: open.hashes.clone() });
            }
        }
        tiles
    }

    /// Forgets full tiles, for a reader who wants the root only.
    pub(crate) fn forget_full(&mut self) {
        self.full.clear();
    }
}

/// Puts a hash at the end of its level, and closes the tile when it is the last that fits.
fn place(open: &mut Vec<OpenTile>, full: &mut Vec<Tile>, level: u32, node: Hash) {
    let (Ok(slot), Ok(level)) = (usize::try_from(level), u8::try_from(level)) else { return };
    if open.len() <= slot {
        open.resize_with(slot + 1, OpenTile::default);
    }
    let Some(tile) = open.get_mut(slot) else { return };
    tile.hashes.push(node);
    tile.changed = true;
    if tile.hashes.len() == usize::from(TILE_WIDTH) {
        let id = TileId { level, index: tile.index, width: TILE_WIDTH };
        let next = OpenTile { index: tile.index + 1, ..OpenTile::default() };
        full.push(Tile { id, hashes: mem::replace(tile, next).hashes });
    }
}

/// Roots of the complete subtrees that a partial tile holds, the largest first.
fn peaks_of_tile(hashes: &[Hash]) -> Vec<Hash> {
    let mut rest = hashes;
    let mut peaks = Vec::new();
    while let Some(bit) = rest.len().checked_ilog2() {
        let (subtree, behind) = rest.split_at(1 << bit);
        peaks.extend(complete_root(subtree));
        rest = behind;
    }
    peaks
}

/// Root over a power of two of hashes.
fn complete_root(hashes: &[Hash]) -> Option<Hash> {
    let mut subtree = Frontier::new();
    for hash in hashes {
        subtree.append(*hash);
    }
    fold_peaks(subtree.peaks().iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::{MissingTile, TileMap};
    use crate::tree::tests::{leaves, naive_root};
    use proptest::prelude::*;

    /// Folds the leaves in steps, each resumed from the stored tiles alone.
    fn folded(leaves: &[Hash], steps: &[usize]) -> (TileMap, Hash) {
        let mut stored = TileMap::default();
        let mut root = crate::tree::empty_root();
        let mut rest = leaves;
        for step in steps.iter().copied().chain([leaves.len()]) {
            let (now, later) = rest.split_at(step.min(rest.len()));
            let mut appender = Appender::resume((leaves.len() - rest.len()) as u64, &stored).unwrap();
            assert_eq!(appender.root(), root);
            for leaf in now {
                appender.push(*leaf);
            }
            let appended = appender.finish();
            assert_eq!(appended.size, (leaves.len() - later.len()) as u64);
            stored.extend(appended.tiles);
            root = appended.root;
            rest = later;
        }
        (stored, root)
    }

    #[test]
    fn a_log_resumed_at_every_size_has_the_roots_of_one_that_never_stopped() {
        let leaves = leaves(1_100);
        let mut never_stopped = Frontier::new();
        let mut stored = TileMap::default();
        for (size, leaf) in (0..).zip(&leaves) {
            let mut appender = Appender::resume(size, &stored).unwrap();
            assert_eq!(appender.root(), never_stopped.root(), "size {size}");
            appender.push(*leaf);
            never_stopped.append(*leaf);
            stored.extend(appender.finish().tiles);
        }
    }

    #[test]
    fn a_log_crosses_into_the_third_level_of_tiles() {
        let leaves = leaves(70_000);
        let (stored, root) = folded(&leaves, &[65_535, 1, 1]);
        assert_eq!(root, naive_root(&leaves));
        let top = TileId { level: 2, index: 0, width: 1 };
        assert_eq!(stored.tile(top).unwrap(), [naive_root(&leaves[..65_536])]);
    }

    #[test]
    fn only_what_changed_is_stored_again() {
        let (stored, _) = folded(&leaves(600), &[]);
        let mut appender = Appender::resume(600, &stored).unwrap();
        appender.push(Hash::new([7; 32]));
        let changed: Vec<_> = appender.finish().tiles.iter().map(|tile| tile.id.path()).collect();
        assert_eq!(changed, ["tile/0/002.p/89"]);
        assert_eq!(Appender::resume(600, &stored).unwrap().finish().tiles, []);
    }

    #[test]
    fn a_lost_tile_is_named_and_a_size_beyond_the_limit_refused() {
        let missing = TileId { level: 0, index: 2, width: 88 };
        let nothing = TileMap::default();
        assert_eq!(Appender::resume(600, &nothing).err(), Some(FetchError::Source(MissingTile(missing))));
        assert_eq!(Appender::resume(1 << 63, &Zeros).err(), Some(FetchError::Size(1 << 63)));
    }

    /// A source that has an answer to everything.
    struct Zeros;

    impl TileSource for Zeros {
        type Error = MissingTile;

        fn tile(&self, id: TileId) -> Result<Vec<Hash>, MissingTile> {
            Ok(vec![Hash::new([0; 32]); usize::from(id.width)])
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn folding_in_any_steps_gives_the_same_tiles_and_root(
            size in 0u64..2_000,
            steps in prop::collection::vec(0usize..700, 0..6),
        ) {
            let leaves = leaves(size);
            let (stored, root) = folded(&leaves, &steps);
            prop_assert_eq!(root, naive_root(&leaves));
            for (level, span) in [(0, 1), (1, 256)] {
                for (index, expected) in (0..).zip(leaves[..leaves.len() / span * span].chunks(256 * span)) {
                    let id = TileId::within(level, index, size).unwrap();
                    let nodes: Vec<_> = expected.chunks(span).map(naive_root).collect();
                    prop_assert_eq!(stored.tile(id).unwrap(), nodes);
                }
            }
        }
    }
}
