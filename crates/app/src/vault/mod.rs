//! Customers and their personal values, each sealed under its customer's own key.
//!
//! The keys leave this folder only as [`SubjectKeys`], which seal and open but cannot be printed,
//! serialised or read out.

mod contact_point;
mod customer;
mod error;
mod inventory;
mod keys;
mod place;
mod store;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use envelope::SubjectId;
use kernel::{OrganisationId, limits};
use lru::LruCache;

use crate::Context;

pub use contact_point::{ContactKind, Normalised};
pub use customer::{CustomerKind, CustomerState, NewCustomer};
pub use error::Error;
pub use inventory::FieldId;
pub use keys::{NewKeys, SubjectKeys};
pub use place::{Column, Index, Retention};
pub(crate) use store::STATEMENTS;

/// The customer vault of all organisations of this process.
#[derive(Clone)]
pub struct Vault {
    context: Arc<Context>,
    opened: Arc<Mutex<LruCache<(OrganisationId, SubjectId), Arc<SubjectKeys>>>>,
}

impl Vault {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        let capacity = NonZeroUsize::new(limits::CACHED_CUSTOMERS).unwrap_or(NonZeroUsize::MIN);
        Self { context, opened: Arc::new(Mutex::new(LruCache::new(capacity))) }
    }

    /// The keyed hash by which an exact value is found again.
    pub fn blind(&self, organisation: OrganisationId, index: Index, normalised: &[u8]) -> Result<[u8; 32], Error> {
        Ok(self.context.keyring.index_key(organisation)?.blind(index.number(), normalised))
    }

    fn cached(&self, organisation: OrganisationId, subject: SubjectId) -> Option<Arc<SubjectKeys>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&(organisation, subject)).map(Arc::clone)
    }

    /// Keeps opened keys for the next use; called once the rows that hold them are durable.
    pub fn remember(&self, keys: &Arc<SubjectKeys>) {
        let key = (keys.organisation(), keys.subject());
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(keys));
    }

    /// Drops a subject's opened keys from memory, after an erasure.
    pub fn forget(&self, organisation: OrganisationId, subject: SubjectId) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).pop(&(organisation, subject));
    }
}
