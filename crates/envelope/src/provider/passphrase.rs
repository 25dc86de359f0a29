//! A root key from a passphrase: Argon2id, so that guessing costs memory. Keeps only the derived key.

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kernel::Entropy;
use zeroize::Zeroizing;

use super::root_key::RootKey;
use crate::secret::KEY_BYTES;
use crate::{KeyProvider, ProviderError, SecretKey};

/// RFC 9106, section 4, the second recommended setting: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
const SALT_BYTES: usize = 16;
/// The most that stored settings may ask of this machine.
const MAX_MEMORY_KIB: u32 = 2 * 1024 * 1024;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 64;
/// NIST SP 800-63B-4: at least 15 characters where a password stands alone.
const MIN_CHARS: usize = 15;
/// Bytes of passphrase that are taken.
const MAX_BYTES: usize = 4_096;
const FORM: &str =
    "the passphrase settings read argon2id, m=KIB, t=PASSES, p=LANES and a salt, at least as strong as RFC 9106";

/// Salt and cost of a passphrase, public: they stand in the keyring. Their text is
/// `argon2id$m=65536,t=3,p=4$` and the salt in base64 without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphraseSettings {
    salt: [u8; SALT_BYTES],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseSettings {
    /// A fresh random salt and the recommended cost.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self { salt: entropy.array(), memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES }
    }
}

impl fmt::Display for PassphraseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { salt, memory_kib, passes, lanes } = self;
        write!(f, "argon2id$m={memory_kib},t={passes},p={lanes}${}", STANDARD_NO_PAD.encode(salt))
    }
}

impl FromStr for PassphraseSettings {
    type Err = ProviderError;

    fn from_str(text: &str) -> Result<Self, ProviderError> {
        parse(text).ok_or(ProviderError::Malformed(FORM))
    }
}

fn parse(text: &str) -> Option<PassphraseSettings> {
    let (cost, salt) = text.strip_prefix("argon2id$")?.split_once('$')?;
    let (memory, cost) = cost.split_once(',')?;
    let (passes, lanes) = cost.split_once(',')?;
    let settings = PassphraseSettings {
        salt: STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?,
        memory_kib: memory.strip_prefix("m=")?.parse().ok()?,
        passes: passes.strip_prefix("t=")?.parse().ok()?,
        lanes: lanes.strip_prefix("p=")?.parse().ok()?,
    };
    let bearable = (MEMORY_KIB..=MAX_MEMORY_KIB).contains(&settings.memory_kib)
        && (PASSES..=MAX_PASSES).contains(&settings.passes)
        && (1..=MAX_LANES).contains(&settings.lanes);
    bearable.then_some(settings)
}

/// A root key derived from a passphrase.
pub struct PassphraseProvider {
    root: RootKey,
    settings: PassphraseSettings,
}

impl PassphraseProvider {
    /// Derives the root key; takes some tenths of a second and 64 MiB. The passphrase is taken
    /// byte for byte: no trimming, no Unicode normalisation.
    ///
    /// # Errors
    /// [`ProviderError::Malformed`] for a passphrase that is too short or too long.
    pub fn new(passphrase: &str, settings: PassphraseSettings) -> Result<Self, ProviderError> {
        if passphrase.chars().count() < MIN_CHARS {
            return Err(ProviderError::Malformed("the passphrase is too short: use at least 15 characters"));
        }
        if passphrase.len() > MAX_BYTES {
            return Err(ProviderError::Malformed("the passphrase is too long: use at most 4096 bytes"));
        }
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        Params::new(settings.memory_kib, settings.passes, settings.lanes, Some(KEY_BYTES))
            .and_then(|cost| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost);
                argon2.hash_password_into(passphrase.as_bytes(), &settings.salt, derived.as_mut_slice())
            })
            .map_err(|_| ProviderError::Malformed("the passphrase needs 64 MiB of free memory: free some and retry"))?;
        let secret = SecretKey::from_slice(derived.as_slice()).ok_or(ProviderError::Malformed(FORM))?;
        Ok(Self { root: RootKey::new(&secret), settings })
    }
}

impl KeyProvider for PassphraseProvider {
    fn name(&self) -> &'static str {
        "passphrase"
    }

    fn parameters(&self) -> Option<String> {
        Some(self.settings.to_string())
    }

    fn wrap(&self, context: &[u8], key: &SecretKey, entropy: &dyn Entropy) -> Result<Vec<u8>, ProviderError> {
        Ok(self.root.wrap(context, key, entropy))
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretKey, ProviderError> {
        self.root.unwrap(context, wrapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemEntropy;

    const PASSPHRASE: &str = "corrèct horse battery staple";

    #[test]
    fn only_the_same_passphrase_and_salt_open() {
        let settings = PassphraseSettings::generate(&SystemEntropy);
        let key = SecretKey::generate(&SystemEntropy);
        let first = PassphraseProvider::new(PASSPHRASE, settings.clone()).unwrap();
        let wrapped = first.wrap(b"context", &key, &SystemEntropy).unwrap();

        let stored = first.parameters().unwrap().parse().unwrap();
        let again = PassphraseProvider::new(PASSPHRASE, stored).unwrap();
        assert_eq!(again.unwrap(b"context", &wrapped).unwrap().expose(), key.expose());

        let others = [
            PassphraseProvider::new("Corrèct horse battery staple", settings).unwrap(),
            PassphraseProvider::new(PASSPHRASE, PassphraseSettings::generate(&SystemEntropy)).unwrap(),
        ];
        for other in others {
            assert!(matches!(other.unwrap(b"context", &wrapped), Err(ProviderError::WrongKey)));
        }
    }

    #[test]
    fn weakened_or_unbearable_settings_are_refused() {
        let salt = STANDARD_NO_PAD.encode([7; SALT_BYTES]);
        assert!(format!("argon2id$m=65536,t=3,p=4${salt}").parse::<PassphraseSettings>().is_ok());
        for text in [
            format!("argon2id$m=8,t=3,p=4${salt}"),
            format!("argon2id$m=65536,t=1,p=4${salt}"),
            format!("argon2id$m=4294967295,t=3,p=4${salt}"),
            format!("argon2id$m=65536,t=4294967295,p=4${salt}"),
            format!("argon2id$m=65536,t=3,p=0${salt}"),
            format!("argon2i$m=65536,t=3,p=4${salt}"),
            "argon2id$m=65536,t=3,p=4$AAAA".to_owned(),
            String::new(),
        ] {
            assert!(text.parse::<PassphraseSettings>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let settings = PassphraseSettings::generate(&SystemEntropy);
        assert!(PassphraseProvider::new("hunter2hunter2", settings).is_err());
    }
}
