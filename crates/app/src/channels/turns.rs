//! Turns: mails of one sender that come at the same time are taken in one after another, so that the
//! second finds the customer and the thread of the first instead of being prepared twice. Only work
//! is saved by it: what is true is decided in the transaction alone, and other nodes take no turns.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

/// Senders share this many turns; those who share one wait for each other needlessly.
const TURNS: usize = 256;
/// Nobody waits longer for a turn: a mail whose files are slow to store holds up few others.
const PATIENCE: Duration = Duration::from_millis(250);

/// The turns of one process.
pub(super) struct Turns(Vec<Mutex<()>>);

impl Turns {
    pub(super) fn new() -> Self {
        Self((0..TURNS).map(|_| Mutex::new(())).collect())
    }

    /// Waits for the turn of the one behind a keyed hash, which nobody outside can aim at; nothing
    /// when it does not come in time.
    pub(super) async fn take(&self, [first, ..]: &[u8; 32]) -> Option<MutexGuard<'_, ()>> {
        let turn = self.0.get(usize::from(*first) % TURNS)?;
        tokio::time::timeout(PATIENCE, turn.lock()).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[tokio::test]
    async fn one_who_never_ends_holds_nobody_up_for_ever() {
        let turns = Turns::new();
        let first = turns.take(&[1; 32]).await;
        assert!(first.is_some() && turns.take(&[2; 32]).await.is_some());
        assert!(turns.take(&[1; 32]).await.is_none());
        drop(first);
        assert!(turns.take(&[1; 32]).await.is_some());
    }
}
