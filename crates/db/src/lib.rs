//! One [`Db`] over SQLite and PostgreSQL: connections on worker threads, transactions as
//! synchronous closures, group commit, migrations.
//!
//! Nothing here knows a table of the product but its own `schema_version`. A closure sees only
//! [`Tx`]; which engine runs it shows nowhere but in `dialect/`, `sqlite/` and `postgres/`.

mod change;
pub mod copy;
pub mod dialect;
mod error;
mod job;
pub mod migrate;
mod postgres;
mod row;
mod snapshot;
mod sqlite;
mod statement;
mod tx;
mod value;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use kernel::Clock;
use tokio::sync::{broadcast, oneshot};

pub use change::{Announcement, Change, Changes};
pub use dialect::Gate;
pub use error::Error;
pub use postgres::PostgresConfig;
pub use row::Row;
pub use sqlite::SqliteConfig;
pub use statement::Statement;
pub use tx::{Asked, Tx};
pub use value::{Value, blob, id, int, null, opt_blob, opt_id, opt_int, opt_text, opt_time, text, time};

use job::{Closure, Job};

/// Which engine runs the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded engine: one file, one writer, many readers.
    Sqlite,
    /// A server that several nodes share.
    Postgres,
}

/// Where the data lies.
#[derive(Clone, Debug)]
pub enum Config {
    /// A file of our own.
    Sqlite(SqliteConfig),
    /// A PostgreSQL server, version 15 or later.
    Postgres(PostgresConfig),
}

impl Config {
    /// SQLite in `folder/doorward.sqlite` with the defaults.
    pub fn sqlite(folder: impl Into<PathBuf>) -> Self {
        Self::Sqlite(SqliteConfig::new(folder.into().join("doorward.sqlite")))
    }

    /// PostgreSQL by its URL with the defaults.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::Postgres(PostgresConfig::new(url))
    }
}

/// A handle on the database; clones share its worker threads.
#[derive(Clone)]
pub struct Db {
    /// None once closed.
    workers: Arc<RwLock<Option<Workers>>>,
    engine: Engine,
    /// Weak, so that the feed ends with the worker threads and not with the last handle.
    changes: broadcast::WeakSender<Announcement>,
    config: Config,
}

enum Workers {
    Sqlite(sqlite::Workers),
    Postgres(postgres::Workers),
}

impl Db {
    /// Connects, brings the schema up to date under a lock and starts the worker threads.
    ///
    /// Refuses a schema that a later version has written ([`Error::NewerSchema`]).
    pub async fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let (bus, _) = broadcast::channel(kernel::limits::BUS_EVENTS);
        let changes = bus.downgrade();
        let kept = config.clone();
        let workers = tokio::task::spawn_blocking(move || match config {
            Config::Sqlite(config) => sqlite::Workers::start(&config, &*clock, bus).map(Workers::Sqlite),
            Config::Postgres(config) => postgres::Workers::start(&config, &*clock, &bus).map(Workers::Postgres),
        })
        .await
        .map_err(|_| Error::Closed)??;
        let engine = match &workers {
            Workers::Sqlite(_) => Engine::Sqlite,
            Workers::Postgres(_) => Engine::Postgres,
        };
        Ok(Self { workers: Arc::new(RwLock::new(Some(workers))), engine, changes, config: kept })
    }

    /// The engine behind this handle.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    // A job that finds no workers is dropped, which its waiting caller sees as `Closed`.
    fn with_workers(&self, give: impl FnOnce(&Workers)) {
        if let Some(workers) = &*self.workers.read().unwrap_or_else(PoisonError::into_inner) {
            give(workers);
        }
    }

    /// Runs a closure in a transaction that may change data, and answers once it is durable.
    ///
    /// The closure may run more than once (after a deadlock, or when a neighbour in its commit
    /// group lost the whole transaction), so it has no effect but SQL. An error or a panic rolls
    /// back this closure alone. `name` is `domain.use_case`, for metrics and messages.
    pub async fn write<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (job, answer) = Closure::boxed(name, closure);
        self.with_workers(|workers| match workers {
            Workers::Sqlite(workers) => workers.write(job),
            Workers::Postgres(workers) => workers.write(job),
        });
        Self::answer(answer).await
    }

    /// Runs a closure on one unchanging view of the data.
    ///
    /// It is stopped with [`Error::TooLong`] after [`kernel::limits::QUERY_TIME`]: what takes longer
    /// reads in pages, one closure each.
    pub async fn read<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (job, answer) = Closure::boxed(name, closure);
        self.with_workers(|workers| match workers {
            Workers::Sqlite(workers) => workers.read(job),
            Workers::Postgres(workers) => workers.read(job),
        });
        Self::answer(answer).await
    }

    async fn answer<T, E: From<Error>>(answer: oneshot::Receiver<Result<T, E>>) -> Result<T, E> {
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// What commits announce from now on, in this process and, on PostgreSQL, in others.
    pub fn changes(&self) -> Changes {
        let bus = self.changes.upgrade().unwrap_or_else(|| broadcast::Sender::new(1));
        Changes::new(bus.subscribe())
    }

    /// Removes what deleted rows left behind: on SQLite the write-ahead log is folded into the
    /// file and truncated. On PostgreSQL the wrapped keys were overwritten and vacuum does the rest.
    pub async fn scrub(&self) -> Result<(), Error> {
        if self.engine == Engine::Postgres {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.with_workers(|workers| {
            if let Workers::Sqlite(workers) = workers {
                workers.scrub(reply);
            }
        });
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Prepares each statement on this engine and returns the refused ones with their reason.
    pub async fn prepare_all(&self, statements: &'static [&'static Statement]) -> Result<Vec<String>, Error> {
        self.read("db.prepare_all", move |tx| {
            Ok::<_, Error>(statements.iter().filter_map(|statement| tx.prepare(statement).err()).collect())
        })
        .await
    }

    /// Ends the worker threads after the work that waits, for this handle and all its clones, and
    /// returns when they have ended.
    pub async fn close(&self) {
        let workers = self.workers.write().unwrap_or_else(PoisonError::into_inner).take();
        let ended = tokio::task::spawn_blocking(move || match workers {
            Some(Workers::Sqlite(workers)) => workers.stop(),
            Some(Workers::Postgres(workers)) => workers.stop(),
            None => {}
        });
        if ended.await.is_err() {
            tracing::error!("the database's threads could not be ended");
        }
    }
}

/// Work for a thread, whatever closure it holds.
type BoxedJob = Box<dyn Job>;
