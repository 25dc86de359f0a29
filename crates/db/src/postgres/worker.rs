//! A worker thread: takes closures, runs each in a transaction, runs it again when two met, and
//! asks for the fate of a commit that the connection did not survive.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kernel::fail_point;

use super::feed::Announcer;
use super::session::{Access, Session, Trouble};
use super::tls::Target;
use crate::job::{Job, Ran};
use crate::{BoxedJob, Change, Error, Tx};

/// Runs of one closure before a conflict is given up as one.
const TRIES: u32 = 12;
/// No run begins later than this after the first, so that a caller hears in bounded time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Waits before a lost server is asked again; after that the callers are told.
const RECONNECT: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(500)];
/// The longest statement of a write.
const WRITE_TIME: Duration = Duration::from_mins(1);

/// What a worker's transactions may do.
#[derive(Clone)]
pub(super) enum Role {
    /// Change data, and announce it.
    Write(Announcer),
    /// Read, each closure for no longer than this.
    Read(Duration),
}

pub(super) struct Worker {
    target: Arc<Target>,
    session: Option<Session>,
    role: Role,
}

/// How one run ended.
enum End {
    Done(Vec<Change>),
    Failed,
    Again(Error),
    Broken(Error),
}

impl Worker {
    pub(super) const fn new(target: Arc<Target>, role: Role) -> Self {
        Self { target, session: None, role }
    }

    pub(super) fn run(&mut self, jobs: &Mutex<Receiver<BoxedJob>>) {
        loop {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(mut job) = next else { return };
            // Nobody waits any more, and a read has no other effect.
            let error = if self.is_reader() && job.is_abandoned() { None } else { self.finish(&mut *job) };
            job.answer(error);
        }
    }

    const fn is_reader(&self) -> bool {
        matches!(self.role, Role::Read(_))
    }

    /// Runs a closure to its end; an error means that its own result does not count.
    fn finish(&mut self, job: &mut dyn Job) -> Option<Error> {
        let began = Instant::now();
        let mut last = Error::Conflict;
        for attempt in 0..TRIES {
            if began.elapsed() > PATIENCE {
                break;
            }
            if self.session.is_none() {
                match self.connect() {
                    Ok(session) => self.session = Some(session),
                    Err(error) => return Some(error),
                }
            }
            match self.once(job) {
                End::Done(changes) => {
                    if let Role::Write(announcer) = &self.role {
                        announcer.announce(changes);
                    }
                    return None;
                }
                End::Failed => return None,
                End::Broken(error) => return Some(error),
                End::Again(error) => last = error,
            }
            // Two that met wait for different times; the address of the job is as good as dice.
            let spread = std::ptr::from_ref(job).cast::<()>().addr() as u64 >> 6 & 7;
            std::thread::sleep(Duration::from_millis(u64::from(attempt) * (1 + spread)));
        }
        Some(last)
    }

    fn connect(&self) -> Result<Session, Error> {
        let mut last = Error::Closed;
        for wait in RECONNECT {
            std::thread::sleep(wait);
            let statement_time = match self.role {
                Role::Write(_) => WRITE_TIME,
                Role::Read(query_time) => query_time,
            };
            match Session::connect(&self.target, statement_time) {
                Ok(session) => return Ok(session),
                // What only a new setting mends is told at once.
                Err(error) if !error.is_temporary() => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn once(&mut self, job: &mut dyn Job) -> End {
        let Some(session) = self.session.as_mut() else { return End::Again(Error::Closed) };
        let (access, deadline) = match self.role {
            Role::Write(_) => (Access::Write, None),
            Role::Read(query_time) => (Access::Read, Some(Instant::now() + query_time)),
        };
        session.begin_with_first(access);
        let mut tx = Tx::postgres(session, deadline);
        let ran = job.run(&mut tx);
        let changes = tx.into_changes();
        let unsettled = if ran == Ran::Keep { session.settle().err() } else { None };
        match session.trouble() {
            Trouble::None => {}
            Trouble::Conflict => {
                let _ = session.roll_back();
                return End::Again(Error::Conflict);
            }
            Trouble::Lost => {
                // Before COMMIT nothing has happened, so the closure may run again elsewhere.
                self.session = None;
                return End::Again(Error::Unavailable("the connection was lost".to_owned()));
            }
        }
        if ran == Ran::Undo || unsettled.is_some() || session.is_untouched() {
            if session.roll_back().is_err() {
                self.session = None;
            }
            return match (ran, unsettled) {
                (Ran::Undo, _) => End::Failed,
                (Ran::Keep, Some(error)) => End::Broken(error),
                (Ran::Keep, None) => End::Done(changes),
            };
        }
        self.commit(job.name(), changes)
    }

    fn commit(&mut self, name: &'static str, changes: Vec<Change>) -> End {
        let is_reader = self.is_reader();
        let Some(session) = self.session.as_mut() else { return End::Again(Error::Closed) };
        // A read has nothing to lose, and on SQLite it commits nothing.
        if !is_reader {
            fail_point::pass("db.commit.before");
        }
        let committed = session.commit();
        if !is_reader {
            fail_point::pass("db.commit.after");
        }
        match (committed, session.trouble()) {
            (Ok(()), _) => End::Done(changes),
            (Err(error), Trouble::Conflict) => End::Again(error),
            (Err(error), Trouble::Lost) => {
                let (transaction, life) = (session.transaction().map(str::to_owned), session.life().to_owned());
                self.session = None;
                self.fate(name, (transaction, &life), changes, error)
            }
            (Err(error), Trouble::None) => End::Broken(error),
        }
    }

    /// A connection lost at COMMIT: the server knows whether the change stands.
    fn fate(
        &mut self,
        name: &'static str,
        (transaction, life): (Option<String>, &str),
        changes: Vec<Change>,
        error: Error,
    ) -> End {
        // A read changes nothing and so may simply run again.
        let Some(transaction) = transaction else {
            return if self.is_reader() { End::Again(error) } else { End::Broken(error) };
        };
        let asked = self.connect().and_then(|mut session| {
            let committed = session.was_committed(&transaction, life)?;
            self.session = Some(session);
            Ok(committed)
        });
        tracing::warn!(work = name, committed = ?asked.as_ref().ok(), "the connection was lost at a commit");
        match asked {
            Ok(true) => End::Done(changes),
            Ok(false) => End::Again(error),
            Err(error) => End::Broken(error),
        }
    }
}
