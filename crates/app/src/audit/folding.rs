//! Folding in the background, for as long as the product runs. It tells of each kind of trouble
//! once and never gives up: entries that cannot be folded now wait.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use db::{Announcement, Changes};
use kernel::{OrganisationId, limits};
use tokio::time::MissedTickBehavior;

use super::append::CHANGE;
use super::{Audit, Error};

/// How often every organisation is folded: a process may die between a commit and its announcement.
const SWEEP: Duration = Duration::from_secs(10);

const TROUBLES: &str = "doorward_audit_fold_troubles";
pub(super) const ENTRIES: &str = "doorward_audit_folded_entries";

impl Audit {
    /// Folds what is committed, each [`limits::FOLD_INTERVAL`], until `shutdown` is ready; then
    /// folds the rest and returns.
    pub async fn run_folding(&self, shutdown: impl Future<Output = ()>) {
        let mut changes = self.context.db.changes();
        let mut shutdown = pin!(shutdown);
        let mut due = tokio::time::interval(limits::FOLD_INTERVAL);
        let mut sweep = tokio::time::interval(SWEEP);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = BTreeSet::new();
        let mut troubles = HashMap::new();
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                heard = hear(&mut changes) => match heard {
                    Announcement::Changed(change) if change.kind == CHANGE => {
                        waiting.insert(change.organisation);
                    }
                    Announcement::Changed(_) => {}
                    Announcement::Gap => waiting.extend(self.context.keyring.organisations()),
                },
                _ = sweep.tick() => waiting.extend(self.context.keyring.organisations()),
                _ = due.tick(), if !waiting.is_empty() => {
                    self.fold_all(std::mem::take(&mut waiting), &mut troubles).await;
                }
            }
        }
        self.fold_all(self.context.keyring.organisations().into_iter().collect(), &mut troubles).await;
    }

    async fn fold_all(&self, due: BTreeSet<OrganisationId>, troubles: &mut HashMap<OrganisationId, String>) {
        for organisation in due {
            match self.fold(organisation).await {
                Ok(_) => {
                    if troubles.remove(&organisation).is_some() {
                        tracing::info!(%organisation, "the audit log is being folded again");
                    }
                }
                // Whoever overtook it so often does the work.
                Err(Error::Overtaken) => {}
                Err(error) => {
                    let trouble = error.to_string();
                    if troubles.get(&organisation) != Some(&trouble) {
                        tracing::error!(%organisation, %error, "the audit log could not be folded");
                        metrics::counter!(TROUBLES).increment(1);
                    }
                    troubles.insert(organisation, trouble);
                }
            }
        }
    }
}

/// The counters of folding are there from the start, at nought.
pub(crate) fn begin_counting() {
    metrics::describe_counter!(TROUBLES, "Times that an audit log could not be folded: must not rise.");
    metrics::describe_counter!(ENTRIES, "Entries that were folded into a tree.");
    metrics::counter!(TROUBLES).increment(0);
    metrics::counter!(ENTRIES).increment(0);
}

async fn hear(changes: &mut Changes) -> Announcement {
    match changes.next().await {
        Some(announcement) => announcement,
        // The database is closed: nothing will ever be heard again, and the sweep goes on.
        None => std::future::pending().await,
    }
}
