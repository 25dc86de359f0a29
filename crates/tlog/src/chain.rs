//! Chains of commitments: each entry of one subject names the one before it, so that a missing link
//! shows. What an entry says stays behind a salted hash; without the salt a commitment tells nothing.
//!
//! Byte by byte (big-endian numbers, labels with their zero byte):
//! - genesis = SHA-256("doorward/audit/genesis/v1\0" ‖ organisation, 16 bytes ‖ subject, 16 bytes)
//! - body hash = SHA-256(salt, 32 bytes ‖ body)
//! - commitment = SHA-256("doorward/audit/leaf/v1\0" ‖ previous, 32 bytes ‖ sequence, 8 bytes ‖ body hash, 32 bytes)
//! - leaf input of the tree = commitment, so leaf hash = SHA-256(0x00 ‖ commitment)

use crate::hash::{HASH_BYTES, Hash, sha256, sha256_of_parts};

/// Bytes of the salt that hides a body.
pub const SALT_BYTES: usize = 32;
/// Sequence of the first entry of a chain; a chain without entries stands at the one before it.
pub const FIRST_SEQUENCE: u64 = 1;

const LINK_LABEL: &[u8; 23] = b"doorward/audit/leaf/v1\0";
const GENESIS_LABEL: &[u8; 26] = b"doorward/audit/genesis/v1\0";

/// Hides a body behind its salt.
pub fn body_hash(salt: &[u8; SALT_BYTES], body: &[u8]) -> Hash {
    sha256_of_parts(&[salt, body])
}

/// The commitment of one entry, bound to the one before it.
pub fn link(previous: &Hash, sequence: u64, body_hash: &Hash) -> Hash {
    let mut input = [0; LINK_LABEL.len() + HASH_BYTES + 8 + HASH_BYTES];
    let (label, rest) = input.split_at_mut(LINK_LABEL.len());
    let (to_previous, rest) = rest.split_at_mut(HASH_BYTES);
    let (to_sequence, to_body) = rest.split_at_mut(8);
    label.copy_from_slice(LINK_LABEL);
    to_previous.copy_from_slice(previous.bytes());
    to_sequence.copy_from_slice(&sequence.to_be_bytes());
    to_body.copy_from_slice(body_hash.bytes());
    sha256(&input)
}

/// What the first entry of a subject's chain names as its previous commitment.
pub fn genesis(organisation: &[u8; 16], subject: &[u8; 16]) -> Hash {
    sha256_of_parts(&[GENESIS_LABEL, organisation, subject])
}

/// The end of a chain: the sequence of its last entry, which is also how many there are, and that
/// entry's commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Sequence of the last entry; 0 when there is none.
    pub sequence: u64,
    /// Commitment of the last entry; the genesis when there is none.
    pub commitment: Hash,
}

impl Head {
    /// The head of a chain that has no entry yet.
    pub fn empty(organisation: &[u8; 16], subject: &[u8; 16]) -> Self {
        Self { sequence: FIRST_SEQUENCE - 1, commitment: genesis(organisation, subject) }
    }

    /// The head after one more entry.
    pub fn advance(&self, body_hash: &Hash) -> Self {
        let sequence = self.sequence.saturating_add(1);
        Self { sequence, commitment: link(&self.commitment, sequence, body_hash) }
    }
}

/// The first place where a chain does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// An entry is missing, doubled or out of order.
    #[error("entry {expected} of the chain is missing: entry {found} stands in its place")]
    Sequence {
        /// The sequence that had to come.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// The entry follows another entry than the one before it.
    #[error("entry {sequence} of the chain does not follow the entry before it")]
    Previous {
        /// The entry's sequence.
        sequence: u64,
    },
    /// The commitment is not that of the entry's own parts: something of it was replaced.
    #[error("entry {sequence} of the chain is not what its commitment says")]
    Commitment {
        /// The entry's sequence.
        sequence: u64,
    },
    /// The chain ends before or after the head that is on record.
    #[error("the chain ends with entry {found}, its head says entry {expected}")]
    Length {
        /// The head's sequence.
        expected: u64,
        /// The last sequence of the chain.
        found: u64,
    },
    /// The chain is as long as its head says, and ends in another entry.
    #[error("entry {sequence} is not the one that the head of the chain names")]
    Head {
        /// The last sequence of the chain.
        sequence: u64,
    },
}

/// Checks one chain, entry by entry, in order. Stops at the first break: feed nothing after it.
#[derive(Clone, Debug)]
pub struct ChainCheck {
    head: Head,
}

impl ChainCheck {
    /// A check of the chain of one subject, from its first entry.
    pub fn new(organisation: &[u8; 16], subject: &[u8; 16]) -> Self {
        Self::after(Head::empty(organisation, subject))
    }

    /// A check that goes on behind a head that is already trusted.
    pub const fn after(head: Head) -> Self {
        Self { head }
    }

    /// The head as far as the chain holds.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Takes the next entry, with the previous commitment that it names itself.
    pub fn push(
        &mut self,
        sequence: u64,
        previous: &Hash,
        body_hash: &Hash,
        commitment: &Hash,
    ) -> Result<(), ChainBreak> {
        let next = self.head.advance(body_hash);
        if sequence != next.sequence {
            return Err(ChainBreak::Sequence { expected: next.sequence, found: sequence });
        }
        if *previous != self.head.commitment {
            return Err(ChainBreak::Previous { sequence });
        }
        if *commitment != next.commitment {
            return Err(ChainBreak::Commitment { sequence });
        }
        self.head = next;
        Ok(())
    }

