//! Checking inclusion and consistency proofs (RFC 9162 §2.1.3.2 and §2.1.4.2), with nothing but hashes.
//! It takes any proof a stranger sends and never looks beyond its bounds.

use crate::MAX_ENTRIES;
use crate::hash::Hash;
pub use crate::prover::{ProveError, Prover, consistency, inclusion};
use crate::tree::{empty_root, node_hash};

/// Hashes of the longest proof that a log of [`MAX_ENTRIES`] can need.
pub const PROOF_HASHES: usize = 64;
/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The entry lies outside the log, or the older log is the larger one.
    #[error("the proof is about a position outside the log")]
    Range,
    /// The proof has too few or too many hashes.
    #[error("the proof has the wrong number of hashes for its position")]
    Length,
    /// The proof does not lead to the (newer) root.
    #[error("the proof does not lead to the root of the log")]
    Root,
    /// The proof does not lead to the older root.
    #[error("the proof does not lead to the older root of the log")]
    OldRoot,
}

/// Checks that `leaf` stands at `index` of the log with this size and root (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size || size > MAX_ENTRIES {
        return Err(ProofError::Range);
    }
    let (mut position, mut last) = (index, size - 1);
    let mut node = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if position & 1 == 1 || position == last {
            node = node_hash(sibling, &node);
            (position, last) = past_right_edge(position, last);
        } else {
            node = node_hash(&node, sibling);
        }
        (position, last) = (position >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if node == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that one log is the beginning of another (RFC 9162 §2.1.4.2). An empty log is the
/// beginning of every log; its proof is empty.
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old_size > new_size || new_size > MAX_ENTRIES {
        return Err(ProofError::Range);
    }
    if old_size == 0 || old_size == new_size {
        return verify_without_proof(old_size, new_size, proof, old_root, new_root);
    }
    let (mut position, mut last) = (old_size - 1, new_size - 1);
    let complete = position.trailing_ones();
    (position, last) = (position >> complete, last >> complete);
    // A complete older tree is itself the node from which the proof climbs.
    let (first, rest) =
        if old_size.is_power_of_two() { (old_root, proof) } else { proof.split_first().ok_or(ProofError::Length)? };
    let (mut old, mut new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if position & 1 == 1 || position == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            (position, last) = past_right_edge(position, last);
        } else {
            new = node_hash(&new, sibling);
        }
        (position, last) = (position >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old != *old_root {
        return Err(ProofError::OldRoot);
    }
    if new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

fn verify_without_proof(
    old_size: u64,
    new_size: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::Length);
    }
    if old_size == 0 && *old_root != empty_root() {
        return Err(ProofError::OldRoot);
    }
    if old_size == new_size && old_root != new_root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// A node at the right edge without a right half is carried up until it is a right half itself.
fn past_right_edge(position: u64, last: u64) -> (u64, u64) {
    let carried = if position == 0 { 0 } else { position.trailing_zeros() };
    (position >> carried, last >> carried)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Appender;
    use crate::tile::{FetchError, MissingTile, TileId, TileMap};
    use crate::tree::tests::{leaves, naive_root};
    use proptest::prelude::*;

    fn stored(leaves: &[Hash]) -> TileMap {
        let mut appender = Appender::new();
        for leaf in leaves {
            appender.push(*leaf);
        }
        let mut tiles = TileMap::default();
        tiles.extend(appender.finish().tiles);
        tiles
    }

    /// PATH word by word as RFC 6962 §2.1.1 has it.
    fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() < 2 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, sibling) = if index < left.len() {
            (naive_path(index, left), right)
        } else {
            (naive_path(index - left.len(), right), left)
        };
        path.push(naive_root(sibling));
        path
    }

    /// SUBPROOF word by word as RFC 6962 §2.1.2 has it.
    fn naive_subproof(old: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if known { Vec::new() } else { vec![naive_root(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut proof, sibling) = if old <= left.len() {
            (naive_subproof(old, left, known), right)
        } else {
            (naive_subproof(old - left.len(), right, false), left)
        };
        proof.push(naive_root(sibling));
        proof
    }

    /// The proof with one hash changed, removed, doubled, and with one too many.
    fn mutations(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let stranger = Hash::new([0xEE; 32]);
        let mut all = vec![proof.iter().copied().chain([stranger]).collect(), [&[stranger], proof].concat()];
        for at in 0..proof.len() {
            let (head, tail) = proof.split_at(at);
            all.push([head, &[stranger], &tail[1..]].concat());
            all.push([head, &tail[1..]].concat());
            all.push([head, &tail[..1], tail].concat());
        }
        all
    }

    #[test]
    fn every_entry_of_every_small_log_is_proved_and_nothing_else_is() {
        let all = leaves(33);
        for size in 1..=33 {
            let source = stored(&all[..size]);
            let root = naive_root(&all[..size]);
            for index in 0..size {
                let proof = inclusion(index as u64, size as u64, &source).unwrap();
                assert_eq!(proof, naive_path(index, &all[..size]));
                let verify =
                    |leaf: &Hash, index, proof: &[Hash]| verify_inclusion(leaf, index, size as u64, proof, &root);
                assert_eq!(verify(&all[index], index as u64, &proof), Ok(()));
                assert!(verify(&all[(index + 1) % 33], index as u64, &proof).is_err());
                for other in (0..size + 2).filter(|other| *other != index) {
                    assert!(verify(&all[index], other as u64, &proof).is_err(), "{index} as {other} of {size}");
                }
                for mutation in mutations(&proof) {
                    assert!(verify(&all[index], index as u64, &mutation).is_err());
                }
            }
        }
    }

    #[test]
    fn every_small_log_is_proved_to_begin_every_later_one_and_no_other() {
        let all = leaves(33);
        let source = stored(&all);
        let roots: Vec<_> = (0..=33).map(|size| naive_root(&all[..size])).collect();
        for new in 0..=33 {
            for old in 0..=new {
                let proof = consistency(old as u64, new as u64, &source).unwrap();
                if old > 0 {
                    assert_eq!(proof, naive_subproof(old, &all[..new], true));
                }
                let verify = |proof: &[Hash], old_root: &Hash, new_root: &Hash| {
                    verify_consistency(old as u64, new as u64, proof, old_root, new_root)
                };
                assert_eq!(verify(&proof, &roots[old], &roots[new]), Ok(()), "{old} to {new}");
                let stranger = Hash::new([0xEE; 32]);
                assert!(verify(&proof, &stranger, &roots[new]).is_err());
                assert!(old == 0 || verify(&proof, &roots[old], &stranger).is_err());
                for mutation in mutations(&proof) {
                    assert!(verify(&mutation, &roots[old], &roots[new]).is_err(), "{old} to {new}");
                }
            }
        }
    }

    #[test]
    fn positions_outside_the_log_are_refused() {
        let source = stored(&leaves(3));
        assert_eq!(inclusion(3, 3, &source), Err(ProveError::Index { index: 3, size: 3 }));
        assert_eq!(consistency(4, 3, &source), Err(ProveError::Sizes { old: 4, new: 3 }));
        assert_eq!(inclusion(0, u64::MAX, &source), Err(FetchError::Size(u64::MAX).into()));
        let hash = Hash::new([0; 32]);
        assert_eq!(verify_inclusion(&hash, 0, 0, &[], &hash), Err(ProofError::Range));
        assert_eq!(verify_inclusion(&hash, 0, u64::MAX, &[hash; 64], &hash), Err(ProofError::Range));
        assert_eq!(verify_consistency(2, 1, &[], &hash, &hash), Err(ProofError::Range));
        assert_eq!(verify_consistency(0, 5, &[], &hash, &hash), Err(ProofError::OldRoot));
    }

    #[test]
    fn a_missing_tile_is_named() {
        let id = TileId { level: 0, index: 0, width: 9 };
        assert_eq!(inclusion(0, 9, &TileMap::default()), Err(FetchError::Source(MissingTile(id)).into()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn proofs_across_tiles_are_those_of_the_standard(
            size in 257u64..3_000,
            position: prop::sample::Index,
            grown in 0u64..600,
        ) {
            let all = leaves(size + grown);
            // The tiles of a log that has grown since still prove the older one.
            let source = stored(&all);
            let index = position.index(usize::try_from(size).unwrap());
            let old = &all[..usize::try_from(size).unwrap()];
            let proof = inclusion(index as u64, size, &source).unwrap();
            prop_assert_eq!(&proof, &naive_path(index, old));
            prop_assert_eq!(verify_inclusion(&all[index], index as u64, size, &proof, &naive_root(old)), Ok(()));

            let proof = consistency(size, size + grown, &source).unwrap();
            prop_assert_eq!(&proof, &naive_subproof(old.len(), &all, true));
            let holds = verify_consistency(size, size + grown, &proof, &naive_root(old), &naive_root(&all));
            prop_assert_eq!(holds, Ok(()));
            prop_assert_eq!(Prover::new(size, &source).unwrap().root(), Ok(naive_root(old)));
        }

        #[test]
        fn any_proof_is_checked_without_harm(
            index: u64, size: u64, proof in prop::collection::vec(any::<[u8; 32]>(), 0..80), root: [u8; 32],
        ) {
            let proof: Vec<_> = proof.into_iter().map(Hash::new).collect();
            let root = Hash::new(root);
            prop_assert!(verify_inclusion(&Hash::new([0; 32]), index, size, &proof, &root).is_err());
            prop_assert!(verify_consistency(index, size, &proof, &Hash::new([0; 32]), &root).is_err());
        }
    }
}
