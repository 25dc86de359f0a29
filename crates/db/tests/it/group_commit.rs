//! SQLite: many closures share one commit, and none of them can tell.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use db::{Config, Db, Error, SqliteConfig, int};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, join_all};
use kernel::{Id, OrganisationId};

use crate::ground::{AMOUNT, BROKEN, COUNT, REMOVE_FROM, Refusal, ids, insert, insert_body, open, sqlite, with_table};

/// Panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the bomb goes off");
    }
}

/// A closure that holds the writer until it is let go.
struct Gate {
    entered: Receiver<()>,
    leave: Sender<()>,
}

impl Gate {
    fn close(db: &Db) -> (Self, BoxFuture<'static, Result<(), Error>>) {
        let (tell_entered, entered) = channel();
        let (leave, wait_for_leave) = channel();
        let db = db.clone();
        let held = async move {
            db.write("test.gate", move |_| {
                let _ = tell_entered.send(());
                let _ = wait_for_leave.recv_timeout(Duration::from_secs(30));
                Ok(())
            })
            .await
        };
        (Self { entered, leave }, held.boxed())
    }
}

/// Runs closures as one commit group: all are queued, in order, before the writer is free.
async fn as_one_group<T, E>(db: &Db, closures: Vec<BoxFuture<'_, Result<T, E>>>) -> Vec<Result<T, E>> {
    assert!(closures.len() <= 30, "a longer list is not polled in one go");
    let (gate, held) = Gate::close(db);
    let held = tokio::spawn(held);
    tokio::task::block_in_place(|| gate.entered.recv()).expect("the writer is held");
    let let_go = async {
        gate.leave.send(()).expect("the gate waits");
    };
    let (answers, ()) = join(join_all(closures), let_go).await;
    held.await.expect("no panic").expect("the gate opened");
    answers
}

fn outside(folder: &std::path::Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("doorward.sqlite")).expect("a second connection")
}

