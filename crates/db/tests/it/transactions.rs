//! What a closure may rely on, whichever engine runs it.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use db::{Db, Error, Tx, int};
use futures_util::future::join_all;

use crate::ground::{
    ADD, AMOUNT, BROKEN, COUNT, HOLD, IDS, INSERT, INSERT_ONCE, Refusal, SET, ids, insert, on_both_engines,
};

on_both_engines! {
    whoever_fails_changes_nothing,
    a_swallowed_failure_commits_nothing,
    a_key_that_is_there_is_no_failure_when_asked_for,
    readers_never_see_half_a_transfer,
    no_increment_is_lost_between_two_that_read_and_write,
    opposite_orders_both_succeed,
    a_read_cannot_write,
    a_caller_who_gave_up_costs_nothing,
    rows_are_taken_one_by_one_and_a_failing_reader_ends_them,
    several_statements_at_once_stop_at_the_first_failure,
    whatever_was_sent_is_done_when_closed,
}

async fn whoever_fails_changes_nothing(db: Db) {
    let refused: Result<(), Refusal> = db
        .write("test.refused", |tx| {
            insert(tx, 1)?;
            Err(Refusal::NotToday)
        })
        .await;
    assert!(matches!(refused, Err(Refusal::NotToday)));
    let panicked: Result<(), Error> = db
        .write("test.panics", |tx| {
            insert(tx, 2)?;
            panic_any(7)
        })
        .await;
    assert!(matches!(panicked, Err(Error::Panicked("test.panics"))));
    // A panic in the midst of the rows of a query.
    let panicked: Result<(), Error> = db
        .write("test.panics", |tx| {
            insert(tx, 3)?;
            tx.for_each(&IDS, &[], |_| panic!("on purpose"))
        })
        .await;
    assert!(matches!(panicked, Err(Error::Panicked("test.panics"))));
    let unique = db
        .write("test.unique", |tx| {
            insert(tx, 4)?;
            insert(tx, 4)
        })
        .await;
    assert!(matches!(unique, Err(Error::Unique)));
    let missing = db
        .write("test.missing", |tx| {
            insert(tx, 5)?;
            tx.execute_one(&SET, &[int(999), int(1)])
        })
        .await;
    assert!(matches!(missing, Err(Error::Affected { expected: 1, found: 0, .. })));
    assert!(ids(&db).await.is_empty());
    db.write("test.insert", |tx| insert(tx, 6)).await.expect("the database goes on");
    assert_eq!(ids(&db).await, [6]);
}

