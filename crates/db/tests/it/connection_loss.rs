//! PostgreSQL: a connection lost around COMMIT changes what it meant to exactly once, and a server
//! that is away is told as such until it is back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use db::{Announcement, Change, Config, Db, Error, int};
use futures_util::future::join_all;
use kernel::{Id, OrganisationId};
use testkit::postgres::{Cluster, Database, Durability, Transport, database};

use crate::ground::{ADD, AMOUNT, ids, insert, open, with_table};
use crate::proxy::{DOWN, LOSE_ANSWER, LOSE_COMMIT, NOTHING, Proxy};

async fn behind_proxy() -> (Database<'static>, Proxy, Db) {
    let database = tokio::task::spawn_blocking(database).await.expect("a database");
    let server = database.cluster().port();
    let proxy = Proxy::before(server);
    let db = with_table(open(Config::postgres(proxy.url(&database.url(), server))).await).await;
    db.write("test.open", |tx| insert(tx, 1)).await.expect("an account");
    (database, proxy, db)
}

/// Adds once through a network in this mood; how often the closure ran.
async fn add_once(db: &Db, proxy: &Proxy, mood: u8) -> usize {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    proxy.set(mood);
    db.write("test.add", move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        tx.announce(Change { organisation: OrganisationId::from_bytes([1; 16]), kind: "account", id: [2; 16] });
        tx.execute_one(&ADD, &[int(1), int(1)])
    })
    .await
    .expect("the change is made all the same");
    assert!(proxy.has_struck(), "the connection was never cut");
    runs.load(Ordering::SeqCst)
}

async fn amount(db: &Db) -> i64 {
    db.read("test.amount", |tx| tx.query_one(&AMOUNT, &[int(1)], |row| row.int(0))).await.expect("an amount")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrived_is_made_again() {
    let (_database, proxy, db) = behind_proxy().await;
    let mut changes = db.changes();
    assert_eq!(add_once(&db, &proxy, LOSE_COMMIT).await, 2);
    assert_eq!(amount(&db).await, 1);
    assert!(matches!(changes.next().await, Some(Announcement::Changed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_not_made_twice() {
    let (_database, proxy, db) = behind_proxy().await;
    let mut changes = db.changes();
    assert_eq!(add_once(&db, &proxy, LOSE_ANSWER).await, 1);
    assert_eq!(amount(&db).await, 1);
    assert!(matches!(changes.next().await, Some(Announcement::Changed(_))), "what was committed is announced");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_without_waiting_for_an_answer_is_made_once_all_the_same() {
    let (_database, proxy, db) = behind_proxy().await;
    for (expected, mood) in [(1, LOSE_COMMIT), (2, LOSE_ANSWER)] {
        proxy.set(mood);
        db.write("test.put", |tx| tx.put_one(&ADD, &[int(1), int(1)])).await.expect("the change is made");
        assert!(proxy.has_struck(), "the connection was never cut");
        assert_eq!(amount(&db).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_told_as_such_and_used_again_when_back() {
    let (_database, proxy, db) = behind_proxy().await;
    proxy.set(DOWN);
    let error = db.write("test.insert", |tx| insert(tx, 2)).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Unavailable(_)) && error.is_temporary(), "{error}");
    let error = db.read("test.amount", |tx| tx.query_one(&AMOUNT, &[int(1)], |row| row.int(0))).await;
    assert!(matches!(error, Err(Error::Unavailable(_))));
    proxy.set(NOTHING);
    db.write("test.insert", |tx| insert(tx, 3)).await.expect("it is back");
    assert_eq!(ids(&db).await, [1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_server_under_load_loses_nothing_that_was_answered() {
    let cluster = tokio::task::spawn_blocking(|| Cluster::start(Durability::Durable, Transport::Plain))
        .await
        .expect("no panic")
        .expect("a cluster");
    let db = with_table(open(Config::postgres(cluster.url("postgres"))).await).await;
    let writers = (0..8_i64).map(|writer| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut answered = BTreeSet::new();
            for turn in 0..150 {
                let id = writer * 1_000 + turn;
                match db.write("test.insert", move |tx| insert(tx, id)).await {
                    Ok(()) => {
                        answered.insert(id);
                    }
                    // A run whose fate stayed open may have been kept and be met by its repetition.
                    Err(error) => assert!(error.is_temporary() || matches!(error, Error::Unique), "{error}"),
                }
            }
            answered
        })
    });
    let writers: Vec<_> = writers.collect();
    tokio::time::sleep(Duration::from_millis(150)).await;
    tokio::task::block_in_place(|| cluster.crash_and_recover()).expect("it comes back");
    let mut answered = BTreeSet::new();
    for writer in join_all(writers).await {
        answered.extend(writer.expect("no panic"));
    }
    db.write("test.insert", |tx| insert(tx, -1)).await.expect("it goes on");
    let there: BTreeSet<i64> = ids(&db).await.into_iter().collect();
    let lost: Vec<_> = answered.difference(&there).collect();
    assert!(lost.is_empty(), "answered rows are lost: {lost:?}");
    assert!(!answered.is_empty(), "nothing was answered, so nothing was tried");
}
