//! Canaries: unique personal values are let in by every entry, and then everything that lies on
//! the disk is searched for each of them, in every form in which it could hide.

use std::path::PathBuf;

use app::Actor;
use app::channels::Outcome;
use db::Engine;
use testkit::{ENGINES, Letter, TestApp, files_below};

use super::search::Search;

/// Values that exist nowhere else, one for each place where a mail can hold something personal.
const CANARIES: [&str; 12] = [
    "Canaria Namensson",
    "canary.sender.4711@vogel.example",
    "canary-subject-8812",
    "canary-body-5523",
    "canary-html-7734",
    "canary-file-name-9945.pdf",
    "canary-attachment-content-1156",
    "canary-message-id-2267@vogel.example",
    "canary-quoted-3378",
    "canary.copy.4489@vogel.example",
    "canary-note-5590",
    "canary-quarantine-6601",
];

fn mail_with_canaries() -> Vec<u8> {
    let filler = "x".repeat(400_000);
    let body = format!(
        "--b\nContent-Type: multipart/alternative; boundary=\"a\"\n\n\
         --a\nContent-Type: text/plain; charset=utf-8\n\ncanary-body-5523\n\n> canary-quoted-3378\n\
         --a\nContent-Type: text/html; charset=utf-8\n\n<p>canary-html-7734</p>\n--a--\n\
         --b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"canary-file-name-9945.pdf\"\n\n\
         canary-attachment-content-1156\n\
         --b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=\"large.csv\"\n\n\
         {filler} canary-attachment-content-1156 {filler}\n--b--\n"
    );
    Letter::new("Canaria Namensson <canary.sender.4711@vogel.example>", "canary-subject-8812")
        .id("canary-message-id-2267@vogel.example")
        .header("Cc", "canary.copy.4489@vogel.example")
        .header("Content-Type", "multipart/mixed; boundary=\"b\"")
        .text(&body)
        .raw()
}

#[tokio::test]
async fn a_thief_of_the_disk_finds_nothing_personal() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let outcome = test.mail(mail_with_canaries()).await.unwrap();
        let Outcome::Received { conversation, .. } = outcome else { panic!("{outcome:?}") };
        let desk = testkit::desk(&test.app);
        desk.add_note(test.organisation, conversation, testkit::agent(), "canary-note-5590").await.unwrap();
        desk.show(test.organisation, conversation, Actor::Operator, app::desk::ThreadRequest::default()).await.unwrap();
        let poison = test.mail(&b"\x01 canary-quarantine-6601 \x02"[..]).await.unwrap();
        assert!(matches!(poison, Outcome::Quarantined(_)));
        test.app.audit.fold(test.organisation).await.unwrap();

        // While it runs, with its write-ahead log, and after it has stopped.
        search(&stolen(&test), engine);
        let place = test.close().await;
        search(&files_below(&place.data()), engine);
    }
}

fn stolen(test: &TestApp) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = files_below(&test.data());
    assert!(files.iter().any(|(path, _)| path.starts_with(test.data().join("blobs"))), "a large blob lies apart");
    if test.engine == Engine::Postgres {
        let server = testkit::postgres::Cluster::shared().data_folder();
        files.extend(files_below(&server));
    }
    files
}

fn search(files: &[(PathBuf, Vec<u8>)], engine: Engine) {
    assert!(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 10_000, "there is something to search");
    let found = Search::of(&CANARIES).find_in(files);
    assert_eq!(found, None, "{engine:?}");
}
