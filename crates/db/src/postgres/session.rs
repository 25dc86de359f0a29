//! One connection with its runtime and its prepared statements.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use futures_util::future::{join3, try_join_all};
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::error::{describe, refused, translate};
use super::pipeline::{self, Expects, Pipeline, Waiting};
use super::tls::Target;
use crate::row::{Columns, Each};
use crate::value::Kept;
use crate::{Error, Row, Statement, Value};

/// PostgreSQL 15, as `server_version_num` writes it.
const OLDEST_VERSION: i64 = 150_000;
/// A statement of a write that waits this long for a row lets go and is tried again.
const LOCK_TIME: Duration = Duration::from_secs(10);
/// The server ends a transaction whose client has been silent for this long.
const SILENCE: Duration = Duration::from_secs(20);
/// How long the fate of a commit is asked for: longer than the server keeps a silent transaction.
const FATE_TIME: Duration = Duration::from_secs(30);
/// Between two questions for it.
const FATE_PAUSE: Duration = Duration::from_millis(20);

/// What the last error means for the transaction as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing that running again would mend.
    None,
    /// Deadlock or serialisation failure: run the closure again.
    Conflict,
    /// The connection is gone.
    Lost,
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// See one unchanging view.
    Read,
    /// Change data.
    Write,
}

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The number is for the case that the connection does not survive COMMIT.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_current_xact_id()";

pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    /// By the address of the statement, which is unique and quicker to hash than its text.
    prepared: HashMap<usize, tokio_postgres::Statement>,
    /// The transaction that begins with the next statement.
    begin: Option<Access>,
    /// The running transaction's number, to ask for its fate when the connection dies at COMMIT.
    transaction: Option<String>,
    /// Which life of the server this connection belongs to.
    life: String,
    trouble: Trouble,
    pipeline: Pipeline,
}

