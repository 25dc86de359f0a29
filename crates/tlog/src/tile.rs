//! Tiles and entry bundles as C2SP tlog-tiles lays them out: names, bytes, and where they come from.
//! A tile is 256 consecutive hashes of one tree level, eight levels apart; this file fetches none.

use std::collections::BTreeMap;
use std::fmt;

use crate::hash::{HASH_BYTES, Hash};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Tree levels that one tile spans.
pub const TILE_HEIGHT: u32 = 8;
/// The highest tile level that a path may name.
pub const MAX_LEVEL: u8 = 63;
/// Bytes of the longest path that is read; the longest legal one has 48.
const PATH_BYTES: usize = 64;
/// Bytes of a commitment in a bundle, with its length in front.
const BUNDLED_BYTES: usize = 2 + HASH_BYTES;

/// A name or content that is not a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a path of tlog-tiles in its one canonical form.
    #[error("not the path of a tile: expected tile/<level>/<index>[.p/<width>]")]
    Path,
    /// Not a whole number of hashes between 1 and 256.
    #[error("a tile is 1 to 256 hashes of 32 bytes")]
    Hashes,
    /// Not 1 to 256 entries of 32 bytes, each with its length in front.
    #[error("an entry bundle is 1 to 256 commitments of 32 bytes, each with its length in front")]
    Bundle,
}

/// Which tile: its level (0 holds leaf hashes), its index in the level, and how many hashes wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Tile level, 0 to 63.
    pub level: u8,
    /// Index within the level.
    pub index: u64,
    /// Hashes in the tile, 1 to 256; below 256 it is a partial tile.
    pub width: u16,
}

impl TileId {
    /// The tile as wide as a tree of `size` leaves fills it; none when that tree has no hash in it.
    pub fn within(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * TILE_HEIGHT).unwrap_or(0);
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let width = u16::try_from(hashes.checked_sub(before)?.min(u64::from(TILE_WIDTH))).ok()?;
        (width > 0).then_some(Self { level, index, width })
    }

    /// Whether all 256 hashes are there.
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Path of the tile below a log's prefix: `tile/0/x001/067`, `tile/0/x001/067.p/12`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.position())
    }

    /// Path of the entry bundle that belongs to this level-0 tile: `tile/entries/x001/067.p/12`.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.position())
    }

    /// Reads a path as [`TileId::path`] writes it, and nothing else.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        match Resource::parse(path)? {
            Resource::Tile(id) => Ok(id),
            Resource::Entries(_) => Err(TileError::Path),
        }
    }

    fn position(&self) -> String {
        let mut groups = format!("{:03}", self.index % 1_000);
        let mut rest = self.index / 1_000;
        while rest > 0 {
            groups = format!("x{:03}/{groups}", rest % 1_000);
            rest /= 1_000;
        }
        if self.is_full() { groups } else { format!("{groups}.p/{}", self.width) }
    }

    fn parse_position(level: u8, text: &str) -> Option<Self> {
        let (groups, width) = match text.split_once(".p/") {
            Some((groups, width)) => (groups, u16::try_from(crate::decimal::parse(width)?).ok()?),
            None => (text, TILE_WIDTH),
        };
        let index = groups.split('/').try_fold(0u64, |index, group| {
            let digits = group.strip_prefix('x').unwrap_or(group);
            index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)
        })?;
        Some(Self { level, index, width })
    }
}

/// What a path below a log's prefix names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Hashes of the tree.
    Tile(TileId),
    /// The entries themselves; always of level 0.
    Entries(TileId),
}

impl Resource {
    /// Reads `tile/<level>/<index>[.p/<width>]` or `tile/entries/<index>[.p/<width>]` in the one canonical form.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let read = || {
            let (kind, position) = path.strip_prefix("tile/")?.split_once('/')?;
            if kind == "entries" {
                return Some(Self::Entries(TileId::parse_position(0, position)?));
            }
            let level = u8::try_from(crate::decimal::parse(kind)?).ok()?;
            Some(Self::Tile(TileId::parse_position(level, position)?))
        };
        // What is written back differently was not canonical: a leading x000, a missing x, a width of 256.
        (path.len() <= PATH_BYTES)
            .then(read)
            .flatten()
            .filter(|resource| resource.is_legal() && resource.path() == path)
            .ok_or(TileError::Path)
    }

    /// The path that [`Resource::parse`] reads.
    pub fn path(&self) -> String {
        match self {
            Self::Tile(id) => id.path(),
            Self::Entries(id) => id.entries_path(),
        }
    }

    const fn is_legal(&self) -> bool {
        let (Self::Tile(id) | Self::Entries(id)) = self;
        id.level <= MAX_LEVEL && id.width >= 1 && id.width <= TILE_WIDTH
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// A tile with its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which tile; its width is the number of hashes.
    pub id: TileId,
    /// Its hashes, from left to right.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// The bytes as they are stored and served.
    pub fn encode(&self) -> Vec<u8> {
        encode_hashes(&self.hashes)
    }
}

