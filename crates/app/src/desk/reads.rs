//! That a thread was read is on record before anybody reads it: once for each actor, thread and
//! quarter of an hour.
//!
//! What was recorded lately is remembered by this process alone. Another node, or this one after
//! a restart, records once more: too often is harmless, too seldom is not.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use db::Tx;
use kernel::{ConversationId, OrganisationId, Timestamp};
use lru::LruCache;

use super::step::Asked;
use super::{Desk, Error, store};
use crate::STALE_TRIES;
use crate::audit::{Action, Audit, Entry};
use crate::vault::{CustomerState, Vault};

/// How long one entry stands for further looks of the same actor at the same thread.
pub const READ_INTERVAL: Duration = Duration::from_mins(15);
/// Looks that are remembered; one that was forgotten is recorded once more.
const REMEMBERED: usize = 20_000;

type Look = (OrganisationId, ConversationId, String);

/// Looks that are on record.
#[derive(Clone)]
pub(super) struct Reads(Arc<Mutex<LruCache<Look, Timestamp>>>);

impl Reads {
    pub(super) fn new() -> Self {
        let capacity = NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN);
        Self(Arc::new(Mutex::new(LruCache::new(capacity))))
    }

    fn is_recent(&self, look: &Look, now: Timestamp) -> bool {
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not make an old look last.
        reads.get(look).is_some_and(|at| *at <= now && now.since(*at) < READ_INTERVAL)
    }

    fn remember(&self, look: Look, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(look, now);
    }
}

impl Desk {
    /// Puts a look at a thread on record, durably, unless one is there from a little while ago.
    pub(super) async fn record_read(&self, asked: Asked) -> Result<(), Error> {
        let Asked { organisation, conversation, actor } = asked;
        let look = (organisation, conversation, actor.to_string());
        for _ in 0..STALE_TRIES {
            let now = self.context.clock.now();
            if self.reads.is_recent(&look, now) {
                return Ok(());
            }
            let seen = self.see(asked).await?;
            let entry = Entry::new(Action::ConversationRead, actor, now).conversation(conversation);
            let entry = [self.audit.prepare(seen.audit_keys(), &entry)?];
            let (customer, erased) = (seen.standing.customer, seen.keys.is_none());
            let write = move |tx: &mut Tx<'_>| {
                let owner = store::standing(tx, organisation, conversation, false)?.map(|standing| standing.customer);
                let is_erased = Vault::state(tx, organisation, customer, true)? == CustomerState::Erased;
                if owner != Some(customer) || is_erased != erased {
                    return Err(Error::Stale);
                }
                Ok(Audit::append(tx, organisation, &entry)?)
            };
            match self.context.db.write("desk.read", write).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    self.reads.remember(look, now);
                    return Ok(());
                }
            }
        }
        Err(Error::Stale)
    }
}
