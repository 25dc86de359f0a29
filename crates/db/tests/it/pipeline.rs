//! Statements that travel together: each is done in its place, and no failure is lost on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use db::{Db, Error, Gate, int};
use futures_util::future::join_all;

use crate::ground::{ADD, AMOUNT, COUNT, IDS, INSERT, INSERT_NEW, SET, ids, insert, on_both_engines};

on_both_engines! {
    each_statement_is_done_in_its_place,
    what_was_only_put_is_committed,
    a_failure_that_nobody_asked_for_is_told_and_undoes_all,
    a_row_that_was_not_there_is_told_at_the_end,
    a_question_may_change_rows_and_tell_which,
    more_than_fits_is_sent_on_the_way,
    whoever_closes_a_gate_sees_all_who_passed_and_nobody_passes_behind,
}

async fn each_statement_is_done_in_its_place(db: Db) {
    let seen = db.write("test.order", |tx| {
        tx.put_one(&INSERT, &[int(1), int(5)])?;
        let first = tx.ask(&AMOUNT, &[int(1)], |row| row.int(0))?;
        tx.put_one(&ADD, &[int(1), int(2)])?;
        let second = tx.ask(&AMOUNT, &[int(1)], |row| row.int(0))?;
        let nobody = tx.ask(&AMOUNT, &[int(9)], |row| row.int(0))?;
        tx.put(&SET, &[int(1), int(100)])?;
        let now = tx.query_one(&AMOUNT, &[int(1)], |row| row.int(0))?;
        // Asked for in another order than they came.
        let (nobody, second) = (tx.answer_opt(nobody)?, tx.answer_opt(second)?);
        Ok::<_, Error>((tx.answer(first)?, second, nobody, now))
    });
    assert_eq!(seen.await.expect("all are answered"), (vec![5], Some(7), None, 100));
    let read = db.read("test.ask", |tx| {
        let amount = tx.ask(&AMOUNT, &[int(1)], |row| row.int(0))?;
        let all = tx.ask(&IDS, &[], |row| row.int(0))?;
        Ok::<_, Error>((tx.answer(all)?, tx.answer_opt(amount)?))
    });
    assert_eq!(read.await.expect("both are answered"), (vec![1], Some(100)));
}

async fn what_was_only_put_is_committed(db: Db) {
    db.write("test.put", |tx| tx.put(&INSERT, &[int(1), int(0)])).await.expect("one row");
    assert_eq!(ids(&db).await, [1]);
    let refused: Result<(), Error> = db
        .write("test.put", |tx| {
            tx.put(&INSERT, &[int(2), int(0)])?;
            Err(Error::Missing)
        })
        .await;
    assert!(matches!(refused, Err(Error::Missing)));
    assert_eq!(ids(&db).await, [1]);
}

async fn a_failure_that_nobody_asked_for_is_told_and_undoes_all(db: Db) {
    db.write("test.put", |tx| tx.put(&INSERT, &[int(1), int(0)])).await.expect("one row");
    // Last of all, before a statement that is answered, and before one that would have failed as well.
    let last = db.write("test.last", |tx| {
        tx.put(&INSERT, &[int(2), int(0)])?;
        tx.put(&INSERT, &[int(1), int(0)])
    });
    assert!(matches!(last.await, Err(Error::Unique)));
    let before = db.write("test.before", |tx| {
        tx.put(&INSERT, &[int(1), int(0)])?;
        insert(tx, 3)
    });
    assert!(matches!(before.await, Err(Error::Unique)));
    let swallowed = db.write("test.swallows", |tx| {
        let _ = tx.put(&INSERT, &[int(1), int(0)]).and_then(|()| insert(tx, 4));
        Ok::<_, Error>(())
    });
    assert!(swallowed.await.is_err());
    assert_eq!(ids(&db).await, [1]);
    db.write("test.insert", |tx| insert(tx, 5)).await.expect("the database goes on");
}

async fn a_row_that_was_not_there_is_told_at_the_end(db: Db) {
    let missing = db.write("test.missing", |tx| {
        insert(tx, 1)?;
        tx.put_one(&SET, &[int(9), int(1)])
    });
    assert!(matches!(missing.await, Err(Error::Affected { expected: 1, found: 0, .. })));
    assert!(ids(&db).await.is_empty());
    let any = db.write("test.any", |tx| tx.put(&SET, &[int(9), int(1)]));
    any.await.expect("no row is as good as one");
}

async fn a_question_may_change_rows_and_tell_which(db: Db) {
    let twice = db.write("test.new", |tx| {
        let first = tx.ask(&INSERT_NEW, &[int(1)], |row| row.int(0))?;
        let again = tx.ask(&INSERT_NEW, &[int(1)], |row| row.int(0))?;
        Ok::<_, Error>((tx.answer_opt(first)?, tx.answer_opt(again)?))
    });
    assert_eq!(twice.await.expect("no failure"), (Some(1), None));
    // What nobody waits for is done all the same.
    let unanswered = db.write("test.new", |tx| tx.ask(&INSERT_NEW, &[int(2)], |row| row.int(0)).map(drop));
    unanswered.await.expect("no failure");
    assert_eq!(ids(&db).await, [1, 2]);
}

async fn more_than_fits_is_sent_on_the_way(db: Db) {
    let count = db.write("test.many", |tx| {
        (0..1_000).try_for_each(|id| tx.put_one(&INSERT, &[int(id), int(0)]))?;
        tx.query_one(&COUNT, &[], |row| row.int(0))
    });
    assert_eq!(count.await.expect("a count"), 1_000);
    assert_eq!(ids(&db).await.len(), 1_000);
}

const GATE: Gate = Gate::of(&[7; 16]);

async fn whoever_closes_a_gate_sees_all_who_passed_and_nobody_passes_behind(db: Db) {
    // The account 0 says whether the gate was closed; whoever passes before that leaves a row.
    db.write("test.open", |tx| insert(tx, 0)).await.expect("an account");
    let passed = Arc::new(AtomicUsize::new(0));
    let passers = (1..=32_i64).map(|passer| {
        let (db, counted) = (db.clone(), Arc::clone(&passed));
        tokio::spawn(async move {
            for turn in 0_i64.. {
                let passed = db.write("test.pass", move |tx| {
                    tx.pass(GATE)?;
                    let is_open = tx.query_one(&AMOUNT, &[int(0)], |row| row.int(0))? == 0;
                    if is_open {
                        // Long enough for others to pass meanwhile, so that somebody always has.
                        std::thread::sleep(Duration::from_millis(2));
                        insert(tx, turn * 100 + passer)?;
                    }
                    Ok::<_, Error>(is_open)
                });
                if !passed.await.expect("all pass") {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let passers: Vec<_> = passers.collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = passed.load(Ordering::SeqCst);
    let closed = db.write("test.close", |tx| {
        tx.close(GATE)?;
        tx.execute_one(&SET, &[int(0), int(1)])?;
        tx.query_one(&COUNT, &[], |row| row.int(0))
    });
    let seen = closed.await.expect("it closes although they never pause");
    for passer in join_all(passers).await {
        passer.expect("no panic");
    }
    assert_eq!(db.read("test.count", |tx| tx.query_one(&COUNT, &[], |row| row.int(0))).await.expect("a count"), seen);
    // All who were in the queue already, and not those who came back.
    let overtaken = passed.load(Ordering::SeqCst) - before;
    assert!(overtaken < 500, "{overtaken} came later and passed before it");
    assert!(seen > 1, "nobody passed, so nothing was tried");
}
