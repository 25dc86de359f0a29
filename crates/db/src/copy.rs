//! Copies of whole tables, row by row and the same for both engines, for backups.
//!
//! A portable file is a plain SQLite file with the tables of the schema and none of their indexes;
//! what it holds goes back into either engine. Nothing here knows what a table means.

use std::path::Path;
use std::sync::LazyLock;

use rusqlite::{Connection, OpenFlags};

use crate::{Error, Row, Statement, Tx, Value, migrate, sqlite};

/// Rows that travel together.
const BATCH_ROWS: usize = 256;
/// Bytes of texts and blobs that travel together; one row may be larger.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A table of the schema: its name, its columns, and the statements that copy it.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    columns: Vec<(String, Kind)>,
    creation: String,
    select: Statement,
    insert: Statement,
    count: Statement,
    any: Statement,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Int,
    Text,
    Blob,
}

impl Table {
    /// The table's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The position of a column, counted from 0.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }

    /// The rows that it has at this moment.
    pub fn count(&'static self, tx: &mut Tx<'_>) -> Result<u64, Error> {
        tx.query_one(&self.count, &[], |row| row.count(0))
    }

    /// Whether it has no rows at all.
    pub fn is_empty(&'static self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        Ok(tx.query_opt(&self.any, &[], |_| Ok(()))?.is_none())
    }

    /// Hands over every row, in the order of the key, with its columns in the order of the table.
    pub fn for_each(
        &'static self,
        tx: &mut Tx<'_>,
        each: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        tx.for_each(&self.select, &[], each)
    }

    /// Copies every row from one transaction into another, in the order of the key, and gives their
    /// number. `told` hears how many more were copied.
    pub fn copy(&'static self, from: &mut Tx<'_>, into: &mut Tx<'_>, told: &mut dyn FnMut(u64)) -> Result<u64, Error> {
        let mut batch = Batch { table: self, rows: Vec::with_capacity(BATCH_ROWS), bytes: 0, copied: 0 };
        self.for_each(from, |row| {
            batch.take(row)?;
            if batch.rows.len() < BATCH_ROWS && batch.bytes < BATCH_BYTES {
                return Ok(());
            }
            told(batch.send(into)?);
            Ok(())
        })?;
        told(batch.send(into)?);
        Ok(batch.copied)
    }
}

/// Every table of the schema but its own version, each after those that it refers to.
pub fn tables() -> Result<&'static [Table], Error> {
    // The migrations of both engines mean the same, so that those of SQLite tell the tables of both.
    static TABLES: LazyLock<Result<Vec<Table>, Error>> = LazyLock::new(|| {
        let connection = Connection::open_in_memory().map_err(|error| told(&error))?;
        read_tables(&connection).map_err(|error| told(&error))
    });
    TABLES.as_deref().map_err(Clone::clone)
}

fn read_tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    for migration in migrate::ALL {
        connection.execute_batch(migration.sqlite)?;
    }
    // PostgreSQL makes a table only after those that it refers to, and so the order of making will do.
    let mut query = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )?;
    let found = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<_>>>()?;
    found.into_iter().map(|(name, creation)| read_table(connection, name, creation)).collect()
}

fn read_table(connection: &Connection, name: String, creation: String) -> rusqlite::Result<Table> {
    let mut query = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let found = query
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, String, i64)>>>()?;
    let mut key: Vec<_> = found.iter().filter(|(_, _, place)| *place > 0).collect();
    key.sort_by_key(|(_, _, place)| *place);
    let key = joined(key.iter().map(|(column, ..)| column.clone()));
    let names = joined(found.iter().map(|(column, ..)| column.clone()));
    let places = joined((1..=found.len()).map(|place| format!("${place}")));
    let columns = found
        .into_iter()
        .map(|(column, declared, _)| match declared.as_str() {
            "TEXT" => (column, Kind::Text),
            "BLOB" => (column, Kind::Blob),
            _ => (column, Kind::Int),
        })
        .collect();
    // As many tables as the schema has, once for each process.
    let statement = |text: String| Statement::new("db.copy", text.leak());
    Ok(Table {
        select: statement(format!("SELECT {names} FROM {name} ORDER BY {key}")),
        insert: statement(format!("INSERT INTO {name} ({names}) VALUES ({places})")),
        count: statement(format!("SELECT count(*) FROM {name}")),
        any: statement(format!("SELECT 1 FROM {name} LIMIT 1")),
        name: name.leak(),
        columns,
        creation,
    })
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

enum Owned {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn read(row: &Row<'_>, column: usize, kind: Kind) -> Result<Self, Error> {
        Ok(match kind {
            Kind::Int => row.opt_int(column)?.map_or(Self::Null, Self::Int),
            Kind::Text => row.opt_text(column)?.map_or(Self::Null, Self::Text),
            Kind::Blob => row.opt_blob(column)?.map_or(Self::Null, Self::Blob),
        })
    }

    const fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

/// Rows on their way.
struct Batch {
    table: &'static Table,
    rows: Vec<Vec<Owned>>,
    bytes: usize,
    copied: u64,
}

impl Batch {
    fn take(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let mut values = Vec::with_capacity(self.table.columns.len());
        for (position, (_, kind)) in self.table.columns.iter().enumerate() {
            let value = Owned::read(row, position, *kind)?;
            self.bytes += value.bytes();
            values.push(value);
        }
        self.rows.push(values);
        Ok(())
    }

