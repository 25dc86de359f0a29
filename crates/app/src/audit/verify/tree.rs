//! The log as a tree, in the order of its leaves: page by page, the entries are hashed again and
//! held against the stored tiles and against every root that somebody vouches for.

use std::collections::BTreeMap;

use db::Tx;
use kernel::{AuditEntryId, OrganisationId};
use tlog::tile::{TILE_HEIGHT, TILE_WIDTH, right_edge};
use tlog::tree::{empty_root, leaf_hash};
use tlog::{Appender, Checkpoint, HASH_BYTES, Hash, Tile, TileId, TileMap, TileSource, Verifier};

use super::super::log_key::blocking;
use super::super::store::{self, Leaf, LogState, StoredCheckpoint};
use super::super::{Audit, Error, origin};
use super::problem::{Problem, Problems, Witness};

/// Leaves of one page: 32 whole tiles, so that no page begins within one.
const PAGE_LEAVES: u64 = 8_192;
/// Tile levels above the leaves that a log of any size can have.
const UPPER_LEVELS: std::ops::Range<u8> = 1..8;
/// Strange rows of one kind that are looked up; more of them add nothing.
const STRANGE_ROWS: usize = 100;

/// What the tree is held against.
pub(super) struct Question {
    pub(super) organisation: OrganisationId,
    pub(super) keys: Vec<Verifier>,
    pub(super) witnesses: Vec<(Witness, u64, Hash)>,
    /// Entries that are taken as checked.
    pub(super) checked: u64,
}

/// What the tree came to.
pub(super) struct Tree {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) checkpoints: u64,
}

/// What one look at the log shows before its leaves are read.
struct Outline {
    state: LogState,
    /// Where checking begins, and the right edge of the tree there.
    start: u64,
    edge: Vec<Tile>,
    strays: Vec<Leaf>,
    /// Checkpoints of more entries than there are.
    beyond: Vec<StoredCheckpoint>,
    last_checkpoint: Option<u64>,
}

/// A stretch of the log as it is stored.
struct Page {
    start: u64,
    end: u64,
    leaves: Vec<Leaf>,
    /// Stored leaf hashes, by the index of their tile.
    leaf_tiles: BTreeMap<u64, Vec<Hash>>,
    upper_tiles: TileMap,
    checkpoints: Vec<StoredCheckpoint>,
}

impl Audit {
    pub(super) async fn verify_tree(
        &self,
        question: Question,
        problems: &mut Problems,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Tree, Error> {
        let (organisation, checked) = (question.organisation, question.checked);
        let read = move |tx: &mut Tx<'_>| outline(tx, organisation, checked);
        let outline = self.context.db.read("audit.verify.outline", read).await?;
        let size = outline.state.size;
        let mut check = TreeCheck::new(question, outline, std::mem::take(problems))?;
        while check.size() < size {
            let start = check.size();
            let end = start.saturating_add(PAGE_LEAVES).min(size);
            let read = move |tx: &mut Tx<'_>| read_page(tx, organisation, start, end);
            let page = self.context.db.read("audit.verify.leaves", read).await?;
            check = blocking(move || check.take(&page)).await?;
            progress(end, size.saturating_mul(2));
        }
        let (tree, found) = check.finish();
        *problems = found;
        Ok(tree)
    }
}

fn outline(tx: &mut Tx<'_>, organisation: OrganisationId, checked: u64) -> Result<Outline, Error> {
    let state = store::log_state(tx, organisation)?.unwrap_or_else(LogState::empty);
    let start = checked.min(state.size) / PAGE_LEAVES * PAGE_LEAVES;
    let mut edge = Vec::new();
    for id in right_edge(start) {
        edge.extend(store::tiles(tx, organisation, id.level, id.index..id.index.saturating_add(1))?);
    }
    Ok(Outline {
        state,
        start,
        edge,
        strays: store::stray_leaves(tx, organisation, state.size, STRANGE_ROWS)?,
        beyond: store::checkpoints(tx, organisation, state.size, tlog::MAX_ENTRIES, STRANGE_ROWS)?,
        last_checkpoint: store::last_checkpoint(tx, organisation)?.map(|last| last.state.size),
    })
}

fn read_page(tx: &mut Tx<'_>, organisation: OrganisationId, start: u64, end: u64) -> Result<Page, Error> {
    let limit = usize::try_from(PAGE_LEAVES).unwrap_or(usize::MAX);
    let mut upper_tiles = TileMap::default();
    let width = u64::from(TILE_WIDTH);
    let leaf_tiles = store::tiles(tx, organisation, 0, start / width..end.div_ceil(width))?;
    for level in UPPER_LEVELS.take_while(|level| end >> (u32::from(*level) * TILE_HEIGHT) > 0) {
        let index = start >> ((u32::from(level) + 1) * TILE_HEIGHT).min(u64::BITS - 1);
        upper_tiles.extend(store::tiles(tx, organisation, level, index..index.saturating_add(1))?);
    }
    Ok(Page {
        start,
        end,
        leaves: store::leaves(tx, organisation, start..end, limit)?,
        leaf_tiles: leaf_tiles.into_iter().map(|tile| (tile.id.index, tile.hashes)).collect(),
        upper_tiles,
        checkpoints: store::checkpoints(tx, organisation, start, end, limit)?,
    })
}

/// A tree that grows page by page and remembers only its right edge.
#[derive(Clone)]
struct Growing {
    tree: Appender,
    edge: TileMap,
}

impl Growing {
    fn resume(size: u64, edge: TileMap) -> Result<Self, Error> {
        let lost = |_| Error::Broken(format!("the tiles of the first {size} entries are not there: check from 0"));
        Ok(Self { tree: Appender::resume(size, &edge).map_err(lost)?, edge })
    }

