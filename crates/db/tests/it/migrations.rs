//! Schema upgrades: once, forwards only, the same from every released version as from nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use db::migrate::ALL;
use db::{Config, Db, Engine, Error};
use futures_util::future::join_all;
use kernel::SystemClock;
use testkit::postgres::{Database, database, program_folder};

use crate::ground::{open, sqlite};
use crate::schema::{rows, text_of_postgres, text_of_sqlite};

fn known() -> i64 {
    ALL.last().expect("a migration").number
}

fn file(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("doorward.sqlite")).expect("the file")
}

async fn fresh_postgres() -> Database<'static> {
    tokio::task::spawn_blocking(database).await.expect("a database")
}

async fn try_open(config: Config) -> Result<Db, Error> {
    Db::open(config, Arc::new(SystemClock)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_start_at_once_upgrade_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let started = join_all((0..6).map(|_| tokio::spawn(try_open(Config::sqlite(folder.path()))))).await;
    for db in started {
        assert_eq!(db.expect("no panic").expect("it starts").engine(), Engine::Sqlite);
    }
    let ran: i64 =
        file(folder.path()).query_row("SELECT count(*) FROM schema_version", [], |row| row.get(0)).expect("rows");
    assert_eq!(usize::try_from(ran), Ok(ALL.len()));

    let database = fresh_postgres().await;
    let started = join_all((0..6).map(|_| tokio::spawn(try_open(Config::postgres(database.url()))))).await;
    for db in started {
        assert_eq!(db.expect("no panic").expect("it starts").engine(), Engine::Postgres);
    }
    assert_eq!(rows(&database, "SELECT number FROM schema_version").len(), ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_version_wrote_is_refused_with_both_numbers() {
    let later = format!("INSERT INTO schema_version VALUES ({}, 'later', '', 0)", known() + 3);
    let (folder, db) = sqlite().await;
    db.close().await;
    file(folder.path()).execute_batch(&later).expect("a later version was here");
    let database = fresh_postgres().await;
    open(Config::postgres(database.url())).await.close().await;
    database.execute(&later).expect("a later version was here");
    for config in [Config::sqlite(folder.path()), Config::postgres(database.url())] {
        match try_open(config).await {
            Err(Error::NewerSchema { found, known: told }) => assert_eq!((found, told), (known() + 3, known())),
            other => panic!("{:?}", other.map(|db| db.engine())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_changed_after_it_ran_is_refused() {
    let changed = "UPDATE schema_version SET fingerprint = 'another' WHERE number = 1";
    let (folder, db) = sqlite().await;
    db.close().await;
    file(folder.path()).execute_batch(changed).expect("it ran with another text");
    let database = fresh_postgres().await;
    open(Config::postgres(database.url())).await.close().await;
    database.execute(changed).expect("it ran with another text");
    for config in [Config::sqlite(folder.path()), Config::postgres(database.url())] {
        assert!(matches!(try_open(config).await, Err(Error::ChangedMigration(1))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_fails_leaves_the_schema_as_it_was() {
    let in_the_way = "CREATE TABLE log_checkpoint (x BIGINT)";
    let folder = tempfile::tempdir().expect("a folder");
    file(folder.path()).execute_batch(in_the_way).expect("a table");
    let before = text_of_sqlite(&file(folder.path()));
    assert!(try_open(Config::sqlite(folder.path())).await.is_err());
    assert_eq!(text_of_sqlite(&file(folder.path())), before);

    let database = fresh_postgres().await;
    database.execute(in_the_way).expect("a table");
    let before = text_of_postgres(&database);
    assert!(try_open(Config::postgres(database.url())).await.is_err());
    assert_eq!(text_of_postgres(&database), before);
}

#[test]
fn the_files_are_paired_and_numbered_without_gaps() {
    for (position, migration) in ALL.iter().enumerate() {
        assert_eq!(usize::try_from(migration.number), Ok(position + 1));
        assert!(migration.name.starts_with(&format!("{:04}_", migration.number)), "{}", migration.name);
    }
    let expected: Vec<String> = ALL.iter().map(|migration| format!("{}.sql", migration.name)).collect();
    for engine in ["sqlite", "postgres"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/migrations").join(engine);
        let files = std::fs::read_dir(folder).expect("the migrations");
        let mut names: Vec<String> =
            files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, expected, "{engine}");
    }
}

/// The dump of a released version. `DOORWARD_DUMP_SCHEMA=1` writes the newest one: before its
/// release, never after.
fn released(number: i64, engine: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/released/{number:04}.{engine}.sql"))
}

/// The versions that were released, of which this one is the newest. A migration between two of them
/// was never a version of its own.
fn versions(engine: &str) -> Vec<i64> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released");
    let files = std::fs::read_dir(folder).expect("the released schemas");
    let mut versions: Vec<i64> = files
        .filter_map(|file| file.expect("a file").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(&format!(".{engine}.sql"))?.parse().ok())
        .collect();
    versions.sort_unstable();
    assert_eq!((versions.first(), versions.last()), (Some(&1), Some(&known())), "run this with DOORWARD_DUMP_SCHEMA=1");
    versions
}

fn read_released(number: i64, engine: &str) -> String {
    let path = released(number, engine);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run this test with DOORWARD_DUMP_SCHEMA=1", path.display()))
}

const HEAD: &str = "-- The schema as this version released it, to upgrade from. Never changed after the release.\n";

fn write_released(engine: &str, statements: impl FnOnce() -> String, version: &[String]) {
    if std::env::var_os("DOORWARD_DUMP_SCHEMA").is_some() {
        let rows: Vec<String> =
            version.iter().map(|row| format!("INSERT INTO schema_version VALUES ({row});\n")).collect();
        let path = released(known(), engine);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, format!("{HEAD}{}{}", statements(), rows.concat())).expect("written");
    }
}

const VERSION_ROWS: &str =
    "SELECT number || ', ''' || name || ''', ''' || fingerprint || ''', 0' FROM schema_version ORDER BY number";

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_released_version_upgrades_to_the_schema_of_a_fresh_one() {
    let fresh = tempfile::tempdir().expect("a folder");
    open(Config::sqlite(fresh.path())).await.close().await;
    let fresh = file(fresh.path());
    let texts = |query: &str| -> Vec<String> {
        let mut statement = fresh.prepare(query).expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("texts")
    };
    let statements = || {
        texts("SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
            .join("\n")
            + "\n"
    };
    write_released("sqlite", statements, &texts(VERSION_ROWS));

    for version in versions("sqlite") {
        let folder = tempfile::tempdir().expect("a folder");
        file(folder.path()).execute_batch(&read_released(version, "sqlite")).expect("the released schema");
        let upgraded = try_open(Config::sqlite(folder.path())).await;
        upgraded.unwrap_or_else(|error| panic!("from version {version}: {error}")).close().await;
        assert_eq!(text_of_sqlite(&file(folder.path())), text_of_sqlite(&fresh), "from version {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_every_released_version_upgrades_to_the_schema_of_a_fresh_one() {
    let fresh = fresh_postgres().await;
    open(Config::postgres(fresh.url())).await.close().await;
    let version: Vec<String> = rows(&fresh, VERSION_ROWS).into_iter().map(|row| row.concat()).collect();
    write_released("postgres", || dump(&fresh), &version);

    for version in versions("postgres") {
        let database = fresh_postgres().await;
        database.execute(&read_released(version, "postgres")).expect("the released schema");
        let upgraded = try_open(Config::postgres(database.url())).await;
        upgraded.unwrap_or_else(|error| panic!("from version {version}: {error}")).close().await;
        assert_eq!(text_of_postgres(&database), text_of_postgres(&fresh), "from version {version}");
    }
}

/// The statements of `pg_dump` without its settings and comments.
fn dump(database: &Database<'_>) -> String {
    let beside = program_folder().expect("PostgreSQL").join("pg_dump");
    let program = if beside.is_file() { beside } else { PathBuf::from("pg_dump") };
    let told = Command::new(program)
        .args(["--schema-only", "--no-owner", "--no-privileges", &database.url()])
        .output()
        .expect("pg_dump runs");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = String::from_utf8(told.stdout).expect("UTF-8");
    let kept = text.lines().filter(|line| {
        !(line.is_empty() || ["--", "SET ", "SELECT pg_catalog.", "\\"].iter().any(|start| line.starts_with(start)))
    });
    kept.collect::<Vec<_>>().join("\n") + "\n"
}
