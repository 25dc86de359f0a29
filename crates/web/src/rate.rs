//! How often the bearer of one token may ask, told with every answer (RateLimit fields of
//! draft-ietf-httpapi-ratelimit-headers-10). It keeps a sender that runs wild from the others; it
//! does not count who is refused before, and knows tokens by their id alone.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use kernel::TokenId;
use lru::LruCache;

use crate::problem::Problem;

/// The window in which a quota counts, in seconds.
const WINDOW_SECONDS: u32 = 60;
/// Tokens whose rate is remembered; one that has not asked for longest is forgotten first, and so
/// begins with a whole quota again.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>;

/// The rates of all tokens that ask.
pub(crate) struct Rates<C: Clock = MonotonicClock> {
    quota: NonZeroU32,
    clock: C,
    tokens: Mutex<LruCache<TokenId, Limiter<C>>>,
}

/// Where a token stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    quota: u32,
    remaining: u32,
}

/// The place in a request where its handler leaves the standing of its token, for the answer.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<OnceLock<Standing>>);

impl Rates {
    /// `quota` requests of each token in a minute, refilled evenly.
    pub(crate) fn new(quota: NonZeroU32) -> Self {
        Self::with_clock(quota, MonotonicClock)
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn with_clock(quota: NonZeroU32, clock: C) -> Self {
        Self { quota, clock, tokens: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Takes one request off a token's quota, or tells when to come again.
    pub(crate) fn take(&self, token: TokenId) -> (Standing, Result<(), Problem>) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = tokens.get_or_insert(token, || {
            let limiter = RateLimiter::direct_with_clock(Quota::per_minute(self.quota), self.clock.clone());
            limiter.with_middleware::<StateInformationMiddleware>()
        });
        let quota = self.quota.get();
        match limiter.check() {
            Ok(state) => (Standing { quota, remaining: state.remaining_burst_capacity() }, Ok(())),
            Err(not_until) => {
                let wait = whole_seconds(not_until.wait_time_from(self.clock.now()));
                (Standing { quota, remaining: 0 }, Err(Problem::TooMany { quota, wait }))
            }
        }
    }
}

/// At least one, so that nobody comes again at once.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl Told {
    pub(crate) fn tell(&self, standing: Standing) {
        // A request has one token.
        let _ = self.0.set(standing);
    }

    /// Writes the standing, if there is one, into the head of an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Some(Standing { quota, remaining }) = self.0.get() else { return };
        let used = u64::from(quota - remaining.min(quota));
        let until_whole = (used * u64::from(WINDOW_SECONDS)).div_ceil(u64::from(*quota));
        let fields = [
            ("ratelimit-policy", format!("\"token\";q={quota};w={WINDOW_SECONDS}")),
            ("ratelimit", format!("\"token\";r={remaining};t={until_whole}")),
        ];
        for (name, text) in fields {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;
    use kernel::Id as _;

    use super::*;

    fn token(number: u128) -> TokenId {
        TokenId::from_bytes(number.to_be_bytes())
    }

    fn rates(quota: u32) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Rates::with_clock(NonZeroU32::new(quota).unwrap(), clock.clone()), clock)
    }

    fn fields(standing: Standing) -> (String, String) {
        let (told, mut headers) = (Told::default(), HeaderMap::new());
        told.tell(standing);
        told.write(&mut headers);
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        (text("ratelimit-policy"), text("ratelimit"))
    }

    #[test]
    fn a_token_has_its_quota_at_once_and_then_waits_while_others_go_on() {
        let (rates, clock) = rates(3);
        for left in [2, 1, 0] {
            let (standing, taken) = rates.take(token(1));
            assert_eq!((standing.remaining, taken), (left, Ok(())));
        }
        assert_eq!(rates.take(token(1)).1, Err(Problem::TooMany { quota: 3, wait: 20 }));
        assert_eq!(rates.take(token(2)).1, Ok(()));
        clock.advance(Duration::from_secs(19));
        assert_eq!(rates.take(token(1)).1, Err(Problem::TooMany { quota: 3, wait: 1 }));
        clock.advance(Duration::from_secs(1));
        assert_eq!(rates.take(token(1)).1, Ok(()));
        assert!(rates.take(token(1)).1.is_err(), "one came back, not all");
    }

    #[test]
    fn an_answer_tells_what_is_left_and_when_all_is_back() {
        let (rates, _clock) = rates(120);
        let policy = "\"token\";q=120;w=60".to_owned();
        assert_eq!(fields(rates.take(token(1)).0), (policy.clone(), "\"token\";r=119;t=1".to_owned()));
        for _ in 0..119 {
            rates.take(token(1)).1.unwrap();
        }
        assert_eq!(fields(rates.take(token(1)).0), (policy, "\"token\";r=0;t=60".to_owned()));
    }

    #[test]
    fn strangers_cannot_fill_the_memory() {
        let (rates, _clock) = rates(1);
        for number in 0..REMEMBERED.get() as u128 + 100 {
            rates.take(token(number)).1.unwrap();
        }
        assert_eq!(rates.tokens.lock().unwrap().len(), REMEMBERED.get());
    }
}