/// Concatenates hashes: the bytes of a tile.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::bytes).copied().collect()
}

/// Reads the bytes of a tile: 1 to 256 hashes and nothing else.
pub fn decode_hashes(bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if !rest.is_empty() || hashes.is_empty() || hashes.len() > usize::from(TILE_WIDTH) {
        return Err(TileError::Hashes);
    }
    Ok(hashes.iter().copied().map(Hash::new).collect())
}

/// Writes commitments as an entry bundle: big-endian 16-bit length, then the 32 bytes, each.
pub fn encode_bundle(commitments: &[Hash]) -> Vec<u8> {
    let length = u16::try_from(HASH_BYTES).unwrap_or(u16::MAX).to_be_bytes();
    commitments.iter().flat_map(|commitment| length.iter().chain(commitment.bytes())).copied().collect()
}

/// Reads an entry bundle of 1 to 256 commitments and nothing else.
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let (entries, rest) = bytes.as_chunks::<BUNDLED_BYTES>();
    if !rest.is_empty() || entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(TileError::Bundle);
    }
    let commitment = |entry: &[u8; BUNDLED_BYTES]| {
        let (length, body) = entry.split_first_chunk::<2>()?;
        (usize::from(u16::from_be_bytes(*length)) == body.len()).then(|| Hash::from_slice(body).ok())?
    };
    entries.iter().map(commitment).collect::<Option<_>>().ok_or(TileError::Bundle)
}

/// Where tiles are kept.
pub trait TileSource {
    /// Why a tile could not be had.
    type Error;

    /// The hashes of one tile, at least as many as `id.width`: a tile that grew since may be given
    /// whole, the rest is not looked at.
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a needed tile is not at hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError<E> {
    /// The source could not give it.
    #[error("a tile could not be read: {0}")]
    Source(E),
    /// No log is that large.
    #[error("a log of {0} entries is beyond the limit")]
    Size(u64),
    /// The source gave fewer hashes than the tree has there.
    #[error("{0} holds fewer hashes than the tree has there")]
    Short(TileId),
}

/// Fetches exactly the `id.width` hashes that are asked for.
pub(crate) fn fetch<S: TileSource>(source: &S, id: TileId) -> Result<Vec<Hash>, FetchError<S::Error>> {
    let mut hashes = source.tile(id).map_err(FetchError::Source)?;
    if hashes.len() < usize::from(id.width) {
        return Err(FetchError::Short(id));
    }
    hashes.truncate(usize::from(id.width));
    Ok(hashes)
}

/// The partial tiles at the right edge of a tree of `size` leaves, the lowest level first: all that
/// is needed to append, or to compute the root.
pub fn right_edge(size: u64) -> Vec<TileId> {
    let open = |level: u8| {
        let index = size.checked_shr((u32::from(level) + 1) * TILE_HEIGHT).unwrap_or(0);
        TileId::within(level, index, size)
    };
    (0..8).filter_map(open).collect()
}

/// Tiles in memory, for what is small or already fetched.
#[derive(Clone, Debug, Default)]
pub struct TileMap(BTreeMap<(u8, u64), Vec<Hash>>);

/// A tile that a [`TileMap`] does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tile {0} is missing")]
pub struct MissingTile(pub TileId);

impl TileMap {
    /// Keeps a tile, in place of a narrower one of the same level and index.
    pub fn insert(&mut self, tile: Tile) {
        self.0.insert((tile.id.level, tile.id.index), tile.hashes);
    }
}

impl Extend<Tile> for TileMap {
    fn extend<T: IntoIterator<Item = Tile>>(&mut self, tiles: T) {
        tiles.into_iter().for_each(|tile| self.insert(tile));
    }
}

impl TileSource for TileMap {
    type Error = MissingTile;

