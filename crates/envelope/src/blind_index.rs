//! Finding a unique value without opening any: HMAC-SHA-256 under a key per organisation and field.
//!
//! Never for a field with few possible values: whoever holds the key could try them all.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::SecretKey;
use crate::primitive::expand;
use crate::secret::KEY_BYTES;

const INDEX_LABEL: [u8; 16] = *b"doorward/index/1";

/// The index key of one organisation. Keys per field are derived once and kept.
pub struct IndexKey {
    secret: SecretKey,
    fields: RwLock<HashMap<u16, hmac::Key>>,
}

impl IndexKey {
    /// The index key that belongs to a secret of the keyring.
    pub fn new(secret: SecretKey) -> Self {
        Self { secret, fields: RwLock::new(HashMap::new()) }
    }

    /// The blind form of a value of a field, which equal values share. The caller normalises
    /// first: an e-mail address to lower case and IDNA, a telephone number to E.164.
    pub fn blind(&self, field: u16, normalised: &[u8]) -> [u8; 32] {
        let known = self.fields.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&field) {
            return tag(key, normalised);
        }
        drop(known);
        let key = self.field_key(field);
        let blinded = tag(&key, normalised);
        self.fields.write().unwrap_or_else(PoisonError::into_inner).insert(field, key);
        blinded
    }

    fn field_key(&self, field: u16) -> hmac::Key {
        let mut info = [0; INDEX_LABEL.len() + 2];
        let (label, number) = info.split_at_mut(INDEX_LABEL.len());
        label.copy_from_slice(&INDEX_LABEL);
        number.copy_from_slice(&field.to_be_bytes());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        expand(self.secret.expose(), &info, key.as_mut_slice());
        hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())
    }
}

fn tag(key: &hmac::Key, normalised: &[u8]) -> [u8; 32] {
    let mut blinded = [0; 32];
    blinded.copy_from_slice(hmac::sign(key, normalised).as_ref());
    blinded
}

#[cfg(test)]
mod tests {
    use super::{IndexKey, SecretKey};
    use ::hmac::{Hmac, KeyInit as _, Mac as _};
    use proptest::prelude::*;

    fn key(bytes: [u8; 32]) -> IndexKey {
        IndexKey::new(SecretKey::from_slice(&bytes).unwrap())
    }

    proptest! {
        #[test]
        fn another_implementation_gives_the_same_index(secret: [u8; 32], field: u16, value: Vec<u8>) {
            let mut info = b"doorward/index/1".to_vec();
            info.extend_from_slice(&field.to_be_bytes());
            let mut field_key = [0; 32];
            hkdf::Hkdf::<sha2::Sha256>::from_prk(&secret).unwrap().expand(&info, &mut field_key).unwrap();
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&field_key).unwrap();
            mac.update(&value);
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            let index = key(secret);
            prop_assert_eq!(index.blind(field, &value), expected);
            prop_assert_eq!(index.blind(field, &value), expected, "from the kept key");
        }
    }

    #[test]
    fn organisations_and_fields_share_no_index() {
        let value = b"asker@example.org";
        let here = key([1; 32]);
        assert_ne!(here.blind(1, value), here.blind(2, value));
        assert_ne!(here.blind(1, value), key([2; 32]).blind(1, value));
        assert_ne!(here.blind(1, value), here.blind(1, b"Asker@example.org"));
    }
}
