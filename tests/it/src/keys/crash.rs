//! A process that dies in the middle of a set-up, an import, an erasure, a rotation, a backup or a
//! restore: whoever comes next finds it undone or finishes it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use app::access::{OrganisationWide, Principal};
use app::backup::Places;
use app::channels::ResolverConfig;
use app::vault::{Import, Imported};
use app::{Actor, App, Context, identity};
use db::{Config, Db};
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};
use kernel::{CustomerId, ManualClock, OrganisationId};
use testkit::{ENGINES, Place, START, TestApp};

use super::rotating::{assert_all_open, populate, rotate};
use super::{customers, has_keys, letter_with_file, receive, show, texts, verified};

const WORK: &str = "IT_CRASH_WORK";
const DATA: &str = "IT_CRASH_DATA";
const KEYS: &str = "IT_CRASH_KEYS";
const DATABASE: &str = "IT_CRASH_DATABASE";
const BACKUP: &str = "IT_CRASH_BACKUP";
const WHOM: &str = "IT_CRASH_WHOM";
/// The organisation that is set up beside the first.
const SECOND: &str = "Oak Clinic";
/// Rows of the file that is imported.
const ROWS: u64 = 450;

/// Also the process that the other tests start, with its work named: that one does it, and dies or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_in_a_process_of_its_own() {
    if let Ok(work) = std::env::var(WORK) {
        return act(&work).await;
    }
    for engine in ENGINES {
        let test = TestApp::durable_on(engine).await;
        let (organisation, backup) = (test.organisation, tempfile::tempdir().unwrap());
        let place = test.close().await;
        in_another_process(&place, "rotate", &whom(organisation, None), backup.path(), "");
        assert_eq!(place.keyring().epochs(organisation).unwrap(), [2]);
    }
}

fn whom(organisation: OrganisationId, customer: Option<CustomerId>) -> String {
    customer.map_or_else(|| organisation.to_string(), |customer| format!("{organisation} {customer}"))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

fn places(backup: &Path) -> Places {
    Places { data: backup.join("data"), keys: backup.join("keys") }
}

async fn act(work: &str) {
    let database = variable(DATABASE);
    let data = PathBuf::from(variable(DATA));
    let config = if database.is_empty() { Config::sqlite(&data) } else { Config::postgres(database) };
    let app = open(&data, &PathBuf::from(variable(KEYS)), config).await;
    let whom = variable(WHOM);
    let (organisation, customer) = whom.split_once(' ').unwrap_or((&whom, ""));
    let organisation: OrganisationId = organisation.parse().unwrap();
    let backup = places(&PathBuf::from(variable(BACKUP)));
    match work {
        "rotate" => drop(rotate(&app, organisation).await),
        "erase" => {
            let customer = customer.parse().unwrap();
            testkit::vault(&app).erase(organisation, customer, "").await.unwrap();
        }
        "backup" => drop(app.backup.write(&backup, Actor::Operator, Arc::new(|_, _, _| ())).await.unwrap()),
        "create" => {
            let new = identity::New { name: SECOND.to_owned(), admin_email: "admin@oak.example".to_owned() };
            app.identity.create_organisation(new).await.unwrap();
        }
        "import" => {
            let told = |imported: &Imported| println!("\ndurable: {}", imported.created);
            let rows = rows_of_customers();
            let operator = Principal::operator(organisation);
            let may = app.access.permit(&operator, OrganisationWide).await.unwrap();
            app.vault.import(&app.audit, &may, &plain_import(), rows.as_bytes(), told).await.unwrap();
        }
        "restore" => drop(app.backup.restore(&backup, Actor::Operator, Arc::new(|_, _, _| ())).await.unwrap()),
        other => panic!("no such work: {other}"),
    }
}

async fn open(data: &Path, keys: &Path, config: Config) -> App {
    let clock = Arc::new(ManualClock::at(START));
    let provider = FileProvider::open(&keys.join("root.key")).unwrap();
    let keyring = Keyring::open(&keys.join("root.keyring"), Arc::new(provider), Arc::new(CryptoEntropy)).unwrap();
    let db = Db::open(config, clock.clone()).await.unwrap();
    let blobs = data.join("blobs");
    let context = Context { db, keyring: Arc::new(keyring), blobs, clock, entropy: Arc::new(CryptoEntropy) };
    App::new(context, &ResolverConfig::Off).unwrap()
}

/// Does work that dies at a fail point; with none, it must succeed. Gives what it said.
fn in_another_process(place: &Place, work: &str, whom: &str, backup: &Path, fail_point: &str) -> String {
    let database = match place.config() {
        Config::Postgres(config) => config.url,
        Config::Sqlite(_) => String::new(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "keys::crash::work_in_a_process_of_its_own", "--nocapture"]);
    child.env(WORK, work).env(WHOM, whom).env(DATABASE, database);
    child.env(DATA, place.data()).env(KEYS, place.keys()).env(BACKUP, backup);
    let output = child.env("DOORWARD_FAIL_POINT", fail_point).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), fail_point.is_empty(), "{work} at {fail_point}: {said}");
    said
}

