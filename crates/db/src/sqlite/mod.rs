//! The embedded engine: one writer thread with group commit, several reader threads, WAL, and
//! `synchronous=FULL`, so that an answer means that the change is on the disk.

mod connection;
mod reader;
mod writer;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use kernel::Clock;
use tokio::sync::{broadcast, oneshot};

use crate::row::{Columns, Each};
use crate::{Announcement, BoxedJob, Error, Row, Statement, Tx, Value, migrate};

/// How the file is opened.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// The database file; its folder must exist.
    pub path: PathBuf,
    /// Reader threads, each with a connection of its own.
    pub readers: usize,
    /// The file may not grow beyond this many pages of 4096 bytes (SQLite's own limit when none).
    pub max_pages: Option<u32>,
    /// How long one closure may read.
    pub query_time: Duration,
}

impl SqliteConfig {
    /// The defaults for a file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, max_pages: None, query_time: kernel::limits::QUERY_TIME }
    }
}

enum Order {
    Write(BoxedJob),
    Scrub(oneshot::Sender<Result<(), Error>>),
}

pub(crate) struct Workers {
    writer: Sender<Order>,
    readers: Sender<BoxedJob>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(
        config: &SqliteConfig,
        clock: &dyn Clock,
        bus: broadcast::Sender<Announcement>,
    ) -> Result<Self, Error> {
        let connection = connection::open_writer(config)?;
        migrate::sqlite(&connection, clock)?;
        let mut threads = Vec::new();

        let (writer, orders) = channel();
        threads.push(spawn("db-writer", move || writer::run(connection, &orders, &bus))?);

        let (readers, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..config.readers.max(1) {
            let reader = reader::Reader::open(config)?;
            let jobs = Arc::clone(&jobs);
            threads.push(spawn("db-reader", move || reader.run(&jobs))?);
        }
        Ok(Self { writer, readers, threads })
    }

    // A job that cannot be sent is dropped, which its waiting caller sees as `Closed`.
    pub(crate) fn write(&self, job: BoxedJob) {
        let _ = self.writer.send(Order::Write(job));
    }

    pub(crate) fn read(&self, job: BoxedJob) {
        let _ = self.readers.send(job);
    }

    pub(crate) fn scrub(&self, reply: oneshot::Sender<Result<(), Error>>) {
        let _ = self.writer.send(Order::Scrub(reply));
    }

    pub(crate) fn stop(self) {
        let Self { writer, readers, threads } = self;
        drop((writer, readers));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// One view on a connection of its own, without an end by time.
pub(crate) fn snapshot<T, E: From<Error>>(
    config: &SqliteConfig,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let connection = connection::open_reader(config)?;
    batch(&connection, "BEGIN DEFERRED")?;
    closure(&mut Tx::sqlite(&connection, None))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::Unavailable(format!("cannot start a thread: {error}")))
}

fn batch(connection: &rusqlite::Connection, sql: &'static str) -> Result<(), Error> {
    let run = || connection.prepare_cached(sql)?.execute([]);
    run().map(drop).map_err(|error| translate("db.transaction", &error))
}

pub(crate) fn execute(
    connection: &rusqlite::Connection,
    statement: &'static Statement,
    values: &[Value<'_>],
) -> Result<u64, Error> {
    let run = || connection.prepare_cached(statement.sqlite())?.execute(rusqlite::params_from_iter(values));
    run().map(|rows| rows as u64).map_err(|error| translate(statement.name(), &error))
}

pub(crate) fn scan(
    connection: &rusqlite::Connection,
    statement: &'static Statement,
    values: &[Value<'_>],
    each: &mut Each<'_>,
) -> Result<(), Error> {
    let told = |error: rusqlite::Error| translate(statement.name(), &error);
    let mut prepared = connection.prepare_cached(statement.sqlite()).map_err(told)?;
    // One that changes rows checks its last constraints at its end, and so is always run to there.
    let may_stop = prepared.readonly();
    let mut enough = false;
    let mut rows = prepared.query(rusqlite::params_from_iter(values)).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        if enough {
            continue;
        }
        let flow = each(&Row { statement: statement.name(), columns: Columns::Sqlite(row) })?;
        enough = flow == ControlFlow::Break(());
        if enough && may_stop {
            break;
        }
    }
    Ok(())
}

pub(crate) fn translate(statement: &'static str, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    use rusqlite::ffi;
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return Error::Engine { statement, message: error.to_string() };
    };
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Error::Unique,
        (ErrorCode::ConstraintViolation, _) => Error::Constraint(statement.to_owned()),
        (ErrorCode::DiskFull, _) => Error::Full,
        (ErrorCode::OperationInterrupted, _) => Error::TooLong(statement),
        (ErrorCode::ReadOnly, _) => Error::ReadOnly,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Conflict,
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
            Error::Unavailable(failure.to_string())
        }
        _ => Error::Engine { statement, message: failure.to_string() },
    }
}
