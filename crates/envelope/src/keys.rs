//! The two middle keys: an organisation's epoch KEK, which wraps only data keys, and the data key
//! (DEK) of one subject and retention class, from which the field keys come.

use kernel::Entropy;

use crate::committing::CommittingKey;
use crate::{DekSlot, FieldClass, FieldKey, OpenError, SecretKey};

/// First byte of a wrapped data key.
const WRAPPED_DEK: u8 = 0x11;
const KEK_LABEL: &[u8] = b"doorward/kek/1";
const FIELD_LABEL: [u8; 16] = *b"doorward/field/1";

/// The key-encryption key of one organisation and epoch. Destroying it destroys every data key
/// that only it wraps, wherever a copy of those may lie.
pub struct Kek(CommittingKey);

impl Kek {
    /// The KEK that belongs to a secret of the keyring.
    pub fn new(secret: &SecretKey) -> Self {
        Self(CommittingKey::derive(secret, KEK_LABEL))
    }

    /// Wraps a data key for its slot: format (1) ‖ commitment (32) ‖ nonce (12) ‖ key (32) ‖ tag (16).
    pub fn wrap(&self, slot: &DekSlot, dek: &Dek, entropy: &dyn Entropy) -> Vec<u8> {
        self.0.seal(&[WRAPPED_DEK], &slot.associated(WRAPPED_DEK), dek.0.expose(), entropy)
    }

    /// Unwraps the data key of a slot.
    ///
    /// # Errors
    /// [`OpenError::OtherKey`] when another epoch wrapped it, [`OpenError::Refused`] when it was
    /// changed or belongs to another slot.
    pub fn unwrap(&self, slot: &DekSlot, wrapped: &[u8]) -> Result<Dek, OpenError> {
        let (format, rest) = wrapped.split_first().ok_or(OpenError::CutShort)?;
        if *format != WRAPPED_DEK {
            return Err(OpenError::Format(*format));
        }
        let key = self.0.open(&slot.associated(WRAPPED_DEK), rest)?;
        SecretKey::from_slice(&key).map(Dek).ok_or(OpenError::CutShort)
    }
}

/// The random data key of one subject and retention class.
pub struct Dek(SecretKey);

impl Dek {
    /// A fresh random key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(SecretKey::generate(entropy))
    }

    /// A key from a secret that exists already.
    pub fn new(secret: SecretKey) -> Self {
        Self(secret)
    }

    /// The key for one field class: HKDF-Expand over a label and the class's number, 64 bytes,
    /// of which 32 are the cipher key and 32 the commitment that is stored with each value.
    pub fn field_key(&self, class: FieldClass) -> FieldKey {
        let mut info = [0; FIELD_LABEL.len() + 2];
        let (label, number) = info.split_at_mut(FIELD_LABEL.len());
        label.copy_from_slice(&FIELD_LABEL);
        number.copy_from_slice(&class.0.to_be_bytes());
        FieldKey::new(CommittingKey::derive(&self.0, &info))
    }
}