    fn send(&mut self, into: &mut Tx<'_>) -> Result<u64, Error> {
        let values: Vec<Vec<Value<'_>>> = self.rows.iter().map(|row| row.iter().map(Owned::value).collect()).collect();
        let work: Vec<_> = values.iter().map(|values| (&self.table.insert, values.as_slice())).collect();
        into.execute_all(&work)?;
        let sent = self.rows.len() as u64;
        self.copied += sent;
        self.rows.clear();
        self.bytes = 0;
        Ok(sent)
    }
}

/// A file of copied tables, of no engine.
pub struct Portable {
    connection: Connection,
}

impl Portable {
    /// Empty tables in a new file, which must exist and be empty, so that its maker decides who may
    /// read it. Nothing is there to be read before [`Portable::finish`].
    pub fn create(path: &Path, tables: &[&'static Table]) -> Result<Self, Error> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let run = || {
            // A file that did not get finished is of no use, and so needs no journal.
            connection.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN EXCLUSIVE",
            )?;
            tables.iter().try_for_each(|table| connection.execute_batch(&table.creation))
        };
        run().map_err(|error| told(&error))?;
        Ok(Self { connection })
    }

    /// A finished file, to be read. What it says is not trusted: only tables are read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let settings = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN";
        connection.execute_batch(settings).map_err(|error| told(&error))?;
        Ok(Self { connection })
    }

    /// The file as a transaction.
    pub const fn tx(&self) -> Tx<'_> {
        Tx::sqlite(&self.connection, None)
    }

    /// Ends a file that was written. That it reaches the disk is for its maker to see to.
    pub fn finish(self) -> Result<(), Error> {
        self.connection.execute_batch("COMMIT").map_err(|error| told(&error))?;
        self.connection.close().map_err(|(_, error)| told(&error))
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| told(&error))?;
    connection.execute_batch("PRAGMA temp_store = MEMORY").map_err(|error| told(&error))?;
    Ok(connection)
}

fn told(error: &rusqlite::Error) -> Error {
    sqlite::translate("db.copy", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_comes_after_those_it_refers_to_and_has_a_key() {
        let connection = Connection::open_in_memory().unwrap();
        for migration in migrate::ALL {
            connection.execute_batch(migration.sqlite).unwrap();
        }
        let tables = tables().unwrap();
        assert!(tables.len() > 20);
        for (place, table) in tables.iter().enumerate() {
            assert!(!table.select.text().ends_with("BY "), "{} has no key", table.name);
            let mut query = connection.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?1)").unwrap();
            let parents = query.query_map([table.name], |row| row.get::<_, String>(0)).unwrap();
            for parent in parents.map(Result::unwrap) {
                assert!(
                    tables.iter().take(place).any(|earlier| earlier.name == parent),
                    "{} before {parent}",
                    table.name
                );
            }
        }
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.sqlite");
        std::fs::File::create_new(&path).unwrap();
        let table = tables().unwrap().iter().find(|table| table.name == "customer").unwrap();
        let source = Connection::open_in_memory().unwrap();
        source.execute_batch(&table.creation).unwrap();
        // More than one batch, with values of every kind and none.
        for number in 0..600_u32 {
            let erased = (number % 3 == 0).then_some(i64::MIN);
            source
                .execute(
                    &table.insert.text().replace('$', "?"),
                    rusqlite::params![
                        [1_u8; 16],
                        number.to_be_bytes(),
                        "'; DROP \u{20ac}",
                        i64::MAX,
                        rusqlite::types::Null,
                        erased
                    ],
                )
                .unwrap();
        }
        let file = Portable::create(&path, &[table]).unwrap();
        let mut heard = 0;
        let copied = table.copy(&mut Tx::sqlite(&source, None), &mut file.tx(), &mut |more| heard += more).unwrap();
        assert_eq!((copied, heard), (600, 600));
        file.finish().unwrap();

        let file = Portable::open(&path).unwrap();
        let target = Connection::open_in_memory().unwrap();
        target.execute_batch(&table.creation).unwrap();
        assert!(table.is_empty(&mut Tx::sqlite(&target, None)).unwrap());
        table.copy(&mut file.tx(), &mut Tx::sqlite(&target, None), &mut |_| ()).unwrap();
        let all = |connection: &Connection| {
            let mut query = connection.prepare(table.select.text()).unwrap();
            query
                .query_map([], |row| (0..6).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect())
                .unwrap()
                .collect::<rusqlite::Result<Vec<Vec<_>>>>()
                .unwrap()
        };
        assert_eq!(all(&source), all(&target));
        assert_eq!(table.count(&mut Tx::sqlite(&target, None)).unwrap(), 600);
    }

    #[test]
    fn a_file_of_anything_else_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.sqlite");
        std::fs::write(&path, [7; 8192]).unwrap();
        let table = tables().unwrap().first().unwrap();
        let read = Portable::open(&path).and_then(|file| table.count(&mut file.tx()));
        assert!(read.is_err());
    }
}
