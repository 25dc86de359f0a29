//! The server engine: worker threads, each with a connection and a small runtime of its own, so
//! that domain code stays synchronous on both engines.

mod session;
mod tls;
mod worker;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use kernel::Clock;
use tokio::sync::broadcast;

pub(crate) use session::Session;

use crate::{BoxedJob, Change, Error, migrate};

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
        Self { url: url.into(), writers: 16, readers: 6 }
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
        bus: &broadcast::Sender<Change>,
    ) -> Result<Self, Error> {
        let target = Arc::new(tls::Target::parse(&config.url)?);
        let mut first = Session::connect(&target)?;
        first.check_version()?;
        migrate::postgres(&mut first, clock)?;
        drop(first);

        let mut threads = Vec::new();
        let (writers, jobs) = channel();
        let jobs: Arc<Mutex<Receiver<BoxedJob>>> = Arc::new(Mutex::new(jobs));
        for _ in 0..config.writers.max(1) {
            let worker = worker::Worker::new(Arc::clone(&target), Some(bus.clone()));
            threads.push(spawn("pg-writer", worker, Arc::clone(&jobs))?);
        }
        let (readers, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..config.readers.max(1) {
            let worker = worker::Worker::new(Arc::clone(&target), None);
            threads.push(spawn("pg-reader", worker, Arc::clone(&jobs))?);
        }
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

fn spawn(
    name: &str,
    mut worker: worker::Worker,
    jobs: Arc<Mutex<Receiver<BoxedJob>>>,
) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || worker.run(&jobs))
        .map_err(|error| Error::Unavailable(format!("cannot start a thread: {error}")))
}
