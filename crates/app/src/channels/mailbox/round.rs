//! One connection's work on one folder: what waits there is looked for, dealt with mail by mail, and
//! then news is waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::imap::{Folder, Imap, Trouble};
use super::memory::Memory;
use super::pace::MailboxPace;
use super::store::{Hold, MailboxRow};
use super::take::condition;
use crate::channels::{Channels, Error};

/// UIDs that one search covers, so that its answer has a bound.
const WINDOW: u32 = 100_000;
/// Mails whose sizes are asked at once, and after which progress is written down.
const BATCH: usize = 100;

/// What one connection works with.
pub(super) struct Round<'w> {
    pub(super) channels: &'w Channels,
    pub(super) hold: Hold,
    pub(super) row: &'w MailboxRow,
    pub(super) imap: Imap,
    pub(super) folder: Folder,
    pub(super) memory: &'w mut Memory,
    /// Room for mails that are not small.
    pub(super) room: &'w Semaphore,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) tally: Tally,
    /// Nothing below the present window waits.
    pub(super) unbroken: bool,
}

/// What happened since progress was last written down.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) taken: u64,
    pub(super) left_alone: u64,
    /// Mails one after another that could not be stored.
    pub(super) not_stored: u32,
    /// Trouble that did not end the connection.
    pub(super) trouble: Option<Trouble>,
}

/// How a folder stands after it was worked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing waits.
    Clear,
    /// Something is to be tried again soon.
    Waiting,
}

impl Round<'_> {
    /// Deals with everything that waits. Trouble with one mail is noted and does not end it; trouble
    /// with the connection, or with our own database, does.
    pub(super) async fn pass(&mut self) -> Result<Standing, Trouble> {
        self.tally.trouble = None;
        self.unbroken = true;
        let condition = condition(&self.row.put_away, self.folder.keywords, self.row.since);
        let mut first = self.memory.mark().1.saturating_add(1);
        loop {
            let last = self.window_end(first);
            let found = self.imap.search(first, last, &condition).await?;
            let dealt_with = self.deal_with(&found).await;
            self.unbroken = self.move_mark(&found, last);
            self.record().await;
            dealt_with?;
            match last {
                Some(last) if !self.is_stopping() => first = last.saturating_add(1),
                _ => break,
            }
        }
        Ok(self.conclude().await)
    }

    /// Waits for news, but not longer than is good after this standing.
    pub(super) async fn wait(&mut self, pace: &MailboxPace, standing: Standing) -> Result<(), Trouble> {
        if self.imap.has_news() {
            return Ok(());
        }
        let idles = self.imap.offers("IDLE").await?;
        let longest = if standing == Standing::Waiting || !idles { pace.poll } else { pace.idle };
        let mut stop = self.stop.clone();
        let until = async { stopped_or(&mut stop, longest).await };
        if idles {
            return self.imap.idle(until).await;
        }
        until.await;
        self.imap.noop().await
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// The end of the window that begins here; none for the last one, which has no end.
    fn window_end(&self, first: u32) -> Option<u32> {
        let end = first.checked_add(WINDOW - 1)?;
        self.folder.next.filter(|next| *next > end.saturating_add(1)).map(|_| end)
    }

    async fn deal_with(&mut self, found: &BTreeSet<u32>) -> Result<(), Trouble> {
        let uids = self.memory.order(found.iter().copied());
        for batch in uids.chunks(BATCH) {
            let fresh: Vec<u32> = batch.iter().copied().filter(|uid| !self.memory.is_taken(*uid)).collect();
            let sizes = if fresh.is_empty() { None } else { Some(self.imap.sizes(&fresh).await?) };
            for uid in batch {
                if self.is_stopping() {
                    return Ok(());
                }
                if self.memory.is_taken(*uid) {
                    self.put_away(*uid).await?;
                } else {
                    // A server that tells no size may give the mail all the same.
                    let size = sizes.as_ref().and_then(|sizes| sizes.get(uid)).copied().unwrap_or(0);
                    self.take(*uid, size).await?;
                }
            }
            self.move_mark(found, None);
            self.record().await;
        }
        Ok(())
    }

    /// Everything below the first mail that still waits is dealt with. Says whether none waits.
    fn move_mark(&mut self, found: &BTreeSet<u32>, last: Option<u32>) -> bool {
        if !self.unbroken {
            return false;
        }
        let rest = self.memory.mark().1.saturating_add(1);
        let waits = found.range(rest..).copied().find(|uid| !self.memory.is_finished(*uid));
        let done = match waits {
            Some(uid) => Some(uid.saturating_sub(1)),
            None => last.or_else(|| found.last().copied()),
        };
        if let Some(done) = done {
            self.memory.done_up_to(done);
        }
        waits.is_none()
    }

    /// Writes down how far it came. Without it mails would be looked at again, and nothing is doubled.
    async fn record(&mut self) {
        let (hold, mark) = (self.hold, self.memory.mark());
        let counts = (std::mem::take(&mut self.tally.taken), std::mem::take(&mut self.tally.left_alone));
        self.note("channels.mailbox_progress", move |tx| hold.progress(tx, mark, counts)).await;
    }

    async fn conclude(&mut self) -> Standing {
        let (hold, now) = (self.hold, self.channels.context.clock.now());
        let Some(trouble) = self.tally.trouble.take() else {
            self.note("channels.mailbox_succeed", move |tx| hold.succeed(tx, now)).await;
            return Standing::Clear;
        };
        let words = trouble.to_string();
        self.note("channels.mailbox_fail", move |tx| hold.fail(tx, now, &words)).await;
        Standing::Waiting
    }

    async fn note(
        &self,
        name: &'static str,
        write: impl Fn(&mut db::Tx<'_>) -> Result<(), db::Error> + Send + 'static,
    ) {
        let written = self.channels.context.db.write(name, move |tx| Ok::<_, Error>(write(tx)?)).await;
        if let Err(error) = written {
            tracing::warn!(mailbox = %self.hold.mailbox, %error, "the state of a mailbox could not be written");
        }
    }
}

/// Ready after a time, or when the process shall stop.
pub(super) async fn stopped_or(stop: &mut watch::Receiver<bool>, longest: Duration) {
    // The sender lives as long as the watching does; without it there is nothing to wait for.
    let _ = tokio::time::timeout(longest, stop.wait_for(|stop| *stop)).await;
}
