//! Sealing that is bound to its key: AES-256-GCM-SIV beside a 32-byte key commitment.
//!
//! GCM-SIV alone can be made to open under two keys. Here both the cipher key and the commitment
//! come out of one HKDF-Expand, so a second key with the same commitment is a collision of SHA-256.

use aws_lc_rs::constant_time;
use kernel::Entropy;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::primitive::{NONCE_BYTES, Siv, TAG_BYTES, expand};
use crate::secret::{KEY_BYTES, SecretKey};

/// Bytes of the commitment that stands before the nonce.
const COMMITMENT_BYTES: usize = 32;
/// What sealing adds to head and plaintext: commitment ‖ nonce ‖ … ‖ tag.
pub(crate) const COMMITTING_OVERHEAD_BYTES: usize = COMMITMENT_BYTES + NONCE_BYTES + TAG_BYTES;

/// A key for sealing, derived from a secret for one purpose.
///
/// `HKDF-Expand(secret, info, 64)` = cipher key (32) ‖ commitment (32): the committing derivation
/// of Albertini, Duong, Gueron, Kölbl, Luykx and Schmieg, "How to Abuse and Fix Authenticated
/// Encryption Without Key Commitment" (USENIX Security 2022).
pub(crate) struct CommittingKey {
    cipher: Siv,
    commitment: [u8; COMMITMENT_BYTES],
}

impl CommittingKey {
    /// The key that belongs to `secret` and `info`; `info` is a fixed label, with a number or not.
    pub(crate) fn derive(secret: &SecretKey, info: &[u8]) -> Self {
        let mut output = Zeroizing::new([0; KEY_BYTES + COMMITMENT_BYTES]);
        expand(secret.expose(), info, output.as_mut_slice());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let mut commitment = [0; COMMITMENT_BYTES];
        let (first, second) = output.split_at(KEY_BYTES);
        key.copy_from_slice(first);
        commitment.copy_from_slice(second);
        Self { cipher: Siv::new(&key), commitment }
    }

    /// `head` ‖ commitment ‖ nonce ‖ ciphertext ‖ tag, in one allocation. The head is in the clear
    /// and authentic only as far as `associated` repeats it.
    pub(crate) fn seal(&self, head: &[u8], associated: &[u8], plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = entropy.array();
        let mut sealed = Vec::with_capacity(head.len() + COMMITTING_OVERHEAD_BYTES + plaintext.len());
        sealed.extend_from_slice(head);
        sealed.extend_from_slice(&self.commitment);
        sealed.extend_from_slice(&nonce);
        let before = sealed.len();
        sealed.extend_from_slice(plaintext);
        let (_, body) = sealed.split_at_mut(before);
        let tag = self.cipher.seal(nonce, associated, body);
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what follows the head. The commitment is compared, in constant time, before anything
    /// is decrypted.
    pub(crate) fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (commitment, rest) = sealed.split_first_chunk::<COMMITMENT_BYTES>().ok_or(OpenError::CutShort)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::CutShort)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(OpenError::CutShort)?;
        constant_time::verify_slices_are_equal(commitment, &self.commitment).map_err(|_| OpenError::OtherKey)?;
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        self.cipher.open(*nonce, associated, ciphertext, tag, &mut plaintext).map_err(|_| OpenError::Refused)?;
        Ok(plaintext)
    }
}
