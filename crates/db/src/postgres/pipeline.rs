//! Statements whose answers nobody needs yet: they travel with the next one whose answer is needed,
//! in one round trip. Nothing is sent from here, and nothing is dropped but with its transaction.

use futures_util::future::try_join_all;
use tokio_postgres::Client;

use super::session::parameters;
use crate::value::Kept;
use crate::{Error, Statement, Value};

/// Statements that wait at most; with more they are sent.
const STATEMENTS: usize = 256;
/// Bytes of values that wait at most; with more they are sent.
const BYTES: usize = 1024 * 1024;

/// What is expected of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expects {
    /// Any number of changed rows.
    Anything,
    /// One changed row.
    OneRow,
    /// Rows, to be kept under this number.
    Rows(usize),
}

pub(super) struct Waiting {
    pub(super) statement: &'static Statement,
    pub(super) prepared: tokio_postgres::Statement,
    pub(super) values: Vec<Kept>,
    pub(super) expects: Expects,
}

/// What the server said to a statement.
enum Said {
    Changed(u64),
    Rows(Vec<tokio_postgres::Row>),
}

/// The statements of one transaction that wait, and the rows that came and nobody has taken yet.
#[derive(Default)]
pub(super) struct Pipeline {
    waiting: Vec<Waiting>,
    bytes: usize,
    answers: Vec<Option<Vec<tokio_postgres::Row>>>,
}

impl Pipeline {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether no more should wait.
    pub(super) const fn is_full(&self) -> bool {
        self.waiting.len() >= STATEMENTS || self.bytes >= BYTES
    }

    pub(super) fn add(&mut self, waiting: Waiting) {
        self.bytes += waiting.values.iter().map(Kept::bytes).sum::<usize>();
        self.waiting.push(waiting);
    }

    /// The number under which the rows of the next question will be kept.
    pub(super) fn question(&mut self) -> usize {
        self.answers.push(None);
        self.answers.len() - 1
    }

    /// What is to be sent now.
    pub(super) fn take(&mut self) -> Vec<Waiting> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting)
    }

    /// The rows that came for a question; none before they came, or when they were taken.
    pub(super) fn answer(&mut self, number: usize) -> Option<Vec<tokio_postgres::Row>> {
        self.answers.get_mut(number)?.take()
    }

    /// Keeps rows and holds the numbers of changed rows against what was expected.
    pub(super) fn settle(&mut self, said: Sent) -> Result<(), Error> {
        for (statement, expects, said) in said.0 {
            match (expects, said) {
                (Expects::Rows(number), Said::Rows(rows)) => {
                    if let Some(place) = self.answers.get_mut(number) {
                        *place = Some(rows);
                    }
                }
                (Expects::OneRow, Said::Changed(found)) if found != 1 => {
                    return Err(Error::Affected { statement: statement.name(), expected: 1, found });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What the server said to all that was sent.
pub(super) struct Sent(Vec<(&'static Statement, Expects, Said)>);

/// Sends what waited, in order. An error comes with the statement that it is about.
pub(super) async fn send(client: &Client, waiting: &[Waiting]) -> Result<Sent, (&'static str, tokio_postgres::Error)> {
    let each = waiting.iter().map(async |one| {
        let values: Vec<Value<'_>> = one.values.iter().map(Kept::value).collect();
        let parameters = parameters(&values);
        let said = match one.expects {
            Expects::Rows(_) => client.query(&one.prepared, &parameters).await.map(Said::Rows),
            Expects::OneRow | Expects::Anything => client.execute(&one.prepared, &parameters).await.map(Said::Changed),
        };
        let said = said.map_err(|error| (one.statement.name(), error))?;
        Ok((one.statement, one.expects, said))
    });
    try_join_all(each).await.map(Sent)
}
