//! The data keys of one subject: made, wrapped, stored, opened, and used to seal and open.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use db::Tx;
use envelope::chunked::FileKey;
use envelope::{Dek, DekSlot, FieldKey, KeyVersion, OpenError, RetentionClass, SubjectId};
use kernel::{Entropy, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::place::{Column, Retention};
use super::store::together::Together;
use super::{Error, Vault, store};

const FIRST_VERSION: KeyVersion = 1;

struct Slot {
    version: KeyVersion,
    dek: Dek,
}

/// Opened data keys of one customer, or of the organisation itself.
pub struct SubjectKeys {
    organisation: OrganisationId,
    subject: SubjectId,
    slots: [Option<Slot>; Retention::ALL.len()],
    // Deriving and scheduling a key costs more than sealing with it, so each is kept.
    prepared: [OnceLock<FieldKey>; Column::COUNT],
}

impl SubjectKeys {
    fn new(organisation: OrganisationId, subject: SubjectId, slots: [Option<Slot>; Retention::ALL.len()]) -> Self {
        Self { organisation, subject, slots, prepared: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// Whose data it is.
    pub const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// Whom the keys belong to.
    pub const fn subject(&self) -> SubjectId {
        self.subject
    }

    fn key(&self, column: Column) -> Result<(&FieldKey, KeyVersion), Error> {
        let slot = self.slots.get(column.retention().slot()).and_then(Option::as_ref).ok_or(Error::Erased)?;
        let prepared = self.prepared.get(column.slot()).ok_or(Error::Erased)?;
        Ok((prepared.get_or_init(|| slot.dek.field_key(column.field_class())), slot.version))
    }

    /// Seals a value for one column of one row.
    pub fn seal(
        &self,
        column: Column,
        row: &[u8; 16],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Error> {
        let (key, version) = self.key(column)?;
        Ok(key.seal(&column.place(self.organisation, self.subject, *row, version), plaintext, entropy))
    }

    /// Opens what was sealed for this column of this row; anything else is refused.
    pub fn open(&self, column: Column, row: &[u8; 16], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (key, version) = self.key(column)?;
        opened(key.open(&column.place(self.organisation, self.subject, *row, version), sealed))
    }

    /// Seals the key of an attachment.
    pub fn seal_file_key(
        &self,
        column: Column,
        row: &[u8; 16],
        file: &FileKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Error> {
        let (key, version) = self.key(column)?;
        Ok(file.seal(key, &column.place(self.organisation, self.subject, *row, version), entropy))
    }

    /// Opens the key of an attachment.
    pub fn open_file_key(&self, column: Column, row: &[u8; 16], sealed: &[u8]) -> Result<FileKey, Error> {
        let (key, version) = self.key(column)?;
        opened(FileKey::open(key, &column.place(self.organisation, self.subject, *row, version), sealed))
    }
}

/// Fresh keys of a new subject, wrapped and ready to be stored with the change that needs them.
pub struct NewKeys {
    /// The keys, ready to seal with.
    pub keys: Arc<SubjectKeys>,
    version: KeyVersion,
    epoch: u32,
    wrapped: Vec<(Retention, Vec<u8>)>,
    epoch_moved: Arc<AtomicBool>,
}

impl NewKeys {
    /// Adds the wrapped keys to what is stored together.
    pub(super) fn add_to<'n>(&'n self, rows: &mut Together<'n>) {
        for (class, wrapped) in &self.wrapped {
            rows.key(&self.keys.subject, (*class, self.version, self.epoch), wrapped);
        }
    }
}

impl Vault {
    /// Makes a data key for each retention class of a new subject.
    pub fn new_keys(&self, organisation: OrganisationId, subject: SubjectId) -> Result<NewKeys, Error> {
        self.new_keys_of_version(organisation, subject, FIRST_VERSION)
    }

    /// The same for a subject whose earlier keys are lost: their versions were lower.
    pub(super) fn new_keys_of_version(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        version: KeyVersion,
    ) -> Result<NewKeys, Error> {
        if self.epoch_moved.swap(false, Ordering::SeqCst) {
            self.context.keyring.refresh()?;
        }
        let epoch = self.context.keyring.current_epoch(organisation)?;
        let kek = self.context.keyring.kek(organisation, epoch)?;
        let mut wrapped = Vec::with_capacity(Retention::ALL.len());
        let slots = Retention::ALL.map(|class| {
            let dek = Dek::generate(&*self.context.entropy);
            let slot = slot(organisation, subject, class, version);
            wrapped.push((class, kek.wrap(&slot, &dek, &*self.context.entropy)));
            Some(Slot { version, dek })
        });
        let keys = Arc::new(SubjectKeys::new(organisation, subject, slots));
        Ok(NewKeys { keys, version, epoch, wrapped, epoch_moved: Arc::clone(&self.epoch_moved) })
    }

    /// Stores fresh keys; [`Error::Stale`] when the organisation has moved to a later epoch since.
    pub fn insert_keys(tx: &mut Tx<'_>, new: &NewKeys, now: Timestamp) -> Result<(), Error> {
        let organisation = &new.keys.organisation;
        let mut rows = Together::new(organisation, now);
        new.add_to(&mut rows);
        Self::store_with_keys(tx, *organisation, &rows, std::iter::once(new))
    }

    /// Stores rows with the keys that seal them, when these are wrapped under an epoch that will
    /// still be there.
    pub(super) fn store_with_keys<'n>(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        rows: &Together<'_>,
        mut new: impl Iterator<Item = &'n NewKeys>,
    ) -> Result<(), Error> {
        // The gate that is passed here keeps a rotation from finishing before these rows are seen.
        let epoch = store::pass_epoch(tx, organisation)?;
        let stored = rows.store(tx)?;
        let epoch = tx.answer_opt(epoch)?;
        // A newer epoch than the row's is one that a rotation has begun and will move the row to.
        if let Some(late) = new.find(|new| epoch.is_none_or(|epoch| epoch > new.epoch)) {
            late.epoch_moved.store(true, Ordering::SeqCst);
            return Err(Error::Stale);
        }
        if stored { Ok(()) } else { Err(Error::Stale) }
    }

    /// The keys of a subject, from memory or opened from their rows; none when they are destroyed.
    pub fn keys(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        subject: SubjectId,
    ) -> Result<Option<Arc<SubjectKeys>>, Error> {
        if let Some(keys) = self.cached(organisation, subject) {
            return Ok(Some(keys));
        }
        let rows = store::keys(tx, organisation, subject)?;
        if rows.is_empty() {
            return Ok(None);
        }
        self.open_keys(organisation, subject, rows).map(Some)
    }

    /// Opens the wrapped keys of a subject and keeps them for the next use.
    pub(super) fn open_keys(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        rows: Vec<store::KeyRow>,
    ) -> Result<Arc<SubjectKeys>, Error> {
        let mut slots = [const { None }; Retention::ALL.len()];
        for row in rows {
            let Some(class) = Retention::from_number(row.class) else { continue };
            let kek = self.context.keyring.kek(organisation, row.epoch)?;
            let dek = kek.unwrap(&slot(organisation, subject, class, row.version), &row.wrapped)?;
            if let Some(place) = slots.get_mut(class.slot()) {
                *place = Some(Slot { version: row.version, dek });
            }
        }
        let keys = Arc::new(SubjectKeys::new(organisation, subject, slots));
        self.remember(&keys);
        Ok(keys)
    }
}

const fn slot(organisation: OrganisationId, subject: SubjectId, class: Retention, version: KeyVersion) -> DekSlot {
    DekSlot { organisation, subject, class: RetentionClass(class.number()), version }
}

/// What an earlier key of the same subject sealed is gone with that key. A version that never was
/// is a changed byte, which must not pass for an erasure.
fn opened<T>(outcome: Result<T, OpenError>) -> Result<T, Error> {
    outcome.map_err(|error| match error {
        OpenError::KeyVersion { sealed, given } if (FIRST_VERSION..given).contains(&sealed) => Error::Erased,
        other => other.into(),
    })
}
