//! What a closure sees: statements in, rows out, one transaction.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::postgres::Session;
use crate::row::{Columns, Each, Row};
use crate::{Change, Error, Gate, Statement, Value, dialect, int, sqlite};

/// A transaction. After a statement failed, nothing more runs in it: PostgreSQL behaves so, and
/// here SQLite does too.
pub struct Tx<'c> {
    link: Link<'c>,
    aborted: bool,
    /// When a read is stopped; a write has no such moment.
    deadline: Option<Instant>,
    changes: Vec<Change>,
}

enum Link<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut Session),
}

/// A query whose rows are on their way; [`Tx::answer`] waits for them.
#[must_use = "nobody asks for rows that are not needed"]
pub struct Asked<T>(Answer<T>);

enum Answer<T> {
    Here(Vec<T>),
    Coming { number: usize, statement: &'static Statement, map: fn(&Row<'_>) -> Result<T, Error> },
}

impl<'c> Tx<'c> {
    pub(crate) const fn sqlite(connection: &'c rusqlite::Connection, deadline: Option<Instant>) -> Self {
        Self { link: Link::Sqlite(connection), aborted: false, deadline, changes: Vec::new() }
    }

    pub(crate) const fn postgres(session: &'c mut Session, deadline: Option<Instant>) -> Self {
        Self { link: Link::Postgres(session), aborted: false, deadline, changes: Vec::new() }
    }

