//! The Merkle tree of RFC 6962 §2.1 (SHA-256), and its right edge, from which every root comes.
//! Nothing here remembers an entry: a tree of any size is at most 63 hashes.

use crate::hash::{HASH_BYTES, Hash, sha256, sha256_of_parts};

const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// Leaf hash: SHA-256(0x00 ‖ leaf input).
pub fn leaf_hash(input: &[u8]) -> Hash {
    // A commitment is hashed in one go from the stack: a log is full of them, and parts cost a context.
    if let Some(commitment) = input.as_array::<HASH_BYTES>() {
        let mut prefixed = [LEAF_PREFIX; 1 + HASH_BYTES];
        let (_, rest) = prefixed.split_at_mut(1);
        rest.copy_from_slice(commitment);
        return sha256(&prefixed);
    }
    sha256_of_parts(&[&[LEAF_PREFIX], input])
}

/// Inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [NODE_PREFIX; 1 + 2 * HASH_BYTES];
    let (_, children) = input.split_at_mut(1);
    let (to_left, to_right) = children.split_at_mut(HASH_BYTES);
    to_left.copy_from_slice(left.bytes());
    to_right.copy_from_slice(right.bytes());
    sha256(&input)
}

/// Root of the empty tree: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The right edge of a tree (a compact range from 0): its size, and the root of the complete
/// subtree for every set bit of the size, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// From a size and its subtree roots, the largest first; none when their numbers do not fit.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = size <= crate::MAX_ENTRIES && usize::try_from(size.count_ones()) == Ok(peaks.len());
        fits.then_some(Self { size, peaks })
    }

    /// Leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends one leaf hash.
    pub fn append(&mut self, leaf: Hash) {
        self.append_seen(leaf, |_, _| {});
    }

    /// Appends one leaf hash, and shows every node that becomes complete with it, with its height
    /// (0 for the leaf itself).
    pub(crate) fn append_seen(&mut self, leaf: Hash, mut seen: impl FnMut(u32, Hash)) {
        let mut node = leaf;
        seen(0, node);
        // Each trailing one of the old size is a subtree that now finds its right half.
        for height in 1..=self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
            seen(height, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Root of the tree (MTH of RFC 6962).
    pub fn root(&self) -> Hash {
        fold_peaks(self.peaks.iter().copied()).unwrap_or_else(empty_root)
    }
}

/// Folds subtree roots, the largest first, into the root over all of them; none of none.
pub(crate) fn fold_peaks(peaks: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    peaks.rev().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// MTH word by word as RFC 6962 §2.1 has it, by another SHA-256.
    pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
        use sha2::{Digest as _, Sha256};
        match leaves {
            [] => Hash::new(Sha256::digest([]).into()),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                let mut hasher = Sha256::new();
                hasher.update([1]);
                hasher.update(naive_root(left));
                hasher.update(naive_root(right));
                Hash::new(hasher.finalize().into())
            }
        }
    }

    /// Distinct leaf hashes, the same for the same count.
    pub(crate) fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let inputs =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new();
        assert_eq!(tree.root().to_string(), roots[0]);
        for (input, root) in inputs.iter().zip(&roots[1..]) {
            tree.append(leaf_hash(&hex(input)));
            assert_eq!(tree.root().to_string(), *root, "size {}", tree.size());
        }
    }

    #[test]
    fn a_frontier_is_refused_when_size_and_peaks_disagree() {
        assert!(Frontier::from_peaks(3, leaves(1)).is_none());
        assert!(Frontier::from_peaks(u64::MAX, leaves(64)).is_none());
        assert_eq!(Frontier::from_peaks(0, Vec::new()), Some(Frontier::new()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_size_has_the_root_of_the_standard(size in 0u64..2_000) {
            let leaves = leaves(size);
            let mut tree = Frontier::new();
            for leaf in &leaves {
                tree.append(*leaf);
            }
            prop_assert_eq!(tree.root(), naive_root(&leaves));
            prop_assert_eq!(Frontier::from_peaks(size, tree.peaks().to_vec()), Some(tree));
        }

        #[test]
        fn a_leaf_input_of_any_length_is_hashed_whole(
            input in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), prop::collection::vec(any::<u8>(), 32)],
        ) {
            use sha2::{Digest as _, Sha256};
            let oracle = Sha256::new().chain_update([0]).chain_update(&input).finalize();
            prop_assert_eq!(leaf_hash(&input), Hash::new(oracle.into()));
        }
    }
}
