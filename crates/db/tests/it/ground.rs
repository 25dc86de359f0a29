//! What the tests stand on: a fresh database of each engine, a table, and its statements.

use std::sync::Arc;

use db::{Config, Db, Error, Tx, int, text};
use kernel::SystemClock;
use tempfile::TempDir;
use testkit::postgres::{Database, database};

db::statements! { "ground";
    CREATE = "CREATE TABLE account (id BIGINT NOT NULL PRIMARY KEY, amount BIGINT NOT NULL, body TEXT NOT NULL)";
    INSERT = "INSERT INTO account (id, amount, body) VALUES ($1, $2, '')";
    INSERT_BODY = "INSERT INTO account (id, amount, body) VALUES ($1, 0, $2)";
    INSERT_ONCE = "INSERT INTO account (id, amount, body) VALUES ($1, $2, '') ON CONFLICT (id) DO NOTHING";
    INSERT_NEW = "INSERT INTO account (id, amount, body) VALUES ($1, 0, '') ON CONFLICT (id) DO NOTHING RETURNING id";
    ADD = "UPDATE account SET amount = amount + $2 WHERE id = $1";
    SET = "UPDATE account SET amount = $2 WHERE id = $1";
    HOLD = "SELECT amount FROM account WHERE id = $1 FOR UPDATE";
    AMOUNT = "SELECT amount FROM account WHERE id = $1";
    IDS = "SELECT id FROM account ORDER BY id";
    COUNT = "SELECT count(*) FROM account";
    REMOVE_FROM = "DELETE FROM account WHERE id >= $1";
    BROKEN = "SELECT nothing FROM nowhere WHERE id = $1";
}

/// An error of a domain of its own.
#[derive(Debug)]
pub(crate) enum Refusal {
    NotToday,
    Db(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Db(error)
    }
}

pub(crate) async fn open(config: Config) -> Db {
    Db::open(config, Arc::new(SystemClock)).await.expect("the database opens")
}

/// Makes the table of these tests.
pub(crate) async fn with_table(db: Db) -> Db {
    db.write("test.create", |tx| tx.execute(&CREATE, &[])).await.expect("a table");
    db
}

pub(crate) async fn sqlite() -> (TempDir, Db) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = with_table(open(Config::sqlite(folder.path())).await).await;
    (folder, db)
}

pub(crate) async fn postgres() -> (Database<'static>, Db) {
    let database = tokio::task::spawn_blocking(database).await.expect("a database");
    let db = with_table(open(Config::postgres(database.url())).await).await;
    (database, db)
}

pub(crate) fn insert(tx: &mut Tx<'_>, id: i64) -> Result<(), Error> {
    tx.execute_one(&INSERT, &[int(id), int(0)])
}

pub(crate) fn insert_body(tx: &mut Tx<'_>, id: i64, bytes: usize) -> Result<(), Error> {
    tx.execute_one(&INSERT_BODY, &[int(id), text(&"b".repeat(bytes))])
}

pub(crate) async fn ids(db: &Db) -> Vec<i64> {
    db.read("test.ids", |tx| tx.query(&IDS, &[], |row| row.int(0))).await.expect("the ids")
}

/// One test for each engine out of a function that takes a database.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let (_folder, db) = crate::ground::sqlite().await;
                super::$name(db).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let (_database, db) = crate::ground::postgres().await;
                super::$name(db).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;
