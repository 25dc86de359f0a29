//! The change feed between nodes: one connection that tells the others what this node committed
//! and hears what they did, by LISTEN and NOTIFY.
//!
//! It stands beside the commits and never delays one: PostgreSQL lets only one transaction that
//! notifies commit at a time, so the writers' own transactions do not.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kernel::{Entropy, SystemEntropy};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, mpsc};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use super::error::refused;
use super::notification;
use super::tls::Target;
use crate::{Announcement, Change, Error, change};

const CHANNEL: &str = "doorward_change";
/// Transactions whose changes wait to be told; with more, the others are told of a gap instead.
const WAITING: usize = 4_096;
/// Changes told at one time.
const BATCH: usize = 4_096;
/// Waits between two tries to connect again, from the first to the longest.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// The writers' end.
#[derive(Clone)]
pub(super) struct Announcer {
    bus: broadcast::Sender<Announcement>,
    others: mpsc::Sender<Vec<Change>>,
    lost: Arc<AtomicBool>,
}

impl Announcer {
    /// Announces what a durable transaction changed: here at once, to other nodes soon.
    pub(super) fn announce(&self, changes: Vec<Change>) {
        change::announce(&self.bus, &changes);
        if !changes.is_empty() && self.others.try_send(changes).is_err() {
            self.lost.store(true, Ordering::SeqCst);
        }
    }
}

struct Feed {
    target: Arc<Target>,
    node: String,
    bus: broadcast::Sender<Announcement>,
    batches: mpsc::Receiver<Vec<Change>>,
    /// Whether changes were committed here that the others will not be told one by one.
    lost: Arc<AtomicBool>,
    has_listened: bool,
}

/// Starts the feed; returns when it listens.
pub(super) fn start(
    target: Arc<Target>,
    bus: broadcast::Sender<Announcement>,
) -> Result<(Announcer, JoinHandle<()>), Error> {
    let entropy: &dyn Entropy = &SystemEntropy;
    let node = format!("{:016x}", u64::from_be_bytes(entropy.array()));
    let (others, batches) = mpsc::channel(WAITING);
    let lost = Arc::new(AtomicBool::new(false));
    let announcer = Announcer { bus: bus.clone(), others, lost: Arc::clone(&lost) };
    let feed = Feed { target, node, bus, batches, lost, has_listened: false };

    let unstarted = |error: std::io::Error| Error::Unavailable(format!("cannot start a thread: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unstarted)?;
    let (ready, first) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("pg-feed".to_owned())
        .spawn(move || runtime.block_on(feed.run(&ready)))
        .map_err(unstarted)?;
    first.recv().unwrap_or(Err(Error::Closed))?;
    Ok((announcer, thread))
}

impl Feed {
    /// Ends when the last writer has ended and all that it committed is told.
    async fn run(mut self, ready: &std::sync::mpsc::Sender<Result<(), Error>>) {
        let [shortest, longest] = BACK_OFF;
        let mut wait = shortest;
        loop {
            let began = Instant::now();
            match self.serve(ready).await {
                Ok(()) => return,
                Err(error) if !self.has_listened => {
                    let _ = ready.send(Err(error));
                    return;
                }
                Err(error) => tracing::warn!(%error, "the change feed to other nodes is interrupted"),
            }
            if self.batches.is_closed() {
                return;
            }
            if began.elapsed() > longest {
                wait = shortest;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// One connection's life. `Ok` means that nobody commits any more.
    async fn serve(&mut self, ready: &std::sync::mpsc::Sender<Result<(), Error>>) -> Result<(), Error> {
        let target = Arc::clone(&self.target);
        if let Some(tls) = &target.tls {
            let (client, connection) = target.config.connect(tls.clone()).await.map_err(|error| refused(&error))?;
            self.serve_on(client, connection, ready).await
        } else {
            let (client, connection) = target.config.connect(NoTls).await.map_err(|error| refused(&error))?;
            self.serve_on(client, connection, ready).await
        }
    }

    async fn serve_on<S, T>(
        &mut self,
        client: Client,
        mut connection: Connection<S, T>,
        ready: &std::sync::mpsc::Sender<Result<(), Error>>,
    ) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (bus, node) = (self.bus.clone(), self.node.clone());
        let mut hearing = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(heard) = message {
                    hear(&bus, &node, heard.payload());
                }
            }
        });
        let done = tokio::select! {
            told = self.tell(&client, ready) => told,
            _ = &mut hearing => Err(Error::Unavailable("the connection was lost".to_owned())),
        };
        hearing.abort();
        done
    }

    async fn tell(&mut self, client: &Client, ready: &std::sync::mpsc::Sender<Result<(), Error>>) -> Result<(), Error> {
        let setting = format!("SET statement_timeout = 10000; SET synchronous_commit = off; LISTEN {CHANNEL}");
        client.batch_execute(&setting).await.map_err(|error| refused(&error))?;
        if self.has_listened {
            let _ = self.bus.send(Announcement::Gap);
        } else {
            self.has_listened = true;
            let _ = ready.send(Ok(()));
        }
        loop {
            if self.lost.swap(false, Ordering::SeqCst) {
                self.notify(client, &[notification::gap(&self.node)]).await?;
            }
            let Some(first) = self.batches.recv().await else { return Ok(()) };
            let mut changes: BTreeSet<Change> = first.into_iter().collect();
            while changes.len() < BATCH
                && let Ok(more) = self.batches.try_recv()
            {
                changes.extend(more);
            }
            self.notify(client, &notification::write(&self.node, &changes)).await?;
        }
    }

    /// What could not be told is told as a gap by the next connection.
    async fn notify(&self, client: &Client, payloads: &[String]) -> Result<(), Error> {
        let query = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";
        let told = client.execute(query, &[&CHANNEL, &payloads]).await;
        told.map(drop).map_err(|error| {
            self.lost.store(true, Ordering::SeqCst);
            refused(&error)
        })
    }
}

/// Passes on what another node committed.
fn hear(bus: &broadcast::Sender<Announcement>, node: &str, payload: &str) {
    let (sender, said) = payload.split_once('\n').unwrap_or_default();
    if sender == node {
        return;
    }
    match notification::read(said) {
        Some(changes) => change::announce(bus, &changes),
        None => {
            let _ = bus.send(Announcement::Gap);
        }
    }
}
