//! The server engine: worker threads, each with a connection and a small runtime of its own, so
//! that domain code stays synchronous on both engines.

mod error;
mod feed;
mod notification;
mod pipeline;
mod session;
mod tls;
mod worker;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use kernel::Clock;
use tokio::sync::broadcast;

pub(crate) use session::Session;

use crate::{Announcement, BoxedJob, Error, Tx, migrate};
use worker::{Role, Worker};

/// The longest statement of a schema upgrade, and the longest wait for another node's upgrade.
const MIGRATION_TIME: Duration = Duration::from_mins(30);
/// The longest statement of a snapshot: one whole table, as fast as its reader takes it.
const SNAPSHOT_TIME: Duration = Duration::from_hours(24);

/// How the server is reached.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgresql://user:password@host:port/database?sslmode=…&sslrootcert=FILE`.
    ///
    /// `sslmode=disable` is accepted for Unix sockets and loopback only; anywhere else the
    /// connection is encrypted and the server's certificate verified, against `sslrootcert` or
    /// the system's certificate authorities.
    pub url: String,
    /// Connections that write; each holds one transaction at a time.
    pub writers: usize,
    /// Connections that read.
    pub readers: usize,
    /// How long one closure may read.
    pub query_time: Duration,
}

impl std::fmt::Debug for PostgresConfig {
    // The URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresConfig").field("writers", &self.writers).finish_non_exhaustive()
    }
}

impl PostgresConfig {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), writers: 16, readers: 6, query_time: kernel::limits::QUERY_TIME }
    }
}

pub(crate) struct Workers {
    writers: Sender<BoxedJob>,
    readers: Sender<BoxedJob>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(
        config: &PostgresConfig,
        clock: &dyn Clock,
        bus: &broadcast::Sender<Announcement>,
    ) -> Result<Self, Error> {
        let target = Arc::new(tls::Target::parse(&config.url)?);
        let mut first = Session::connect(&target, MIGRATION_TIME)?;
        first.check_version()?;
        migrate::postgres(&mut first, clock)?;
        drop(first);

        let (announcer, feed) = feed::start(Arc::clone(&target), bus.clone())?;
        let mut threads = vec![feed];
        let writers = spawn(&mut threads, "pg-writer", config.writers, &target, &Role::Write(announcer))?;
        let readers = spawn(&mut threads, "pg-reader", config.readers, &target, &Role::Read(config.query_time))?;
        Ok(Self { writers, readers, threads })
    }

    // A job that cannot be sent is dropped, which its waiting caller sees as `Closed`.
    pub(crate) fn write(&self, job: BoxedJob) {
        let _ = self.writers.send(job);
    }

    pub(crate) fn read(&self, job: BoxedJob) {
        let _ = self.readers.send(job);
    }

    pub(crate) fn stop(self) {
        let Self { writers, readers, threads } = self;
        drop((writers, readers));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// One view on a connection of its own, without an end by time.
pub(crate) fn snapshot<T, E: From<Error>>(
    config: &PostgresConfig,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut session = Session::connect(&tls::Target::parse(&config.url)?, SNAPSHOT_TIME)?;
    session
        .batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")?;
    closure(&mut Tx::postgres(&mut session, None))
}

/// Starts worker threads that share one queue.
fn spawn(
    threads: &mut Vec<JoinHandle<()>>,
    name: &str,
    count: usize,
    target: &Arc<tls::Target>,
    role: &Role,
) -> Result<Sender<BoxedJob>, Error> {
    let (queue, jobs) = channel();
    let jobs: Arc<Mutex<Receiver<BoxedJob>>> = Arc::new(Mutex::new(jobs));
    for _ in 0..count.max(1) {
        let mut worker = Worker::new(Arc::clone(target), role.clone());
        let jobs = Arc::clone(&jobs);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || worker.run(&jobs));
        threads.push(thread.map_err(|error| Error::Unavailable(format!("cannot start a thread: {error}")))?);
    }
    Ok(queue)
}
