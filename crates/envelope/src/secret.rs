//! 32 bytes that must not leak: wiped when dropped, never printed, cloned or serialised.

use kernel::Entropy;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of every symmetric key and of an Ed25519 seed.
pub(crate) const KEY_BYTES: usize = 32;

/// A 256-bit secret. It lives on the heap, so that moving it leaves no copy on the stack.
#[derive(ZeroizeOnDrop)]
pub struct SecretKey(Box<[u8; KEY_BYTES]>);

impl SecretKey {
    /// A fresh random key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut key = Self(Box::new([0; KEY_BYTES]));
        entropy.fill(key.0.as_mut_slice());
        key
    }

    /// From exactly 32 bytes; `None` for any other length. The caller wipes its own copy.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != KEY_BYTES {
            return None;
        }
        let mut key = Self(Box::new([0; KEY_BYTES]));
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// The bytes themselves, for the one place that needs them (an Ed25519 signer, a provider).
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl Zeroize for SecretKey {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_thirty_two_bytes_make_a_key() {
        assert!(SecretKey::from_slice(&[1; 31]).is_none());
        assert!(SecretKey::from_slice(&[1; 33]).is_none());
        assert_eq!(SecretKey::from_slice(&[1; 32]).unwrap().expose(), &[1; 32]);
    }

    #[test]
    fn a_wiped_key_holds_nothing() {
        let mut key = SecretKey::from_slice(&[7; 32]).unwrap();
        key.zeroize();
        assert_eq!(key.expose(), &[0; 32]);
    }
}
