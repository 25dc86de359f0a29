//! Names whose lookup failed a short while ago, so that a dead name server costs its time once.
//!
//! Answers, also "there is no such record", stay in the resolver's own cache by their TTL. Here are
//! only the questions that got no usable answer. It never keeps more than a fixed number of names.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// How long a failure is believed: RFC 2308 §7 allows at most five minutes.
pub(super) const BELIEVED_FOR: Duration = Duration::from_mins(5);
/// Names kept; at up to 255 bytes each about 1 MiB.
const NAMES: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// The bounded memory; the name asked for longest ago goes first.
pub(super) struct Failures {
    believed_for: Duration,
    until: Mutex<LruCache<Box<str>, Instant>>,
}

impl Failures {
    pub(super) fn new(believed_for: Duration) -> Self {
        Self { believed_for, until: Mutex::new(LruCache::new(NAMES)) }
    }

    /// Whether a question about this name failed within the time it is believed.
    pub(super) fn holds(&self, name: &str) -> bool {
        let mut names = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = names.get(name).is_some_and(|until| Instant::now() < *until);
        if !fresh {
            names.pop(name);
        }
        fresh
    }

    /// Keeps this name as failed from now on.
    pub(super) fn remember(&self, name: &str) {
        let until = Instant::now() + self.believed_for;
        self.until.lock().unwrap_or_else(PoisonError::into_inner).put(name.into(), until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_believed_and_then_forgotten() {
        let failures = Failures::new(BELIEVED_FOR);
        failures.remember("example.org");
        assert!(failures.holds("example.org"));
        assert!(!failures.holds("example.com"));

        let failures = Failures::new(Duration::ZERO);
        failures.remember("example.org");
        assert!(!failures.holds("example.org"));
    }

    #[test]
    fn a_flood_of_names_pushes_out_the_oldest() {
        let failures = Failures::new(BELIEVED_FOR);
        for number in 0..=NAMES.get() {
            failures.remember(&format!("n{number}.example.org"));
        }
        assert!(!failures.holds("n0.example.org"));
        assert!(failures.holds("n1.example.org"));
    }
}
