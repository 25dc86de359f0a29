//! Sending in the background, for as long as the product serves: woken by what is written, and by
//! the time at which something is due.
//!
//! Told to stop, it begins no mail any more and finishes the one that it is at.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use db::{Announcement, Changes};
use kernel::{OrganisationId, Timestamp};
use tokio::time::MissedTickBehavior;

use super::store::CHANGE;
use crate::channels::{Channels, Error};

/// How often every organisation is looked at: a process may die between a commit and its announcement.
const SWEEP: Duration = Duration::from_secs(30);
/// The longest sleep while something is due later: the clock may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// The shortest, so that a mistake in reckoning does not spin.
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);
/// How long the mail that is being handed over may still take after a stop. One that takes longer is
/// sent again at the next start, and its thread says so.
const GRACE: Duration = Duration::from_secs(20);

impl Channels {
    /// Sends mail until `shutdown` is ready.
    pub async fn run_sending(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut changes = self.context.db.changes();
        let mut shutdown: Pin<&mut (dyn Future<Output = ()> + Send)> = pin!(shutdown);
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = BTreeSet::new();
        let mut due: BTreeMap<OrganisationId, Timestamp> = BTreeMap::new();
        loop {
            let now = self.context.clock.now();
            let ready: Vec<_> =
                due.iter().filter(|(_, at)| **at <= now).map(|(organisation, _)| *organisation).collect();
            waiting.extend(ready);
            if let Some(organisation) = waiting.pop_first() {
                due.remove(&organisation);
                match self.one_round(organisation, shutdown.as_mut()).await {
                    Some(Some(next)) => drop(due.insert(organisation, next)),
                    Some(None) => {}
                    None => return,
                }
                continue;
            }
            let pause = due.values().min().map(|next| next.since(now).clamp(SHORTEST_SLEEP, LONGEST_SLEEP));
            tokio::select! {
                () = shutdown.as_mut() => return,
                heard = hear(&mut changes) => match heard {
                    Announcement::Changed(change) if change.kind == CHANGE => {
                        waiting.insert(change.organisation);
                    }
                    Announcement::Changed(_) => {}
                    Announcement::Gap => waiting.extend(self.context.keyring.organisations()),
                },
                _ = sweep.tick() => waiting.extend(self.context.keyring.organisations()),
                () = tokio::time::sleep(pause.unwrap_or(SWEEP)) => {}
            }
        }
    }

    /// One round; when the next is due. None when it was told to stop meanwhile.
    async fn one_round(
        &self,
        organisation: OrganisationId,
        mut shutdown: Pin<&mut (dyn Future<Output = ()> + Send)>,
    ) -> Option<Option<Timestamp>> {
        let stopping = AtomicBool::new(false);
        let mut round = pin!(self.send_due_until(organisation, &stopping));
        let done = tokio::select! {
            done = &mut round => done,
            () = shutdown.as_mut() => {
                stopping.store(true, Ordering::SeqCst);
                if tokio::time::timeout(GRACE, round).await.is_err() {
                    tracing::warn!("a mail was on its way for too long: it is sent again at the next start");
                }
                return None;
            }
        };
        match done {
            Ok(round) => Some(round.next_due),
            // Another process took the turn, or the database is away: the next look tells.
            Err(error) => {
                if !matches!(error, Error::Stale) {
                    tracing::warn!(%organisation, %error, "mail could not be sent");
                }
                Some(Some(self.context.clock.now().plus(LONGEST_SLEEP)))
            }
        }
    }
}

async fn hear(changes: &mut Changes) -> Announcement {
    match changes.next().await {
        Some(announcement) => announcement,
        // The database is closed: nothing will ever be heard again, and the sweep goes on.
        None => std::future::pending().await,
    }
}