async fn a_swallowed_failure_commits_nothing(db: Db) {
    let swallowed = db
        .write("test.swallows", |tx| {
            insert(tx, 1)?;
            let _ = tx.execute(&BROKEN, &[int(1)]);
            let after = insert(tx, 2);
            assert!(matches!(after, Err(Error::Aborted)), "a statement ran after a failed one");
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(swallowed, Err(Error::Aborted)));
    assert!(ids(&db).await.is_empty());
}

async fn a_key_that_is_there_is_no_failure_when_asked_for(db: Db) {
    let inserted = db
        .write("test.once", |tx| {
            let first = tx.execute(&INSERT_ONCE, &[int(1), int(10)])?;
            let again = tx.execute(&INSERT_ONCE, &[int(1), int(20)])?;
            insert(tx, 2)?;
            Ok::<_, Error>((first, again))
        })
        .await;
    assert_eq!(inserted.expect("no failure"), (1, 0));
    assert_eq!(ids(&db).await, [1, 2]);
}

async fn readers_never_see_half_a_transfer(db: Db) {
    db.write("test.open", |tx| {
        tx.execute(&INSERT, &[int(1), int(500)])?;
        tx.execute(&INSERT, &[int(2), int(500)])
    })
    .await
    .expect("two accounts");
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(AtomicI64::new(0));
    let readers = (0..4).map(|_| {
        let (db, over, seen) = (db.clone(), Arc::clone(&over), Arc::clone(&seen));
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let sum = db.read("test.sum", |tx| Ok::<_, Error>(amount(tx, 1)? + amount(tx, 2)?)).await;
                assert_eq!(sum.expect("a sum"), 1_000, "a reader saw half a transfer");
                seen.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let writers = (0..8_i64).map(|writer| {
        let db = db.clone();
        tokio::spawn(async move {
            for turn in 0..25_i64 {
                let done: Result<(), Refusal> = db
                    .write("test.transfer", move |tx| {
                        tx.execute_one(&ADD, &[int(1), int(-turn)])?;
                        match (writer + turn) % 5 {
                            0 => return Err(Refusal::NotToday),
                            1 => panic!("on purpose"),
                            _ => {}
                        }
                        Ok(tx.execute_one(&ADD, &[int(2), int(turn)])?)
                    })
                    .await;
                assert_eq!(done.is_ok(), (writer + turn) % 5 > 1);
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("transfers go on");
    }
    over.store(true, Ordering::SeqCst);
    for reader in join_all(readers).await {
        reader.expect("no reader saw half");
    }
    assert!(seen.load(Ordering::SeqCst) > 0);
}

fn amount(tx: &mut Tx<'_>, id: i64) -> Result<i64, Error> {
    tx.query_one(&AMOUNT, &[int(id)], |row| row.int(0))
}

async fn no_increment_is_lost_between_two_that_read_and_write(db: Db) {
    db.write("test.open", |tx| insert(tx, 1)).await.expect("an account");
    let writers = (0..8).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                let done = db.write("test.increment", |tx| {
                    let held = tx.query_one(&HOLD, &[int(1)], |row| row.int(0))?;
                    tx.execute_one(&SET, &[int(1), int(held + 1)])
                });
                done.await.expect("an increment");
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("no panic");
    }
    assert_eq!(db.read("test.amount", |tx| amount(tx, 1)).await.expect("an amount"), 160);
}

async fn opposite_orders_both_succeed(db: Db) {
    db.write("test.open", |tx| {
        insert(tx, 1)?;
        insert(tx, 2)
    })
    .await
    .expect("two accounts");
    let pair = [(1, 2), (2, 1)].map(|(first, second)| {
        db.write("test.cross", move |tx| {
            tx.execute_one(&ADD, &[int(first), int(1)])?;
            // Long enough for both to hold their first row.
            std::thread::sleep(Duration::from_millis(200));
            tx.execute_one(&ADD, &[int(second), int(1)])
        })
    });
    for done in join_all(pair).await {
        done.expect("a deadlock is run again, not told");
    }
    let amounts = db.read("test.amounts", |tx| Ok::<_, Error>((amount(tx, 1)?, amount(tx, 2)?))).await;
    assert_eq!(amounts.expect("amounts"), (2, 2), "a run that met another left something behind");
}

async fn a_read_cannot_write(db: Db) {
    let refused = db.read("test.write", |tx| insert(tx, 1)).await;
    assert!(matches!(refused, Err(Error::ReadOnly)));
    assert!(ids(&db).await.is_empty());
}

async fn a_caller_who_gave_up_costs_nothing(db: Db) {
    for id in 0..20 {
        let write = db.write("test.insert", move |tx| insert(tx, id));
        let _ = tokio::time::timeout(Duration::from_micros(50), write).await;
    }
    db.write("test.insert", |tx| insert(tx, 100)).await.expect("the database goes on");
    assert!(ids(&db).await.contains(&100));
}

async fn rows_are_taken_one_by_one_and_a_failing_reader_ends_them(db: Db) {
    db.write("test.insert", |tx| (0..50).try_for_each(|id| insert(tx, id))).await.expect("rows");
    let (first, count) = db
        .read("test.first", |tx| {
            let first = tx.query_opt(&IDS, &[], |row| row.int(0))?;
            let mut count = 0;
            tx.for_each(&IDS, &[], |_| {
                count += 1;
                Ok(())
            })?;
            Ok::<_, Error>((first, count))
        })
        .await
        .expect("rows");
    assert_eq!((first, count), (Some(0), 50));
    let failed = db.read("test.fails", |tx| tx.query(&IDS, &[], |row| row.text(0))).await;
    assert!(matches!(failed, Err(Error::Column { column: 0, .. })));
    assert_eq!(ids(&db).await.len(), 50);
}

async fn several_statements_at_once_stop_at_the_first_failure(db: Db) {
    let counts = db.write("test.all", |tx| {
        tx.execute_all(&[(&INSERT, &[int(1), int(5)]), (&ADD, &[int(1), int(2)]), (&ADD, &[int(9), int(2)])])
    });
    assert_eq!(counts.await.expect("three statements"), [1, 1, 0]);
    let unique = db.write("test.all", |tx| {
        tx.execute_all(&[(&INSERT, &[int(2), int(0)]), (&INSERT, &[int(1), int(0)]), (&INSERT, &[int(3), int(0)])])
    });
    assert!(matches!(unique.await, Err(Error::Unique)));
    assert_eq!(ids(&db).await, [1]);
}

async fn whatever_was_sent_is_done_when_closed(db: Db) {
    let count = db.write("test.count", |tx| tx.query_one(&COUNT, &[], |row| row.int(0))).await.expect("a count");
    assert_eq!(count, 0);
    let writes = (0..40).map(|id| {
        let db = db.clone();
        tokio::spawn(async move { db.write("test.insert", move |tx| insert(tx, id)).await })
    });
    let writes: Vec<_> = writes.collect();
    for write in join_all(writes).await {
        write.expect("no panic").expect("done");
    }
    // The last handle ends the threads, and returns when they have ended.
    tokio::time::timeout(Duration::from_secs(20), db.close()).await.expect("it closes");
}
