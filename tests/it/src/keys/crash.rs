//! A process that dies in the middle of an erasure, a rotation, a backup or a restore: whoever comes
//! next finds it undone or finishes it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use app::backup::Places;
use app::channels::ResolverConfig;
use app::{Actor, App, Context};
use db::{Config, Db, Engine};
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};
use kernel::{CustomerId, ManualClock, OrganisationId};
use testkit::{Place, START, TestApp};

use super::rotating::{assert_all_open, populate, rotate};
use super::{customers, has_keys, letter_with_file, receive, show, texts, verified};

const WORK: &str = "IT_CRASH_WORK";
const DATA: &str = "IT_CRASH_DATA";
const KEYS: &str = "IT_CRASH_KEYS";
const BACKUP: &str = "IT_CRASH_BACKUP";
const WHOM: &str = "IT_CRASH_WHOM";

/// Also the process that the other tests start, with its work named: that one does it, and dies or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_in_a_process_of_its_own() {
    if let Ok(work) = std::env::var(WORK) {
        return act(&work).await;
    }
    let test = TestApp::on(Engine::Sqlite).await;
    let (organisation, backup) = (test.organisation, tempfile::tempdir().unwrap());
    let place = test.close().await;
    in_another_process(&place, "rotate", &whom(organisation, None), backup.path(), "");
    assert_eq!(place.keyring().epochs(organisation).unwrap(), [2]);
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
    let app = open(&PathBuf::from(variable(DATA)), &PathBuf::from(variable(KEYS))).await;
    let whom = variable(WHOM);
    let (organisation, customer) = whom.split_once(' ').unwrap_or((&whom, ""));
    let organisation: OrganisationId = organisation.parse().unwrap();
    let backup = places(&PathBuf::from(variable(BACKUP)));
    match work {
        "rotate" => drop(rotate(&app, organisation).await),
        "erase" => {
            let customer = customer.parse().unwrap();
            app.vault.erase(&app.audit, organisation, customer, Actor::Operator, "").await.unwrap();
        }
        "backup" => drop(app.backup.write(&backup, Actor::Operator, Arc::new(|_, _, _| ())).await.unwrap()),
        "restore" => drop(app.backup.restore(&backup, Actor::Operator, Arc::new(|_, _, _| ())).await.unwrap()),
        other => panic!("no such work: {other}"),
    }
}

async fn open(data: &Path, keys: &Path) -> App {
    let clock = Arc::new(ManualClock::at(START));
    let provider = FileProvider::open(&keys.join("root.key")).unwrap();
    let keyring = Keyring::open(&keys.join("root.keyring"), Arc::new(provider), Arc::new(CryptoEntropy)).unwrap();
    let db = Db::open(Config::sqlite(data), clock.clone()).await.unwrap();
    let blobs = data.join("blobs");
    let context = Context { db, keyring: Arc::new(keyring), blobs, clock, entropy: Arc::new(CryptoEntropy) };
    App::new(context, &ResolverConfig::Off).unwrap()
}

/// Does work that dies at a fail point; with none, it must succeed.
fn in_another_process(place: &Place, work: &str, whom: &str, backup: &Path, fail_point: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "keys::crash::work_in_a_process_of_its_own"]).env(WORK, work).env(WHOM, whom);
    child.env(DATA, place.data()).env(KEYS, place.keys()).env(BACKUP, backup);
    let output = child.env("DOORWARD_FAIL_POINT", fail_point).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), fail_point.is_empty(), "{work} at {fail_point}: {said}");
}

/// The product of a place after its process died.
async fn reopen(place: Place, clock: &Arc<ManualClock>) -> (App, Place) {
    (place.open(clock.clone()).await, place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_died_is_finished_by_the_next() {
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
        let test = TestApp::on(Engine::Sqlite).await;
        let (organisation, clock) = (test.organisation, test.clock.clone());
        populate(&test.app, organisation, super::rotating::CUSTOMERS).await;
        let place = test.close().await;
        in_another_process(&place, "rotate", &whom(organisation, None), &place.data(), fail_point);
        let (app, place) = reopen(place, &clock).await;
        for customer in customers(&app, organisation).await {
            assert!(has_keys(&app, organisation, customer).await, "{fail_point}");
        }
        rotate(&app, organisation).await;
        app.close().await;
        let (app, _place) = reopen(place, &clock).await;
        assert_all_open(&app, organisation).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_died_is_undone_or_finished_at_the_next_start() {
    for (fail_point, finishes) in [
        ("envelope.erasure.write", None),
        ("envelope.erasure.fsync", Some(true)),
        ("vault.erase.recorded", Some(true)),
        ("db.commit.before", Some(true)),
        ("db.commit.after", Some(false)),
        ("vault.erase.durable", Some(false)),
    ] {
        let test = TestApp::on(Engine::Sqlite).await;
        let (organisation, clock) = (test.organisation, test.clock.clone());
        let (conversation, customer) = receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
        let place = test.close().await;
        in_another_process(&place, "erase", &whom(organisation, Some(customer)), &place.data(), fail_point);
        let (app, _place) = reopen(place, &clock).await;
        let finished = app.vault.finish_erasures(&app.audit, organisation).await.unwrap();
        // A line whose fsync was never reached may or may not be there after the crash.
        let Some(finishes) = finishes else { continue };
        assert_eq!(finished.contains(&customer), finishes, "{fail_point}");
        assert_eq!(texts(&show(&app, organisation, conversation).await), [None], "{fail_point}");
        assert!(!has_keys(&app, organisation, customer).await);
        verified(&app, organisation).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_died_is_none_and_a_restore_that_died_left_the_database_empty() {
    let test = TestApp::on(Engine::Sqlite).await;
    let (organisation, clock) = (test.organisation, test.clock.clone());
    let (conversation, _) = receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
    let place = test.close().await;
    for fail_point in ["backup.write.rows", "backup.write.blobs", "db.commit.after"] {
        let backup = tempfile::tempdir().unwrap();
        in_another_process(&place, "backup", &whom(organisation, None), backup.path(), fail_point);
        let target = Place::new(Engine::Sqlite);
        copy_keys(&place, &target);
        let app = target.open(clock.clone()).await;
        let restored = app.backup.restore(&places(backup.path()), Actor::Operator, Arc::new(|_, _, _| ())).await;
        assert!(matches!(restored, Err(app::backup::Error::NoBackup(_))), "{fail_point}");
    }
    let backup = tempfile::tempdir().unwrap();
    in_another_process(&place, "backup", &whom(organisation, None), backup.path(), "");
    for (fail_point, comes_back) in [
        ("backup.restore.blobs", false),
        ("db.commit.before", false),
        ("db.commit.after", true),
        ("backup.restore.durable", true),
    ] {
        let target = Place::new(Engine::Sqlite);
        copy_keys(&place, &target);
        in_another_process(&target, "restore", &whom(organisation, None), backup.path(), fail_point);
        let app = target.open(clock.clone()).await;
        let is_there = !customers(&app, organisation).await.is_empty();
        assert_eq!(is_there, comes_back, "{fail_point}");
        if is_there {
            assert!(texts(&show(&app, organisation, conversation).await)[0].is_some());
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
