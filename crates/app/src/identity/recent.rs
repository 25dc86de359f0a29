//! Sessions that were seen a moment ago, so that a page with many requests does not ask the database
//! for each. Bounded, and nothing here outlives the end of a session.

use std::num::NonZeroUsize;
use std::time::Duration;

use kernel::{AgentId, OrganisationId, SessionId, Timestamp};
use lru::LruCache;

use super::session::{LONGEST, SignedIn, since};
use crate::secret_text::HASH_BYTES;

/// Sessions that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();
/// How long a session is believed without asking again: within this time its end in another process
/// takes hold, one in this process does at once.
const BELIEVED: Duration = Duration::from_secs(5);

struct Good {
    hash: [u8; HASH_BYTES],
    signed_in: SignedIn,
    asked_at: Timestamp,
}

/// Which state of the sessions an answer of the database belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

pub(super) struct Recent {
    good: LruCache<SessionId, Good>,
    generation: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { good: LruCache::new(REMEMBERED), generation: 0 }
    }
}

impl Recent {
    /// Whose session it was a moment ago, with the hash to compare.
    pub(super) fn good(&mut self, session: SessionId, now: Timestamp) -> Option<([u8; HASH_BYTES], SignedIn)> {
        let good = self.good.get(&session)?;
        // A clock that was set back must not make a session live longer.
        let fresh = now >= good.asked_at && since(good.asked_at, now) < BELIEVED;
        let lives = since(good.signed_in.signed_in_at, now) < LONGEST;
        (fresh && lives).then(|| (good.hash, good.signed_in.clone()))
    }

    /// To be asked for before the database is, and given to [`Recent::remember`].
    pub(super) const fn generation(&self) -> Generation {
        Generation(self.generation)
    }

    /// Keeps what the database said, unless a session was ended since it was asked.
    pub(super) fn remember(
        &mut self,
        hash: [u8; HASH_BYTES],
        signed_in: &SignedIn,
        (asked, now): (Generation, Timestamp),
    ) {
        if asked.0 == self.generation {
            self.good.put(signed_in.session, Good { hash, signed_in: signed_in.clone(), asked_at: now });
        }
    }

    /// Forgets all sessions of an agent, and whatever the database is saying about them just now.
    pub(super) fn forget(&mut self, organisation: OrganisationId, agent: AgentId) {
        self.generation = self.generation.wrapping_add(1);
        let of_agent = |good: &Good| good.signed_in.agent == agent && good.signed_in.organisation == organisation;
        let ended: Vec<SessionId> =
            self.good.iter().filter(|(_, good)| of_agent(good)).map(|(session, _)| *session).collect();
        for session in ended {
            self.good.pop(&session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Role, Strength};
    use kernel::{Id, Locale};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn signed_in() -> SignedIn {
        SignedIn {
            organisation: OrganisationId::from_bytes([1; 16]),
            agent: AgentId::from_bytes([2; 16]),
            session: SessionId::from_bytes([3; 16]),
            roles: Role::Agent.into(),
            name: "Maria".to_owned(),
            locale: Locale::En,
            strength: Strength::Passkey,
            signed_in_at: at(100),
        }
    }

    #[test]
    fn a_session_is_believed_for_five_seconds_and_not_when_the_clock_goes_back() {
        let (mut recent, one) = (Recent::default(), signed_in());
        let asked = recent.generation();
        recent.remember([1; 32], &one, (asked, at(1_000)));
        assert!(recent.good(one.session, at(1_004)).is_some());
        assert!(recent.good(one.session, at(1_005)).is_none());
        assert!(recent.good(one.session, at(999)).is_none());
    }

    #[test]
    fn an_ended_session_is_forgotten_even_by_an_answer_on_its_way() {
        let (mut recent, one) = (Recent::default(), signed_in());
        let asked = recent.generation();
        recent.remember([1; 32], &one, (asked, at(0)));
        recent.forget(one.organisation, one.agent);
        assert!(recent.good(one.session, at(0)).is_none());
        recent.remember([1; 32], &one, (asked, at(0)));
        assert!(recent.good(one.session, at(0)).is_none());
    }
}
