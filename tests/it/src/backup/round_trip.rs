//! What was backed up comes back whole, on either engine, also while the product goes on.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use app::Actor;
use db::Engine;
use kernel::{Id, OrganisationId};
use testkit::{ENGINES, Letter, TestApp, files_below};

use super::{back_up, counts, empty, places, restore, silent};
use crate::keys::{letter_with_file, receive, show, texts, told, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_engine_backs_up_either_engine_restores() {
    for from in ENGINES {
        let test = TestApp::on(from).await;
        let organisation = test.organisation;
        let mut known = Vec::new();
        for number in 0..30 {
            let address = format!("p{}@example.org", number % 11);
            let letter = Letter::new(&address, &format!("matter {number}")).text(&format!("text {number}"));
            known.push((receive(&test, letter).await.0, format!("text {number}")));
        }
        let (with_file, _) = receive(&test, letter_with_file("f@example.org", "file", "f.txt")).await;
        testkit::desk(&test.app).add_note(organisation, with_file, testkit::agent(), "a note").await.unwrap();
        test.app.audit.fold(organisation).await.unwrap();
        // Another one's set-up has got no further than its keys.
        let begun = OrganisationId::from_bytes([9; 16]);
        test.app.context.keyring.add_organisation(begun).unwrap();
        let before = counts(&test.app).await;

        let folder = tempfile::tempdir().unwrap();
        let written = back_up(&test, folder.path()).await;
        assert_eq!(written.files, 5, "two of rows, a blob, their list, and the manifest");
        assert_eq!(
            written.bytes,
            files_below(folder.path())
                .iter()
                .filter(|(path, _)| !path.ends_with("manifest.json"))
                .map(|(_, bytes)| bytes.len() as u64)
                .sum::<u64>()
        );
        assert_eq!(written.manifest.tables.values().sum::<u64>(), before.values().sum::<u64>());
        let actions = told(&test.app, organisation).await;
        assert!(actions.iter().any(|(action, ..)| action == "backup.made"));

        for into in ENGINES {
            let (app, place) = empty(into, test.place(), &test.clock).await;
            let restored = restore(&app, folder.path()).await.unwrap();
            assert_eq!((restored.erased, restored.lost, restored.blobs), (0, 0, 1));
            assert_eq!(restored.rows, before.values().sum::<u64>());
            let mut expected = before.clone();
            // The restore is on record.
            *expected.get_mut("audit_entry").unwrap() += 1;
            assert_eq!(counts(&app).await, expected, "{from:?} to {into:?}");
            for (conversation, text) in &known {
                assert_eq!(texts(&show(&app, organisation, *conversation).await), [Some(text.clone())]);
            }
            verified(&app, organisation).await;
            assert!(told(&app, organisation).await.iter().any(|(action, ..)| action == "backup.restored"));
            let blobs = |folder| files_below(folder).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
            assert_eq!(blobs(&place.data().join("blobs")), blobs(&test.data().join("blobs")));

            // And once more, from there.
            let again = tempfile::tempdir().unwrap();
            app.backup.write(&places(again.path()), Actor::Operator, silent()).await.unwrap();
            let (third, _place) = empty(from, &place, &test.clock).await;
            restore(&third, again.path()).await.unwrap();
            verified(&third, organisation).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_shows_one_moment_while_mail_comes_in() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let organisation = test.organisation;
        for number in 0..40 {
            receive(&test, Letter::new(&format!("early{number}@example.org"), "early")).await;
        }
        let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
        let mails = async {
            while !stop.load(Ordering::SeqCst) {
                let number = sent.fetch_add(1, Ordering::SeqCst);
                let letter = letter_with_file(&format!("late{}@example.org", number % 5), "late", "late.txt");
                test.mail(letter).await.unwrap();
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let backup = async {
            let written = back_up(&test, folder.path()).await;
            stop.store(true, Ordering::SeqCst);
            written
        };
        let (written, ()) = futures_util::future::join(backup, mails).await;
        assert_eq!(written.missing_blobs, 0);

        let (app, place) = empty(engine, test.place(), &test.clock).await;
        let restored = restore(&app, folder.path()).await.unwrap();
        let counts = counts(&app).await;
        assert_eq!(counts["message"], counts["mail_arrival"]);
        assert_eq!(counts["data_key"], 3 * (counts["customer"] + 1));
        assert_eq!(restored.blobs, counts["attachment"]);
        assert_eq!(files_below(&place.data().join("blobs")).len() as u64, counts["attachment"]);
        verified(&app, organisation).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_for_its_owner_alone_and_tells_a_thief_nothing() {
    let test = TestApp::on(Engine::Sqlite).await;
    let letter = letter_with_file("Zebra Quagga <zebra.quagga@example.org>", "okapi matter", "tapir.txt");
    receive(&test, letter).await;
    let folder = tempfile::tempdir().unwrap();
    back_up(&test, folder.path()).await;
    let keyring = std::fs::read(test.place().keys().join("root.keyring")).unwrap();
    for (path, bytes) in files_below(folder.path()) {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for personal in ["zebra", "quagga", "okapi", "tapir", "0123456789abcdef\n"] {
            assert!(!text.contains(personal), "{personal} in {}", path.display());
        }
        assert!(bytes != keyring);
    }
    for part in ["data", "keys", "data/blobs"] {
        assert_eq!(folder.path().join(part).metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
