//! Customers and their personal values, each sealed under its customer's own key.
//!
//! The keys leave this folder only as [`SubjectKeys`], which seal and open but cannot be printed,
//! serialised or read out.

mod contact_point;
mod customer;
mod details;
mod erase;
mod error;
mod forgetting;
mod format;
mod import;
mod inventory;
mod keys;
mod mask;
mod merge;
mod page;
mod person;
mod place;
mod restored;
mod reveal;
mod rotate;
mod sealed_row;
mod statements;
mod store;
#[cfg(test)]
mod tests;
mod value;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use envelope::SubjectId;
use kernel::{OrganisationId, limits};
use lru::LruCache;

use crate::Context;

pub use contact_point::{ContactKind, Normalised};
pub use customer::{AskedContact, CustomerKind, CustomerState, HeldCustomer, NewCustomer};
pub use erase::{Erased, REASON_CHARS};
pub use error::Error;
pub use import::{Import, ImportError, Imported, Rejection, Target};
pub use inventory::{
    DataClass, FIELDS, Field, FieldDefinition, FieldId, LegalBasis, MalformedPurpose, Purpose, UnknownBasis,
};
pub use keys::{NewKeys, SubjectKeys};
pub use mask::{Mask, Masked, SHOWN_CHARS, UnknownMask};
pub use merge::Merged;
pub(crate) use page::{ids_of_page, page_of_ids};
pub use place::{Column, Index, Retention};
pub(crate) use restored::{Returned, Since};
pub use reveal::Revealed;
pub use rotate::Rotated;
pub(crate) use statements::STATEMENTS;
pub(crate) use store::KEYS_TABLE;
pub use value::{MaskedValue, SetValue, Stored, ValueRef};

/// The customer vault of all organisations of this process.
#[derive(Clone)]
pub struct Vault {
    context: Arc<Context>,
    opened: Arc<Mutex<OpenedKeys>>,
    /// A key came too late for its epoch: the keyring must be read again before the next.
    epoch_moved: Arc<AtomicBool>,
    /// The files still hold what removed rows left behind.
    unscrubbed: Arc<AtomicBool>,
}

/// Opened keys of customers; none for those that are known to be erased, so that a look at the rows
/// from before the erasure does not bring their keys back.
type OpenedKeys = LruCache<(OrganisationId, SubjectId), Option<Arc<SubjectKeys>>>;

impl Vault {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        let capacity = NonZeroUsize::new(limits::CACHED_CUSTOMERS).unwrap_or(NonZeroUsize::MIN);
        let opened = Arc::new(Mutex::new(LruCache::new(capacity)));
        Self { context, opened, epoch_moved: Arc::default(), unscrubbed: Arc::default() }
    }

    /// The keyed hash by which an exact value is found again.
    pub fn blind(&self, organisation: OrganisationId, index: Index, normalised: &[u8]) -> Result<[u8; 32], Error> {
        Ok(self.context.keyring.index_key(organisation)?.blind(index.number(), normalised))
    }

    fn cached(&self, organisation: OrganisationId, subject: SubjectId) -> Option<Arc<SubjectKeys>> {
        self.opened_keys().get(&(organisation, subject)).cloned().flatten()
    }

    /// Keeps opened keys for the next use; called once the rows that hold them are durable.
    pub fn remember(&self, keys: &Arc<SubjectKeys>) {
        let key = (keys.organisation(), keys.subject());
        self.opened_keys().get_or_insert(key, || Some(Arc::clone(keys)));
    }

    /// Drops a subject's opened keys from memory for good, after an erasure.
    pub fn forget(&self, organisation: OrganisationId, subject: SubjectId) {
        self.opened_keys().put((organisation, subject), None);
    }

    fn opened_keys(&self) -> MutexGuard<'_, OpenedKeys> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
