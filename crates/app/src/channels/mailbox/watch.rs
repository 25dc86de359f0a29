//! Watching all mailboxes for as long as the product serves: one task each, held by a lease in the
//! database, so that of several processes one reads. Trouble is told once, waited out with growing
//! pauses, and never ends the watching.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use db::{Announcement, Changes};
use kernel::{Id, MailboxId, OrganisationId};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, sleep};

use super::CHANGE;
use super::imap::{Cause, Stage, Trouble, connect};
use super::memory::Memory;
use super::pace::MailboxPace;
use super::round::{Round, Tally, stopped_or};
use super::store::{self, Hold, Holder};
use crate::channels::{Channels, Error};

/// Mailboxes that one process watches.
const WATCHED: usize = 1_000;
/// Mails above [`kernel::limits::LARGE_BODY_BYTES`] that all mailboxes hold in memory at one time.
const LARGE_AT_ONCE: usize = 4;
/// How long the mails under way may take once the process shall stop.
const FAREWELL: Duration = Duration::from_secs(10);

type Key = (OrganisationId, MailboxId);

impl Channels {
    /// Reads every mailbox that nobody else reads, until `shutdown` is ready; then finishes the mails
    /// under way and lets the mailboxes go.
    pub async fn run_mailboxes(&self, pace: MailboxPace, shutdown: impl Future<Output = ()>) {
        let (stopping, stop) = watch::channel(false);
        let holder = self.context.entropy.array();
        let shared =
            Shared { channels: self.clone(), pace, holder, room: Arc::new(Semaphore::new(LARGE_AT_ONCE)), stop };
        let mut watchers = Watchers { shared, tasks: JoinSet::new(), keys: HashMap::new() };
        let mut changes = self.context.db.changes();
        let mut due = tokio::time::interval(pace.look);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                _ = due.tick() => {}
                () = hear(&mut changes) => {}
                Some(ended) = watchers.tasks.join_next_with_id() => watchers.forget(ended),
            }
            watchers.look().await;
        }
        // There is a receiver in every task; without tasks there is nobody to tell.
        let _ = stopping.send(true);
        watchers.end().await;
    }
}

/// What all watchers share.
#[derive(Clone)]
struct Shared {
    channels: Channels,
    pace: MailboxPace,
    holder: Holder,
    room: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

struct Watchers {
    shared: Shared,
    tasks: JoinSet<()>,
    keys: HashMap<tokio::task::Id, Key>,
}

impl Watchers {
    /// Begins to read what nobody reads.
    async fn look(&mut self) {
        let context = Arc::clone(&self.shared.channels.context);
        let now = context.clock.now();
        let organisations = context.keyring.organisations();
        let free = context.db.read("channels.free_mailboxes", move |tx| {
            let mut free: Vec<Key> = Vec::new();
            for organisation in &organisations {
                free.extend(store::free(tx, *organisation, now)?.into_iter().map(|id| (*organisation, id)));
            }
            Ok::<_, Error>(free)
        });
        let free = match free.await {
            Ok(free) => free,
            Err(error) => return tracing::warn!(%error, "mailboxes cannot be looked for"),
        };
        let read: BTreeSet<Key> = self.keys.values().copied().collect();
        for key in free.into_iter().filter(|key| !read.contains(key)) {
            if self.keys.len() >= WATCHED {
                return tracing::warn!(WATCHED, "there are more mailboxes than one process reads");
            }
            let watcher = Watcher::new(self.shared.clone(), key);
            let task = self.tasks.spawn(watcher.run());
            self.keys.insert(task.id(), key);
        }
    }

    fn forget(&mut self, ended: Result<(tokio::task::Id, ()), tokio::task::JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!("the reading of a mailbox died; it begins anew");
                error.id()
            }
        };
        self.keys.remove(&task);
    }

    async fn end(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("mailboxes were left in the middle of a mail; it will come again and be known");
        }
    }
}

/// Ready when mailboxes may have changed.
async fn hear(changes: &mut Changes) {
    loop {
        match changes.next().await {
            Some(Announcement::Changed(change)) if change.kind != CHANGE => {}
            Some(_) => return,
            // The database is closed: nothing will ever be heard again.
            None => std::future::pending().await,
        }
    }
}

/// One mailbox's reader.
struct Watcher {
    shared: Shared,
    hold: Hold,
    memory: Memory,
    /// Failures one after another.
    failures: u32,
    told: Option<String>,
}

impl Watcher {
    fn new(shared: Shared, (organisation, mailbox): Key) -> Self {
        let hold = Hold { organisation, mailbox, holder: shared.holder };
        Self { shared, hold, memory: Memory::default(), failures: 0, told: None }
    }

