//! The process dies while a mail is handed over: before its text it is sent once, behind its last dot
//! twice with one Message-ID, and the thread says so.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use app::channels::{Delivery, ResolverConfig, Tls};
use app::{App, Context};
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};
use kernel::{Clock as _, ManualClock, OrganisationId, Timestamp};
use testkit::{ENGINES, Place, ScriptedSink, TestApp};

use super::{HELD, asked, header, reply};

const CHILD: &str = "DOORWARD_MAIL_OUT_DEATH";
const NAME: &str = "channels::mail_out::death::a_process_that_dies_while_it_sends_is_followed_by_one_that_knows";

#[test]
fn a_process_that_dies_while_it_sends_is_followed_by_one_that_knows() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Ok(told) = std::env::var(CHILD) {
        return runtime.block_on(send(&told));
    }
    for engine in ENGINES {
        for (fail_point, copies) in [("channels.mail_out.sending", 1), ("channels.mail_out.taken", 2)] {
            let (received, delivery) = runtime.block_on(one_death(engine, fail_point));
            assert_eq!(received.len(), copies, "{engine:?}, {fail_point}");
            let ids: Vec<String> = received.iter().map(|raw| header(raw, "Message-ID")).collect();
            assert!(!ids[0].is_empty() && ids.iter().all(|id| *id == ids[0]), "{engine:?}, {fail_point}: {ids:?}");
            assert!(delivery.perhaps_twice, "{engine:?}, {fail_point}: nobody knows what became of the first try");
        }
    }
}

/// What the other side got in the end, and what the thread tells of it.
async fn one_death(engine: db::Engine, fail_point: &str) -> (Vec<Vec<u8>>, Delivery) {
    let test = TestApp::durable_on(engine).await;
    let sink = ScriptedSink::start().await;
    test.sends_by(&sink.server(Tls::None)).await;
    let conversation = asked(&test, "anna").await;
    let written = reply(&test, conversation, "An answer.").await;
    test.clock.advance(HELD);
    let (clock, organisation) = (Arc::clone(&test.clock), test.organisation);
    let place = test.close().await;
    die(&place, organisation, clock.now(), fail_point).await;

    let app = place.open(Arc::clone(&clock)).await;
    for _ in 0..10 {
        clock.advance(std::time::Duration::from_mins(10));
        if app.channels.send_due(organisation).await.unwrap().sent == 1 {
            break;
        }
    }
    let page = app::desk::ThreadRequest { before: None, limit: 100 };
    let thread = testkit::desk(&app).show(organisation, conversation, testkit::agent(), page).await.unwrap();
    let delivery = thread.items.into_iter().find_map(|item| match item {
        app::desk::Item::Message(message) if message.id == written.message => message.delivery,
        _ => None,
    });
    app.close().await;
    (sink.received().into_iter().map(|mail| mail.raw).collect(), delivery.expect("mail of ours has a delivery"))
}

async fn die(place: &Place, organisation: OrganisationId, now: Timestamp, fail_point: &str) {
    let url = match place.config() {
        db::Config::Postgres(config) => config.url,
        db::Config::Sqlite(_) => String::new(),
    };
    let told = [
        place.data().display().to_string(),
        place.keys().display().to_string(),
        organisation.to_string(),
        now.micros().to_string(),
        url,
    ];
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", NAME, "--nocapture"]).env(CHILD, told.join("\n"));
    child.env("DOORWARD_FAIL_POINT", format!("{fail_point}:1"));
    // The other side is in this process, and must answer meanwhile.
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(!output.status.success(), "{fail_point} was never passed");
}

/// What the dying process does.
async fn send(told: &str) {
    let told: Vec<&str> = told.split('\n').collect();
    let [data, keys, organisation, now, url] = told.as_slice() else { panic!("five lines") };
    let (data, keys) = (PathBuf::from(data), PathBuf::from(keys));
    let config = if url.is_empty() { db::Config::sqlite(&data) } else { db::Config::postgres(*url) };
    let provider = FileProvider::open(&keys.join("root.key")).unwrap();
    let keyring = Keyring::open(&keys.join("root.keyring"), Arc::new(provider), Arc::new(CryptoEntropy)).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(now.parse().unwrap())));
    let db = db::Db::open(config, clock.clone()).await.unwrap();
    let blobs = data.join("blobs");
    let context = Context { db, keyring: Arc::new(keyring), blobs, clock, entropy: Arc::new(CryptoEntropy) };
    let app = App::new(context, &ResolverConfig::Off).unwrap();
    app.channels.send_due(organisation.parse().unwrap()).await.unwrap();
    // Whoever gets here was never killed, and tells so by a good end.
}
