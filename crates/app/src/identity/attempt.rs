//! How often somebody may try to sign in: a budget for an address from one source, for a source, and
//! for an address from all unknown sources together. A device on which the agent signed in before has
//! a budget of its own, so that nobody can lock another out.
//!
//! An attempt is counted before it is looked at, so that many at once get no more than one by one,
//! and taken back when it was good. Known and unknown addresses are counted alike.

use std::net::IpAddr;
use std::time::Duration;

use db::Tx;
use kernel::{AgentId, Id, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::device::Device;
use super::session::{after, before};
use super::visitor::Visitor;
use super::{Error, Identity, store};
use crate::vault::Index;

/// Attempts are counted for so long from the first.
pub const WINDOW: Duration = Duration::from_mins(15);
/// Attempts of one source on one address.
pub const PER_ADDRESS_AND_SOURCE: u64 = 10;
/// Attempts of one known device.
pub const PER_DEVICE: u64 = 10;
/// Attempts of one source on all addresses.
pub const PER_SOURCE: u64 = 100;
/// Attempts on one address from all unknown sources.
pub const PER_ADDRESS: u64 = 100;
/// Sign-ins that one source may begin without finishing them.
pub const BEGUN_PER_SOURCE: u64 = 300;

/// One attempt that was counted.
pub(super) struct Attempt {
    /// Under which organisation attempts are counted: the oldest.
    house: OrganisationId,
    counted: Vec<Counted>,
    /// Whether a refusal of it is to be put on record: the first of its kind in this window.
    pub(super) is_news: bool,
}

struct Counted {
    key: [u8; 32],
    limit: u64,
    /// Whether a good attempt makes the earlier bad ones forgotten.
    is_own: bool,
}

impl Identity {
    /// Counts an attempt on an address; [`Error::TooManyAttempts`] when a budget is used up.
    pub(super) async fn count_attempt(
        &self,
        address: &str,
        device: Option<Device>,
        visitor: &Visitor,
    ) -> Result<Attempt, Error> {
        let (house, source) = (self.house().await?, source_bytes(visitor.source));
        let address = address.as_bytes();
        // The pair is counted for everybody, as it says what is news.
        let pair = self.key(house, "pair", &[address, &source])?;
        let counted = match device {
            Some(device) => {
                let parts = [device.organisation.bytes().as_slice(), device.agent.bytes(), &device.mark];
                let key = self.key(house, "device", &parts)?;
                vec![Counted::own(pair, u64::MAX), Counted::own(key, PER_DEVICE)]
            }
            None => vec![
                Counted::own(pair, PER_ADDRESS_AND_SOURCE),
                Counted::shared(self.key(house, "source", &[&source])?, PER_SOURCE),
                Counted::shared(self.key(house, "address", &[address])?, PER_ADDRESS),
            ],
        };
        self.count(house, counted).await
    }

    /// Counts the beginning of a sign-in, which costs a row until it ends.
    pub(super) async fn count_beginning(&self, visitor: &Visitor) -> Result<(), Error> {
        let (house, source) = (self.house().await?, source_bytes(visitor.source));
        let key = self.key(house, "begun", &[&source])?;
        self.count(house, vec![Counted::shared(key, BEGUN_PER_SOURCE)]).await.map(drop)
    }

    /// Counts an attempt with a passkey: nobody guesses one, so the source alone counts.
    pub(super) async fn count_passkey_attempt(&self, visitor: &Visitor) -> Result<Attempt, Error> {
        let (house, source) = (self.house().await?, source_bytes(visitor.source));
        let key = self.key(house, "source", &[&source])?;
        self.count(house, vec![Counted::shared(key, PER_SOURCE)]).await
    }

    /// The same once it is known whose passkey it claims to be: a refusal is news for each agent.
    pub(super) async fn count_passkey_of(
        &self,
        (organisation, agent): (OrganisationId, AgentId),
        visitor: &Visitor,
        mut attempt: Attempt,
    ) -> Result<Attempt, Error> {
        let source = source_bytes(visitor.source);
        let key = self.key(attempt.house, "passkey", &[organisation.bytes(), agent.bytes(), &source])?;
        let mut known = self.count(attempt.house, vec![Counted::own(key, u64::MAX)]).await?;
        known.counted.append(&mut attempt.counted);
        Ok(known)
    }

    async fn count(&self, house: OrganisationId, counted: Vec<Counted>) -> Result<Attempt, Error> {
        let now = self.context.clock.now();
        let cutoff = before(now, WINDOW);
        let budgets: Vec<([u8; 32], u64)> = counted.iter().map(|counted| (counted.key, counted.limit)).collect();
        let (first, over) = self
            .context
            .db
            .write("identity.count_attempt", move |tx| {
                store::forget_old_attempts(tx, house, cutoff)?;
                let (mut first, mut over) = (0, None::<Timestamp>);
                for (place, (key, limit)) in budgets.iter().enumerate() {
                    let (attempts, since) = store::count_attempt(tx, house, key, (now, cutoff))?;
                    if place == 0 {
                        first = attempts;
                    }
                    if attempts > *limit {
                        over = over.max(Some(after(since, WINDOW)));
                    }
                }
                Ok::<_, Error>((first, over))
            })
            .await?;
        match over {
            Some(until) => Err(Error::TooManyAttempts { seconds: seconds_until(now, until) }),
            None => Ok(Attempt { house, counted, is_news: first == 1 }),
        }
    }

    /// The organisation under which the whole installation counts: the oldest.
    pub(super) async fn house(&self) -> Result<OrganisationId, Error> {
        self.organisations().await?.first().map(|oldest| oldest.id).ok_or(Error::NoOrganisation)
    }

    fn key(&self, house: OrganisationId, kind: &str, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
        let mut said = Zeroizing::new(kind.as_bytes().to_vec());
        for part in parts {
            // With its length before it, so that no two lists of parts read alike.
            said.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            said.extend_from_slice(part);
        }
        Ok(self.vault.blind(house, Index::Attempts, &said)?)
    }
}

impl Counted {
    const fn own(key: [u8; 32], limit: u64) -> Self {
        Self { key, limit, is_own: true }
    }

    const fn shared(key: [u8; 32], limit: u64) -> Self {
        Self { key, limit, is_own: false }
    }
}

/// The attempt was good: it is taken back, and what was counted for this visitor alone is forgotten.
pub(super) fn take_back(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<(), Error> {
    for counted in &attempt.counted {
        if counted.is_own {
            store::forget_attempts(tx, attempt.house, &counted.key)?;
        } else {
            store::take_attempt_back(tx, attempt.house, &counted.key)?;
        }
    }
    Ok(())
}

/// What stands for a source: an IPv4 address, or the network of an IPv6 address, of which one
/// household has 2^64 addresses.
fn source_bytes(source: Option<IpAddr>) -> Vec<u8> {
    match source.map(|source| source.to_canonical()) {
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets().iter().take(8).copied().collect(),
        None => Vec::new(),
    }
}

fn seconds_until(now: Timestamp, until: Timestamp) -> u64 {
    u64::try_from((until.micros() - now.micros()).div_euclid(1_000_000).saturating_add(1)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_source() {
        let bytes = |text: &str| source_bytes(Some(text.parse().unwrap()));
        assert_eq!(bytes("2001:db8:1:2:3:4:5:6"), bytes("2001:db8:1:2::1"));
        assert_ne!(bytes("2001:db8:1:2::1"), bytes("2001:db8:1:3::1"));
        assert_eq!(bytes("::ffff:192.0.2.1"), bytes("192.0.2.1"));
        assert_ne!(bytes("192.0.2.1"), bytes("192.0.2.2"));
    }
}