    /// Reads until the process stops, or until the mailbox is lost, paused, changed or removed.
    async fn run(mut self) {
        match self.begin().await {
            Ok(Some(revision)) => {
                let (shared, hold) = (self.shared.clone(), self.hold);
                tokio::select! {
                    () = self.work() => {}
                    () = keep(&shared, hold, revision) => {}
                }
                let released = shared
                    .channels
                    .context
                    .db
                    .write("channels.release_mailbox", move |tx| Ok::<_, Error>(hold.release(tx)?));
                if let Err(error) = released.await {
                    tracing::warn!(mailbox = %hold.mailbox, %error, "a mailbox could not be let go; its lease will end");
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(mailbox = %self.hold.mailbox, %error, "a mailbox cannot be read");
                let mut stop = self.shared.stop.clone();
                stopped_or(&mut stop, self.shared.pace.look).await;
            }
        }
    }

    /// Takes the lease; the revision of the settings it is for, or none when somebody else has it.
    async fn begin(&mut self) -> Result<Option<i64>, Error> {
        let context = &self.shared.channels.context;
        let (hold, now) = (self.hold, context.clock.now());
        let until = now.plus(self.shared.pace.lease);
        let row = context.db.write("channels.claim_mailbox", move |tx| {
            if !hold.claim(tx, now, until)? {
                return Ok::<_, Error>(None);
            }
            Ok(store::one(tx, hold.organisation, hold.mailbox)?)
        });
        let Some(row) = row.await? else { return Ok(None) };
        self.memory = Memory::new(row.state.uid_validity, row.state.uid_done);
        Ok(Some(row.revision))
    }

    /// Connects again and again until the process stops.
    async fn work(&mut self) {
        let mut stop = self.shared.stop.clone();
        while !*stop.borrow() {
            let Err(trouble) = self.session().await else { return };
            self.tell(&trouble).await;
            let pause = self.pause_after(&trouble);
            stopped_or(&mut stop, pause).await;
        }
    }

    /// One connection, from the log-in to its end.
    async fn session(&mut self) -> Result<(), Trouble> {
        let Shared { channels, pace, room, stop, .. } = self.shared.clone();
        let settings = |error: Error| Trouble::new(Stage::Name, Cause::Settings(error.to_string()));
        let opened = channels.open_mailbox(self.hold.organisation, self.hold.mailbox).await;
        let (row, log_in) = opened.map_err(settings)?;
        let mut imap = connect(&row.server, pace.silence, &mut |_, _| {}).await?;
        imap.log_in(&log_in).await?;
        drop(log_in);
        let folder = imap.open(&row.folder, true).await?;
        self.memory.opened(folder.validity);
        let _connected = Connected::begin();
        let mut round = Round {
            channels: &channels,
            hold: self.hold,
            row: &row,
            imap,
            folder,
            memory: &mut self.memory,
            room: &room,
            stop,
            tally: Tally::default(),
            unbroken: true,
        };
        loop {
            let standing = round.pass().await?;
            self.failures = 0;
            if self.told.take().is_some() {
                tracing::info!(mailbox = %self.hold.mailbox, "a mailbox is read again");
            }
            if !round.is_stopping() {
                round.wait(&pace, standing).await?;
            }
            if round.is_stopping() {
                round.imap.log_out().await;
                return Ok(());
            }
        }
    }

    /// Writes trouble down, and logs it once.
    async fn tell(&mut self, trouble: &Trouble) {
        metrics::counter!("doorward_mailbox_troubles", "stage" => trouble.stage.word()).increment(1);
        let (hold, words) = (self.hold, trouble.to_string());
        if self.told.as_ref() != Some(&words) {
            tracing::warn!(mailbox = %hold.mailbox, trouble = words, "a mailbox cannot be read for now");
            self.told = Some(words.clone());
        }
        let context = &self.shared.channels.context;
        let now = context.clock.now();
        let written =
            context.db.write("channels.mailbox_fail", move |tx| Ok::<_, Error>(hold.fail(tx, now, &words)?)).await;
        if let Err(error) = written {
            tracing::warn!(mailbox = %hold.mailbox, %error, "the state of a mailbox could not be written");
        }
    }

    /// How long to rest: twice as long each time, and not all mailboxes at the same moment.
    fn pause_after(&mut self, trouble: &Trouble) -> Duration {
        let pace = &self.shared.pace;
        self.failures = self.failures.saturating_add(1);
        if trouble.cause == Cause::LogInRefused {
            return pace.refused;
        }
        let doubled = pace.back_off.saturating_mul(1_u32.checked_shl(self.failures - 1).unwrap_or(u32::MAX));
        let [random] = self.shared.channels.context.entropy.array::<1>();
        // Between four and six fifths.
        doubled.min(pace.longest_back_off).mul_f64(0.8 + 0.4 * f64::from(random) / 255.0)
    }
}

/// Keeps the lease; ready when it is lost, or the mailbox is paused, changed or removed.
async fn keep(shared: &Shared, hold: Hold, revision: i64) {
    let context = &shared.channels.context;
    let mut changes = context.db.changes();
    let mut kept = Instant::now();
    loop {
        tokio::select! {
            () = sleep(shared.pace.lease / 3) => {}
            () = hear_of(&mut changes, hold) => {}
        }
        let until = context.clock.now().plus(shared.pace.lease);
        let renewed = context
            .db
            .write("channels.renew_mailbox", move |tx| Ok::<_, Error>(hold.renew(tx, until, revision)?))
            .await;
        match renewed {
            Ok(true) => kept = Instant::now(),
            // As long as nobody else can have it, a database that is away for a moment changes nothing.
            Err(_) if kept.elapsed() < shared.pace.lease => {}
            Ok(false) | Err(_) => return,
        }
    }
}

async fn hear_of(changes: &mut Changes, hold: Hold) {
    loop {
        match changes.next().await {
            Some(Announcement::Changed(change)) if change.kind != CHANGE || change.id != *hold.mailbox.bytes() => {}
            Some(_) => return,
            None => std::future::pending().await,
        }
    }
}

/// Counts a connection for as long as it lives.
struct Connected;

impl Connected {
    fn begin() -> Self {
        metrics::gauge!("doorward_mailbox_connections").increment(1.0);
        Self
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        metrics::gauge!("doorward_mailbox_connections").decrement(1.0);
    }
}
