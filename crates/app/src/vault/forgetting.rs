//! Forgetting in memory and in files what an erasure or a rotation ended: in this process at once, in
//! other nodes as soon as they hear of it.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use db::{Announcement, Changes};
use envelope::{Keyring, KeyringError, SubjectId};
use tokio::time::MissedTickBehavior;

use super::erase::ERASURE;
use super::rotate::ROTATION;
use super::{Error, Vault};

/// How often the files are scrubbed again when somebody was reading them at an erasure.
const SCRUB_AGAIN: Duration = Duration::from_mins(1);

impl Vault {
    /// Forgets opened keys that other nodes destroyed, until `shutdown` is ready.
    pub async fn run_forgetting(&self, shutdown: impl Future<Output = ()>) {
        let mut changes = self.context.db.changes();
        let mut shutdown = pin!(shutdown);
        let mut again = tokio::time::interval(SCRUB_AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                heard = hear(&mut changes) => self.forget_what_changed(heard).await,
                _ = again.tick() => if self.unscrubbed.load(Ordering::SeqCst) {
                    self.scrub().await;
                },
            }
        }
    }

    async fn forget_what_changed(&self, heard: Announcement) {
        match heard {
            Announcement::Changed(change) if change.kind == ERASURE => {
                self.forget(change.organisation, SubjectId::from_bytes(change.id));
            }
            Announcement::Changed(change) if change.kind == ROTATION => self.read_keyring_again().await,
            Announcement::Changed(_) => {}
            // Nobody knows who it was: what is still there is opened again when it is asked for.
            Announcement::Gap => {
                self.opened_keys().clear();
                self.read_keyring_again().await;
            }
        }
    }

    async fn read_keyring_again(&self) {
        if let Err(error) = self.with_keyring(Keyring::refresh).await {
            // It is read again when a key is asked for that it does not know.
            tracing::warn!(%error, "the keyring could not be read again after a rotation");
        }
    }

    /// Overwrites what removed rows left in the database's files; whether that was possible now.
    pub(super) async fn scrub(&self) -> bool {
        let done = self.context.db.scrub().await;
        if let Err(error) = &done {
            tracing::warn!(%error, "what removed rows left in the files is overwritten later");
        }
        self.unscrubbed.store(done.is_err(), Ordering::SeqCst);
        done.is_ok()
    }

    /// Works with the keyring beside the runtime: it waits for a disk, a lock or a key service.
    pub(super) async fn with_keyring<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keyring) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, Error> {
        let keyring = std::sync::Arc::clone(&self.context.keyring);
        let stopped = |_| Error::Database(db::Error::Panicked("vault.keyring"));
        Ok(tokio::task::spawn_blocking(move || work(&keyring)).await.map_err(stopped)??)
    }
}

async fn hear(changes: &mut Changes) -> Announcement {
    match changes.next().await {
        Some(heard) => heard,
        // The database is closed: nothing will ever be heard again.
        None => std::future::pending().await,
    }
}
