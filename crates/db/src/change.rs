//! What a commit announces to those who listen: that something moved, never what it says.
//!
//! An announcement is a hint and not a record: a process may die between its commit and its
//! announcement. Who must not miss anything asks the database, at every gap and now and then.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use kernel::OrganisationId;
use tokio::sync::broadcast;

/// Kinds learnt from other processes; a product has a few dozen.
const KINDS: usize = 256;
/// Bytes of a kind that is learnt from another process.
const KIND_BYTES: usize = 32;

/// One thing that a committed transaction changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// Whose data.
    pub organisation: OrganisationId,
    /// What kind of thing, in a word of the domain that wrote it (`conversation`, `audit`): lower-case
    /// letters and underscores, 32 bytes at most.
    pub kind: &'static str,
    /// Which one.
    pub id: [u8; 16],
}

/// What a listener hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announcement {
    /// This changed, durably.
    Changed(Change),
    /// Some changes were not heard: the listener was too slow, or the connection to the other
    /// nodes was lost for a while. Ask the database, from a little before the last thing heard.
    Gap,
}

/// A listener's end of the change feed.
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Announcement>);

impl Changes {
    pub(crate) const fn new(receiver: broadcast::Receiver<Announcement>) -> Self {
        Self(receiver)
    }

    /// The next announcement; nothing once the database is closed. Safe to cancel.
    pub async fn next(&mut self) -> Option<Announcement> {
        match self.0.recv().await {
            Ok(announcement) => Some(announcement),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Announcement::Gap),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Announces what one transaction changed, in this process.
pub(crate) fn announce(bus: &broadcast::Sender<Announcement>, changes: &[Change]) {
    for change in changes {
        // Nobody listening is no error.
        let _ = bus.send(Announcement::Changed(*change));
    }
}

/// The word of another process as one of this process. Each word is kept for good, so there is a
/// bound on how many and how long.
pub(crate) fn learn_kind(word: &str) -> Option<&'static str> {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(word) {
        return Some(known);
    }
    let sound = !word.is_empty()
        && word.len() <= KIND_BYTES
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !sound || known.len() >= KINDS {
        return None;
    }
    let kept: &'static str = Box::leak(word.into());
    known.insert(kept);
    Some(kept)
}
