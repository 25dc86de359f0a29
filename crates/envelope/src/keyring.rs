//! The keyring: one small file that stays with the root key, outside every backup of data.
//!
//! It holds what the root key wraps: epoch KEKs, index keys and log seeds of each organisation. A
//! missing key is never made anew in silence, because what the old one sealed would be lost unnoticed.

mod document;
mod erasures;
mod error;
mod storage;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kernel::{Entropy, Id, OrganisationId};

use crate::{IndexKey, InstanceId, Kek, KeyProvider, ProviderError, SecretKey, SubjectId};
use document::{Document, Organisation, Wrapped};
use storage::{Erase, Storage};

pub use document::KeyringHeader;
pub use error::{KeyringError, Purpose};

/// Bytes of a checkpoint that are kept (a signed note with some witnesses has about 1 KiB).
const CHECKPOINT_BYTES: usize = 16 * 1024;

/// An open keyring. Several processes may have the same one open: each change is made on the file
/// as it is then, under a lock, and an unknown epoch makes the file be read again.
pub struct Keyring {
    storage: Storage,
    provider: Arc<dyn KeyProvider>,
    entropy: Arc<dyn Entropy>,
    instance: InstanceId,
    state: RwLock<State>,
}

/// The file as last read, and the keys of it that were opened.
struct State {
    document: Document,
    keks: HashMap<(OrganisationId, u32), Arc<Kek>>,
    index_keys: HashMap<OrganisationId, Arc<IndexKey>>,
}

