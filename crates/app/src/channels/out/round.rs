//! One round of sending for one organisation: whoever has the turn sends what is due, server by
//! server, each in the order in which it was written.
//!
//! A server that cannot be used puts off all that waits for it, and none of it is to blame.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use db::Tx;
use kernel::{ConversationId, Entropy, MessageId, OrganisationId, OwnAddressId, Timestamp};

use super::mail_server::{self, MailServer};
use super::own_address::{self, OwnAddress};
use super::send::Outcome;
use super::smtp::{Session, Trouble};
use super::store;
use crate::channels::{Channels, Error};

/// Mails that are looked up at a time.
const BATCH: usize = 50;
/// How long a turn lasts without being kept; another process takes it over after that.
pub(super) const TURN: Duration = Duration::from_mins(1);
/// How often it is kept.
const KEEP: Duration = Duration::from_secs(15);
/// The first and the longest pause before a server is tried again.
const SERVER_PAUSE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(5));

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Mails that a server took for all of their recipients.
    pub sent: usize,
    /// Mails that will not be tried again.
    pub failed: usize,
    /// Mails that are tried again later.
    pub put_off: usize,
    /// Servers that could not be used.
    pub unusable: usize,
    /// When something is due next; none when nothing waits that could be sent.
    pub next_due: Option<Timestamp>,
}

/// A server and the addresses whose mail it takes.
pub(super) struct Lane {
    pub(super) scope: [u8; 16],
    pub(super) server: MailServer,
    pub(super) failures: u64,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) own: Vec<OwnAddress>,
    next_due: Option<Timestamp>,
}

impl Lane {
    /// When something of it can be sent.
    fn due(&self) -> Option<Timestamp> {
        self.next_due.map(|due| self.retry_at.map_or(due, |retry| retry.max(due)))
    }
}

impl Channels {
    /// Sends what is due in one organisation, unless another process is at it.
    pub async fn send_due(&self, organisation: OrganisationId) -> Result<Round, Error> {
        self.send_due_until(organisation, &AtomicBool::new(false)).await
    }

    /// The same; begins no mail any more once `stopping` is set.
    pub(super) async fn send_due_until(
        &self,
        organisation: OrganisationId,
        stopping: &AtomicBool,
    ) -> Result<Round, Error> {
        let now = self.context.clock.now();
        let lanes = self.lanes(organisation).await?;
        let next_due = lanes.iter().filter_map(Lane::due).min();
        if next_due.is_none_or(|due| due > now) {
            return Ok(Round { next_due, ..Round::default() });
        }
        let holder: [u8; 16] = self.context.entropy.array();
        let taken = self.context.db.write("channels.take_turn", move |tx| {
            Ok::<_, Error>(store::take_turn(tx, organisation, &holder, (now, now.plus(TURN)))?)
        });
        if !taken.await? {
            return Ok(Round { next_due: Some(now.plus(KEEP)), ..Round::default() });
        }
        let mut round = Round::default();
        let worked = tokio::select! {
            worked = self.send_lanes(organisation, &lanes, (&holder, stopping), &mut round) => worked,
            lost = self.keep_turn(organisation, holder) => Err(lost),
        };
        let left = self
            .context
            .db
            .write("channels.leave_turn", move |tx| Ok::<_, Error>(store::leave_turn(tx, organisation, &holder)?));
        left.await?;
        worked?;
        round.next_due = self.lanes(organisation).await?.iter().filter_map(Lane::due).min();
        Ok(round)
    }

    /// Keeps the turn; returns when it is lost.
    async fn keep_turn(&self, organisation: OrganisationId, holder: [u8; 16]) -> Error {
        loop {
            tokio::time::sleep(KEEP).await;
            let until = self.context.clock.now().plus(TURN);
            let kept = self.context.db.write("channels.keep_turn", move |tx| {
                Ok::<_, Error>(store::keep_turn(tx, organisation, &holder, until)?)
            });
            match kept.await {
                Ok(true) => {}
                Ok(false) => return Error::Stale,
                Err(error) => return error,
            }
        }
    }

