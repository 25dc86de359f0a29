//! A SHA-256 hash as a value, and the one place that computes it. It never compares secrets: every
//! hash of a transparency log is public.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of one hash.
pub const HASH_BYTES: usize = 32;

/// A SHA-256 hash: a node or a leaf of the tree, a commitment, a root. Shown as hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// Bytes or a text that are not one hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes, or 44 characters of canonical base64")]
pub struct NotAHash;

impl Hash {
    /// From its 32 bytes.
    pub const fn new(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// From a database value or a slice of a file.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, NotAHash> {
        bytes.try_into().map(Self).map_err(|_| NotAHash)
    }

    /// Standard base64 with padding (RFC 4648 §4), 44 characters, as checkpoints and proofs hold it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// From base64; only the canonical form is accepted, so that one hash has one text.
    pub fn from_base64(text: &str) -> Result<Self, NotAHash> {
        let mut bytes = [0; HASH_BYTES + 1];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(HASH_BYTES) => bytes.first_chunk().copied().map(Self).ok_or(NotAHash),
            _ => Err(NotAHash),
        }
    }
}

/// SHA-256 of one piece of memory; the fastest way for the short inputs of a tree.
pub(crate) fn sha256(data: &[u8]) -> Hash {
    let mut bytes = [0; HASH_BYTES];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    Hash(bytes)
}

/// SHA-256 over several pieces, without copying them together.
pub(crate) fn sha256_of_parts(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; HASH_BYTES];
    bytes.copy_from_slice(context.finish().as_ref());
    Hash(bytes)
}

impl From<[u8; HASH_BYTES]> for Hash {
    fn from(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }
}

impl From<Hash> for [u8; HASH_BYTES] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = NotAHash;

    fn try_from(bytes: &[u8]) -> Result<Self, NotAHash> {
        Self::from_slice(bytes)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::Digest as _;

    proptest! {
        #[test]
        fn an_independent_sha256_agrees(data: Vec<u8>, cut: prop::sample::Index) {
            let oracle: [u8; 32] = sha2::Sha256::digest(&data).into();
            prop_assert_eq!(sha256(&data), Hash::new(oracle));
            let (head, tail) = data.split_at(cut.index(data.len() + 1));
            prop_assert_eq!(sha256_of_parts(&[head, tail]), Hash::new(oracle));
        }

        #[test]
        fn base64_tells_the_same_hash_and_no_other_text_does(bytes: [u8; 32], text: String) {
            let hash = Hash::new(bytes);
            prop_assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
            if let Ok(read) = Hash::from_base64(&text) {
                prop_assert_eq!(read.to_base64(), text);
            }
        }
    }

    #[test]
    fn a_second_spelling_of_the_same_hash_is_refused() {
        let canonical = Hash::new([0; 32]).to_base64();
        assert!(canonical.ends_with("AAA="));
        for other in [
            canonical.trim_end_matches('=').to_owned(),
            canonical.replace("AAA=", "AAB="),
            format!("{canonical}\n"),
            format!("{canonical}="),
            format!("AAAA{canonical}"),
        ] {
            assert_eq!(Hash::from_base64(&other), Err(NotAHash), "{other:?}");
        }
    }
}
