//! A root key held in this process: what the file, passphrase and environment providers share.

use kernel::Entropy;

use crate::committing::CommittingKey;
use crate::{ProviderError, SecretKey};

/// First byte of a key wrapped by a root key.
const WRAPPED_KEY: u8 = 0x31;
const ROOT_LABEL: &[u8] = b"doorward/root/1";

pub(super) struct RootKey(CommittingKey);

impl RootKey {
    pub(super) fn new(secret: &SecretKey) -> Self {
        Self(CommittingKey::derive(secret, ROOT_LABEL))
    }

    /// Format (1) ‖ commitment (32) ‖ nonce (12) ‖ key (32) ‖ tag (16).
    pub(super) fn wrap(&self, context: &[u8], key: &SecretKey, entropy: &dyn Entropy) -> Vec<u8> {
        self.0.seal(&[WRAPPED_KEY], &associated(context), key.expose(), entropy)
    }

    pub(super) fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretKey, ProviderError> {
        let (format, rest) = wrapped.split_first().ok_or(ProviderError::WrongKey)?;
        if *format != WRAPPED_KEY {
            return Err(ProviderError::Malformed("a wrapped key has an unknown format: use the version that wrote it"));
        }
        let key = self.0.open(&associated(context), rest).map_err(|_| ProviderError::WrongKey)?;
        SecretKey::from_slice(&key).ok_or(ProviderError::WrongKey)
    }
}

fn associated(context: &[u8]) -> Vec<u8> {
    let mut associated = Vec::with_capacity(1 + context.len());
    associated.push(WRAPPED_KEY);
    associated.extend_from_slice(context);
    associated
}
