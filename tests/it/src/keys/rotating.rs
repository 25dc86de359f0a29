//! A rotation loses nobody, whatever happens meanwhile, and keeps nothing old.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use app::vault::{Normalised, Vault};
use app::{Actor, App};
use db::{Statement, id};
use kernel::{CustomerId, OrganisationId};
use testkit::{Letter, TestApp};

use super::{customers, has_keys, on_both_engines, receive, show, texts, told, verified};

/// Somebody else moves the organisation to another epoch.
static MOVE: Statement = Statement::new("it.MOVE", "UPDATE organisation SET epoch = 2 WHERE org = $1");

on_both_engines!(
    everything_opens_after_a_rotation_and_the_old_key_is_gone,
    a_rotation_that_was_interrupted_is_finished_by_the_next,
    customers_who_come_meanwhile_are_not_lost,
    a_rotation_ends_although_new_customers_never_pause,
    keys_made_before_a_rotation_are_not_stored_after_it,
    two_rotations_at_once_end_in_one_epoch,
    a_node_with_an_old_keyring_in_memory_goes_on,
);

/// More keys than one batch: three for each.
pub(super) const CUSTOMERS: usize = 200;

pub(super) async fn rotate(app: &App, organisation: OrganisationId) -> app::vault::Rotated {
    app.vault.rotate(&app.audit, organisation, Actor::Operator, &|_, _| ()).await.unwrap()
}

/// Makes customers with an address each.
pub(super) async fn populate(app: &App, organisation: OrganisationId, count: usize) -> Vec<CustomerId> {
    let prepare = |number| {
        let contact = Normalised::email(&format!("p{number}@example.org")).unwrap();
        app.vault.prepare_customer(organisation, &contact, Some("P")).unwrap()
    };
    let new: Arc<Vec<_>> = Arc::new((0..count).map(prepare).collect());
    let (stored, now) = (Arc::clone(&new), app.context.clock.now());
    let insert =
        move |tx: &mut db::Tx<'_>| stored.iter().try_for_each(|new| Vault::insert_customer(tx, organisation, new, now));
    app.context.db.write("it.populate", insert).await.unwrap();
    new.iter().map(|new| new.id).collect()
}

/// The epochs in which keys are wrapped.
async fn epochs(app: &App) -> Vec<i64> {
    static EPOCHS: Statement = Statement::new("it.EPOCHS", "SELECT DISTINCT epoch FROM data_key ORDER BY epoch");
    let read = |tx: &mut db::Tx<'_>| tx.query(&EPOCHS, &[], |row| row.int(0));
    app.context.db.read::<_, db::Error, _>("it.epochs", read).await.unwrap()
}

/// With nothing opened in memory, everybody's keys can be had, and only the newest epoch is there.
pub(super) async fn assert_all_open(app: &App, organisation: OrganisationId) {
    for customer in customers(app, organisation).await {
        assert!(has_keys(app, organisation, customer).await);
    }
    let epoch = app.context.keyring.current_epoch(organisation).unwrap();
    assert_eq!(app.context.keyring.epochs(organisation).unwrap(), [epoch]);
    assert_eq!(epochs(app).await, [i64::from(epoch)]);
    verified(app, organisation).await;
}

async fn everything_opens_after_a_rotation_and_the_old_key_is_gone(test: TestApp) {
    let organisation = test.organisation;
    let (conversation, _) = receive(&test, Letter::new("a@example.org", "a").text("before")).await;
    let seen = AtomicUsize::new(0);
    let progress = |done, total| {
        assert!(done <= total);
        seen.fetch_add(1, Ordering::SeqCst);
    };
    let vault = &test.app.vault;
    let rotated = vault.rotate(&test.app.audit, organisation, Actor::Operator, &progress).await.unwrap();
    assert!(seen.load(Ordering::SeqCst) >= 2);
    // Three of the customer and three of the organisation.
    assert_eq!((rotated.epoch, rotated.rewrapped, rotated.destroyed), (2, 6, vec![1]));
    assert!(test.app.context.keyring.kek(organisation, 1).is_err());
    let actions = told(&test.app, organisation).await;
    assert_eq!(actions.iter().filter(|(action, ..)| action == "keys.rotated").count(), 1);

    let test = test.restart().await;
    assert_eq!(texts(&show(&test.app, organisation, conversation).await), [Some("before".to_owned())]);
    receive(&test, Letter::new("b@example.org", "b")).await;
    assert_all_open(&test.app, organisation).await;
    assert_eq!(rotate(&test.app, organisation).await.epoch, 3);
}

async fn a_rotation_that_was_interrupted_is_finished_by_the_next(test: TestApp) {
    let organisation = test.organisation;
    populate(&test.app, organisation, CUSTOMERS).await;
    let mut test = test;
    for stop_after in 0..4 {
        // The caller goes away in the middle, as often as there are steps.
        let steps = AtomicUsize::new(0);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let progress = |_, _| {
            if steps.fetch_add(1, Ordering::SeqCst) == stop_after {
                stop.send_replace(true);
            }
        };
        let mut stopped = stopped;
        let interrupted = tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => true,
            done = test.app.vault.rotate(&test.app.audit, organisation, Actor::Operator, &progress) => {
                done.unwrap();
                false
            }
        };
        assert!(interrupted || stop_after == 3);
        receive(&test, Letter::new(&format!("late{stop_after}@example.org"), "late")).await;
        test = test.restart().await;
        rotate(&test.app, organisation).await;
        assert_all_open(&test.app, organisation).await;
    }
    // Between the keyring and the database.
    test.app.context.keyring.start_epoch(organisation).unwrap();
    receive(&test, Letter::new("between@example.org", "between")).await;
    let begun = test.app.context.keyring.current_epoch(organisation).unwrap();
    assert_eq!(rotate(&test.app, organisation).await.epoch, begun);
    assert_all_open(&test.app, organisation).await;
}

