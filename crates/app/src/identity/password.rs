//! Passwords: what makes one good enough, and its slow hash, which few may compute at one time.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, digest};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::settings::Settings;
use super::{Error, PASSWORD_BYTES, PASSWORD_CHARS};

/// Hashes that are computed at one time: each takes 19 MiB.
const HASHES: usize = 4;
/// Hashes that are computed or waited for; who comes then is told to come again.
const WAITING: usize = 64;
/// OWASP's Argon2id parameters: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// Stands before a stored hash, for the day when the parameters change.
const FORM: u8 = 1;

/// A password's slow hash with the form that it was made in. It cannot be printed.
pub(super) struct PasswordHash(Zeroizing<Vec<u8>>);

impl PasswordHash {
    pub(super) fn stored(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Compares in a time that does not depend on where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

/// Where passwords are hashed, a few at a time.
#[derive(Clone)]
pub(super) struct Hashing {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { working: Arc::new(Semaphore::new(HASHES)), waiting: Arc::new(Semaphore::new(WAITING)) }
    }
}

impl Hashing {
    /// The hash of a password for one address.
    ///
    /// The salt is made of the address: one run then serves for the agents of that address in every
    /// organisation and for nobody at all, so that the time tells nothing about who there is. Each
    /// address has a salt of its own, and the hash is sealed where it lies.
    pub(super) async fn hash(&self, address: &str, password: Zeroizing<String>) -> Result<PasswordHash, Error> {
        let _place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Error::Overloaded)?;
        let working = Arc::clone(&self.working).acquire_owned().await.map_err(|_| Error::Overloaded)?;
        let salt = salt(address);
        let hashed = tokio::task::spawn_blocking(move || {
            let _working = working;
            argon2id(&password, &salt)
        });
        hashed.await.map_err(|_| Error::Overloaded)?
    }
}

fn argon2id(password: &str, salt: &[u8; SALT_BYTES]) -> Result<PasswordHash, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| Error::Overloaded)?;
    let mut out = Zeroizing::new(vec![0; 1 + HASH_BYTES]);
    if let Some((form, hash)) = out.split_first_mut() {
        *form = FORM;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(password.as_bytes(), salt, hash).map_err(|_| Error::Overloaded)?;
    }
    Ok(PasswordHash(out))
}

fn salt(address: &str) -> [u8; SALT_BYTES] {
    let hash = digest::digest(&digest::SHA256, format!("doorward password salt\n{address}").as_bytes());
    let mut salt = [0; SALT_BYTES];
    for (to, from) in salt.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    salt
}

/// Whether a password may be chosen: long enough, nobody's address, on no list of lost ones.
pub(super) async fn check(settings: &Settings, address: &str, password: &Zeroizing<String>) -> Result<(), Error> {
    if password.chars().count() < PASSWORD_CHARS || password.len() > PASSWORD_BYTES {
        return Err(Error::PasswordLength);
    }
    if password.to_lowercase() == address.to_lowercase() {
        return Err(Error::PasswordIsAddress);
    }
    let Some(breached) = settings.breached().cloned() else { return Ok(()) };
    let password = password.clone();
    let known = tokio::task::spawn_blocking(move || breached.has(&password)).await.map_err(|_| Error::Died)??;
    if known { Err(Error::PasswordBreached) } else { Ok(()) }
}
