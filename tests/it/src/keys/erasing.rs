//! An erased customer is gone from everywhere, and the log holds.

use std::collections::BTreeSet;
use std::time::Duration;

use app::App;
use app::vault::Error;
use db::{Engine, Statement, blob, id};
use envelope::SubjectId;
use kernel::{Clock, CustomerId, Entropy, Id, SystemEntropy};
use testkit::{Letter, TestApp, files_below};

use super::{customers, has_keys, letter_with_file, on_both_engines, receive, show, texts, told, verified};

on_both_engines!(
    everything_of_a_customer_goes_and_the_log_holds,
    everybody_who_is_the_same_customer_goes_too,
    nobody_is_no_erasure,
    what_a_crash_left_undone_is_done_at_the_next_start,
    mail_that_comes_meanwhile_is_erased_or_begins_anew,
);

async fn everything_of_a_customer_goes_and_the_log_holds(test: TestApp) {
    let (app, organisation) = (&test.app, test.organisation);
    let (conversation, customer) =
        receive(&test, letter_with_file("Mia <mia@example.org>", "My knee", "knee.txt")).await;
    let (other, _) = receive(&test, Letter::new("ole@example.org", "My back").text("it hurts")).await;
    let guest = Letter::new("mia@example.org", "Re: My back").id("guest@mia").text("mine too");
    testkit::desk(app).add_note(organisation, conversation, testkit::agent(), "call back").await.unwrap();
    receive(&test, guest).await;
    let blobs = test.data().join("blobs");
    assert_eq!(files_below(&blobs).len(), 1);

    let erased = testkit::vault(app).erase(organisation, customer, "asked by letter").await.unwrap();
    assert_eq!(erased.customers, [customer]);
    assert_eq!((erased.keys, erased.contact_points, erased.values), (3, 1, 1));
    assert_eq!((erased.messages, erased.notes, erased.attachments, erased.blobs), (2, 1, 1, 1));
    assert!(erased.scrubbed);
    app.channels.remove_due_blobs(organisation).await.unwrap();
    assert_eq!(files_below(&blobs).len(), 0);

    assert!(!has_keys(app, organisation, customer).await);
    assert!(testkit::vault(app).masked(organisation, customer).await.unwrap_or_default().is_empty());
    let thread = show(app, organisation, conversation).await;
    assert_eq!((thread.subject, thread.customer_name), (None, None));
    assert_eq!(texts(&show(app, organisation, conversation).await), [None]);
    assert_eq!(texts(&show(app, organisation, other).await), [Some("it hurts".to_owned())]);

    // Whoever writes from there again is somebody new, also in answer to what was erased.
    let again = Letter::new("mia@example.org", "Re: My knee").answers("guest@mia").text("hello again");
    let (fresh, somebody) = receive(&test, again).await;
    assert!(fresh != conversation && somebody != customer);
    assert_eq!(texts(&show(app, organisation, fresh).await), [Some("hello again".to_owned())]);

    assert!(verified(app, organisation).await > 0, "the content of the customer's entries is gone");
    let entry = ("customer.erased".to_owned(), Some(customer.to_string()), Some("asked by letter".to_owned()));
    assert!(told(app, organisation).await.contains(&entry));
    assert_eq!(app.context.keyring.erasures(organisation).unwrap(), [(customer.into(), test.clock.now().micros())]);

    let again = testkit::vault(app).erase(organisation, customer, "").await.unwrap();
    assert!(again.customers.is_empty() && again.keys == 0);
}

async fn everybody_who_is_the_same_customer_goes_too(test: TestApp) {
    let (app, organisation) = (&test.app, test.organisation);
    let mut people = Vec::new();
    for name in ["a", "b", "c", "stranger"] {
        people.push(receive(&test, Letter::new(&format!("{name}@example.org"), name)).await);
    }
    let [a, b, c, stranger] = [people[0].1, people[1].1, people[2].1, people[3].1];
    for (from, into) in [(a, b), (b, c)] {
        testkit::vault(app).merge(organisation, from, into).await.unwrap();
    }
    // By whichever id they are asked for.
    let erased = testkit::vault(app).erase(organisation, a, "").await.unwrap();
    assert_eq!(BTreeSet::from_iter(erased.customers), BTreeSet::from([a, b, c]));
    assert_eq!(erased.keys, 9);
    for gone in [a, b, c] {
        assert!(!has_keys(app, organisation, gone).await);
    }
    assert!(has_keys(app, organisation, stranger).await);
    let recorded = app.context.keyring.erasures(organisation).unwrap().into_iter().map(|(subject, _)| subject);
    assert_eq!(recorded.collect::<BTreeSet<_>>(), [a, b, c].map(SubjectId::from).into());
    verified(app, organisation).await;
}