/// The product of a place after its process died.
async fn reopen(place: Place, clock: &Arc<ManualClock>) -> (App, Place) {
    (place.open(clock.clone()).await, place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_whose_set_up_died_is_not_there_and_the_next_takes_its_keys_up() {
    for engine in ENGINES {
        for (fail_point, is_there) in [
            ("envelope.keyring.write", false),
            ("envelope.keyring.rename", false),
            ("identity.keys_made", false),
            ("db.commit.before", false),
            ("db.commit.after", true),
        ] {
            let test = TestApp::durable_on(engine).await;
            let (first, clock) = (test.organisation, test.clock.clone());
            let place = test.close().await;
            in_another_process(&place, "create", &whom(first, None), &place.data(), fail_point);
            let begun: Vec<_> = place.keyring().organisations().into_iter().filter(|id| *id != first).collect();
            let (app, _place) = reopen(place, &clock).await;
            let found = app.identity.find_organisation(SECOND).await.unwrap().map(|found| found.id);
            assert_eq!(found.is_some(), is_there, "{engine:?}, {fail_point}");
            assert_eq!(app.identity.count_organisations().await.unwrap(), 1 + u64::from(is_there));
            let again = identity::New { name: SECOND.to_owned(), admin_email: "admin@oak.example".to_owned() };
            let made = match app.identity.create_organisation(again).await {
                Ok(created) => created.organisation,
                Err(identity::Error::NameTaken) => found.unwrap(),
                Err(error) => panic!("{engine:?}, {fail_point}: {error}"),
            };
            // No keys lie about that belong to nobody.
            assert!(begun.iter().all(|begun| *begun == made), "{engine:?}, {fail_point}");
            assert_eq!(app.context.keyring.organisations().len(), 2, "{engine:?}, {fail_point}");
            verified(&app, first).await;
            verified(&app, made).await;
        }
    }
}

/// More rows than two batches.
fn rows_of_customers() -> String {
    let rows = (0..ROWS).map(|number| format!("p{number}@example.fi,Person {number}\n"));
    std::iter::once("email,name\n".to_owned()).chain(rows).collect()
}

fn plain_import() -> Import {
    Import { columns: Vec::new(), dry_run: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_died_kept_whole_batches_and_the_same_file_again_adds_the_rest() {
    for engine in ENGINES {
        for fail_point in ["db.commit.before:2", "db.commit.after:2", "vault.import.batch", "vault.import.batch:2"] {
            let test = TestApp::durable_on(engine).await;
            let (organisation, clock) = (test.organisation, test.clock.clone());
            let place = test.close().await;
            let said = in_another_process(&place, "import", &whom(organisation, None), &place.data(), fail_point);
            let told = said.lines().filter_map(|line| line.strip_prefix("durable: "));
            let acknowledged = told.map(|count| count.parse().unwrap()).max().unwrap_or(0);
            let (app, _place) = reopen(place, &clock).await;
            let kept = customers(&app, organisation).await.len() as u64;
            assert!(kept >= acknowledged && kept < ROWS, "{engine:?}, {fail_point}: {kept} of {acknowledged}");
            // Each batch is there whole or not at all.
            assert_eq!(kept % 200, 0, "{engine:?}, {fail_point}");
            verified(&app, organisation).await;
            let rows = rows_of_customers();
            let vault = testkit::vault(&app);
            let rest = vault.import(organisation, &plain_import(), &rows).await.unwrap();
            assert_eq!((rest.unchanged, rest.created), (kept, ROWS - kept), "{engine:?}, {fail_point}");
            assert!(rest.rejected.is_empty() && rest.updated == 0, "{engine:?}, {fail_point}");
            verified(&app, organisation).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_died_is_finished_by_the_next() {
    for engine in ENGINES {
        for fail_point in [
            "envelope.keyring.rename",
            "vault.rotate.begun",
            "vault.rotate.moved",
            "vault.rotate.batch",
            "db.commit.before:3",
            "db.commit.after:3",
            "vault.rotate.recorded",
            "envelope.keyring.write:2",
            "envelope.keyring.rename:2",
            "vault.rotate.destroyed",
        ] {
            let test = TestApp::durable_on(engine).await;
            let (organisation, clock) = (test.organisation, test.clock.clone());
            populate(&test.app, organisation, super::rotating::CUSTOMERS).await;
            let place = test.close().await;
            in_another_process(&place, "rotate", &whom(organisation, None), &place.data(), fail_point);
            let (app, place) = reopen(place, &clock).await;
            for customer in customers(&app, organisation).await {
                assert!(has_keys(&app, organisation, customer).await, "{engine:?}, {fail_point}");
            }
            rotate(&app, organisation).await;
            app.close().await;
            let (app, _place) = reopen(place, &clock).await;
            assert_all_open(&app, organisation).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_died_is_undone_or_finished_at_the_next_start() {
    for engine in ENGINES {
        for (fail_point, finishes) in [
            ("envelope.erasure.write", None),
            ("envelope.erasure.fsync", Some(true)),
            ("vault.erase.recorded", Some(true)),
            ("db.commit.before", Some(true)),
            ("db.commit.after", Some(false)),
            ("vault.erase.durable", Some(false)),
        ] {
            let test = TestApp::durable_on(engine).await;
            let (organisation, clock) = (test.organisation, test.clock.clone());
            let (conversation, customer) = receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
            let place = test.close().await;
            in_another_process(&place, "erase", &whom(organisation, Some(customer)), &place.data(), fail_point);
            let (app, _place) = reopen(place, &clock).await;
            let finished = app.vault.finish_erasures(&app.audit, organisation).await.unwrap();
            // A line whose fsync was never reached may or may not be there after the crash.
            let Some(finishes) = finishes else { continue };
            assert_eq!(finished.contains(&customer), finishes, "{engine:?}, {fail_point}");
            assert_eq!(texts(&show(&app, organisation, conversation).await), [None], "{engine:?}, {fail_point}");
            assert!(!has_keys(&app, organisation, customer).await, "{engine:?}, {fail_point}");
            verified(&app, organisation).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_died_before_its_manifest_is_none_and_one_that_died_after_it_is_whole() {
    for engine in ENGINES {
        let test = TestApp::durable_on(engine).await;
        let (organisation, clock) = (test.organisation, test.clock.clone());
        let (conversation, _) = receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
        let place = test.close().await;
        for (fail_point, is_whole) in [
            ("backup.write.rows", false),
            ("backup.write.blobs", false),
            ("db.commit.after", false),
            ("backup.write.manifest", true),
            ("", true),
        ] {
            let backup = tempfile::tempdir().unwrap();
            in_another_process(&place, "backup", &whom(organisation, None), backup.path(), fail_point);
            let target = Place::new(engine);
            copy_keys(&place, &target);
            let app = target.open(clock.clone()).await;
            let restored = app.backup.restore(&places(backup.path()), Actor::Operator, Arc::new(|_, _, _| ())).await;
            if is_whole {
                restored.unwrap();
                assert!(texts(&show(&app, organisation, conversation).await)[0].is_some(), "{engine:?}, {fail_point}");
                verified(&app, organisation).await;
            } else {
                assert!(matches!(restored, Err(app::backup::Error::NoBackup(_))), "{engine:?}, {fail_point}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_died_left_the_database_empty_or_whole() {
    for engine in ENGINES {
        let test = TestApp::durable_on(engine).await;
        let (organisation, clock) = (test.organisation, test.clock.clone());
        let (conversation, _) = receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
        let place = test.close().await;
        let backup = tempfile::tempdir().unwrap();
        in_another_process(&place, "backup", &whom(organisation, None), backup.path(), "");
        for (fail_point, comes_back) in [
            ("backup.restore.blobs", false),
            ("db.commit.before", false),
            ("db.commit.after", true),
            ("backup.restore.durable", true),
        ] {
            let target = Place::durable(engine);
            copy_keys(&place, &target);
            in_another_process(&target, "restore", &whom(organisation, None), backup.path(), fail_point);
            let app = target.open(clock.clone()).await;
            let is_there = !customers(&app, organisation).await.is_empty();
            assert_eq!(is_there, comes_back, "{engine:?}, {fail_point}");
            if is_there {
                assert!(texts(&show(&app, organisation, conversation).await)[0].is_some());
            }
        }
    }
}

/// The keyring and its root key go to another place, as an operator would bring them.
pub(crate) fn copy_keys(from: &Place, to: &Place) {
    for entry in std::fs::read_dir(from.keys()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.keys().join(path.file_name().unwrap())).unwrap();
    }
}
