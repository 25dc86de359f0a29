//! What was seen a moment ago, so that a busy sender does not ask the database each time and a
//! refused one does not fill the log. Both are bounded, and nothing here outlives a revocation.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use kernel::{OrganisationId, Timestamp, TokenId};
use lru::LruCache;

use super::{ActionName, Scope};
use crate::secret_text::HASH_BYTES;

/// Tokens that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();
/// Refused questions that are remembered; one that was forgotten is recorded once more.
const REFUSED: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// How long a token is believed without asking again: within this time a revocation by another
/// process takes hold, one by this process does at once.
const BELIEVED: Duration = Duration::from_secs(1);
/// What is refused again for the same reason within this time makes no further entry.
const TOLD: Duration = Duration::from_mins(15);

/// Why a known token was refused, as the log says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Refusal {
    /// The id is one of ours and the secret is not.
    Secret,
    /// It was revoked.
    Revoked,
    /// It is for something else.
    Scope(Scope),
}

struct Good {
    hash: [u8; HASH_BYTES],
    scopes: Arc<BTreeSet<Scope>>,
    seen_at: Timestamp,
}

/// Who was refused what: organisation, actor, action, and what it was about.
pub(super) type RefusedQuestion = (OrganisationId, String, ActionName, String);

/// Which state of the tokens an answer of the database belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

pub(super) struct Recent {
    good: LruCache<TokenId, Good>,
    told: LruCache<(TokenId, Refusal), Timestamp>,
    refused: LruCache<RefusedQuestion, Timestamp>,
    generation: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            good: LruCache::new(REMEMBERED),
            told: LruCache::new(REMEMBERED),
            refused: LruCache::new(REFUSED),
            generation: 0,
        }
    }
}

impl Recent {
    /// The scopes of a token that was good a moment ago, with the hash to compare.
    pub(super) fn good(&mut self, token: TokenId, now: Timestamp) -> Option<([u8; HASH_BYTES], Arc<BTreeSet<Scope>>)> {
        let good = self.good.get(&token)?;
        // A clock that was set back must not make a token live longer.
        let fresh = now >= good.seen_at && now.since(good.seen_at) < BELIEVED;
        fresh.then(|| (good.hash, Arc::clone(&good.scopes)))
    }

    /// To be asked for before the database is, and given to [`Recent::remember`].
    pub(super) const fn generation(&self) -> Generation {
        Generation(self.generation)
    }

    /// Keeps what the database said, unless a token was revoked since it was asked.
    pub(super) fn remember(
        &mut self,
        token: TokenId,
        hash: [u8; HASH_BYTES],
        scopes: Arc<BTreeSet<Scope>>,
        (asked, now): (Generation, Timestamp),
    ) {
        if asked.0 == self.generation {
            self.good.put(token, Good { hash, scopes, seen_at: now });
        }
    }

    /// Forgets a token that was revoked, and whatever the database is saying about it just now.
    pub(super) fn forget(&mut self, token: TokenId) {
        self.generation = self.generation.wrapping_add(1);
        self.good.pop(&token);
    }

    /// Whether this refusal is to be put on record; it is then taken as told.
    pub(super) fn is_news(&mut self, token: TokenId, refusal: Refusal, now: Timestamp) -> bool {
        let told = self.told.get(&(token, refusal)).copied();
        if told.is_some_and(|at| now >= at && now.since(at) < TOLD) {
            return false;
        }
        self.told.put((token, refusal), now);
        true
    }

    /// The same for a question that the policies answered with no.
    pub(super) fn is_new_refusal(&mut self, question: RefusedQuestion, now: Timestamp) -> bool {
        let told = self.refused.get(&question).copied();
        if told.is_some_and(|at| now >= at && now.since(at) < TOLD) {
            return false;
        }
        self.refused.put(question, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Id;

    const TOKEN: fn() -> TokenId = || TokenId::from_bytes([7; 16]);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn a_token_is_believed_for_a_second_and_not_when_the_clock_goes_back() {
        let mut recent = Recent::default();
        let asked = recent.generation();
        recent.remember(TOKEN(), [1; 32], Arc::default(), (asked, at(1_000)));
        assert!(recent.good(TOKEN(), at(1_999)).is_some());
        assert!(recent.good(TOKEN(), at(2_000)).is_none());
        assert!(recent.good(TOKEN(), at(999)).is_none());
    }

    #[test]
    fn an_answer_that_a_revocation_overtook_is_not_kept() {
        let mut recent = Recent::default();
        let asked = recent.generation();
        recent.forget(TOKEN());
        recent.remember(TOKEN(), [1; 32], Arc::default(), (asked, at(0)));
        assert!(recent.good(TOKEN(), at(0)).is_none());
    }

    #[test]
    fn each_reason_is_told_once_in_a_while() {
        let mut recent = Recent::default();
        assert!(recent.is_news(TOKEN(), Refusal::Revoked, at(0)));
        assert!(!recent.is_news(TOKEN(), Refusal::Revoked, at(1)));
        assert!(recent.is_news(TOKEN(), Refusal::Secret, at(1)));
        assert!(recent.is_news(TOKEN(), Refusal::Revoked, at(15 * 60 * 1_000)));
    }
}
