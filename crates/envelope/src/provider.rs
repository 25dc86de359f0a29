//! The root key and where it lives. A provider wraps and unwraps the keys of the keyring and
//! nothing else; the root key itself never leaves it.

mod environment;
mod file;
mod passphrase;
mod root_key;
mod transit;
mod ureq_transport;

use std::io;
use std::path::PathBuf;

use kernel::Entropy;

use crate::{InstanceId, SecretKey};

pub use environment::EnvironmentProvider;
pub use file::{FileProvider, PermissionFinding};
pub use passphrase::{PassphraseProvider, PassphraseSettings};
pub use transit::{Answer, TransitProvider, TransitSettings, Transport, TransportError};
pub use ureq_transport::UreqTransport;

/// Wraps keys under a root key. `context` says what the key is for; a key opens only with the
/// context it was wrapped with.
pub trait KeyProvider: Send + Sync {
    /// The provider's name, as it stands in the keyring: `file`, `passphrase`, `environment`, `transit`.
    fn name(&self) -> &'static str;

    /// The instance that the root key belongs to, where the provider knows it.
    fn instance(&self) -> Option<InstanceId> {
        None
    }

    /// What must be known again to build this provider, beside its secret: kept in the keyring, in the clear.
    fn parameters(&self) -> Option<String> {
        None
    }

    /// Wraps a key.
    ///
    /// # Errors
    /// Only providers out of process fail here.
    fn wrap(&self, context: &[u8], key: &SecretKey, entropy: &dyn Entropy) -> Result<Vec<u8>, ProviderError>;

    /// Unwraps a key that [`KeyProvider::wrap`] wrapped with the same context.
    ///
    /// # Errors
    /// [`ProviderError::WrongKey`] when root key, context or bytes are not those.
    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretKey, ProviderError>;
}

/// Why the root key cannot be had or does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Another root key, another context, or changed bytes.
    #[error("the root key does not open this wrapped key")]
    WrongKey,
    /// A key file is never overwritten.
    #[error("{path} exists already and is never overwritten: choose another path, or move it away first")]
    Exists {
        /// The key file.
        path: PathBuf,
    },
    /// There is no key file.
    #[error("there is no root key file at {path}: give its path, or restore it from where it is kept safe")]
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// Others than the owner may read the key file.
    #[error("others can read {path} (mode {mode:04o}): run chmod 600 on it")]
    Permissions {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read or written.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key, passphrase, setting or answer in a form that is not understood.
    #[error("{0}")]
    Malformed(&'static str),
    /// The key service refused the token.
    #[error("the key service refused: check the token and its policy ({0})")]
    Denied(String),
    /// The key service knows no such mount or key.
    #[error("the key service has no such key: check mount and key name ({0})")]
    NoSuchKey(String),
    /// The key service is sealed, overloaded, in standby or broken.
    #[error("the key service cannot serve now (status {status}): unseal or repair it and try again ({message})")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// What it said, shortened.
        message: String,
    },
    /// The key service did not answer in time.
    #[error("the key service did not answer in time: check that it runs and can be reached")]
    TimedOut,
    /// The key service cannot be reached.
    #[error("cannot reach the key service: {0}")]
    Unreachable(String),
}
