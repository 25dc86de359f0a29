//! A read that would never end is stopped, and costs nobody else anything; a write is not.

use std::time::{Duration, Instant};

use db::{Config, Db, Error, PostgresConfig, SqliteConfig, int};

use crate::ground::{COUNT, insert, open, with_table};

db::statements! { "query_time";
    ENDLESS = "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
        SELECT count(*) FROM n AS a JOIN n AS b ON a.i + b.i = 0";
    LONG = "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT count(*) FROM n";
}

const QUERY_TIME: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = SqliteConfig::new(folder.path().join("doorward.sqlite"));
    config.query_time = QUERY_TIME;
    config.readers = 1;
    let db = with_table(open(Config::Sqlite(config)).await).await;
    endless_reads_are_stopped(&db).await;

    // The writer is never interrupted: that would cost its whole group.
    let began = Instant::now();
    let mut size = 100_000;
    while began.elapsed() < QUERY_TIME * 2 || size == 100_000 {
        let counted = db.write("test.long", move |tx| tx.query_one(&LONG, &[int(size)], |row| row.int(0))).await;
        assert_eq!(counted.expect("a long write is not stopped"), size);
        size *= 4;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let database = tokio::task::spawn_blocking(testkit::postgres::database).await.expect("a database");
    let mut config = PostgresConfig::new(database.url());
    config.query_time = QUERY_TIME;
    config.readers = 1;
    let db = with_table(open(Config::Postgres(config)).await).await;
    endless_reads_are_stopped(&db).await;
}

async fn endless_reads_are_stopped(db: &Db) {
    let began = Instant::now();
    let endless = db.read("test.endless", |tx| tx.query_one(&ENDLESS, &[int(4_000_000)], |row| row.int(0))).await;
    assert!(matches!(endless, Err(Error::TooLong("query_time.ENDLESS"))), "{endless:?}");
    assert!(began.elapsed() < Duration::from_secs(20));

    // Many short statements are one long read.
    let endless: Result<(), Error> = db
        .read("test.loop", |tx| {
            loop {
                tx.query_one(&COUNT, &[], |row| row.int(0))?;
            }
        })
        .await;
    assert!(matches!(endless, Err(Error::TooLong("ground.COUNT"))), "{endless:?}");

    // The one reader there is goes on, and so does the writer.
    assert_eq!(db.read("test.count", |tx| tx.query_one(&COUNT, &[], |row| row.int(0))).await.expect("a count"), 0);
    db.write("test.insert", |tx| insert(tx, 1)).await.expect("inserted");
}
