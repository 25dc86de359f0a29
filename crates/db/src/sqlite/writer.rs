//! Group commit: all closures that wait run under savepoints of one transaction, one fsync makes
//! them durable, and only then is any of them answered.
//!
//! A closure that fails is undone alone. When an error ends the whole transaction (a full disk
//! does), the closure that met it is answered with it, and the innocent ones run again.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};

use kernel::fail_point;
use rusqlite::Connection;
use tokio::sync::broadcast;

use super::{Order, batch, translate};
use crate::job::Ran;
use crate::{BoxedJob, Change, Error, Tx};

/// Closures in one commit: enough to share an fsync, few enough that the first does not wait long.
const GROUP: usize = 256;

pub(super) fn run(connection: Connection, orders: &Receiver<Order>, bus: &broadcast::Sender<Change>) {
    while let Ok(first) = orders.recv() {
        let mut next = Some(first);
        while let Some(order) = next.take() {
            match order {
                Order::Scrub(reply) => {
                    let _ = reply.send(scrub(&connection));
                }
                Order::Write(job) => {
                    let (group, after) = gather(job, orders);
                    commit_all(&connection, group, bus);
                    next = after;
                }
            }
        }
    }
    // The last connection folds the write-ahead log into the file when it closes.
    let _ = connection.close();
}

/// The first closure and all that wait behind it, up to an order of another kind.
fn gather(first: BoxedJob, orders: &Receiver<Order>) -> (Vec<BoxedJob>, Option<Order>) {
    let mut group = vec![first];
    while group.len() < GROUP {
        match orders.try_recv() {
            Ok(Order::Write(job)) => group.push(job),
            Ok(other) => return (group, Some(other)),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    (group, None)
}

/// Runs groups until every closure has its answer.
fn commit_all(connection: &Connection, jobs: Vec<BoxedJob>, bus: &broadcast::Sender<Change>) {
    metrics::histogram!("doorward_db_group_closures").record(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
    let mut groups = VecDeque::from([jobs]);
    while let Some(group) = groups.pop_front() {
        match commit(connection, group) {
            Outcome::Durable(jobs, changes) => {
                for job in jobs {
                    job.answer(None);
                }
                for change in changes {
                    // Nobody listening is no error.
                    let _ = bus.send(change);
                }
            }
            Outcome::Lost { guilty, innocent, error } => {
                guilty.answer(Some(error));
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
    Lost { guilty: BoxedJob, innocent: Vec<BoxedJob>, error: Error },
    Refused(Vec<BoxedJob>, Error),
}

fn commit(connection: &Connection, mut group: Vec<BoxedJob>) -> Outcome {
    if let Err(error) = batch(connection, "BEGIN IMMEDIATE") {
        return Outcome::Refused(group, error);
    }
    let mut changes = Vec::new();
    let mut lost = None;
    for (position, job) in group.iter_mut().enumerate() {
        match run_one(connection, job, &mut changes) {
            Ok(()) if !connection.is_autocommit() => {}
            Ok(()) => lost = Some((position, Error::Full)),
            Err(error) => lost = Some((position, error)),
        }
        if lost.is_some() {
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
    let mut tx = Tx::sqlite(connection);
    let ran = job.run(&mut tx);
    let announced = tx.into_changes();
    if connection.is_autocommit() {
        return Ok(());
    }
    match ran {
        Ran::Keep => changes.extend(announced),
        Ran::Undo => batch(connection, "ROLLBACK TO closure")?,
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
    let checkpoint = || connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    match checkpoint() {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::Conflict),
        Err(error) => Err(translate("db.scrub", &error)),
    }
}
