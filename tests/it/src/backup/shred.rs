//! Yesterday's backup brings nobody back who was erased since, neither to the operator nor to a thief.

use app::Actor;
use db::{Engine, Statement};
use envelope::{DekSlot, RetentionClass, SubjectId};
use kernel::{CustomerId, Id};
use testkit::{ENGINES, Letter, TestApp, files_below};

use super::{back_up, counts, empty, restore};
use crate::keys::{has_keys, letter_with_file, receive, show, texts, told, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_customer_stays_erased_when_yesterday_comes_back() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let (organisation, app) = (test.organisation, &test.app);
        let (gone, customer) = receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
        let (_, twin) = receive(&test, Letter::new("twin@example.org", "twin")).await;
        let (stays, _) = receive(&test, Letter::new("b@example.org", "b").text("here")).await;
        app.audit.fold(organisation).await.unwrap();
        let yesterday = tempfile::tempdir().unwrap();
        back_up(&test, yesterday.path()).await;

        // Whoever is merged and erased afterwards was still two people then.
        testkit::vault(app).merge(organisation, twin, customer).await.unwrap();
        let (_, later) = receive(&test, Letter::new("later@example.org", "later")).await;
        for erased in [customer, later] {
            testkit::vault(app).erase(organisation, erased, "").await.unwrap();
        }
        app.audit.fold(organisation).await.unwrap();

        let (app, place) = empty(engine, test.place(), &test.clock).await;
        let restored = restore(&app, yesterday.path()).await.unwrap();
        assert_eq!((restored.erased, restored.lost), (2, 0));
        for erased in [customer, twin, later] {
            assert!(!has_keys(&app, organisation, erased).await);
        }
        assert_eq!(texts(&show(&app, organisation, gone).await), [None]);
        assert_eq!(texts(&show(&app, organisation, stays).await), [Some("here".to_owned())]);
        assert!(files_below(&place.data().join("blobs")).is_empty());
        let counts = counts(&app).await;
        assert_eq!((counts["contact_point"], counts["attachment"], counts["erasure"]), (1, 0, 3));
        assert!(verified(&app, organisation).await > 0);
        let objects: Vec<_> = told(&app, organisation).await.into_iter().filter_map(|(_, object, _)| object).collect();
        assert!(objects.contains(&customer.to_string()) && objects.contains(&twin.to_string()));
        // Nothing is left to be done at the start after it.
        assert!(app.vault.finish_erasures(&app.audit, organisation).await.unwrap().is_empty());
    }
}

/// The wrapped keys of somebody in a backup.
fn stolen_keys(folder: &std::path::Path, whose: CustomerId) -> Vec<(u16, u32, u32, Vec<u8>)> {
    let file = rusqlite::Connection::open(folder.join("keys/keys.sqlite")).unwrap();
    let mut query = file.prepare("SELECT class, version, epoch, wrapped FROM data_key WHERE subject = ?1").unwrap();
    let rows = query.query_map([whose.bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_rotation_old_keys_and_the_present_keyring_open_nothing_of_the_erased() {
    let test = TestApp::on(Engine::Sqlite).await;
    let (organisation, app) = (test.organisation, &test.app);
    let (_, customer) = receive(&test, Letter::new("a@example.org", "a")).await;
    let yesterday = tempfile::tempdir().unwrap();
    back_up(&test, yesterday.path()).await;
    testkit::vault(app).erase(organisation, customer, "").await.unwrap();

    let stolen = stolen_keys(yesterday.path(), customer);
    assert_eq!(stolen.len(), 3);
    let opens = |keyring: &envelope::Keyring| {
        let known = keyring.epochs(organisation).unwrap();
        let mut tries = stolen.iter().flat_map(|key| known.iter().map(move |epoch| (key, *epoch)));
        tries.any(|((class, version, _, wrapped), epoch)| {
            let subject = SubjectId::from(customer);
            let slot = DekSlot { organisation, subject, class: RetentionClass(*class), version: *version };
            keyring.kek(organisation, epoch).unwrap().unwrap(&slot, wrapped).is_ok()
        })
    };
    assert!(opens(&test.place().keyring()), "until the rotation they would");
    app.vault.rotate(&app.audit, organisation, Actor::Operator, &|_, _| ()).await.unwrap();
    assert!(!opens(&test.place().keyring()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_from_before_a_rotation_comes_back_without_what_it_destroyed_and_serves() {
    static AT_EPOCH: Statement = Statement::new("it.AT_EPOCH", "UPDATE data_key SET epoch = epoch WHERE epoch = 1");
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let (organisation, app) = (test.organisation, &test.app);
        let (lost, customer) = receive(&test, Letter::new("a@example.org", "a").text("before")).await;
        app.audit.fold(organisation).await.unwrap();
        let yesterday = tempfile::tempdir().unwrap();
        back_up(&test, yesterday.path()).await;
        app.vault.rotate(&app.audit, organisation, Actor::Operator, &|_, _| ()).await.unwrap();

        let (app, place) = empty(engine, test.place(), &test.clock).await;
        let restored = restore(&app, yesterday.path()).await.unwrap();
        assert_eq!((restored.erased, restored.lost), (0, 1));
        assert_eq!(restored.organisations_lost, [organisation]);
        assert_eq!(super::tamper(&app, &AT_EPOCH).await, 0, "no key is left of the destroyed epoch");
        assert_eq!(texts(&show(&app, organisation, lost).await), [None]);
        // The product goes on: the same person is met as somebody new.
        let arrival = app::channels::Arrival {
            raw: Vec::from(Letter::new("a@example.org", "again").text("after")).into(),
            client: app::channels::Client::default(),
            actor: Actor::System,
            authenticate: false,
        };
        let outcome = app.channels.receive(organisation, arrival).await.unwrap();
        let app::channels::Outcome::Received { conversation, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(texts(&show(&app, organisation, conversation).await), [Some("after".to_owned())]);
        assert!(verified(&app, organisation).await > 0);
        // With the keyring of yesterday it would all open, and so nothing was recorded as an erasure.
        assert!(app.context.keyring.erasures(organisation).unwrap().is_empty());
        assert!(!has_keys(&app, organisation, customer).await);
        app.close().await;
        let app = place.open(test.clock.clone()).await;
        app.vault.rotate(&app.audit, organisation, Actor::Operator, &|_, _| ()).await.unwrap();
        verified(&app, organisation).await;
    }
}