async fn customers_who_come_meanwhile_are_not_lost(test: TestApp) {
    let organisation = test.organisation;
    populate(&test.app, organisation, CUSTOMERS).await;
    let mails = futures_util::future::join_all((0..6).map(|sender| {
        let test = &test;
        async move {
            for number in 0..12 {
                receive(test, Letter::new(&format!("s{sender}n{number}@example.org"), "new")).await;
            }
        }
    }));
    let rotations = async {
        for _ in 0..3 {
            rotate(&test.app, organisation).await;
        }
    };
    futures_util::future::join(mails, rotations).await;
    let test = test.restart().await;
    assert_eq!(customers(&test.app, organisation).await.len(), CUSTOMERS + 72);
    assert_all_open(&test.app, organisation).await;
}

/// Makes customers one after another until told to stop; gives how many.
async fn keep_coming(app: &App, organisation: OrganisationId, sender: usize, over: &AtomicBool) -> usize {
    let mut made = 0;
    while !over.load(Ordering::SeqCst) {
        let contact = Normalised::email(&format!("s{sender}n{made}@example.org")).unwrap();
        let new = app.vault.prepare_customer(organisation, &contact, None).unwrap();
        let now = app.context.clock.now();
        let insert = move |tx: &mut db::Tx<'_>| Vault::insert_customer(tx, organisation, &new, now);
        match app.context.db.write("it.keep_coming", insert).await {
            Ok(()) => made += 1,
            // Prepared under the old epoch: once more.
            Err(app::vault::Error::Stale) => {}
            Err(error) => panic!("{error}"),
        }
    }
    made
}

async fn a_rotation_ends_although_new_customers_never_pause(test: TestApp) {
    const SENDERS: usize = 32;
    let (organisation, over) = (test.organisation, Arc::new(AtomicBool::new(false)));
    populate(&test.app, organisation, CUSTOMERS).await;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (app, over) = (test.app.clone(), Arc::clone(&over));
            tokio::spawn(async move { keep_coming(&app, organisation, sender, &over).await })
        })
        .collect();
    let rotations = [rotate(&test.app, organisation).await, rotate(&test.app, organisation).await];
    over.store(true, Ordering::SeqCst);
    let mut made = 0;
    for sender in senders {
        made += sender.await.unwrap();
    }
    assert_eq!(rotations.map(|rotated| rotated.epoch), [2, 3]);
    assert!(made > SENDERS, "nobody came meanwhile, so nothing was tried");
    let test = test.restart().await;
    assert_eq!(customers(&test.app, organisation).await.len(), CUSTOMERS + made);
    assert_all_open(&test.app, organisation).await;
}

async fn keys_made_before_a_rotation_are_not_stored_after_it(test: TestApp) {
    let (app, organisation) = (&test.app, test.organisation);
    let contact = Normalised::email("slow@example.org").unwrap();
    let slow = app.vault.prepare_customer(organisation, &contact, None).unwrap();
    rotate(app, organisation).await;
    let now = app.context.clock.now();
    let insert = move |tx: &mut db::Tx<'_>| Vault::insert_customer(tx, organisation, &slow, now);
    let refused = app.context.db.write("it.slow", insert).await;
    assert!(matches!(refused, Err(app::vault::Error::Stale)));
    assert_all_open(app, organisation).await;
}

async fn two_rotations_at_once_end_in_one_epoch(test: TestApp) {
    let organisation = test.organisation;
    populate(&test.app, organisation, CUSTOMERS).await;
    futures_util::future::join(rotate(&test.app, organisation), rotate(&test.app, organisation)).await;
    let test = test.restart().await;
    assert_all_open(&test.app, organisation).await;
}

async fn a_node_with_an_old_keyring_in_memory_goes_on(test: TestApp) {
    // On SQLite a second handle on the same keyring stands for the node.
    let organisation = test.organisation;
    let (_, customer) = receive(&test, Letter::new("a@example.org", "a")).await;
    let other = test.place().keyring();
    assert_eq!(other.current_epoch(organisation).unwrap(), 1);
    other.start_epoch(organisation).unwrap();
    let moved = move |tx: &mut db::Tx<'_>| tx.execute_one(&MOVE, &[id(&organisation)]);
    test.app.context.db.write::<_, db::Error, _>("it.move", moved).await.unwrap();
    // This one still believes in epoch 1.
    receive(&test, Letter::new("b@example.org", "b")).await;
    assert_eq!(epochs(&test.app).await, [1, 2]);
    assert!(has_keys(&test.app, organisation, customer).await);
    rotate(&test.app, organisation).await;
    assert_all_open(&test.app, organisation).await;
}