async fn nobody_is_no_erasure(test: TestApp) {
    let (app, organisation) = (&test.app, test.organisation);
    let nobody = CustomerId::from_bytes([7; 16]);
    let refused = testkit::vault(app).erase(organisation, nobody, "").await;
    assert!(matches!(refused, Err(Error::NoCustomer)));
    // Another organisation's customer is nobody here.
    let (_, customer) = receive(&test, Letter::new("a@example.org", "a")).await;
    let elsewhere = test.another_organisation("Oak Clinic").await;
    let refused = testkit::vault(app).erase(elsewhere, customer, "").await;
    assert!(matches!(refused, Err(Error::NoCustomer)));
    assert!(has_keys(app, organisation, customer).await);
    assert!(app.context.keyring.erasures(organisation).unwrap().is_empty());
    assert!(app.context.keyring.erasures(elsewhere).unwrap().is_empty());
}

async fn what_a_crash_left_undone_is_done_at_the_next_start(test: TestApp) {
    let organisation = test.organisation;
    let (conversation, customer) = receive(&test, Letter::new("a@example.org", "a")).await;
    let (_, stays) = receive(&test, Letter::new("b@example.org", "b")).await;
    // As far as it gets before the commit.
    test.app.context.keyring.record_erasures(organisation, &[customer.into()], 1).unwrap();
    let test = test.restart().await;
    let app = &test.app;
    assert_eq!(app.vault.finish_erasures(&app.audit, organisation).await.unwrap(), [customer]);
    assert_eq!(texts(&show(app, organisation, conversation).await), [None]);
    assert!(has_keys(app, organisation, stays).await && !has_keys(app, organisation, customer).await);
    assert_eq!(app.vault.finish_erasures(&app.audit, organisation).await.unwrap(), []);
    let actions = told(app, organisation).await;
    assert_eq!(actions.iter().filter(|(action, ..)| action == "customer.erased").count(), 1);
    verified(app, organisation).await;
}

async fn mail_that_comes_meanwhile_is_erased_or_begins_anew(test: TestApp) {
    static LEFT: Statement = Statement::new(
        "it.LEFT",
        "SELECT (SELECT count(*) FROM message JOIN customer ON customer.org = message.org AND customer.id = message.customer
            WHERE message.org = $1 AND customer.erased_at IS NOT NULL AND message.sealed IS NOT NULL)
          + (SELECT count(*) FROM contact_point JOIN customer
                ON customer.org = contact_point.org AND customer.id = contact_point.customer
            WHERE contact_point.org = $1 AND customer.erased_at IS NOT NULL)
          + (SELECT count(*) FROM data_key JOIN customer ON customer.org = data_key.org AND customer.id = data_key.subject
            WHERE data_key.org = $1 AND customer.erased_at IS NOT NULL)",
    );
    let (app, organisation) = (&test.app, test.organisation);
    let (_, customer) = receive(&test, Letter::new("a@example.org", "first").id("0@a")).await;
    let mails = (0..40).map(|number| {
        let letter = Letter::new("a@example.org", "Re: first").id(&format!("{}@a", number + 1)).answers("0@a");
        test.mail(letter.text(&format!("number {number}")))
    });
    let vault = testkit::vault(app);
    let erase = vault.erase(organisation, customer, "");
    let (outcomes, erased) = futures_util::future::join(futures_util::future::join_all(mails), erase).await;
    assert_eq!(erased.unwrap().customers, [customer]);
    for outcome in outcomes {
        outcome.unwrap();
    }
    let left = move |tx: &mut db::Tx<'_>| tx.query_one(&LEFT, &[id(&organisation)], |row| row.int(0));
    assert_eq!(app.context.db.read::<_, db::Error, _>("it.left", left).await.unwrap(), 0);
    for other in customers(app, organisation).await {
        assert_eq!(has_keys(app, organisation, other).await, other != customer);
    }
    verified(app, organisation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_nodes_forget_the_keys_that_they_had_opened() {
    let test = TestApp::on(Engine::Postgres).await;
    let node: App = test.place().open(test.clock.clone()).await;
    let (_, customer) = receive(&test, Letter::new("a@example.org", "a")).await;
    assert!(has_keys(&node, test.organisation, customer).await);
    let vault = node.vault.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let forgetting = tokio::spawn(async move { vault.run_forgetting(async { drop(stopped.await) }).await });
    let app = &test.app;
    testkit::vault(app).erase(test.organisation, customer, "").await.unwrap();
    let forgotten = async {
        while has_keys(&node, test.organisation, customer).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), forgotten).await.expect("the other node hears of it");
    stop.send(()).unwrap();
    forgetting.await.unwrap();
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_during_a_backup_says_that_the_files_are_not_clean_yet_and_holds_nobody_up() {
    let test = TestApp::on(Engine::Sqlite).await;
    let app = &test.app;
    let (_, customer) = receive(&test, Letter::new("a@example.org", "a")).await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel::<()>();
    let db = app.context.db.clone();
    let backup = tokio::spawn(async move {
        let read = move |tx: &mut db::Tx<'_>| {
            let count = tx.query_one(&COUNT, &[], |row| row.int(0))?;
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok::<_, db::Error>(count)
        };
        db.snapshot("it.backup", read).await
    });
    begins.await.unwrap();
    let started = std::time::Instant::now();
    let erased = testkit::vault(app).erase(test.organisation, customer, "").await.unwrap();
    receive(&test, Letter::new("b@example.org", "b")).await;
    assert!(!erased.scrubbed && started.elapsed() < Duration::from_secs(5));
    release.send(()).unwrap();
    assert_eq!(backup.await.unwrap().unwrap(), 1);
    let again = testkit::vault(app).erase(test.organisation, customer, "").await.unwrap();
    assert!(again.scrubbed);
}

