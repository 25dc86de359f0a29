//! The embedded engine: one writer thread with group commit, several reader threads, WAL, and
//! `synchronous=FULL`, so that an answer means that the change is on the disk.

mod connection;
mod writer;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kernel::Clock;
use tokio::sync::{broadcast, oneshot};

use crate::job::Job;
use crate::row::Columns;
use crate::{BoxedJob, Change, Error, Row, Statement, Tx, Value, migrate};

/// How the file is opened.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// The database file; its folder must exist.
    pub path: PathBuf,
    /// Reader threads, each with a connection of its own.
    pub readers: usize,
    /// The file may not grow beyond this many pages of 4096 bytes (SQLite's own limit when none).
    pub max_pages: Option<u32>,
}

impl SqliteConfig {
    /// The defaults for a file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, max_pages: None }
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
        bus: broadcast::Sender<Change>,
    ) -> Result<Self, Error> {
        let connection = connection::open_writer(config)?;
        migrate::sqlite(&connection, clock)?;
        let mut threads = Vec::new();

        let (writer, orders) = channel();
        threads.push(spawn("db-writer", move || writer::run(connection, &orders, &bus))?);

        let (readers, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..config.readers.max(1) {
            let connection = connection::open_reader(config)?;
            let jobs = Arc::clone(&jobs);
            threads.push(spawn("db-reader", move || run_reader(&connection, &jobs))?);
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

    pub(crate) async fn scrub(&self) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        let _ = self.writer.send(Order::Scrub(reply));
        answer.await.unwrap_or(Err(Error::Closed))
    }

    pub(crate) fn stop(self) {
        let Self { writer, readers, threads } = self;
        drop((writer, readers));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::Unavailable(format!("cannot start a thread: {error}")))
}

fn run_reader(connection: &rusqlite::Connection, jobs: &Mutex<Receiver<BoxedJob>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let error = read_once(connection, &mut *job).err();
        job.answer(error);
    }
}

fn read_once(connection: &rusqlite::Connection, job: &mut dyn Job) -> Result<(), Error> {
    batch(connection, "BEGIN DEFERRED")?;
    job.run(&mut Tx::sqlite(connection));
    if connection.is_autocommit() { Ok(()) } else { batch(connection, "ROLLBACK") }
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

pub(crate) fn for_each(
    connection: &rusqlite::Connection,
    statement: &'static Statement,
    values: &[Value<'_>],
    each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let told = |error: rusqlite::Error| translate(statement.name(), &error);
    let mut prepared = connection.prepare_cached(statement.sqlite()).map_err(told)?;
    let mut rows = prepared.query(rusqlite::params_from_iter(values)).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        each(&Row { statement: statement.name(), columns: Columns::Sqlite(row) })?;
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
        (ErrorCode::ReadOnly, _) => Error::ReadOnly,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Conflict,
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
            Error::Unavailable(failure.to_string())
        }
        _ => Error::Engine { statement, message: failure.to_string() },
    }
}