    /// The servers with their addresses, and when something of each is due.
    async fn lanes(&self, organisation: OrganisationId) -> Result<Vec<Lane>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let rows = store::mail_servers(tx, organisation)?;
            let addresses = store::own_addresses(tx, organisation)?;
            if rows.is_empty() || addresses.is_empty() {
                return Ok(Vec::new());
            }
            let keys = channels.own_keys(tx, organisation)?;
            let mut lanes: Vec<Lane> = Vec::with_capacity(rows.len());
            for own in own_address::opened(&keys, addresses)? {
                let scopes = [Some(own.id), None].map(|of| mail_server::scope(organisation, of));
                let Some(row) = scopes.iter().find_map(|scope| rows.iter().find(|row| row.scope == *scope)) else {
                    continue;
                };
                let due = store::next_due(tx, organisation, own.id)?;
                if let Some(lane) = lanes.iter_mut().find(|lane| lane.scope == row.scope) {
                    lane.next_due = lane.next_due.into_iter().chain(due).min();
                    lane.own.push(own);
                    continue;
                }
                lanes.push(Lane {
                    scope: row.scope,
                    server: MailServer::open(&keys, row)?,
                    failures: row.failures,
                    retry_at: row.retry_at,
                    own: vec![own],
                    next_due: due,
                });
            }
            Ok::<_, Error>(lanes)
        };
        self.context.db.read("channels.lanes", read).await
    }

    async fn send_lanes(
        &self,
        organisation: OrganisationId,
        lanes: &[Lane],
        (holder, stopping): (&[u8; 16], &AtomicBool),
        round: &mut Round,
    ) -> Result<(), Error> {
        let mut unusable = HashSet::new();
        loop {
            let handled = round.sent + round.failed;
            for lane in lanes.iter().filter(|lane| !unusable.contains(&lane.scope)).collect::<Vec<_>>() {
                if lane.retry_at.is_some_and(|retry| retry > self.context.clock.now()) {
                    continue;
                }
                let mut session = None;
                let sent = self.send_lane(organisation, lane, (holder, stopping), &mut session, round).await;
                if let Some(session) = session {
                    session.quit().await;
                }
                if !sent? {
                    unusable.insert(lane.scope);
                }
            }
            // What left by one server may have been what another's mail of the same conversation waited for.
            if round.sent + round.failed == handled || stopping.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
    }

    /// Sends what is due by one server; false when the server cannot be used.
    async fn send_lane(
        &self,
        organisation: OrganisationId,
        lane: &Lane,
        (holder, stopping): (&[u8; 16], &AtomicBool),
        session: &mut Option<Session>,
        round: &mut Round,
    ) -> Result<bool, Error> {
        loop {
            let batch = self.next_batch(organisation, lane).await?;
            if batch.is_empty() {
                return Ok(true);
            }
            let mut put_off = HashSet::new();
            for (message, conversation) in batch {
                if stopping.load(Ordering::SeqCst) {
                    return Ok(true);
                }
                if put_off.contains(&conversation) {
                    continue;
                }
                match self.deliver(organisation, lane, session, (message, holder)).await? {
                    Outcome::Sent => round.sent += 1,
                    Outcome::Failed => round.failed += 1,
                    Outcome::PutOff => {
                        round.put_off += 1;
                        put_off.insert(conversation);
                    }
                    Outcome::Gone => {}
                    Outcome::Unusable(trouble) => {
                        round.unusable += 1;
                        self.put_lane_off(organisation, lane, &trouble).await?;
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// The next mails of a lane, in the order in which they were written.
    async fn next_batch(
        &self,
        organisation: OrganisationId,
        lane: &Lane,
    ) -> Result<Vec<(MessageId, ConversationId)>, Error> {
        let own: Vec<OwnAddressId> = lane.own.iter().map(|own| own.id).collect();
        let now = self.context.clock.now();
        let read = move |tx: &mut Tx<'_>| {
            let mut batch = Vec::new();
            for own in &own {
                batch.extend(store::next_mails(tx, organisation, *own, (now, BATCH))?);
            }
            batch.sort_unstable();
            batch.truncate(BATCH);
            Ok::<_, Error>(batch)
        };
        let batch = self.context.db.read("channels.next_mails", read).await?;
        Ok(batch.into_iter().map(|(_, message, conversation)| (message, conversation)).collect())
    }

    async fn put_lane_off(&self, organisation: OrganisationId, lane: &Lane, trouble: &Trouble) -> Result<(), Error> {
        let (now, failures) = (self.context.clock.now(), lane.failures + 1);
        let retry_at = now.plus(pause(SERVER_PAUSE, failures, &*self.context.entropy));
        tracing::warn!(%organisation, stage = trouble.stage.word(), failures, "a mail server cannot be used");
        metrics::counter!("doorward_mail_out", "outcome" => "server_unusable").increment(1);
        self.tell_server(organisation, lane.scope, (failures, Some(retry_at))).await
    }

    pub(super) async fn tell_server(
        &self,
        organisation: OrganisationId,
        scope: [u8; 16],
        told: (u64, Option<Timestamp>),
    ) -> Result<(), Error> {
        let now = self.context.clock.now();
        let write = move |tx: &mut Tx<'_>| Ok(store::tell_server(tx, organisation, &scope, told, now)?);
        self.context.db.write("channels.tell_server", write).await
    }
}

/// The pause before the next try: doubled each time up to a bound, and moved by a fifth at most, so
/// that what failed together is not tried together for ever.
pub(super) fn pause((first, longest): (Duration, Duration), tries: u64, entropy: &dyn Entropy) -> Duration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = first.saturating_mul(1 << doublings).min(longest);
    let [random] = entropy.array::<1>();
    pause.mul_f64(0.8 + 0.4 * f64::from(random) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SeededEntropy;

    #[test]
    fn pauses_grow_to_their_bound_and_no_further() {
        let entropy = SeededEntropy::new(3);
        let bounds = (Duration::from_mins(1), Duration::from_hours(1));
        for (tries, exact) in [(1, 60), (2, 120), (3, 240), (7, 3600), (u64::MAX, 3600)] {
            let exact = f64::from(exact);
            let pause = pause(bounds, tries, &entropy).as_secs_f64();
            assert!((exact * 0.79..=exact * 1.21).contains(&pause), "{tries}: {pause}");
        }
    }
}