static COUNT: Statement = Statement::new("it.COUNT", "SELECT count(*) FROM customer");

/// Every sealed or hashed value of a customer that is worth looking for in the files.
async fn canaries(test: &TestApp, customer: CustomerId) -> Vec<Vec<u8>> {
    static SEALED: Statement = Statement::new(
        "it.SEALED",
        "SELECT wrapped FROM data_key WHERE org = $1 AND subject = $2
         UNION ALL SELECT blind FROM contact_point WHERE org = $1 AND customer = $2
         UNION ALL SELECT sealed FROM contact_point WHERE org = $1 AND customer = $2
         UNION ALL SELECT sealed FROM customer_value WHERE org = $1 AND customer = $2
         UNION ALL SELECT subject_sealed FROM conversation WHERE org = $1 AND customer = $2
         UNION ALL SELECT subject_index FROM conversation WHERE org = $1 AND customer = $2
         UNION ALL SELECT sealed FROM message WHERE org = $1 AND customer = $2
         UNION ALL SELECT description_sealed FROM attachment WHERE org = $1 AND customer = $2
         UNION ALL SELECT key_sealed FROM attachment WHERE org = $1 AND customer = $2
         UNION ALL SELECT content FROM attachment WHERE org = $1 AND customer = $2",
    );
    let organisation = test.organisation;
    let read = move |tx: &mut db::Tx<'_>| {
        tx.query(&SEALED, &[id(&organisation), blob(customer.bytes())], |row| row.opt_blob(0))
    };
    let found = test.app.context.db.read::<_, db::Error, _>("it.sealed", read).await.unwrap();
    found.into_iter().flatten().filter(|bytes| bytes.len() >= 32).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_of_sqlite_hold_nothing_of_an_erased_customer() {
    let test = TestApp::on(Engine::Sqlite).await;
    let random: &dyn Entropy = &SystemEntropy;
    let mut people = Vec::new();
    for number in 0..120_usize {
        let file = format!("{:x?}", random.array::<64>()).repeat(1 + number % 40);
        let text = format!(
            "--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=f{number}\n\n{file}\n--b--\n"
        );
        let letter = Letter::new(&format!("P{number} <p{number}@example.org>"), &format!("Re: matter {number}"));
        let letter =
            letter.header("MIME-Version", "1.0").header("Content-Type", "multipart/mixed; boundary=b").text(&text);
        people.push(receive(&test, letter).await.1);
    }
    for customer in people.iter().step_by(7) {
        let canaries = canaries(&test, *customer).await;
        assert!(canaries.len() >= 9, "{}", canaries.len());
        let app = &test.app;
        let mut tries = 0;
        // A reader that is slow to end holds the files up; the product tries again by itself, as here.
        while !testkit::vault(app).erase(test.organisation, *customer, "").await.unwrap().scrubbed {
            tries += 1;
            assert!(tries < 60, "nobody reads, and the files are not clean");
        }
        let files = files_below(&test.data());
        for (number, canary) in canaries.iter().enumerate() {
            // A piece from the middle, so that a value which lies in several pages counts as well.
            let middle = canary.len() / 2;
            let piece = &canary[middle - 12..middle + 12];
            for (path, bytes) in &files {
                let found = bytes.windows(piece.len()).any(|window| window == piece);
                assert!(!found, "value {number} is still in {}", path.display());
            }
        }
    }
}