    pub(crate) const fn is_aborted(&self) -> bool {
        self.aborted
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Announces a change once the transaction is durable; an undone one announces nothing.
    pub fn announce(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Runs a statement and returns the number of rows it changed.
    pub fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, Error> {
        self.check(statement)?;
        let done = match &mut self.link {
            Link::Sqlite(connection) => sqlite::execute(connection, statement, values),
            Link::Postgres(session) => session.execute(statement, values),
        };
        self.note(done)
    }

    /// Runs a statement that must change exactly one row.
    pub fn execute_one(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<(), Error> {
        match self.execute(statement, values)? {
            1 => Ok(()),
            found => self.note(Err(Error::Affected { statement: statement.name(), expected: 1, found })),
        }
    }

    /// Runs several statements in order; on PostgreSQL they travel together, which saves a round
    /// trip each. Returns the rows that each changed.
    pub fn execute_all(&mut self, work: &[(&'static Statement, &[Value<'_>])]) -> Result<Vec<u64>, Error> {
        let Some((first, _)) = work.first() else { return Ok(Vec::new()) };
        self.check(first)?;
        let done = match &mut self.link {
            Link::Sqlite(connection) => {
                work.iter().map(|(statement, values)| sqlite::execute(connection, statement, values)).collect()
            }
            Link::Postgres(session) => session.execute_all(work),
        };
        self.note(done)
    }

    /// Runs a statement of which only its failure matters, and that in the end: on PostgreSQL it
    /// travels with the next one that is answered, in its place among the others. What goes wrong
    /// with it is told here, by a later statement, or in place of the closure's result.
    pub fn put(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<(), Error> {
        if let Link::Postgres(_) = self.link {
            self.send(statement, values, false)
        } else {
            self.execute(statement, values).map(drop)
        }
    }

    /// The same for a statement that must change exactly one row.
    pub fn put_one(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<(), Error> {
        if let Link::Postgres(_) = self.link {
            self.send(statement, values, true)
        } else {
            self.execute_one(statement, values)
        }
    }

    fn send(&mut self, statement: &'static Statement, values: &[Value<'_>], one_row: bool) -> Result<(), Error> {
        self.check(statement)?;
        let Link::Postgres(session) = &mut self.link else { return Ok(()) };
        let sent = session.put(statement, values, one_row);
        self.note(sent)
    }

    /// Runs a query whose rows are needed later: on PostgreSQL it travels with the next statement
    /// that is answered, in its place among the others. The query itself bounds the rows' number.
    pub fn ask<T>(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        map: fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Asked<T>, Error> {
        self.check(statement)?;
        let number = match &mut self.link {
            Link::Sqlite(_) => return self.query(statement, values, map).map(|rows| Asked(Answer::Here(rows))),
            Link::Postgres(session) => session.ask(statement, values),
        };
        let number = self.note(number)?;
        Ok(Asked(Answer::Coming { number, statement, map }))
    }

    /// The rows of a query that was asked in this transaction.
    pub fn answer<T>(&mut self, asked: Asked<T>) -> Result<Vec<T>, Error> {
        let (number, statement, map) = match asked.0 {
            Answer::Here(rows) => return Ok(rows),
            Answer::Coming { number, statement, map } => (number, statement, map),
        };
        self.check(statement)?;
        let rows = match &mut self.link {
            Link::Sqlite(_) => Err(Error::Missing),
            Link::Postgres(session) => session.answer(number),
        };
        let rows = self.note(rows)?;
        let name = statement.name();
        let mapped = rows.iter().map(|row| map(&Row { statement: name, columns: Columns::Postgres(row) })).collect();
        self.note(mapped)
    }

    /// The first row of a query that was asked in this transaction.
    pub fn answer_opt<T>(&mut self, asked: Asked<T>) -> Result<Option<T>, Error> {
        Ok(self.answer(asked)?.into_iter().next())
    }

    /// Passes a gate: whoever closes it waits until this transaction has ended. What is read before is
    /// not guarded by it.
    pub fn pass(&mut self, gate: Gate) -> Result<(), Error> {
        self.at_gate(&dialect::PASS, gate)
    }

    /// Closes a gate until the transaction ends, once all have ended who passed it before; who comes
    /// later waits behind.
    pub fn close(&mut self, gate: Gate) -> Result<(), Error> {
        self.at_gate(&dialect::CLOSE, gate)
    }

    fn at_gate(&mut self, statement: &'static Statement, gate: Gate) -> Result<(), Error> {
        // The lock is asked for in its place, and nothing behind it is looked at before it is given.
        if let Link::Postgres(_) = self.link { self.put(statement, &[int(gate.number())]) } else { Ok(()) }
    }

    /// Runs a query and maps each row. The query itself bounds their number.
    pub fn query<T>(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        self.for_each(statement, values, |row| {
            rows.push(map(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Runs a query that gives at most one row that matters; further rows are not looked at.
    pub fn query_opt<T>(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut map = Some(map);
        let mut found = None;
        self.scan(statement, values, &mut |row| {
            if let Some(map) = map.take() {
                found = Some(map(row)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Runs a query that must give a row.
    pub fn query_one<T>(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let found = self.query_opt(statement, values, map)?;
        match found {
            Some(found) => Ok(found),
            None => self.note(Err(Error::Missing)),
        }
    }

    /// Runs a query and hands each row over as it comes, without keeping them.
    pub fn for_each(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.scan(statement, values, &mut |row| each(row).map(ControlFlow::Continue))
    }

    fn scan(&mut self, statement: &'static Statement, values: &[Value<'_>], each: &mut Each<'_>) -> Result<(), Error> {
        self.check(statement)?;
        let done = match &mut self.link {
            Link::Sqlite(connection) => sqlite::scan(connection, statement, values, each),
            Link::Postgres(session) => session.scan(statement, values, each),
        };
        self.note(done)
    }

    /// Prepares a statement without running it; the engine's words when it refuses.
    pub(crate) fn prepare(&mut self, statement: &'static Statement) -> Result<(), String> {
        match &mut self.link {
            Link::Sqlite(connection) => connection
                .prepare_cached(statement.sqlite())
                .map(drop)
                .map_err(|error| format!("{}: {error}", statement.name())),
            Link::Postgres(session) => session.check(statement),
        }
    }

    fn check(&mut self, statement: &'static Statement) -> Result<(), Error> {
        if self.aborted {
            return Err(Error::Aborted);
        }
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.note(if late { Err(Error::TooLong(statement.name())) } else { Ok(()) })
    }

    fn note<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        self.aborted |= done.is_err();
        done
    }
}
