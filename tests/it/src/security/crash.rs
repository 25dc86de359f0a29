//! The process dies at every place where something is written, under load; nothing that was
//! acknowledged is lost, nothing half-done shows, and the log still verifies.
//!
//! The dying process is this test binary itself, run again for one test with a fail point armed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use app::channels::{Arrival, Client, Outcome, ResolverConfig};
use app::{Actor, App, Context, identity};
use db::{Db, Engine};
use envelope::CryptoEntropy;
use kernel::SystemClock;
use testkit::{ENGINES, Letter, Place};

const CHILD: &str = "DOORWARD_CRASH_TEST";
/// Where the child dies, and after how many passages.
const DEATHS: [(&str, u32); 12] = [
    ("db.commit.before", 3),
    ("db.commit.before", 9),
    ("db.commit.after", 4),
    ("db.commit.after", 11),
    ("channels.blob.write", 2),
    ("channels.blob.written", 2),
    ("audit.fold.read", 2),
    ("audit.fold.signed", 2),
    ("audit.fold.durable", 2),
    ("envelope.checkpoint.write", 2),
    ("envelope.checkpoint.fsync", 2),
    ("envelope.checkpoint.rename", 2),
];
/// Mails that a child takes in at most.
const MAILS: usize = 60;

async fn open(data: &Path, keyring: envelope::Keyring, config: db::Config) -> App {
    let clock = Arc::new(SystemClock);
    let db = Db::open(config, clock.clone()).await.unwrap();
    let blobs = data.join("blobs");
    let context = Context { db, keyring: Arc::new(keyring), blobs, clock, entropy: Arc::new(CryptoEntropy) };
    App::new(context, &ResolverConfig::Off).unwrap()
}

fn mail(number: usize) -> Vec<u8> {
    // Every fourth carries a file that is large enough for the blob store.
    let text = if number.is_multiple_of(4) { "line of a large text\n".repeat(30_000) } else { "short\n".to_owned() };
    let body = format!(
        "--b\nContent-Type: text/plain\n\nmail {number}\n--b\nContent-Type: text/csv\n\
         Content-Disposition: attachment; filename=\"f.csv\"\n\n{text}\n--b--\n"
    );
    Letter::new(&format!("c{}@x.example", number % 7), "Crash")
        .id(&format!("{number}@x.example"))
        .header("Content-Type", "multipart/mixed; boundary=\"b\"")
        .text(&body)
        .raw()
}

fn arrival(number: usize) -> Arrival {
    Arrival { raw: mail(number).into(), client: Client::default(), actor: Actor::System, authenticate: false }
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_process_dies() {
    if let Ok(place) = std::env::var(CHILD) {
        return child(&place);
    }
    for engine in ENGINES {
        for (fail_point, passages) in DEATHS {
            one_death(engine, fail_point, passages);
        }
    }
}

fn one_death(engine: Engine, fail_point: &str, passages: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let place = Place::durable(engine);
    let organisation = runtime.block_on(async {
        let app = open(&place.data(), place.keyring(), place.config()).await;
        let new = identity::New { name: "Elm".to_owned(), admin_email: "admin@elm.example".to_owned() };
        let organisation = app.identity.create_organisation(new).await.unwrap().organisation;
        app.audit.fold(organisation).await.unwrap();
        app.close().await;
        organisation
    });
    let acknowledged = die(&place, &organisation.to_string(), fail_point, passages);
    runtime.block_on(async {
        let app = open(&place.data(), place.keyring(), place.config()).await;
        let standing = app.audit.check_start(organisation, app::audit::Announced::Nothing).await;
        assert!(standing.is_ok(), "{engine:?}, {fail_point}: {:?}", standing.err());
        for number in acknowledged {
            let again = app.channels.receive(organisation, arrival(number)).await.unwrap();
            assert_eq!(again, Outcome::Duplicate, "{engine:?}, {fail_point}: mail {number} was acknowledged");
        }
        // Whatever was cut off is taken in whole by trying again, and all of it can be read.
        for number in 0..MAILS {
            app.channels.receive(organisation, arrival(number)).await.unwrap();
        }
        app.audit.fold(organisation).await.unwrap();
        let options = app::audit::VerifyOptions { bodies: true, ..Default::default() };
        let report = app.audit.verify(organisation, options, &|_, _| {}).await.unwrap();
        assert!(report.ok, "{engine:?}, {fail_point}: {:?}", report.problems);
        let page = app::desk::PageRequest { limit: 100, ..Default::default() };
        let list = testkit::desk(&app).list(organisation, app::desk::Filter::default(), page).await.unwrap();
        let messages: u64 = list.rows.iter().map(|row| row.messages).sum();
        assert_eq!(messages, MAILS as u64, "{engine:?}, {fail_point}");
        app.close().await;
    });
}

/// Runs the child until it dies, and gives the mails that it acknowledged.
fn die(place: &Place, organisation: &str, fail_point: &str, passages: u32) -> Vec<usize> {
    let url = match place.config() {
        db::Config::Postgres(config) => config.url,
        db::Config::Sqlite(_) => String::new(),
    };
    let told = [place.data().display().to_string(), place.keys().display().to_string(), organisation.to_owned(), url];
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "security::crash::nothing_acknowledged_is_lost_wherever_the_process_dies", "--nocapture"])
        .env(CHILD, told.join("\n"))
        .env("DOORWARD_FAIL_POINT", format!("{fail_point}:{passages}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let acknowledged = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.rsplit("taken in: ").next().and_then(|number| number.trim().parse().ok()))
        .collect();
    let ended = child.wait().unwrap();
    assert!(!ended.success(), "{fail_point} was never passed {passages} times");
    acknowledged
}

fn child(place: &str) {
    let told: Vec<&str> = place.split('\n').collect();
    let [data, keys, organisation, url] = told.as_slice() else { panic!("four lines") };
    let (data, keys) = (PathBuf::from(data), PathBuf::from(keys));
    let config = if url.is_empty() { db::Config::sqlite(&data) } else { db::Config::postgres(*url) };
    let provider = envelope::provider::FileProvider::open(&keys.join("root.key")).unwrap();
    let entropy: Arc<dyn kernel::Entropy> = Arc::new(CryptoEntropy);
    let keyring = envelope::Keyring::open(&keys.join("root.keyring"), Arc::new(provider), entropy).unwrap();
    let organisation: kernel::OrganisationId = organisation.parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let app = open(&data, keyring, config).await;
        let folding = app.clone();
        tokio::spawn(async move {
            loop {
                let _ = folding.audit.fold(organisation).await;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        let deliveries = (0..8).map(|sender| {
            let app = app.clone();
            tokio::spawn(async move {
                for number in (sender..MAILS).step_by(8) {
                    if app.channels.receive(organisation, arrival(number)).await.is_ok() {
                        println!("taken in: {number}");
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            })
        });
        for delivery in deliveries.collect::<Vec<_>>() {
            delivery.await.unwrap();
        }
    });
    // Whoever gets here was never killed, and tells so by a good end.
}
