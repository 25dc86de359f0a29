//! Schema upgrades: numbered files in pairs, one for each engine, run once and in order under a
//! lock when the program starts. A database that a later version has upgraded is refused.

use kernel::Clock;

use crate::postgres::Session;
use crate::{Error, sqlite};

/// One step of the schema, the same for both engines in what it means.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Counted from 1, without gaps.
    pub number: i64,
    /// What it brings, as its files are named.
    pub name: &'static str,
    /// The text that SQLite runs.
    pub sqlite: &'static str,
    /// The text that PostgreSQL runs.
    pub postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// Every migration, in order. A released one never changes.
pub const ALL: &[Migration] =
    migrations![1 "0001_engine_room", 2 "0002_identity", 3 "0003_mail_out", 4 "0004_desk", 5 "0005_mailbox"];

const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (
    number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, fingerprint TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// What tells a changed file from the one that ran: FNV-1a, 64 bits, of the text. It guards
/// against slips, not against attackers.
fn fingerprint(text: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// The migrations of `known` still to be run on a database that says it ran `applied`.
fn pending<'m>(
    known: &'m [Migration],
    applied: &[(i64, String)],
    text: impl Fn(&Migration) -> &'static str,
) -> Result<Vec<&'m Migration>, Error> {
    let last_known = known.last().map_or(0, |migration| migration.number);
    if let Some((found, _)) = applied.iter().find(|(number, _)| *number > last_known) {
        return Err(Error::NewerSchema { found: *found, known: last_known });
    }
    let mut left = Vec::new();
    for migration in known {
        match applied.iter().find(|(number, _)| *number == migration.number) {
            Some((_, ran)) if *ran == fingerprint(text(migration)) => {}
            Some(_) => return Err(Error::ChangedMigration(migration.number)),
            None => left.push(migration),
        }
    }
    Ok(left)
}

pub(crate) fn sqlite(connection: &rusqlite::Connection, clock: &dyn Clock) -> Result<(), Error> {
    sqlite_up_to(connection, clock, ALL)
}

fn sqlite_up_to(connection: &rusqlite::Connection, clock: &dyn Clock, known: &[Migration]) -> Result<(), Error> {
    let told = |error: rusqlite::Error| sqlite::translate("db.migrate", &error);
    // The write lock of the file is the lock of the upgrade.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(told)?;
    let run = || -> Result<(), Error> {
        connection.execute_batch(VERSION_TABLE).map_err(told)?;
        let mut query = connection.prepare("SELECT number, fingerprint FROM schema_version").map_err(told)?;
        let applied = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(told)?;
        for migration in pending(known, &applied, |migration| migration.sqlite)? {
            connection.execute_batch(migration.sqlite).map_err(told)?;
            connection
                .execute(
                    "INSERT INTO schema_version VALUES (?1, ?2, ?3, ?4)",
                    rusqlite::params![
                        migration.number,
                        migration.name,
                        fingerprint(migration.sqlite),
                        clock.now().micros()
                    ],
                )
                .map_err(told)?;
        }
        connection.execute_batch("COMMIT").map_err(told)
    };
    run().inspect_err(|_| {
        let _ = connection.execute_batch("ROLLBACK");
    })
}

pub(crate) fn postgres(session: &mut Session, clock: &dyn Clock) -> Result<(), Error> {
    // Another node's upgrade may take longer than a row lock may; the statement's own limit holds.
    session.batch("BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")?;
    // Held until the transaction ends; every node of the product asks for the same number.
    session.batch("SELECT pg_advisory_xact_lock(4207849484)")?;
    session.batch(VERSION_TABLE)?;
    let applied = session.applied_migrations()?;
    for migration in pending(ALL, &applied, |migration| migration.postgres)? {
        session.batch(migration.postgres)?;
        session.batch(&format!(
            "INSERT INTO schema_version VALUES ({}, '{}', '{}', {})",
            migration.number,
            migration.name,
            fingerprint(migration.postgres),
            clock.now().micros()
        ))?;
    }
    session.batch("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{ManualClock, Timestamp};

    static CLOCK: ManualClock = ManualClock::at(Timestamp::EPOCH);
    const FIRST: Migration = Migration { number: 1, name: "0001_a", sqlite: "CREATE TABLE a (x BIGINT)", postgres: "" };
    const BROKEN: Migration = Migration {
        number: 2,
        name: "0002_b",
        sqlite: "CREATE TABLE b (x BIGINT); CREATE TABLE a (y BIGINT)",
        postgres: "",
    };

    #[test]
    fn an_upgrade_that_fails_leaves_the_old_schema() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite_up_to(&connection, &CLOCK, &[FIRST]).unwrap();
        assert!(sqlite_up_to(&connection, &CLOCK, &[FIRST, BROKEN]).is_err());
        assert!(connection.prepare("SELECT x FROM b").is_err());
        sqlite_up_to(&connection, &CLOCK, &[FIRST]).unwrap();
    }

    #[test]
    fn running_backwards_is_refused_with_both_numbers() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let second = Migration { sqlite: "CREATE TABLE b (x BIGINT)", ..BROKEN };
        sqlite_up_to(&connection, &CLOCK, &[FIRST, second]).unwrap();
        let refused = sqlite_up_to(&connection, &CLOCK, &[FIRST]).unwrap_err();
        assert!(matches!(refused, Error::NewerSchema { found: 2, known: 1 }));
    }

    #[test]
    fn a_released_migration_that_changed_is_refused() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite_up_to(&connection, &CLOCK, &[FIRST]).unwrap();
        let changed = Migration { sqlite: "CREATE TABLE a (x TEXT)", ..FIRST };
        let refused = sqlite_up_to(&connection, &CLOCK, &[changed]).unwrap_err();
        assert!(matches!(refused, Error::ChangedMigration(1)));
    }
}
