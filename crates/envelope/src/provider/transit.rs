//! A root key that stays in HashiCorp Vault (or OpenBao): its Transit engine wraps and unwraps.
//!
//! Needs a key with authenticated encryption (`aes256-gcm96`, the default). The context travels as
//! associated data, and its digest inside the plaintext, since old servers ignore the former.

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Entropy;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::secret::KEY_BYTES;
use crate::{KeyProvider, ProviderError, SecretKey};

/// Bytes of a wrapped key as the service writes it.
const WRAPPED_BYTES: usize = 4_096;
/// Characters of the service's own words that an error repeats.
const MESSAGE_CHARS: usize = 200;
const REQUEST_BYTES: usize = 8_192;

/// What carries requests to the service. A transport reports every HTTP status as an [`Answer`].
pub trait Transport: Send + Sync {
    /// Sends a JSON body to `path` (which begins with `/v1/`) and gives the answer.
    ///
    /// # Errors
    /// When no answer came.
    fn post(&self, path: &str, token: &str, json: &[u8]) -> Result<Answer, TransportError>;
}

/// An answer of the service: its body may hold a key and is wiped when dropped.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why no answer came.
#[derive(Debug)]
pub enum TransportError {
    /// Not in time.
    TimedOut,
    /// No connection, no trust in the other side, or not HTTP.
    Unreachable(String),
}

/// Mount, key and token.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct TransitSettings {
    /// Where the Transit engine is mounted, `transit` by default.
    pub mount: String,
    /// The key's name in Transit.
    pub key: String,
    /// A token whose policy allows `update` on `encrypt` and `decrypt` of that key, and nothing else.
    pub token: String,
}

/// A root key inside Vault Transit.
pub struct TransitProvider<T: Transport> {
    transport: T,
    encrypt: String,
    decrypt: String,
    token: Zeroizing<String>,
}

#[derive(Serialize)]
struct EncryptRequest<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct DecryptRequest<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
}

#[derive(Deserialize)]
struct Envelope<D> {
    data: D,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize, ZeroizeOnDrop)]
struct Decrypted {
    plaintext: String,
}

#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

impl<T: Transport> TransitProvider<T> {
    /// A provider for one key. Asks the service nothing yet.
    ///
    /// # Errors
    /// [`ProviderError::Malformed`] for names or a token that do not fit a path or a header.
    pub fn new(transport: T, settings: &TransitSettings) -> Result<Self, ProviderError> {
        let (mount, key) = (settings.mount.trim_matches('/'), settings.key.as_str());
        let segment = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            !name.is_empty() && name.bytes().all(plain) && !name.bytes().all(|byte| byte == b'.')
        };
        if !mount.split('/').all(segment) || !segment(key) {
            return Err(ProviderError::Malformed("mount and key of transit are letters, digits, '-', '_' and '.'"));
        }
        if settings.token.is_empty() || !settings.token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ProviderError::Malformed("the transit token is empty or has blanks or line ends: check it"));
        }
        Ok(Self {
            transport,
            encrypt: format!("/v1/{mount}/encrypt/{key}"),
            decrypt: format!("/v1/{mount}/decrypt/{key}"),
            token: Zeroizing::new(settings.token.clone()),
        })
    }

    fn ask<D: for<'de> Deserialize<'de>>(&self, path: &str, request: &impl Serialize) -> Result<D, ProviderError> {
        // Room for the whole request, so that growing leaves no copy of a key behind.
        let mut json = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES));
        serde_json::to_writer(&mut *json, request)
            .map_err(|_| ProviderError::Malformed("the request to transit cannot be written as JSON"))?;
        let answer = self.transport.post(path, &self.token, &json).map_err(|error| match error {
            TransportError::TimedOut => ProviderError::TimedOut,
            TransportError::Unreachable(reason) => ProviderError::Unreachable(shortened(&reason)),
        })?;
        if answer.status == 200 {
            let envelope: Envelope<D> = serde_json::from_slice(&answer.body).map_err(|_| {
                ProviderError::Malformed("the key service answered something that is not transit's form")
            })?;
            return Ok(envelope.data);
        }
        Err(refusal(&answer))
    }
}

impl<T: Transport> KeyProvider for TransitProvider<T> {
    fn name(&self) -> &'static str {
        "transit"
    }

    /// The service makes its own nonce.
    fn wrap(&self, context: &[u8], key: &SecretKey, _: &dyn Entropy) -> Result<Vec<u8>, ProviderError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(2 * KEY_BYTES));
        plain.extend_from_slice(key.expose());
        plain.extend_from_slice(digest::digest(&digest::SHA256, context).as_ref());
        let plaintext = Zeroizing::new(STANDARD.encode(plain.as_slice()));
        let request = EncryptRequest { plaintext: &plaintext, associated_data: &STANDARD.encode(context) };
        let encrypted: Encrypted = self.ask(&self.encrypt, &request)?;
        if encrypted.ciphertext.len() > WRAPPED_BYTES {
            return Err(ProviderError::Malformed("the key service answered a wrapped key that is too long"));
        }
        Ok(encrypted.ciphertext.into_bytes())
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretKey, ProviderError> {
        let ciphertext = str::from_utf8(wrapped).map_err(|_| ProviderError::WrongKey)?;
        if ciphertext.len() > WRAPPED_BYTES {
            return Err(ProviderError::WrongKey);
        }
        let request = DecryptRequest { ciphertext, associated_data: &STANDARD.encode(context) };
        let decrypted: Decrypted = match self.ask(&self.decrypt, &request) {
            // Transit answers 400 when ciphertext, associated data or key version do not fit.
            Err(ProviderError::Malformed(BAD_REQUEST)) => Err(ProviderError::WrongKey),
            other => other,
        }?;
        let plain = Zeroizing::new(STANDARD.decode(&decrypted.plaintext).map_err(|_| ProviderError::WrongKey)?);
        let (key, bound_to) = plain.split_at_checked(KEY_BYTES).ok_or(ProviderError::WrongKey)?;
        constant_time::verify_slices_are_equal(bound_to, digest::digest(&digest::SHA256, context).as_ref())
            .map_err(|_| ProviderError::WrongKey)?;
        SecretKey::from_slice(key).ok_or(ProviderError::WrongKey)
    }
}

const BAD_REQUEST: &str = "the key service does not take the request: the transit key must allow associated data";

fn refusal(answer: &Answer) -> ProviderError {
    let errors: Errors = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = shortened(&errors.errors.join("; "));
    match answer.status {
        400 => ProviderError::Malformed(BAD_REQUEST),
        401 | 403 => ProviderError::Denied(message),
        404 => ProviderError::NoSuchKey(message),
        status => ProviderError::Unavailable { status, message },
    }
}

/// A stranger's words, short and on one line.
fn shortened(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).take(MESSAGE_CHARS).collect()
}
