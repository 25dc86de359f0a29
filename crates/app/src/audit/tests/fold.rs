//! Folding: what is written is signed, whoever else folds at the same time.

use std::time::Duration;

use tlog::Checkpoint;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::house::House;
use crate::audit::{Folded, origin};

#[tokio::test]
async fn what_was_written_is_signed_and_nothing_is_signed_twice() {
    let house = House::new().await;
    let customer = house.customer().await;
    house.write(&customer, 3).await;
    let folded = house.audit.fold(house.organisation).await.unwrap();
    assert_eq!((folded.size, folded.added), (3, 3));

    let note = folded.checkpoint.unwrap();
    let keys = [house.audit.verifier(house.organisation).await.unwrap()];
    let checkpoint = Checkpoint::open(&note, &origin(house.organisation), &keys).unwrap();
    assert_eq!(checkpoint.size, 3);
    assert_eq!(house.context.keyring.last_checkpoint(house.organisation).unwrap(), Some(note));

    let again = house.audit.fold(house.organisation).await.unwrap();
    assert_eq!(again, Folded { size: 3, added: 0, checkpoint: None });
}

#[tokio::test]
async fn a_log_that_outgrows_a_batch_is_folded_whole_and_verifies() {
    let house = House::new().await;
    let (first, second) = (house.customer().await, house.customer().await);
    house.write_at_once(&first, 9_000, 0).await;
    house.write_at_once(&second, 300, 0).await;
    let folded = house.audit.fold(house.organisation).await.unwrap();
    assert_eq!((folded.size, folded.added), (9_300, 9_300));
    house.write_at_once(&second, 57_000, 300).await;
    house.audit.fold(house.organisation).await.unwrap();

    house.write(&first, 1).await;
    let report = house.verify().await;
    assert_eq!(report.problems, []);
    assert_eq!((report.ok, report.size, report.chains), (true, 66_300, 2));
    assert_eq!((report.entries, report.pending, report.opened), (66_301, 1, 66_301));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_that_fold_one_folder_sign_one_history() {
    let house = House::new().await;
    let (_neighbour, other) = house.neighbour().await;
    let mut folding = Vec::new();
    for audit in [house.audit.clone(), other] {
        let organisation = house.organisation;
        folding.push(tokio::spawn(async move {
            let mut added = 0;
            for _ in 0..60 {
                added += audit.fold(organisation).await.unwrap().added;
                tokio::task::yield_now().await;
            }
            added
        }));
    }
    let customer = house.customer().await;
    for number in 0..60 {
        house.write_at_once(&customer, 5, number).await;
    }
    let mut added = house.audit.fold(house.organisation).await.unwrap().added;
    for fold in folding {
        added += fold.await.unwrap();
    }
    added += house.audit.fold(house.organisation).await.unwrap().added;
    assert_eq!(added, 300, "each entry was placed once");
    let report = house.verify().await;
    assert_eq!(report.problems, []);
    assert_eq!((report.size, report.pending), (300, 0));
}

#[tokio::test]
async fn a_checkpoint_that_was_stored_but_not_remembered_is_no_trouble() {
    let (house, customers) = House::with_entries(1, 2).await;
    let remembered = house.context.keyring.last_checkpoint(house.organisation).unwrap().unwrap();
    house.write(&customers[0], 2).await;
    house.audit.fold(house.organisation).await.unwrap();
    // As if the process had died between the commit and the keyring.
    house.context.keyring.remember_checkpoint(house.organisation, &remembered).unwrap();

    assert_eq!(house.verify().await.problems, []);
    house.write(&customers[0], 1).await;
    assert_eq!(house.audit.fold(house.organisation).await.unwrap().size, 5);
    assert_ne!(house.context.keyring.last_checkpoint(house.organisation).unwrap(), Some(remembered));
    assert_eq!(house.verify().await.problems, []);
}

#[tokio::test]
async fn nothing_is_signed_on_top_of_a_log_that_was_tampered_with() {
    for tampering in [
        "UPDATE log_state SET size = size - 1 WHERE org = $1",
        "UPDATE log_state SET root = zeroblob(32) WHERE org = $1",
        "UPDATE log_tile SET hashes = zeroblob(96) WHERE org = $1",
        "DELETE FROM log_tile WHERE org = $1",
        "DELETE FROM log_checkpoint WHERE org = $1",
        "DELETE FROM log_state WHERE org = $1",
        "UPDATE log_checkpoint SET note = replace(note, 'A', 'B') WHERE org = $1",
    ] {
        let (house, customers) = House::with_entries(1, 3).await;
        // Otherwise the remembered checkpoint vouches for the state in place of a signature.
        let first = Checkpoint::new(origin(house.organisation), 0, tlog::tree::empty_root());
        let signer = house.audit.signer(house.organisation).await.unwrap();
        let note = first.sign(&[&signer]).unwrap();
        house.context.keyring.remember_checkpoint(house.organisation, &note).unwrap();

        assert!(house.sql(tampering).await > 0);
        house.write(&customers[0], 1).await;
        let refused = house.audit.fold(house.organisation).await;
        assert!(refused.is_err(), "{tampering}: {refused:?}");
        assert_eq!(house.context.keyring.last_checkpoint(house.organisation).unwrap(), Some(note), "{tampering}");
    }
}

#[tokio::test]
async fn entries_are_folded_in_the_background_and_once_more_at_the_end() {
    let house = House::new().await;
    let customer = house.customer().await;
    let (stop, folding) = fold_in_background(&house);
    house.write(&customer, 2).await;
    assert!(grows_to(&house, 2).await, "folded within two seconds");
    house.write(&customer, 1).await;
    stop.send(()).unwrap();
    folding.await.unwrap();
    assert_eq!(house.verify().await.size, 3);
}

#[tokio::test]
async fn what_cannot_be_folded_waits_until_the_log_is_mended() {
    let (house, customers) = House::with_entries(1, 1).await;
    assert_eq!(house.sql("UPDATE log_tile SET level = 60 WHERE org = $1").await, 1);
    let (stop, folding) = fold_in_background(&house);
    house.write(&customers[0], 1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(house.verify().await.pending, 1);

    assert_eq!(house.sql("UPDATE log_tile SET level = 0 WHERE org = $1").await, 1);
    house.write(&customers[0], 1).await;
    assert!(grows_to(&house, 3).await, "folded again once it can be");
    stop.send(()).unwrap();
    folding.await.unwrap();
}

fn fold_in_background(house: &House) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let audit = house.audit.clone();
    (stop, tokio::spawn(async move { audit.run_folding(async { drop(stopped.await) }).await }))
}

/// Whether the log has this size within two seconds.
async fn grows_to(house: &House, size: u64) -> bool {
    for _ in 0..100 {
        if house.verify().await.size == size {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
