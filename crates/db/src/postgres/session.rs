//! One connection with its runtime and its prepared statements.

use std::collections::HashMap;

use futures_util::future::{join, try_join_all};
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};

use super::tls::Target;
use crate::{Error, Statement, Value};

/// PostgreSQL 15, as `server_version_num` writes it.
const OLDEST_VERSION: i64 = 150_000;

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

pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    prepared: HashMap<&'static str, tokio_postgres::Statement>,
    /// The BEGIN that travels with the first statement.
    begin: Option<&'static str>,
    /// The running transaction's number, to ask for its fate when the connection dies at COMMIT.
    transaction: Option<String>,
    trouble: Trouble,
}

impl Session {
    pub(crate) fn connect(target: &Target) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let client = runtime.block_on(async {
            let told = |error: tokio_postgres::Error| Error::Unavailable(describe(&error));
            if let Some(tls) = &target.tls {
                let (client, connection) = target.config.connect(tls.clone()).await.map_err(told)?;
                tokio::spawn(connection);
                Ok(client)
            } else {
                let (client, connection) = target.config.connect(NoTls).await.map_err(told)?;
                tokio::spawn(connection);
                Ok(client)
            }
        })?;
        let mut session =
            Self { runtime, client, prepared: HashMap::new(), begin: None, transaction: None, trouble: Trouble::None };
        session.batch("SET statement_timeout = '60s'; SET lock_timeout = '20s'; SET bytea_output = 'hex'")?;
        session.batch("SET synchronous_commit = on; SET client_min_messages = warning")?;
        Ok(session)
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

    /// The transaction starts with its first statement, so that both make one round trip.
    pub(crate) fn begin_with_first(&mut self, sql: &'static str) {
        self.begin = Some(sql);
        self.transaction = None;
        self.trouble = Trouble::None;
    }

    /// Whether no statement has run since [`Self::begin_with_first`]: then there is nothing to end.
    pub(crate) const fn is_untouched(&self) -> bool {
        self.begin.is_some()
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
        if self.begin.take().is_some() {
            return Ok(());
        }
        self.batch("ROLLBACK")
    }

    /// What became of a transaction whose COMMIT was never answered.
    pub(crate) fn was_committed(&mut self, transaction: &str) -> Result<bool, Error> {
        loop {
            let query = "SELECT coalesce(pg_xact_status(CAST(CAST($1 AS TEXT) AS xid8)), 'aborted')";
            let row = self
                .runtime
                .block_on(self.client.query_one(query, &[&transaction]))
                .map_err(|error| translate("db.commit", &error))?;
            match row.get::<_, String>(0).as_str() {
                "committed" => return Ok(true),
                "in progress" => std::thread::sleep(std::time::Duration::from_millis(20)),
                _ => return Ok(false),
            }
        }
    }

    pub(crate) fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, Error> {
        self.begin_if_needed(statement)?;
        let prepared = self.prepared(statement)?;
        let parameters = parameters(values);
        let done = self.runtime.block_on(self.client.execute(&prepared, &parameters));
        done.map_err(|error| self.note(statement.name(), &error))
    }

    pub(crate) fn execute_all(&mut self, work: &[(&'static Statement, &[Value<'_>])]) -> Result<Vec<u64>, Error> {
        let Some((first, _)) = work.first() else { return Ok(Vec::new()) };
        let name = first.name();
        self.begin_if_needed(first)?;
        let prepared = work.iter().map(|(statement, _)| self.prepared(statement)).collect::<Result<Vec<_>, _>>()?;
        let parameters: Vec<_> = work.iter().map(|(_, values)| parameters(values)).collect();
        let running =
            prepared.iter().zip(&parameters).map(|(statement, values)| self.client.execute(statement, values));
        let done = self.runtime.block_on(try_join_all(running));
        done.map_err(|error| self.note(name, &error))
    }

    pub(crate) fn rows(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        self.begin_if_needed(statement)?;
        let prepared = self.prepared(statement)?;
        let parameters = parameters(values);
        let done = self.runtime.block_on(self.client.query(&prepared, &parameters));
        done.map_err(|error| self.note(statement.name(), &error))
    }

    pub(crate) fn check(&mut self, statement: &'static Statement) -> Result<(), String> {
        let done = self.runtime.block_on(self.client.prepare(statement.text()));
        // Outside a transaction block, so that one refused statement does not hide the next.
        done.map(drop).map_err(|error| format!("{}: {}", statement.name(), describe(&error)))
    }

    fn begin_if_needed(&mut self, statement: &'static Statement) -> Result<(), Error> {
        let Some(begin) = self.begin.take() else { return Ok(()) };
        let (began, number) = if begin.contains("READ ONLY") {
            (self.runtime.block_on(self.client.batch_execute(begin)), None)
        } else {
            let (began, number) = self.runtime.block_on(join(
                self.client.batch_execute(begin),
                self.client.simple_query("SELECT pg_current_xact_id()"),
            ));
            (began, number.ok())
        };
        began.map_err(|error| self.note(statement.name(), &error))?;
        self.transaction = number.into_iter().flatten().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(())
    }

    fn prepared(&mut self, statement: &'static Statement) -> Result<tokio_postgres::Statement, Error> {
        if let Some(known) = self.prepared.get(statement.name()) {
            return Ok(known.clone());
        }
        let done = self.runtime.block_on(self.client.prepare(statement.text()));
        let prepared = done.map_err(|error| self.note(statement.name(), &error))?;
        self.prepared.insert(statement.name(), prepared.clone());
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

fn parameters<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// The error in the server's words but without its detail, which may quote values.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} ({})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

fn translate(statement: &'static str, error: &tokio_postgres::Error) -> Error {
    let Some(refusal) = error.as_db_error() else {
        let closed = error.is_closed()
            || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if closed {
            Error::Unavailable(describe(error))
        } else {
            Error::Engine { statement, message: describe(error) }
        };
    };
    let code = refusal.code();
    match code {
        _ if *code == SqlState::UNIQUE_VIOLATION => Error::Unique,
        _ if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::LOCK_NOT_AVAILABLE =>
        {
            Error::Conflict
        }
        _ if *code == SqlState::DISK_FULL => Error::Full,
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Error::ReadOnly,
        _ if code.code().starts_with("23") => Error::Constraint(statement.to_owned()),
        // 08: connection; 57P: shut down or crashed; 53: out of resources.
        _ if code.code().starts_with("08") || code.code().starts_with("57P") || code.code().starts_with("53") => {
            Error::Unavailable(describe(error))
        }
        _ => Error::Engine { statement, message: describe(error) },
    }
}
