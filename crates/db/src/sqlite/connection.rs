//! Opening the file: durability and secrecy settings that hold for every connection.

use rusqlite::{Connection, OpenFlags};

use super::{SqliteConfig, translate};
use crate::Error;

const STATEMENT_CACHE: usize = 512;
/// Another process holds the file only for moments (a backup tool); waiting beats failing.
pub(super) const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

pub(super) fn open_writer(config: &SqliteConfig) -> Result<Connection, Error> {
    let connection = open(config, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // WAL is a property of the file: it is set once here, before any reader opens.
    pragma(&connection, "PRAGMA journal_mode = WAL")?;
    pragma(&connection, "PRAGMA synchronous = FULL")?;
    // What was deleted is overwritten, so that a copied file does not hold it.
    pragma(&connection, "PRAGMA secure_delete = ON")?;
    pragma(&connection, "PRAGMA foreign_keys = ON")?;
    // Keyed hashes fall anywhere in their indexes: what the writer holds in memory it need not fetch.
    pragma(&connection, "PRAGMA cache_size = -49152")?;
    pragma(&connection, "PRAGMA wal_autocheckpoint = 4000")?;
    pragma(&connection, "PRAGMA journal_size_limit = 67108864")?;
    if let Some(pages) = config.max_pages {
        pragma(&connection, &format!("PRAGMA max_page_count = {pages}"))?;
    }
    Ok(connection)
}

pub(super) fn open_reader(config: &SqliteConfig) -> Result<Connection, Error> {
    let connection = open(config, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    pragma(&connection, "PRAGMA query_only = ON")?;
    Ok(connection)
}

fn open(config: &SqliteConfig, flags: OpenFlags) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(&config.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| translate("db.open", &error))?;
    connection.busy_timeout(BUSY).map_err(|error| translate("db.open", &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Sorting must not spill rows into files beside the database.
    pragma(&connection, "PRAGMA temp_store = MEMORY")?;
    pragma(&connection, "PRAGMA cache_size = -16384")?;
    // A mapped file counts as this process's memory, once for each connection, and saves a page of a
    // list 0.2 ms at most.
    pragma(&connection, "PRAGMA mmap_size = 0")?;
    Ok(connection)
}

fn pragma(connection: &Connection, text: &str) -> Result<(), Error> {
    let run = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare(text)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    };
    run().map_err(|error| translate("db.open", &error))
}
