//! A reader thread's connection: one unchanging view for each closure, and an end to queries that
//! would never end. The writer has no such end: an interrupt there would cost its whole group.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{SqliteConfig, batch, connection, translate};
use crate::job::Job;
use crate::{BoxedJob, Error, Tx};

/// Steps of SQLite's machine between two looks at the time: less than a millisecond.
const STEPS: i32 = 10_000;

pub(super) struct Reader {
    connection: Connection,
    query_time: Duration,
    /// When the running closure is stopped.
    deadline: Arc<Mutex<Instant>>,
}

impl Reader {
    pub(super) fn open(config: &SqliteConfig) -> Result<Self, Error> {
        let mut connection = connection::open_reader(config)?;
        let deadline = Arc::new(Mutex::new(Instant::now()));
        let watched = Arc::clone(&deadline);
        let is_late = move || Instant::now() >= *watched.lock().unwrap_or_else(PoisonError::into_inner);
        connection.progress_handler(STEPS, Some(is_late)).map_err(|error| translate("db.open", &error))?;
        Ok(Self { connection, query_time: config.query_time, deadline })
    }

    pub(super) fn run(&self, jobs: &Mutex<Receiver<BoxedJob>>) {
        loop {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(mut job) = next else { return };
            // Nobody waits any more, and a read has no other effect.
            let error = if job.is_abandoned() { None } else { self.read(&mut *job).err() };
            job.answer(error);
        }
    }

    fn read(&self, job: &mut dyn Job) -> Result<(), Error> {
        let deadline = Instant::now() + self.query_time;
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
        batch(&self.connection, "BEGIN DEFERRED")?;
        job.run(&mut Tx::sqlite(&self.connection, Some(deadline)));
        if self.connection.is_autocommit() { Ok(()) } else { self.end() }
    }

    /// The end of a late closure must not itself be stopped for being late.
    fn end(&self) -> Result<(), Error> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + self.query_time;
        batch(&self.connection, "ROLLBACK")
    }
}
