//! Sealing and opening of single values: the hot path. One allocation each, no other heap use.

use kernel::Entropy;
use zeroize::Zeroizing;

use crate::committing::{COMMITTING_OVERHEAD_BYTES, CommittingKey};
use crate::{KeyVersion, OpenError, Place};

/// First byte of a sealed value.
const SEALED_VALUE: u8 = 0x01;
/// Format (1) and key version (4) stand before everything else.
const HEAD_BYTES: usize = 5;

/// What sealing adds to a value, in bytes.
pub const SEALED_OVERHEAD_BYTES: usize = HEAD_BYTES + COMMITTING_OVERHEAD_BYTES;

/// The key of one field class under one data key, prepared for use.
pub struct FieldKey(CommittingKey);

impl FieldKey {
    pub(crate) fn new(key: CommittingKey) -> Self {
        Self(key)
    }

    /// Seals a value for its place: format (1) ‖ key version (4, big-endian) ‖ commitment (32) ‖
    /// nonce (12) ‖ ciphertext ‖ tag (16). AES-256-GCM-SIV (RFC 8452), a random nonce each time.
    pub fn seal(&self, place: &Place, plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let [first, second, third, fourth] = place.key_version.to_be_bytes();
        let head = [SEALED_VALUE, first, second, third, fourth];
        self.0.seal(&head, &place.associated(SEALED_VALUE), plaintext, entropy)
    }

    /// Opens a value in its place. The bytes are wiped when dropped.
    ///
    /// # Errors
    /// Every case of [`OpenError`]; a value from another row, column, table, class, customer or
    /// organisation is [`OpenError::Refused`] or [`OpenError::OtherKey`].
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let version = key_version_of(sealed)?;
        if version != place.key_version {
            return Err(OpenError::KeyVersion { sealed: version, given: place.key_version });
        }
        let rest = sealed.get(HEAD_BYTES..).ok_or(OpenError::CutShort)?;
        self.0.open(&place.associated(SEALED_VALUE), rest)
    }
}

/// The version of the data key that a sealed value needs. Not authentic before the value opens.
///
/// # Errors
/// [`OpenError::CutShort`] or [`OpenError::Format`].
pub fn key_version_of(sealed: &[u8]) -> Result<KeyVersion, OpenError> {
    let (format, rest) = sealed.split_first().ok_or(OpenError::CutShort)?;
    if *format != SEALED_VALUE {
        return Err(OpenError::Format(*format));
    }
    rest.first_chunk::<4>().map(|version| u32::from_be_bytes(*version)).ok_or(OpenError::CutShort)
}