    /// Gives the tiles that changed since the last call, and forgets those that are full.
    fn turn(&mut self) -> Result<Vec<Tile>, Error> {
        let appended = std::mem::take(&mut self.tree).finish();
        let mut known = std::mem::take(&mut self.edge);
        known.extend(appended.tiles.iter().cloned());
        let mut edge = TileMap::default();
        edge.extend(
            right_edge(appended.size).into_iter().filter_map(|id| Some(Tile { id, hashes: known.tile(id).ok()? })),
        );
        *self = Self::resume(appended.size, edge)?;
        Ok(appended.tiles)
    }
}

/// Entries and tiles tell two stories, until a signed root says which of them is right.
struct Doubt {
    by_tiles: Growing,
    entries: Vec<(AuditEntryId, u64)>,
}

struct TreeCheck {
    organisation: OrganisationId,
    keys: Vec<Verifier>,
    state: LogState,
    witnesses: BTreeMap<u64, Vec<(Witness, Hash)>>,
    by_entries: Growing,
    doubt: Option<Doubt>,
    /// Entries up to the last root that matched.
    good: u64,
    /// A root did not match and none has since: the ones behind it follow from it.
    lost: bool,
    checkpoints: u64,
    problems: Problems,
}

impl TreeCheck {
    fn new(question: Question, outline: Outline, mut problems: Problems) -> Result<Self, Error> {
        let Outline { state, start, edge, strays, beyond, last_checkpoint } = outline;
        let mut known = TileMap::default();
        known.extend(edge);
        let mut witnesses: BTreeMap<u64, Vec<(Witness, Hash)>> = BTreeMap::new();
        let behind = beyond.iter().map(|beyond| (Witness::Checkpoint, beyond.state.size, beyond.state.root));
        for (witness, size, root) in question.witnesses.into_iter().chain(behind) {
            if size > state.size {
                problems.add(Problem::Truncated { witness, size, entries: state.size });
            } else if size > start {
                witnesses.entry(size).or_default().push((witness, root));
            } else if size == 0 && root != empty_root() {
                problems.add(Problem::Root { witness, size, good: 0 });
            }
        }
        let signed = last_checkpoint.unwrap_or(0);
        if signed < state.size {
            problems.add(Problem::Unsigned { size: state.size, signed });
        }
        for stray in strays {
            problems.add(Problem::Stray { entry: stray.entry, leaf: stray.place });
        }
        Ok(Self {
            organisation: question.organisation,
            keys: question.keys,
            state,
            witnesses,
            by_entries: Growing::resume(start, known)?,
            doubt: None,
            good: start,
            lost: false,
            checkpoints: 0,
            problems,
        })
    }

    const fn size(&self) -> u64 {
        self.by_entries.tree.size()
    }

    fn take(mut self, page: &Page) -> Result<Self, Error> {
        self.take_checkpoints(&page.checkpoints);
        let mut leaves = page.leaves.iter().peekable();
        for index in page.start..page.end {
            let place = i64::try_from(index).unwrap_or(i64::MAX);
            // A second entry at a place that is already taken.
            while let Some(stray) = leaves.next_if(|leaf| leaf.place < place) {
                self.problems.add(Problem::Stray { entry: stray.entry, leaf: stray.place });
            }
            let leaf = leaves.next_if(|leaf| leaf.place == place);
            self.take_leaf(index, leaf, stored_hash(&page.leaf_tiles, index));
            self.check_roots(index + 1);
        }
        self.check_upper_tiles(&page.upper_tiles)?;
        Ok(self)
    }

    /// Registers the stored checkpoints that are genuine; only those bear witness.
    fn take_checkpoints(&mut self, checkpoints: &[StoredCheckpoint]) {
        let origin = origin(self.organisation);
        for stored in checkpoints {
            let StoredCheckpoint { state: LogState { size, root }, .. } = *stored;
            let reason = match Checkpoint::open(&stored.note, &origin, &self.keys) {
                Ok(checkpoint) if checkpoint.size == size && checkpoint.root == root => {
                    self.witnesses.entry(size).or_default().push((Witness::Checkpoint, root));
                    continue;
                }
                Ok(_) => "its row says something else than its signed text".to_owned(),
                Err(error) => error.to_string(),
            };
            self.problems.add(Problem::Forged { size, reason });
        }
    }

