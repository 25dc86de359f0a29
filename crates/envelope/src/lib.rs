//! Key hierarchy, sealing, blind index and key providers.
//!
//! root key → epoch KEK of an organisation → DEK per subject and retention class → key per field
//! class → one sealed value in its one place. Nothing here speaks SQL, runs async or logs, and no
//! key can be printed, cloned or serialised.

mod blind_index;
pub mod chunked;
mod committing;
mod entropy;
mod error;
mod field_key;
mod keyring;
mod keys;
mod place;
mod primitive;
pub mod provider;
mod secret;

pub use blind_index::IndexKey;
pub use entropy::CryptoEntropy;
pub use error::OpenError;
pub use field_key::{FieldKey, SEALED_OVERHEAD_BYTES, key_version_of};
pub use keyring::{Keyring, KeyringError, KeyringHeader, Purpose};
pub use keys::{Dek, Kek};
pub use place::{DekSlot, FieldClass, InstanceId, KeyVersion, Place, RetentionClass, SubjectId};
pub use provider::{KeyProvider, ProviderError};
pub use secret::SecretKey;