fn rows_outside(connection: &rusqlite::Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM account", [], |row| row.get(0)).expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_fails_in_a_group_is_undone_alone() {
    let (folder, db) = sqlite().await;
    let path = folder.path().to_owned();
    let answers: Vec<Result<i64, Refusal>> = as_one_group(
        &db,
        vec![
            db.write("test.first", |tx| Ok(insert(tx, 1).map(|()| 0)?)).boxed(),
            db.write("test.refused", |tx| {
                insert(tx, 2)?;
                Err(Refusal::NotToday)
            })
            .boxed(),
            db.write("test.panics", |tx| {
                insert(tx, 3)?;
                panic!("on purpose")
            })
            .boxed(),
            db.write("test.bomb", |tx| {
                insert(tx, 4)?;
                panic_any(Bomb)
            })
            .boxed(),
            db.write("test.duplicate", |tx| {
                insert(tx, 5)?;
                insert(tx, 1)?;
                Ok(0)
            })
            .boxed(),
            db.write("test.swallows", |tx| {
                insert(tx, 6)?;
                let _ = tx.execute(&BROKEN, &[int(1)]);
                Ok(0)
            })
            .boxed(),
            // Sees its neighbour's row, which nobody outside does: so they share one transaction.
            db.write("test.last", move |tx| {
                insert(tx, 7)?;
                assert_eq!(rows_outside(&outside(&path)), 0, "a reader saw a group before its commit");
                Ok(tx.query_one(&COUNT, &[], |row| row.int(0))?)
            })
            .boxed(),
        ],
    )
    .await;
    let [first, refused, panics, bomb, duplicate, swallows, last] = <[_; 7]>::try_from(answers).expect("seven answers");
    assert!(matches!(first, Ok(0)));
    assert!(matches!(refused, Err(Refusal::NotToday)));
    assert!(matches!(panics, Err(Refusal::Db(Error::Panicked("test.panics")))));
    assert!(matches!(bomb, Err(Refusal::Db(Error::Panicked("test.bomb")))));
    assert!(matches!(duplicate, Err(Refusal::Db(Error::Unique))));
    assert!(matches!(swallows, Err(Refusal::Db(Error::Aborted))));
    assert!(matches!(last, Ok(2)));
    assert_eq!(ids(&db).await, [1, 7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_before_the_whole_group_is_on_the_disk() {
    let (folder, db) = sqlite().await;
    let (gate, held) = Gate::close(&db);
    let held = tokio::spawn(held);
    gate.entered.recv().expect("the writer is held");

    let mut early = db.write("test.early", |tx| insert(tx, 1)).boxed();
    assert!((&mut early).now_or_never().is_none());
    let (second, held_too) = Gate::close(&db);
    let held_too = tokio::spawn(held_too);
    // The second gate must have joined the queue before the first one opens.
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.leave.send(()).expect("the first gate waits");
    held.await.expect("no panic").expect("the first group is durable");
    second.entered.recv().expect("the early closure has run, the second gate holds its group");

    assert!((&mut early).now_or_never().is_none(), "answered before its commit");
    assert_eq!(rows_outside(&outside(folder.path())), 0);
    second.leave.send(()).expect("the second gate waits");
    early.await.expect("answered");
    held_too.await.expect("no panic").expect("answered");
    assert_eq!(rows_outside(&outside(folder.path())), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_answered_finds_the_row_with_any_other_connection() {
    let (folder, db) = sqlite().await;
    let writers = (0..16_i64).map(|writer| {
        let (db, outside) = (db.clone(), outside(folder.path()));
        tokio::spawn(async move {
            for turn in 0..40 {
                let id = writer * 1_000 + turn;
                db.write("test.insert", move |tx| insert(tx, id)).await.expect("inserted");
                let there: i64 = outside
                    .query_row("SELECT count(*) FROM account WHERE id = ?1", [id], |row| row.get(0))
                    .expect("a count");
                assert_eq!(there, 1, "answered before it was there");
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("no writer was lied to");
    }
    let synchronous = "the writer's commits wait for the disk";
    assert_eq!(db.write("test.level", |tx| tx.query_one(&LEVEL, &[], |row| row.int(0))).await.expect(synchronous), 2);
}

db::statements! { "group_commit";
    LEVEL = "SELECT synchronous FROM pragma_synchronous";
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_lost_to_a_full_disk_costs_only_the_one_who_filled_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = SqliteConfig::new(folder.path().join("doorward.sqlite"));
    config.max_pages = Some(1_000);
    let db = with_table(open(Config::Sqlite(config)).await).await;

    let runs = Arc::new(AtomicUsize::new(0));
    let closures = (0..21_i64).map(|id| {
        let (db, runs) = (db.clone(), Arc::clone(&runs));
        async move {
            db.write("test.insert", move |tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                insert_body(tx, id, if id == 10 { 8_000_000 } else { 10 })
            })
            .await
        }
        .boxed()
    });
    let answers = as_one_group(&db, closures.collect()).await;
    for (id, answer) in answers.iter().enumerate() {
        match answer {
            Err(Error::Full) => assert_eq!(id, 10, "an innocent closure was refused"),
            Ok(()) => assert_ne!(id, 10, "8 MB fitted into 4 MB"),
            Err(error) => panic!("{id}: {error}"),
        }
    }
    assert!(runs.load(Ordering::SeqCst) > 21, "the group was never lost, so this proves nothing");
    assert_eq!(ids(&db).await, (0..21).filter(|id| *id != 10).collect::<Vec<_>>());

    // Fill it to the brim, in pieces, then make room: small writes work again.
    let mut next = 100;
    let full = loop {
        let id = next;
        match db.write("test.fill", move |tx| insert_body(tx, id, 50_000)).await {
            Ok(()) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, Error::Full) && full.is_temporary());
    db.write("test.remove", |tx| tx.execute(&REMOVE_FROM, &[int(100)])).await.expect("removing works when full");
    db.write("test.insert", |tx| insert_body(tx, 50, 1_000)).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_announces_what_was_kept_and_nothing_else() {
    let (_folder, db) = sqlite().await;
    let mut changes = db.changes();
    let change = |id: u8| db::Change { organisation: OrganisationId::from_bytes([1; 16]), kind: "test", id: [id; 16] };
    let closures = (0..6_u8).map(|id| {
        let db = db.clone();
        async move {
            db.write("test.announce", move |tx| {
                insert(tx, i64::from(id))?;
                tx.announce(change(id));
                if id % 2 == 0 { Ok(()) } else { Err(Error::Missing) }
            })
            .await
        }
        .boxed()
    });
    as_one_group(&db, closures.collect()).await;
    for id in [0, 2, 4] {
        assert_eq!(changes.next().await, Some(db::Announcement::Changed(change(id))));
    }
    db.close().await;
    assert_eq!(changes.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_holds_the_file_costs_nobody_a_half_change() {
    let (folder, db) = sqlite().await;
    let other = outside(folder.path());
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO account VALUES (1, 5, '')").expect("the file is held");
    let mut waiting = db.write("test.add", |tx| tx.query_opt(&AMOUNT, &[int(1)], |row| row.int(0))).boxed();
    assert!((&mut waiting).now_or_never().is_none());
    tokio::time::sleep(Duration::from_millis(50)).await;
    other.execute_batch("COMMIT").expect("let go");
    assert_eq!(waiting.await.expect("it waited its turn"), Some(5));
}
