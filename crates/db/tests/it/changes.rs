//! The change feed: what one node commits the others hear of, once, or hear of a gap.

use std::time::Duration;

use db::{Announcement, Change, Changes, Config, Db, Error};
use kernel::{Id, OrganisationId};
use testkit::postgres::{Database, database};

use crate::ground::{insert, open, with_table};

const PATIENCE: Duration = Duration::from_secs(20);

fn change(kind: &'static str, id: u128) -> Change {
    Change { organisation: OrganisationId::from_bytes([9; 16]), kind, id: id.to_be_bytes() }
}

async fn two_nodes() -> (Database<'static>, Db, Db) {
    let database = tokio::task::spawn_blocking(database).await.expect("a database");
    let first = with_table(open(Config::postgres(database.url())).await).await;
    let second = open(Config::postgres(database.url())).await;
    (database, first, second)
}

async fn commit(db: &Db, id: i64, changes: Vec<Change>) {
    db.write("test.announce", move |tx| {
        insert(tx, id)?;
        for change in &changes {
            tx.announce(*change);
        }
        Ok::<_, Error>(())
    })
    .await
    .expect("committed");
}

async fn next(changes: &mut Changes) -> Announcement {
    tokio::time::timeout(PATIENCE, changes.next()).await.expect("in time").expect("open")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_heard_once_by_every_node() {
    let (_database, first, second) = two_nodes().await;
    let (mut here, mut there) = (first.changes(), second.changes());
    let undone: Result<(), Error> = first
        .write("test.undone", |tx| {
            tx.announce(change("undone", 0));
            Err(Error::Missing)
        })
        .await;
    assert!(undone.is_err());
    commit(&first, 1, vec![change("conversation", 1), change("conversation", 1), change("audit", 2)]).await;
    commit(&second, 2, vec![change("label", 3)]).await;

    // Here at once and in order; from elsewhere soon.
    assert_eq!(next(&mut here).await, Announcement::Changed(change("conversation", 1)));
    assert_eq!(next(&mut here).await, Announcement::Changed(change("audit", 2)));
    assert_eq!(next(&mut here).await, Announcement::Changed(change("label", 3)));
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(next(&mut there).await);
    }
    for expected in [change("conversation", 1), change("audit", 2), change("label", 3)] {
        assert!(heard.contains(&Announcement::Changed(expected)), "{expected:?} was not heard");
    }
    // No echo of what was already heard.
    for changes in [&mut here, &mut there] {
        assert!(tokio::time::timeout(Duration::from_millis(300), changes.next()).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_commit_is_heard_whole() {
    let (_database, first, second) = two_nodes().await;
    let mut there = second.changes();
    commit(&first, 1, (0..1_000).map(|id| change("message", id)).collect()).await;
    let mut heard = std::collections::BTreeSet::new();
    while heard.len() < 1_000 {
        let Announcement::Changed(change) = next(&mut there).await else { panic!("a gap without a reason") };
        heard.insert(change);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_broken_connection_both_are_told_of_the_gap_and_go_on() {
    let (database, first, second) = two_nodes().await;
    let (mut here, mut there) = (first.changes(), second.changes());
    database
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .expect("all connections break");
    assert_eq!(next(&mut here).await, Announcement::Gap);
    assert_eq!(next(&mut there).await, Announcement::Gap);
    commit(&first, 1, vec![change("conversation", 1)]).await;
    assert_eq!(next(&mut there).await, Announcement::Changed(change("conversation", 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_notifies_is_at_most_a_gap() {
    let (database, _first, second) = two_nodes().await;
    let mut there = second.changes();
    for payload in ["", "x", "node\nconversation nobody 12", "node\n' or 1=1"] {
        database
            .execute(&format!("select pg_notify('doorward_change', '{}')", payload.replace('\'', "''")))
            .expect("sent");
        assert_eq!(next(&mut there).await, Announcement::Gap, "{payload:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_who_falls_behind_is_told_of_a_gap() {
    let (_folder, db) = crate::ground::sqlite().await;
    let mut slow = db.changes();
    let many = u128::try_from(kernel::limits::BUS_EVENTS).expect("small") + 10;
    commit(&db, 1, (0..many).map(|id| change("message", id)).collect()).await;
    commit(&db, 2, vec![change("conversation", 5)]).await;
    assert_eq!(next(&mut slow).await, Announcement::Gap);
    let mut last = next(&mut slow).await;
    while last != Announcement::Changed(change("conversation", 5)) {
        last = next(&mut slow).await;
    }
}
