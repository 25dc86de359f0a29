//! The root key as a text that the surroundings hand in: an environment variable, a secret store.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use kernel::Entropy;
use zeroize::Zeroizing;

use super::root_key::RootKey;
use crate::{KeyProvider, ProviderError, SecretKey};

const HEX_CHARS: usize = 64;
/// Characters of text that are looked at.
const TEXT_CHARS: usize = 128;
const FORM: &str = "the root key is 32 random bytes as base64 or as 64 hexadecimal digits";

/// A root key that was given as text.
pub struct EnvironmentProvider(RootKey);

impl EnvironmentProvider {
    /// From 32 bytes in base64 (either alphabet, padded or not) or hexadecimal, blanks around it ignored.
    ///
    /// # Errors
    /// [`ProviderError::Malformed`], which never repeats the text.
    pub fn from_text(text: &str) -> Result<Self, ProviderError> {
        key_from_text(text).map(|key| Self(RootKey::new(&key)))
    }
}

impl KeyProvider for EnvironmentProvider {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn wrap(&self, context: &[u8], key: &SecretKey, entropy: &dyn Entropy) -> Result<Vec<u8>, ProviderError> {
        Ok(self.0.wrap(context, key, entropy))
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretKey, ProviderError> {
        self.0.unwrap(context, wrapped)
    }
}

pub(super) fn key_from_text(text: &str) -> Result<SecretKey, ProviderError> {
    let text = text.trim();
    if text.len() > TEXT_CHARS {
        return Err(ProviderError::Malformed(FORM));
    }
    let bytes = if text.len() == HEX_CHARS {
        from_hex(text)
    } else {
        let standard = STANDARD_PAD_INDIFFERENT.decode(text);
        standard.or_else(|_| URL_SAFE_PAD_INDIFFERENT.decode(text)).ok()
    };
    let bytes = Zeroizing::new(bytes.unwrap_or_default());
    SecretKey::from_slice(&bytes).ok_or(ProviderError::Malformed(FORM))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_written_form_gives_the_same_key(bytes: [u8; 32]) {
            let hexadecimal = bytes.map(|byte| format!("{byte:02x}")).concat();
            let padded = base64::engine::general_purpose::STANDARD.encode(bytes);
            let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
            for text in [hexadecimal.to_uppercase(), hexadecimal, format!(" {padded}\n"), url_safe] {
                let key = key_from_text(&text).unwrap();
                prop_assert_eq!(key.expose(), &bytes);
            }
        }

        #[test]
        fn any_text_is_a_key_or_an_error_that_does_not_repeat_it(text in "[ -~]{1,200}") {
            if let Err(error) = key_from_text(&text) {
                prop_assert_eq!(error.to_string(), FORM);
            }
        }
    }

    #[test]
    fn shorter_keys_are_refused() {
        assert!(key_from_text("").is_err());
        assert!(key_from_text(&"a".repeat(62)).is_err());
        assert!(key_from_text(&base64::engine::general_purpose::STANDARD.encode([1; 31])).is_err());
    }
}