    fn tile(&self, id: TileId) -> Result<Vec<Hash>, MissingTile> {
        self.0.get(&(id.level, id.index)).cloned().ok_or(MissingTile(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::leaves;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |level, index, width| TileId { level, index, width };
        for (id, path) in [
            (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(0, 0, 256), "tile/0/000"),
            (tile(0, 273, 112), "tile/0/273.p/112"),
            (tile(1, 1, 17), "tile/1/001.p/17"),
            (tile(2, 0, 1), "tile/2/000.p/1"),
            (tile(63, 1_000, 255), "tile/63/x001/000.p/255"),
        ] {
            assert_eq!(id.path(), path);
            assert_eq!(TileId::parse(path), Ok(id));
        }
        let entries = Resource::Entries(tile(0, 1_234_067, 3));
        assert_eq!(entries.path(), "tile/entries/x001/x234/067.p/3");
        assert_eq!(Resource::parse("tile/entries/x001/x234/067.p/3"), Ok(entries));
    }

    #[test]
    fn a_tree_of_70_000_leaves_has_the_tiles_that_the_specification_counts() {
        let width = |level, index| TileId::within(level, index, 70_000).map(|id| id.width);
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
        assert_eq!((width(1, 0), width(1, 1), width(1, 2)), (Some(256), Some(17), None));
        assert_eq!((width(2, 0), width(3, 0), width(63, 0)), (Some(1), None, None));
        assert_eq!(right_edge(256), [TileId { level: 1, index: 0, width: 1 }]);
        assert_eq!(right_edge(0), []);
    }

    #[test]
    fn a_path_that_is_not_canonical_is_refused() {
        for path in [
            "",
            "tile",
            "/tile/0/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/x000/001",
            "tile/0/001/001",
            "tile/0/x001",
            "tile/0/x001/x001",
            "tile/0/xx01/001",
            "tile/0/+01",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000/",
            "tile/0/000\r",
            "tile/0/000 ",
            "tile/entries/1",
            "tile/data/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(Resource::parse(path), Err(TileError::Path), "{path:?}");
        }
        assert_eq!(TileId::parse("tile/entries/000"), Err(TileError::Path));
    }

    #[test]
    fn an_entry_of_another_length_is_refused() {
        let good = encode_bundle(&leaves(2));
        assert_eq!(good.get(..2), Some(&[0, 32][..]));
        let mut longer = good.clone();
        longer[1] = 33;
        assert_eq!(decode_bundle(&longer), Err(TileError::Bundle));
        assert_eq!(decode_bundle(&good[..good.len() - 1]), Err(TileError::Bundle));
        assert_eq!(decode_bundle(&[]), Err(TileError::Bundle));
        assert_eq!(decode_bundle(&encode_bundle(&leaves(257))), Err(TileError::Bundle));
        assert_eq!(decode_hashes(&encode_hashes(&leaves(257))), Err(TileError::Hashes));
    }

    #[test]
    fn a_source_that_holds_too_little_is_named_and_one_that_holds_more_is_cut() {
        let id = TileId { level: 0, index: 0, width: 5 };
        let mut source = TileMap::default();
        assert_eq!(fetch(&source, id), Err(FetchError::Source(MissingTile(id))));
        source.insert(Tile { id: TileId { width: 4, ..id }, hashes: leaves(4) });
        assert_eq!(fetch(&source, id), Err(FetchError::Short(id)));
        source.insert(Tile { id: TileId { width: 9, ..id }, hashes: leaves(9) });
        assert_eq!(fetch(&source, id), Ok(leaves(5)));
    }

    proptest! {
        #[test]
        fn every_tile_has_one_path(level in 0..=MAX_LEVEL, index: u64, width in 1..=TILE_WIDTH) {
            let id = TileId { level, index, width };
            prop_assert_eq!(TileId::parse(&id.path()), Ok(id));
            prop_assert_eq!(Resource::parse(&id.entries_path()), Ok(Resource::Entries(TileId { level: 0, ..id })));
        }

        #[test]
        fn any_text_is_a_canonical_path_or_refused(path in "tile/(entries|[0-9]{1,2})/(x?[0-9]{3}/){0,3}x?[0-9]{2,3}(\\.p/[0-9]{1,3})?") {
            if let Ok(resource) = Resource::parse(&path) {
                prop_assert_eq!(resource.path(), path);
            }
        }

        #[test]
        fn tiles_and_bundles_come_back_as_they_were(count in 1u64..=256) {
            let hashes = leaves(count);
            prop_assert_eq!(decode_hashes(&encode_hashes(&hashes)), Ok(hashes.clone()));
            prop_assert_eq!(decode_bundle(&encode_bundle(&hashes)), Ok(hashes));
        }

        #[test]
        fn any_bytes_are_a_tile_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(hashes) = decode_hashes(&bytes) {
                prop_assert_eq!(encode_hashes(&hashes), bytes.clone());
            }
            if let Ok(commitments) = decode_bundle(&bytes) {
                prop_assert_eq!(encode_bundle(&commitments), bytes);
            }
        }
    }
}