    /// Compares the end of the chain with the head on record: a cut tail shows here.
    pub fn finish(self, recorded: &Head) -> Result<(), ChainBreak> {
        if self.head.sequence != recorded.sequence {
            return Err(ChainBreak::Length { expected: recorded.sequence, found: self.head.sequence });
        }
        if self.head.commitment != recorded.commitment {
            return Err(ChainBreak::Head { sequence: recorded.sequence });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    const ORGANISATION: [u8; 16] = [1; 16];
    const SUBJECT: [u8; 16] = [2; 16];

    #[derive(Clone, Copy)]
    struct Entry(u64, Hash, Hash, Hash);

    fn chain(length: u8) -> (Vec<Entry>, Head) {
        let mut head = Head::empty(&ORGANISATION, &SUBJECT);
        let entries = (0..length).map(|byte| {
            let body = body_hash(&[byte; 32], &[byte]);
            let previous = head.commitment;
            head = head.advance(&body);
            Entry(head.sequence, previous, body, head.commitment)
        });
        (entries.collect(), head)
    }

    fn check(entries: &[Entry], head: &Head) -> Result<(), ChainBreak> {
        let mut check = ChainCheck::new(&ORGANISATION, &SUBJECT);
        for Entry(sequence, previous, body, commitment) in entries {
            check.push(*sequence, previous, body, commitment)?;
        }
        check.finish(head)
    }

    #[test]
    fn someone_else_can_compute_a_leaf_from_the_page_alone() {
        let salt = [9; 32];
        let genesis: [u8; 32] =
            Sha256::digest([&b"doorward/audit/genesis/v1\0"[..], &ORGANISATION, &SUBJECT].concat()).into();
        let body: [u8; 32] = Sha256::digest([&salt[..], b"the body"].concat()).into();
        let commitment: [u8; 32] =
            Sha256::digest([&b"doorward/audit/leaf/v1\0"[..], &genesis, &1u64.to_be_bytes(), &body].concat()).into();
        let leaf: [u8; 32] = Sha256::digest([&[0][..], &commitment].concat()).into();

        let head = Head::empty(&ORGANISATION, &SUBJECT).advance(&body_hash(&salt, b"the body"));
        assert_eq!(head, Head { sequence: 1, commitment: Hash::new(commitment) });
        assert_eq!(crate::tree::leaf_hash(head.commitment.bytes()), Hash::new(leaf));
    }

    #[test]
    fn the_first_entry_of_a_chain_never_changes_its_bytes() {
        let head = Head::empty(&ORGANISATION, &SUBJECT).advance(&body_hash(&[9; 32], b"the body"));
        assert_eq!(head.commitment.to_string(), "fddb3f6ab681a9afe1462b239f4411971191b8ba0327baddda479d0bbb5374ff");
    }

    #[test]
    fn an_untouched_chain_holds() {
        let (entries, head) = chain(40);
        assert_eq!(check(&entries, &head), Ok(()));
        assert_eq!(check(&[], &Head::empty(&ORGANISATION, &SUBJECT)), Ok(()));
    }

    #[test]
    fn a_chain_of_another_customer_does_not_pass_for_this_one() {
        let (entries, head) = chain(3);
        let mut other = ChainCheck::new(&ORGANISATION, &[3; 16]);
        let Entry(sequence, previous, body, commitment) = entries[0];
        assert_eq!(other.push(sequence, &previous, &body, &commitment), Err(ChainBreak::Previous { sequence: 1 }));
        assert_eq!(other.finish(&head), Err(ChainBreak::Length { expected: 3, found: 0 }));
    }

    proptest! {
        #[test]
        fn a_removed_entry_is_named(length in 1u8..30, at: prop::sample::Index) {
            let (mut entries, head) = chain(length);
            let gone = at.index(entries.len());
            entries.remove(gone);
            let missing = gone as u64 + 1;
            let expected = if gone + 1 == usize::from(length) {
                ChainBreak::Length { expected: missing, found: missing - 1 }
            } else {
                ChainBreak::Sequence { expected: missing, found: missing + 1 }
            };
            prop_assert_eq!(check(&entries, &head), Err(expected));
        }

        #[test]
        fn a_removed_entry_is_named_even_when_the_rest_is_renumbered(length in 2u8..30, at: prop::sample::Index) {
            let (mut entries, head) = chain(length);
            let gone = at.index(entries.len() - 1);
            entries.remove(gone);
            entries[gone..].iter_mut().for_each(|entry| entry.0 -= 1);
            prop_assert_eq!(check(&entries, &head), Err(ChainBreak::Previous { sequence: gone as u64 + 1 }));
        }

        #[test]
        fn a_replaced_body_is_named(length in 1u8..30, at: prop::sample::Index, body: [u8; 32]) {
            let (mut entries, head) = chain(length);
            let changed = at.index(entries.len());
            prop_assume!(entries[changed].2 != Hash::new(body));
            entries[changed].2 = Hash::new(body);
            prop_assert_eq!(check(&entries, &head), Err(ChainBreak::Commitment { sequence: changed as u64 + 1 }));
        }

        #[test]
        fn a_chain_rewritten_as_a_whole_does_not_meet_its_head(length in 1u8..30, body: [u8; 32]) {
            let (mut entries, head) = chain(length);
            let last = entries.len() - 1;
            prop_assume!(entries[last].2 != Hash::new(body));
            entries[last].2 = Hash::new(body);
            entries[last].3 = link(&entries[last].1, entries[last].0, &Hash::new(body));
            prop_assert_eq!(check(&entries, &head), Err(ChainBreak::Head { sequence: u64::from(length) }));
        }
    }
}