    fn take_leaf(&mut self, index: u64, leaf: Option<&Leaf>, stored: Option<Hash>) {
        let computed = leaf.map(|leaf| leaf_hash(leaf.commitment.bytes()));
        if leaf.is_none() {
            self.problems.add(Problem::Missing { leaf: index });
        }
        if stored.is_none() {
            self.problems.add(Problem::Tile { tile: leaf_tile(index, self.state.size) });
        }
        if let (Some(leaf), Some(computed), Some(stored)) = (leaf, computed, stored)
            && computed != stored
        {
            let doubt =
                self.doubt.get_or_insert_with(|| Doubt { by_tiles: self.by_entries.clone(), entries: Vec::new() });
            if doubt.entries.len() <= STRANGE_ROWS {
                doubt.entries.push((leaf.entry, index));
            }
        }
        // Where one of both is gone, the other stands in, so that the rest can still be checked.
        let nothing = Hash::new([0; HASH_BYTES]);
        self.by_entries.tree.push(computed.or(stored).unwrap_or(nothing));
        if let Some(doubt) = &mut self.doubt {
            doubt.by_tiles.tree.push(stored.or(computed).unwrap_or(nothing));
        }
    }

    fn check_roots(&mut self, size: u64) {
        for (witness, root) in self.witnesses.remove(&size).unwrap_or_default() {
            if self.matches(root) {
                (self.good, self.lost) = (size, false);
                self.checkpoints += u64::from(witness == Witness::Checkpoint);
                continue;
            }
            self.settle(|entry, leaf, tile| Problem::Differs { entry, leaf, tile });
            // Of the stored ones only the first is news.
            if !self.lost || witness != Witness::Checkpoint {
                self.problems.add(Problem::Root { witness, size, good: self.good });
            }
            self.lost = true;
        }
    }

    /// Whether entries or tiles lead to a root; the one that does not is then named and left behind.
    fn matches(&mut self, root: Hash) -> bool {
        let by_entries = self.by_entries.tree.root() == root;
        let by_tiles = self.doubt.as_ref().filter(|doubt| doubt.by_tiles.tree.root() == root);
        if by_entries {
            self.settle(|_, _, tile| Problem::Tile { tile });
        } else if let Some(doubt) = by_tiles {
            self.by_entries = doubt.by_tiles.clone();
            self.settle(|entry, leaf, _| Problem::Entry { entry, leaf });
        } else {
            return false;
        }
        true
    }

    fn settle(&mut self, problem: impl Fn(AuditEntryId, u64, TileId) -> Problem) {
        for (entry, leaf) in self.doubt.take().into_iter().flat_map(|doubt| doubt.entries) {
            self.problems.add(problem(entry, leaf, leaf_tile(leaf, self.state.size)));
        }
    }

    fn check_upper_tiles(&mut self, stored: &TileMap) -> Result<(), Error> {
        let computed = self.by_entries.turn()?;
        let by_tiles = match &mut self.doubt {
            Some(doubt) => doubt.by_tiles.turn()?,
            None => Vec::new(),
        };
        for tile in computed.iter().filter(|tile| tile.id.level > 0) {
            let holds = |tile: &Tile| stored.tile(tile.id).is_ok_and(|stored| stored.starts_with(&tile.hashes));
            let in_doubt = by_tiles.iter().find(|other| other.id == tile.id);
            if !holds(tile) && !in_doubt.is_some_and(holds) {
                self.problems
                    .add(Problem::Tile { tile: TileId { width: shown_width(tile.id, self.state.size), ..tile.id } });
            }
        }
        Ok(())
    }

    fn finish(mut self) -> (Tree, Problems) {
        let LogState { size, root } = self.state;
        // Nobody signed the stored state, so it settles no doubt.
        let by_tiles = self.doubt.as_ref().is_some_and(|doubt| doubt.by_tiles.tree.root() == root);
        if !self.lost && size > 0 && !by_tiles && self.by_entries.tree.root() != root {
            self.problems.add(Problem::Root { witness: Witness::State, size, good: self.good });
        }
        self.settle(|entry, leaf, tile| Problem::Differs { entry, leaf, tile });
        let (size, root) = (self.size(), self.by_entries.tree.root());
        (Tree { size, root, checkpoints: self.checkpoints }, self.problems)
    }
}

/// The hash that is stored for a leaf.
fn stored_hash(tiles: &BTreeMap<u64, Vec<Hash>>, index: u64) -> Option<Hash> {
    let width = u64::from(TILE_WIDTH);
    let position = usize::try_from(index % width).ok()?;
    tiles.get(&(index / width))?.get(position).copied()
}

/// The tile of a leaf, as wide as a log of this size has it.
fn leaf_tile(leaf: u64, size: u64) -> TileId {
    let id = TileId { level: 0, index: leaf / u64::from(TILE_WIDTH), width: TILE_WIDTH };
    TileId { width: shown_width(id, size), ..id }
}

fn shown_width(id: TileId, size: u64) -> u16 {
    TileId::within(id.level, id.index, size).map_or(id.width, |id| id.width)
}