impl Keyring {
    /// Makes an empty keyring (mode 0600) for the provider's root key.
    ///
    /// # Errors
    /// [`KeyringError::Exists`], [`KeyringError::Io`], [`KeyringError::Provider`].
    pub fn create(
        path: &Path,
        provider: Arc<dyn KeyProvider>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, KeyringError> {
        let instance = provider.instance().unwrap_or_else(|| InstanceId::generate(&*entropy));
        let context = context(Purpose::Check, instance, None, 0);
        let check =
            provider.wrap(&context, &SecretKey::generate(&*entropy), &*entropy).map_err(KeyringError::Provider)?;
        let document = Document::new(instance, provider.name(), provider.parameters(), Wrapped::new(&check));
        let storage = Storage::in_new_folder(path)?;
        storage.locked_alone()?.create(&document)?;
        Ok(Self { storage, provider, entropy, instance, state: RwLock::new(State::new(document)) })
    }

    /// Opens a keyring and proves that the root key is the right one.
    ///
    /// # Errors
    /// [`KeyringError::WrongRootKey`], [`KeyringError::OtherProvider`], [`KeyringError::Missing`],
    /// [`KeyringError::Malformed`], [`KeyringError::Io`], [`KeyringError::Provider`].
    pub fn open(path: &Path, provider: Arc<dyn KeyProvider>, entropy: Arc<dyn Entropy>) -> Result<Self, KeyringError> {
        let storage = Storage::new(path);
        let document = storage.locked()?.read()?;
        let instance = document.header.instance;
        if document.header.provider != provider.name() {
            let keyring = document.header.provider.clone();
            return Err(KeyringError::OtherProvider { keyring, given: provider.name() });
        }
        if provider.instance().is_some_and(|known| known != instance) {
            return Err(KeyringError::WrongRootKey { instance });
        }
        let check = document.check.bytes().unwrap_or_default();
        provider.unwrap(&context(Purpose::Check, instance, None, 0), &check).map_err(|error| match error {
            ProviderError::WrongKey => KeyringError::WrongRootKey { instance },
            other => KeyringError::Provider(other),
        })?;
        Ok(Self { storage, provider, entropy, instance, state: RwLock::new(State::new(document)) })
    }

    /// What stands in the clear at the head of a keyring: instance, provider and the provider's
    /// parameters, which a passphrase's provider must be built with.
    ///
    /// # Errors
    /// [`KeyringError::Missing`], [`KeyringError::Malformed`], [`KeyringError::Io`].
    pub fn header(path: &Path) -> Result<KeyringHeader, KeyringError> {
        Ok(Storage::new(path).locked()?.read()?.header)
    }

    /// The file's bytes for a copy of the wrapped keys, read while nobody rewrites them. Erasures and
    /// checkpoints stand in files of their own beside it and are copied as files: an older copy of
    /// those would bring erased subjects back.
    ///
    /// # Errors
    /// [`KeyringError::Missing`], [`KeyringError::Malformed`], [`KeyringError::Io`].
    pub fn backup(path: &Path) -> Result<Vec<u8>, KeyringError> {
        Storage::new(path).locked()?.copy()
    }

    /// Puts a keyring back from the bytes of [`Keyring::backup`].
    ///
    /// # Errors
    /// [`KeyringError::Exists`], [`KeyringError::Malformed`], [`KeyringError::Io`].
    pub fn restore(path: &Path, backup: &[u8]) -> Result<(), KeyringError> {
        let document = Document::parse(backup).ok_or_else(|| KeyringError::Malformed { path: path.to_owned() })?;
        Storage::in_new_folder(path)?.locked_alone()?.create(&document)
    }

    /// The installation that this keyring belongs to.
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// The organisations whose keys are here.
    pub fn organisations(&self) -> Vec<OrganisationId> {
        self.read().document.organisations.keys().copied().collect()
    }

    /// Makes the keys of a new organisation: the KEK of epoch 1, its index key and its first log seed.
    ///
    /// # Errors
    /// [`KeyringError::OrganisationExists`], [`KeyringError::Io`], [`KeyringError::Provider`].
    pub fn add_organisation(&self, organisation: OrganisationId) -> Result<(), KeyringError> {
        self.change(Erase::No, |document| {
            if document.organisations.contains_key(&organisation) {
                return Err(KeyringError::OrganisationExists(organisation));
            }
            let keys = Organisation::new(
                self.fresh(Purpose::EpochKek, organisation, 1)?,
                self.fresh(Purpose::IndexKey, organisation, 0)?,
                self.fresh(Purpose::LogSeed, organisation, 0)?,
            );
            document.organisations.insert(organisation, keys);
            Ok(())
        })
    }

    /// The epoch in which new data keys are wrapped.
    ///
    /// # Errors
    /// [`KeyringError::UnknownOrganisation`], and those of reading the file again.
    pub fn current_epoch(&self, organisation: OrganisationId) -> Result<u32, KeyringError> {
        self.look(|document| document.organisation(organisation).map(|keys| keys.current_epoch))
    }

    /// The epochs whose KEK is here, in rising order.
    ///
    /// # Errors
    /// As [`Keyring::current_epoch`].
    pub fn epochs(&self, organisation: OrganisationId) -> Result<Vec<u32>, KeyringError> {
        self.look(|document| document.organisation(organisation).map(|keys| keys.epochs.keys().copied().collect()))
    }

    /// The KEK of an epoch. Opened once and kept.
    ///
    /// # Errors
    /// [`KeyringError::NoSuchKey`] for a destroyed or unknown epoch, [`KeyringError::Damaged`],
    /// [`KeyringError::UnknownOrganisation`], [`KeyringError::Provider`].
    pub fn kek(&self, organisation: OrganisationId, epoch: u32) -> Result<Arc<Kek>, KeyringError> {
        if let Some(kek) = self.read().keks.get(&(organisation, epoch)) {
            return Ok(Arc::clone(kek));
        }
        let wrapped = self.look(|document| document.epoch(organisation, epoch).cloned())?;
        let kek = Arc::new(Kek::new(&self.unwrap(&wrapped, Purpose::EpochKek, organisation, epoch)?));
        let mut state = self.write();
        // It may have been destroyed while it was being unwrapped.
        state.document.epoch(organisation, epoch)?;
        Ok(Arc::clone(state.keks.entry((organisation, epoch)).or_insert(kek)))
    }

    /// Starts the next epoch and gives its number. The caller wraps the live data keys again and
    /// then calls [`Keyring::destroy_epoch`] on the old one.
    ///
    /// # Errors
    /// [`KeyringError::UnknownOrganisation`], [`KeyringError::Io`], [`KeyringError::Provider`].
    pub fn start_epoch(&self, organisation: OrganisationId) -> Result<u32, KeyringError> {
        self.change(Erase::No, |document| {
            let keys = document.organisation_mut(organisation)?;
            let epoch = keys.current_epoch.saturating_add(1);
            keys.epochs.insert(epoch, self.fresh(Purpose::EpochKek, organisation, epoch)?);
            keys.current_epoch = epoch;
            Ok(epoch)
        })
    }

    /// Destroys the KEK of a past epoch, and with it every data key that only it wraps. Destroying
    /// one that is gone already succeeds, so that an interrupted rotation can be taken up again.
    ///
    /// The old file's bytes are overwritten where they lie. On media that write elsewhere (flash,
    /// copy-on-write file systems) they may survive, but open only with the root key.
    ///
    /// # Errors
    /// [`KeyringError::CurrentEpoch`], [`KeyringError::UnknownOrganisation`], [`KeyringError::Io`].
    pub fn destroy_epoch(&self, organisation: OrganisationId, epoch: u32) -> Result<(), KeyringError> {
        self.change(Erase::Yes, |document| {
            let keys = document.organisation_mut(organisation)?;
            if epoch >= keys.current_epoch {
                return Err(KeyringError::CurrentEpoch { organisation, epoch: keys.current_epoch });
            }
            keys.epochs.remove(&epoch);
            Ok(())
        })
    }

    /// The index key. Opened once and kept.
    ///
    /// # Errors
    /// [`KeyringError::NoSuchKey`], [`KeyringError::Damaged`],
    /// [`KeyringError::UnknownOrganisation`], [`KeyringError::Provider`].
    pub fn index_key(&self, organisation: OrganisationId) -> Result<Arc<IndexKey>, KeyringError> {
        if let Some(key) = self.read().index_keys.get(&organisation) {
            return Ok(Arc::clone(key));
        }
        let wrapped = self.look(|document| document.index_key(organisation).cloned())?;
        let key = Arc::new(IndexKey::new(self.unwrap(&wrapped, Purpose::IndexKey, organisation, 0)?));
        Ok(Arc::clone(self.write().index_keys.entry(organisation).or_insert(key)))
    }

    /// The newest Ed25519 seed that signs the organisation's log.
    ///
    /// # Errors
    /// As [`Keyring::index_key`].
    pub fn log_seed(&self, organisation: OrganisationId) -> Result<SecretKey, KeyringError> {
        let (index, wrapped) = self.look(|document| document.log_seed(organisation))?;
        self.unwrap(&wrapped, Purpose::LogSeed, organisation, index)
    }

    /// Adds a fresh log seed, which [`Keyring::log_seed`] gives from then on; gives its index.
    ///
    /// # Errors
    /// [`KeyringError::UnknownOrganisation`], [`KeyringError::Io`], [`KeyringError::Provider`].
    pub fn renew_log_seed(&self, organisation: OrganisationId) -> Result<u32, KeyringError> {
        self.change(Erase::No, |document| {
            let keys = document.organisation_mut(organisation)?;
            let index = keys.log_seeds.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
            keys.log_seeds.insert(index, self.fresh(Purpose::LogSeed, organisation, index)?);
            Ok(index)
        })
    }

    /// Keeps the log's last checkpoint beside the root key, so that data rolled back to yesterday
    /// is noticed. It stands in a file of its own: it changes often, the keys seldom.
    ///
    /// # Errors
    /// [`KeyringError::CheckpointTooLong`], [`KeyringError::Io`].
    pub fn remember_checkpoint(&self, organisation: OrganisationId, checkpoint: &str) -> Result<(), KeyringError> {
        if checkpoint.len() > CHECKPOINT_BYTES {
            return Err(KeyringError::CheckpointTooLong);
        }
        self.storage.locked_alone()?.write_checkpoint(organisation, checkpoint)
    }

    /// The last checkpoint that was remembered; `None` before the first.
    ///
    /// # Errors
    /// [`KeyringError::Io`], [`KeyringError::CheckpointTooLong`] for a file that no log wrote.
    pub fn last_checkpoint(&self, organisation: OrganisationId) -> Result<Option<String>, KeyringError> {
        self.storage.locked()?.read_checkpoint(organisation)
    }

    /// Records, outside every backup of data, that subjects are being erased, so that whoever brings
    /// an older backup back erases them again. `at` is in microseconds since the epoch. Called before
    /// the erasure is committed, and on the disk when this returns.
    ///
    /// # Errors
    /// [`KeyringError::Io`], [`KeyringError::Busy`].
    pub fn record_erasures(
        &self,
        organisation: OrganisationId,
        subjects: &[SubjectId],
        at: i64,
    ) -> Result<(), KeyringError> {
        if subjects.is_empty() {
            return Ok(());
        }
        self.storage.locked_alone()?.append_erasures(organisation, subjects, at)
    }

    /// Whoever was recorded as erased, and when, in microseconds since the epoch: in the order of
    /// recording, with whoever was recorded more than once named as often.
    ///
    /// # Errors
    /// [`KeyringError::Malformed`] for a file that no keyring wrote, [`KeyringError::Io`].
    pub fn erasures(&self, organisation: OrganisationId) -> Result<Vec<(SubjectId, i64)>, KeyringError> {
        self.storage.locked()?.read_erasures(organisation)
    }

    /// Reads the file again, and forgets opened keys that another process destroyed.
    ///
    /// # Errors
    /// [`KeyringError::Missing`], [`KeyringError::Malformed`], [`KeyringError::Io`].
    pub fn refresh(&self) -> Result<(), KeyringError> {
        let file = self.storage.locked()?;
        let document = file.read()?;
        self.adopt(document)
    }

    /// Looks into the keyring as last read, and once more into the file when the answer is an error.
    fn look<T>(&self, at: impl Fn(&Document) -> Result<T, KeyringError>) -> Result<T, KeyringError> {
        let known = at(&self.read().document);
        known.or_else(|_| {
            self.refresh()?;
            at(&self.read().document)
        })
    }

    /// Changes the file as it is now, under the lock, and takes over what came out.
    fn change<T>(
        &self,
        erase: Erase,
        apply: impl FnOnce(&mut Document) -> Result<T, KeyringError>,
    ) -> Result<T, KeyringError> {
        let file = self.storage.locked_alone()?;
        let mut document = file.read()?;
        if document.header.instance != self.instance {
            return Err(KeyringError::WrongRootKey { instance: document.header.instance });
        }
        let outcome = apply(&mut document)?;
        file.replace(&document, erase)?;
        self.adopt(document)?;
        Ok(outcome)
    }

    /// Called with the file's lock held, so that an older reading never follows a newer one.
    fn adopt(&self, document: Document) -> Result<(), KeyringError> {
        if document.header.instance != self.instance {
            return Err(KeyringError::WrongRootKey { instance: document.header.instance });
        }
        let mut state = self.write();
        state.keks.retain(|(organisation, epoch), _| document.epoch(*organisation, *epoch).is_ok());
        state.index_keys.retain(|organisation, _| document.index_key(*organisation).is_ok());
        state.document = document;
        Ok(())
    }

    fn fresh(&self, purpose: Purpose, organisation: OrganisationId, number: u32) -> Result<Wrapped, KeyringError> {
        let key = SecretKey::generate(&*self.entropy);
        let context = context(purpose, self.instance, Some(organisation), number);
        let wrapped = self.provider.wrap(&context, &key, &*self.entropy).map_err(KeyringError::Provider)?;
        Ok(Wrapped::new(&wrapped))
    }

    fn unwrap(
        &self,
        wrapped: &Wrapped,
        purpose: Purpose,
        organisation: OrganisationId,
        number: u32,
    ) -> Result<SecretKey, KeyringError> {
        let context = context(purpose, self.instance, Some(organisation), number);
        let damaged = KeyringError::Damaged { organisation, purpose, number };
        let Some(bytes) = wrapped.bytes() else { return Err(damaged) };
        self.provider.unwrap(&context, &bytes).map_err(|error| match error {
            ProviderError::WrongKey => damaged,
            other => KeyringError::Provider(other),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(document: Document) -> Self {
        Self { document, keks: HashMap::new(), index_keys: HashMap::new() }
    }
}

/// What a key is wrapped with, each part after its length: purpose, instance, organisation, number.
/// No key can stand in for another, in this keyring or any other.
fn context(purpose: Purpose, instance: InstanceId, organisation: Option<OrganisationId>, number: u32) -> Vec<u8> {
    let organisation = organisation.as_ref().map_or(&[][..], |organisation| organisation.bytes());
    let parts: [&[u8]; 4] = [purpose.text().as_bytes(), instance.bytes(), organisation, &number.to_be_bytes()];
    let mut context = Vec::with_capacity(64);
    for part in parts {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part);
    }
    context
}
