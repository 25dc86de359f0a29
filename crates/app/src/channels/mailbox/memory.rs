//! What is remembered about the mails of a folder between two looks at it: by UID, for as long as
//! the folder's UIDVALIDITY stands (RFC 3501, 2.3.1.1).

use std::collections::{BTreeMap, BTreeSet};

/// A mail that its server did not give this often is left alone.
const TRIES: u8 = 5;
/// UIDs that are remembered; more are looked at again, which costs time and doubles nothing.
const REMEMBERED: usize = 100_000;

/// UIDs and what became of them.
#[derive(Debug, Default)]
pub(super) struct Memory {
    validity: Option<u32>,
    done: u32,
    /// Durable here and not yet put away there.
    taken: BTreeSet<u32>,
    /// Not given by the server, so many times.
    refused: BTreeMap<u32, u8>,
    /// It made trouble: it comes last.
    broke: BTreeSet<u32>,
    /// Nothing more is to be done: put away, left alone for good, or gone.
    finished: BTreeSet<u32>,
}

impl Memory {
    /// What the database remembers.
    pub(super) fn new(validity: Option<u32>, done: u32) -> Self {
        Self { validity, done, ..Self::default() }
    }

    /// The folder was opened. With another validity the UIDs mean other mails, and without one
    /// they mean nothing beyond this connection.
    pub(super) fn opened(&mut self, validity: Option<u32>) {
        if validity.is_none() || validity != self.validity {
            *self = Self::new(validity, 0);
        }
    }

    /// Validity and the UID up to which everything is dealt with.
    pub(super) const fn mark(&self) -> (Option<u32>, u32) {
        (self.validity, self.done)
    }

    /// Everything up to this UID is dealt with.
    pub(super) fn done_up_to(&mut self, uid: u32) {
        self.done = self.done.max(uid);
        let rest = self.done.saturating_add(1);
        self.taken = self.taken.split_off(&rest);
        self.refused = self.refused.split_off(&rest);
        self.broke = self.broke.split_off(&rest);
        self.finished = self.finished.split_off(&rest);
    }

    pub(super) fn is_finished(&self, uid: u32) -> bool {
        uid <= self.done || self.finished.contains(&uid)
    }

    pub(super) fn is_taken(&self, uid: u32) -> bool {
        self.taken.contains(&uid)
    }

    /// It is durable here.
    pub(super) fn take(&mut self, uid: u32) {
        if self.taken.len() < REMEMBERED {
            self.taken.insert(uid);
        }
        self.refused.remove(&uid);
        self.broke.remove(&uid);
    }

    /// Nothing more is to be done about it.
    pub(super) fn finish(&mut self, uid: u32) {
        if self.finished.len() < REMEMBERED {
            self.finished.insert(uid);
        }
        self.taken.remove(&uid);
        self.refused.remove(&uid);
        self.broke.remove(&uid);
    }

    /// The server did not give it; true when that was once too often.
    pub(super) fn refuse(&mut self, uid: u32) -> bool {
        if self.refused.len() >= REMEMBERED {
            return false;
        }
        let tries = self.refused.entry(uid).or_insert(0);
        *tries = tries.saturating_add(1);
        *tries >= TRIES
    }

    /// The connection broke while it was fetched, or it could not be stored: the others go first.
    pub(super) fn put_last(&mut self, uid: u32) {
        if self.broke.len() < REMEMBERED {
            self.broke.insert(uid);
        }
    }

    /// The order in which mails are dealt with: those that made trouble come after the others.
    pub(super) fn order(&self, found: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut uids: Vec<u32> = found.into_iter().filter(|uid| !self.is_finished(*uid)).collect();
        uids.sort_unstable_by_key(|uid| (self.broke.contains(uid), self.refused.get(uid).copied().unwrap_or(0), *uid));
        uids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_validity_makes_all_mails_new() {
        let mut memory = Memory::new(Some(7), 40);
        memory.opened(Some(7));
        memory.take(41);
        assert_eq!((memory.mark(), memory.is_taken(41)), ((Some(7), 40), true));
        memory.opened(Some(8));
        assert_eq!((memory.mark(), memory.is_taken(41)), ((Some(8), 0), false));
        memory.done_up_to(3);
        memory.opened(None);
        memory.done_up_to(3);
        memory.opened(None);
        assert_eq!(memory.mark(), (None, 0));
    }

    #[test]
    fn a_mail_that_makes_trouble_comes_last_and_is_left_at_last() {
        let mut memory = Memory::default();
        memory.put_last(1);
        assert!(!memory.refuse(2));
        assert_eq!(memory.order([1, 2, 3]), [3, 2, 1]);
        let given_up = (0..10).position(|_| memory.refuse(2));
        assert_eq!(given_up, Some(3), "the fifth time in all");
        memory.finish(2);
        assert_eq!(memory.order([1, 2, 3]), [3, 1]);
    }
}
