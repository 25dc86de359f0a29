//! The schema holds nothing that a PostgreSQL distributed by organisation would refuse, and both
//! engines hold the same one.

use db::Config;
use db::migrate::ALL;

use crate::ground::open;
use crate::schema::{Schema, of_postgres, of_sqlite, rows};

/// Tables that belong to no organisation; nothing refers to them.
const REFERENCE_TABLES: &[&str] = &["schema_version"];

/// What a migration may not say, on either engine.
const REFUSED: &[&str] = &[
    "TRIGGER",
    "SERIAL",
    "BIGSERIAL",
    "AUTOINCREMENT",
    "GENERATED",
    "NEXTVAL",
    "NOW",
    "RANDOM",
    "RANDOMBLOB",
    "GEN_RANDOM_UUID",
    "CLOCK_TIMESTAMP",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "DEFERRABLE",
    "SKIP",
];

/// The words of a statement's text, without its comments and quoted texts.
fn words(text: &str) -> Vec<String> {
    let code: String =
        text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let unquoted: String = code.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    unquoted
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect()
}

#[test]
fn no_migration_asks_for_what_a_distributed_engine_refuses() {
    for migration in ALL {
        for text in [migration.sqlite, migration.postgres] {
            let words = words(text);
            for refused in REFUSED {
                assert!(!words.iter().any(|word| word == refused), "{}: {refused}", migration.name);
            }
            for refused in [["CREATE", "SEQUENCE"], ["SET", "NULL"], ["SET", "DEFAULT"]] {
                assert!(!words.windows(2).any(|pair| pair == refused), "{}: {refused:?}", migration.name);
            }
        }
        let words = words(migration.postgres);
        for narrow in ["INTEGER", "INT", "INT4", "SMALLINT"] {
            assert!(!words.iter().any(|word| word == narrow), "{}: write BIGINT, not {narrow}", migration.name);
        }
    }
}

fn assert_begins_with_org(schema: &Schema) {
    let begins = |columns: &[String]| columns.first().is_some_and(|column| column == "org");
    for (name, table) in schema {
        if REFERENCE_TABLES.contains(&name.as_str()) {
            continue;
        }
        assert_eq!(table.columns.first(), Some(&("org".to_owned(), "bytea".to_owned(), false)), "{name}");
        assert!(table.unique.contains_key(&format!("{name}_pkey")), "{name} has no primary key");
        for (index, columns) in table.unique.iter().chain(&table.indexes) {
            assert!(begins(columns), "{index} of {name} begins with {columns:?}");
        }
        for (columns, other, others) in &table.foreign {
            assert!(begins(columns) && begins(others), "{name} refers to {other} by {columns:?} and {others:?}");
            assert!(!REFERENCE_TABLES.contains(&other.as_str()), "{name} refers to the reference table {other}");
        }
    }
    for reference in REFERENCE_TABLES {
        assert!(schema.contains_key(*reference), "{reference} is gone: take it from the list");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_begins_with_the_organisation_and_both_engines_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    open(Config::sqlite(folder.path())).await.close().await;
    let connection = rusqlite::Connection::open(folder.path().join("doorward.sqlite")).expect("the file");
    let database = tokio::task::spawn_blocking(testkit::postgres::database).await.expect("a database");
    open(Config::postgres(database.url())).await.close().await;

    let (embedded, server) = (of_sqlite(&connection), of_postgres(&database));
    assert_begins_with_org(&embedded);
    assert_begins_with_org(&server);
    let names = |schema: &Schema| schema.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&embedded), names(&server));
    for (name, table) in &embedded {
        assert_eq!(Some(table), server.get(name), "{name} differs between the engines");
    }

    let loose = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
        AND name <> 'schema_version' AND name NOT LIKE 'sqlite_%'";
    let loose: i64 = connection.query_row(loose, [], |row| row.get(0)).expect("a count");
    assert_eq!(loose, 0, "a table that is not STRICT takes what PostgreSQL refuses");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_holds_nothing_that_a_distributed_engine_refuses() {
    let database = tokio::task::spawn_blocking(testkit::postgres::database).await.expect("a database");
    open(Config::postgres(database.url())).await.close().await;
    let none = |what: &str, query: &str| assert_eq!(rows(&database, query), Vec::<Vec<String>>::new(), "{what}");
    none("triggers", "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal");
    none("functions", "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace");
    none(
        "sequences and views",
        "SELECT relname FROM pg_class WHERE relkind IN ('S', 'v', 'm') AND relnamespace = 'public'::regnamespace",
    );
    none("defaults that call something", "SELECT adrelid FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%(%'");
    none("ON DELETE SET NULL or SET DEFAULT", "SELECT conname FROM pg_constraint WHERE confdeltype IN ('n', 'd')");
    none("deferred constraints", "SELECT conname FROM pg_constraint WHERE condeferrable");
    let other_types = "SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type NOT IN ('bigint', 'bytea', 'text')";
    none("types that the engines do not share", other_types);
}