impl Session {
    /// Connects; no statement runs longer than `statement_time`.
    pub(crate) fn connect(target: &Target, statement_time: Duration) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let client = runtime.block_on(async {
            if let Some(tls) = &target.tls {
                let (client, connection) = target.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            } else {
                let (client, connection) = target.config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        });
        let client = client.map_err(|error| refused(&error))?;
        let mut session = Self {
            runtime,
            client,
            prepared: HashMap::new(),
            begin: None,
            transaction: None,
            life: String::new(),
            trouble: Trouble::None,
            pipeline: Pipeline::default(),
        };
        session.batch(&format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
             SET synchronous_commit = on; SET client_min_messages = warning",
            statement_time.as_millis(),
            LOCK_TIME.as_millis(),
            SILENCE.as_millis()
        ))?;
        session.life = session.server_life()?;
        Ok(session)
    }

    /// What stays the same as long as the server lives: a restart changes the first, a recovery from a
    /// crash of one of its processes the second.
    fn server_life(&mut self) -> Result<String, Error> {
        let query = "SELECT CONCAT(pg_postmaster_start_time(), ' ', (SELECT stats_reset FROM pg_stat_bgwriter))";
        let row = self.runtime.block_on(self.client.query_one(query, &[])).map_err(|e| translate("db.connect", &e))?;
        Ok(row.get(0))
    }

    pub(crate) fn life(&self) -> &str {
        &self.life
    }

    pub(crate) fn check_version(&mut self) -> Result<(), Error> {
        let query = "SELECT current_setting('server_version_num')::bigint";
        let row = self.runtime.block_on(self.client.query_one(query, &[])).map_err(|e| translate("db.version", &e))?;
        let version: i64 = row.get(0);
        if version < OLDEST_VERSION {
            return Err(Error::Settings(format!("PostgreSQL {} is too old: 15 or later is needed", version / 10_000)));
        }
        Ok(())
    }

    pub(crate) fn applied_migrations(&mut self) -> Result<Vec<(i64, String)>, Error> {
        let query = "SELECT number, fingerprint FROM schema_version";
        let rows = self.runtime.block_on(self.client.query(query, &[])).map_err(|e| translate("db.migrate", &e))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        let done = self.runtime.block_on(self.client.batch_execute(sql));
        done.map_err(|error| self.note("db.transaction", &error))
    }

    /// The transaction starts with its first statement: one without any costs nothing, and that of
    /// a read travels with its BEGIN.
    pub(crate) fn begin_with_first(&mut self, access: Access) {
        self.begin = Some(access);
        self.transaction = None;
        self.trouble = Trouble::None;
        self.pipeline.clear();
    }

    /// Whether no statement has run since [`Self::begin_with_first`]: then there is nothing to end.
    pub(crate) const fn is_untouched(&self) -> bool {
        self.begin.is_some() && self.pipeline.is_empty()
    }

    pub(crate) const fn trouble(&self) -> Trouble {
        self.trouble
    }

    pub(crate) fn transaction(&self) -> Option<&str> {
        self.transaction.as_deref()
    }

    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        self.batch("COMMIT")
    }

    pub(crate) fn roll_back(&mut self) -> Result<(), Error> {
        self.pipeline.clear();
        if self.begin.take().is_some() {
            return Ok(());
        }
        self.batch("ROLLBACK")
    }

    /// What became of a transaction whose COMMIT was never answered. `life` is that of the server it ran
    /// on: one that has crashed since may have given the number of a transaction whose traces never
    /// reached the disk to another one, so that "committed" is said of that other.
    pub(crate) fn was_committed(&mut self, transaction: &str, life: &str) -> Result<bool, Error> {
        let asked = Instant::now();
        while asked.elapsed() < FATE_TIME {
            let query = "SELECT coalesce(pg_xact_status(CAST(CAST($1 AS TEXT) AS xid8)), 'aborted')";
            let row = match self.runtime.block_on(self.client.query_one(query, &[&transaction])) {
                // "In the future": the server lost every trace of the number in a crash, a commit's too
                // had there been one.
                Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => return Ok(false),
                row => row.map_err(|error| translate("db.commit", &error))?,
            };
            match row.get::<_, String>(0).as_str() {
                "committed" if self.life == life => return Ok(true),
                "committed" => break,
                // The server has not yet noticed that its client is gone.
                "in progress" => std::thread::sleep(FATE_PAUSE),
                _ => return Ok(false),
            }
        }
        Err(Error::Unavailable("a commit was never answered, and what became of it is not known".to_owned()))
    }

    pub(crate) fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, Error> {
        let prepared = self.prepared(statement)?;
        let parameters = parameters(values);
        self.run(statement.name(), async |client| client.execute(&prepared, &parameters).await)
    }

    pub(crate) fn execute_all(&mut self, work: &[(&'static Statement, &[Value<'_>])]) -> Result<Vec<u64>, Error> {
        let name = work.first().map_or("", |(first, _)| first.name());
        let prepared = work.iter().map(|(statement, _)| self.prepared(statement)).collect::<Result<Vec<_>, _>>()?;
        let parameters: Vec<_> = work.iter().map(|(_, values)| parameters(values)).collect();
        self.run(name, async |client| {
            try_join_all(prepared.iter().zip(&parameters).map(|(statement, values)| client.execute(statement, values)))
                .await
        })
    }

    /// The rows are taken as they come, and all of them: what the server says last may be an error.
    pub(crate) fn scan(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), Error> {
        let prepared = self.prepared(statement)?;
        let parameters = parameters(values);
        self.run(statement.name(), async |client| {
            let mut rows = pin!(client.query_raw(&prepared, parameters).await?);
            let mut taken = Ok(ControlFlow::Continue(()));
            while let Some(row) = rows.try_next().await? {
                if matches!(taken, Ok(ControlFlow::Continue(()))) {
                    taken = each(&Row { statement: statement.name(), columns: Columns::Postgres(&row) });
                }
            }
            Ok(taken.map(|_| ()))
        })?
    }

    /// A change that is sent with the next statement whose answer is needed, or by [`Self::settle`].
    pub(crate) fn put(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
        one_row: bool,
    ) -> Result<(), Error> {
        self.wait(statement, values, if one_row { Expects::OneRow } else { Expects::Anything })
    }

    /// A question whose rows come with the next answer; gives the number to take them by.
    pub(crate) fn ask(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<usize, Error> {
        let number = self.pipeline.question();
        self.wait(statement, values, Expects::Rows(number))?;
        Ok(number)
    }

    /// The rows of a question.
    pub(crate) fn answer(&mut self, number: usize) -> Result<Vec<tokio_postgres::Row>, Error> {
        if let Some(rows) = self.pipeline.answer(number) {
            return Ok(rows);
        }
        self.settle()?;
        self.pipeline.answer(number).ok_or(Error::Missing)
    }

    /// Sends what waits.
    pub(crate) fn settle(&mut self) -> Result<(), Error> {
        if self.pipeline.is_empty() {
            return Ok(());
        }
        self.run("db.settle", async |_| Ok(()))
    }

    fn wait(&mut self, statement: &'static Statement, values: &[Value<'_>], expects: Expects) -> Result<(), Error> {
        let prepared = self.prepared(statement)?;
        let values = values.iter().map(Kept::new).collect();
        self.pipeline.add(Waiting { statement, prepared, values, expects });
        if self.pipeline.is_full() { self.settle() } else { Ok(()) }
    }

    pub(crate) fn check(&mut self, statement: &'static Statement) -> Result<(), String> {
        let done = self.runtime.block_on(self.client.prepare(statement.text()));
        // Outside a transaction block, so that one refused statement does not hide the next.
        done.map(drop).map_err(|error| format!("{}: {}", statement.name(), describe(&error)))
    }

    /// Runs `work`, after the BEGIN that has not been sent yet and all that waits.
    fn run<T>(
        &mut self,
        name: &'static str,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Error> {
        let begin = self.begin.take();
        // Sent together, a first change would stand by itself if the BEGIN before it failed.
        if begin == Some(Access::Write) {
            let began = self.runtime.block_on(self.client.simple_query(BEGIN_WRITE));
            self.transaction = began.as_deref().ok().and_then(number);
            if let Err(error) = began {
                return Err(self.note(name, &error));
            }
        }
        let waiting = self.pipeline.take();
        let client = &self.client;
        let begin_read = async {
            match begin {
                Some(Access::Read) => client.simple_query(BEGIN_READ).await.map(drop),
                Some(Access::Write) | None => Ok(()),
            }
        };
        let (began, sent, done) =
            self.runtime.block_on(join3(begin_read, pipeline::send(client, &waiting), work(client)));
        began.map_err(|error| self.note(name, &error))?;
        let sent = sent.map_err(|(name, error)| self.note(name, &error))?;
        self.pipeline.settle(sent)?;
        done.map_err(|error| self.note(name, &error))
    }

    /// The statement as this connection knows it. Preparing needs no transaction, so a first use may
    /// come before BEGIN.
    fn prepared(&mut self, statement: &'static Statement) -> Result<tokio_postgres::Statement, Error> {
        let address = std::ptr::from_ref(statement).addr();
        if let Some(known) = self.prepared.get(&address) {
            return Ok(known.clone());
        }
        let done = self.runtime.block_on(self.client.prepare(statement.text()));
        let prepared = done.map_err(|error| self.note(statement.name(), &error))?;
        self.prepared.insert(address, prepared.clone());
        Ok(prepared)
    }

    fn note(&mut self, statement: &'static str, error: &tokio_postgres::Error) -> Error {
        let translated = translate(statement, error);
        let trouble = match &translated {
            Error::Conflict => Trouble::Conflict,
            Error::Unavailable(_) => Trouble::Lost,
            _ => Trouble::None,
        };
        if trouble != Trouble::None {
            self.trouble = trouble;
        }
        translated
    }
}

/// The transaction's number in the answer to its BEGIN.
fn number(answer: &[SimpleQueryMessage]) -> Option<String> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}

pub(super) fn parameters<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

#[cfg(test)]
mod tests {
    use testkit::postgres::database;

    use super::{Duration, Error, Session, Target};

    const TIME: Duration = Duration::from_secs(5);

    #[test]
    fn the_fate_of_a_number_is_told_for_the_servers_own_life_alone() {
        let database = database();
        let mut session = Session::connect(&Target::parse(&database.url()).expect("a URL"), TIME).expect("a session");
        let row = session.runtime.block_on(session.client.query_one("SELECT CAST(pg_current_xact_id() AS TEXT)", &[]));
        let (committed, life) = (row.expect("a number").get::<_, String>(0), session.life().to_owned());
        assert!(session.was_committed(&committed, &life).expect("a fate"));
        let after_a_crash = session.was_committed(&committed, "another life");
        assert!(matches!(after_a_crash, Err(Error::Unavailable(_))), "{after_a_crash:?}");
        // A number that a crash took back.
        assert!(!session.was_committed("4000000000", &life).expect("a fate"));
    }
}
