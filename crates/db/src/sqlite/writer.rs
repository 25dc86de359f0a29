//! Group commit: all closures that wait run under savepoints of one transaction, one fsync makes
//! them durable, and only then is any of them answered.
//!
//! A closure that fails is undone alone. When an error ends the whole transaction (a full disk
//! does), the closure that met it is answered with it, and the innocent ones run again.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use kernel::fail_point;
use rusqlite::Connection;
use tokio::sync::broadcast;

use super::connection::BUSY;
use super::{Order, batch, translate};
use crate::job::Ran;
use crate::{Announcement, BoxedJob, Change, Error, Tx, change};

/// Closures in one commit: enough to share an fsync, few enough that the first does not wait long.
const GROUP: usize = 256;

/// The longest wait of a scrub for readers of an older view: every change waits with it.
const SCRUB_WAIT: Duration = Duration::from_millis(500);

/// The longest wait for closures that are likely to come.
const GATHER_TIME: Duration = Duration::from_millis(1);

/// How the last group went, from which the next one learns how long to gather.
#[derive(Clone, Copy)]
struct Rhythm {
    closures: usize,
    took: Duration,
}

pub(super) fn run(connection: Connection, orders: &Receiver<Order>, bus: &broadcast::Sender<Announcement>) {
    let mut rhythm = Rhythm { closures: 1, took: Duration::ZERO };
    while let Ok(first) = orders.recv() {
        let mut next = Some(first);
        while let Some(order) = next.take() {
            match order {
                Order::Scrub(reply) => {
                    let _ = reply.send(scrub(&connection));
                }
                Order::Write(job) => {
                    let (group, after) = gather(job, orders, rhythm);
                    let (closures, began) = (group.len(), Instant::now());
                    commit_all(&connection, group, bus);
                    rhythm = Rhythm { closures, took: began.elapsed() };
                    next = after;
                }
            }
        }
    }
    // The last connection folds the write-ahead log into the file when it closes.
    let _ = connection.close();
}

/// The first closure and all that wait behind it, up to an order of another kind.
///
/// Those who were just answered are about to come back: waiting for them, for a small part of what
/// a commit takes, spares the first of them a commit of its own and the others the wait for that.
fn gather(first: BoxedJob, orders: &Receiver<Order>, last: Rhythm) -> (Vec<BoxedJob>, Option<Order>) {
    let mut group = vec![first];
    let until = Instant::now() + (last.took / 8).min(GATHER_TIME);
    while group.len() < GROUP {
        let wait =
            if group.len() < last.closures { until.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
        match orders.recv_timeout(wait) {
            Ok(Order::Write(job)) => group.push(job),
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

/// Runs groups until every closure has its answer.
fn commit_all(connection: &Connection, jobs: Vec<BoxedJob>, bus: &broadcast::Sender<Announcement>) {
    metrics::histogram!("doorward_db_group_closures").record(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
    let mut groups = VecDeque::from([jobs]);
    while let Some(group) = groups.pop_front() {
        match commit(connection, group) {
            Outcome::Durable(jobs, changes) => {
                for job in jobs {
                    job.answer(None);
                }
                change::announce(bus, &changes);
            }
            Outcome::NotBegun(jobs, error) => {
                tracing::error!(%error, "no transaction could begin");
                for job in jobs {
                    job.answer(Some(error.clone()));
                }
            }
            Outcome::Lost { guilty, innocent, error } => {
                guilty.answer(error);
                if !innocent.is_empty() {
                    groups.push_front(innocent);
                }
            }
            Outcome::Refused(mut jobs, error) => {
                if jobs.len() == 1 {
                    if let Some(job) = jobs.pop() {
                        tracing::error!(work = job.name(), %error, "a commit was refused");
                        job.answer(Some(error));
                    }
                } else {
                    // The commit failed as a whole and names nobody: each gets a try of its own.
                    for job in jobs.into_iter().rev() {
                        groups.push_front(vec![job]);
                    }
                }
            }
        }
    }
}

enum Outcome {
    Durable(Vec<BoxedJob>, Vec<Change>),
    /// The file could not be locked, which no closure can help.
    NotBegun(Vec<BoxedJob>, Error),
    /// One closure ended the transaction for all; without an error its own result tells why.
    Lost {
        guilty: BoxedJob,
        innocent: Vec<BoxedJob>,
        error: Option<Error>,
    },
    Refused(Vec<BoxedJob>, Error),
}

fn commit(connection: &Connection, mut group: Vec<BoxedJob>) -> Outcome {
    if let Err(error) = batch(connection, "BEGIN IMMEDIATE") {
        return Outcome::NotBegun(group, error);
    }
    let mut changes = Vec::new();
    let mut lost = None;
    for (position, job) in group.iter_mut().enumerate() {
        let error = run_one(connection, job, &mut changes).err();
        if error.is_some() || connection.is_autocommit() {
            lost = Some((position, error));
            break;
        }
    }
    if let Some((position, error)) = lost {
        undo(connection);
        let guilty = group.remove(position);
        return Outcome::Lost { guilty, innocent: group, error };
    }
    fail_point::pass("db.commit.before");
    if let Err(error) = batch(connection, "COMMIT") {
        undo(connection);
        return Outcome::Refused(group, error);
    }
    fail_point::pass("db.commit.after");
    Outcome::Durable(group, changes)
}

/// One closure under its savepoint. An error here means that the transaction itself is in doubt.
fn run_one(connection: &Connection, job: &mut BoxedJob, changes: &mut Vec<Change>) -> Result<(), Error> {
    batch(connection, "SAVEPOINT closure")?;
    let mut tx = Tx::sqlite(connection, None);
    let ran = job.run(&mut tx);
    let announced = tx.into_changes();
    match (ran, connection.is_autocommit()) {
        (Ran::Undo, true) => return Ok(()),
        // Only a closure that ends transactions by itself gets here.
        (Ran::Keep, true) => return Err(Error::Aborted),
        (Ran::Keep, false) => changes.extend(announced),
        (Ran::Undo, false) => batch(connection, "ROLLBACK TO closure")?,
    }
    batch(connection, "RELEASE closure")
}

fn undo(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = batch(connection, "ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be undone");
    }
}

fn scrub(connection: &Connection) -> Result<(), Error> {
    let told = |error: rusqlite::Error| translate("db.scrub", &error);
    connection.busy_timeout(SCRUB_WAIT).map_err(told)?;
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY).map_err(told)?;
    match done {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::Conflict),
        Err(error) => Err(told(error)),
    }
}
