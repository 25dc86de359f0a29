//! What is no whole backup of this keyring, or has no empty place to go to, is refused and changes nothing.

use std::fs;
use std::path::Path;

use app::Actor;
use app::backup::Error;
use db::Engine;
use testkit::{ENGINES, Letter, Place, TestApp};

use super::{back_up, counts, empty, places, restore, silent};
use crate::keys::{letter_with_file, receive};

async fn backed_up(engine: Engine) -> (TestApp, tempfile::TempDir) {
    let test = TestApp::on(engine).await;
    receive(&test, letter_with_file("a@example.org", "a", "a.txt")).await;
    let folder = tempfile::tempdir().unwrap();
    back_up(&test, folder.path()).await;
    (test, folder)
}

/// Copies a folder with all that is below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_not_empty_is_refused_and_stays_as_it_is() {
    for engine in ENGINES {
        let (test, folder) = backed_up(engine).await;
        let before = counts(&test.app).await;
        assert!(matches!(restore(&test.app, folder.path()).await, Err(Error::NotEmpty(_))));
        assert_eq!(counts(&test.app).await, before);

        let (app, place) = empty(engine, test.place(), &test.clock).await;
        let foreign = place.data().join("blobs/somebodys.file");
        fs::write(&foreign, "x").unwrap();
        assert!(matches!(restore(&app, folder.path()).await, Err(Error::NotEmpty(_))));
        fs::remove_file(foreign).unwrap();
        restore(&app, folder.path()).await.unwrap();
        assert!(matches!(restore(&app, folder.path()).await, Err(Error::NotEmpty(_))), "a second time");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_changed_in_any_byte_is_refused() {
    let (test, folder) = backed_up(Engine::Sqlite).await;
    let blob = testkit::files_below(&folder.path().join("data/blobs")).remove(0).0;
    let blob = blob.strip_prefix(folder.path()).unwrap().to_owned();
    for changed in [Path::new("data/data.sqlite"), Path::new("keys/keys.sqlite"), Path::new("data/blobs.list"), &blob] {
        for cut in [false, true] {
            let other = tempfile::tempdir().unwrap();
            copy(folder.path(), other.path());
            let mut bytes = fs::read(other.path().join(changed)).unwrap();
            let middle = bytes.len() / 2;
            if cut {
                bytes.truncate(middle);
            } else {
                bytes[middle] ^= 1;
            }
            fs::write(other.path().join(changed), bytes).unwrap();
            let (app, _place) = empty(Engine::Sqlite, test.place(), &test.clock).await;
            let refused = restore(&app, other.path()).await;
            assert!(matches!(&refused, Err(Error::Changed(path)) if path.ends_with(changed)), "{}", changed.display());
            assert_eq!(counts(&app).await.values().sum::<u64>(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_another_backup_do_not_go_with_the_data() {
    let (test, folder) = backed_up(Engine::Sqlite).await;
    receive(&test, Letter::new("b@example.org", "b")).await;
    let other = tempfile::tempdir().unwrap();
    back_up(&test, other.path()).await;
    let mixed = app::backup::Places { data: folder.path().join("data"), keys: other.path().join("keys") };
    let (app, _place) = empty(Engine::Sqlite, test.place(), &test.clock).await;
    let refused = app.backup.restore(&mixed, Actor::Operator, silent()).await;
    assert!(matches!(refused, Err(Error::Changed(path)) if path.ends_with("keys.sqlite")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_of_another_version_or_none_is_refused() {
    let (test, folder) = backed_up(Engine::Sqlite).await;
    let (app, _place) = empty(Engine::Sqlite, test.place(), &test.clock).await;
    let path = folder.path().join("data/manifest.json");
    let whole = fs::read_to_string(&path).unwrap();
    let with = |key: &str, value: i64| {
        let mut manifest: serde_json::Value = serde_json::from_str(&whole).unwrap();
        manifest[key] = value.into();
        fs::write(&path, manifest.to_string()).unwrap();
    };
    with("schema", 1_000);
    assert!(matches!(restore(&app, folder.path()).await, Err(Error::Schema { found: 1_000, .. })));
    with("schema", 0);
    assert!(matches!(restore(&app, folder.path()).await, Err(Error::Schema { found: 0, .. })));
    with("format", 2);
    assert!(matches!(restore(&app, folder.path()).await, Err(Error::Manifest(_))));
    for broken in ["", "{", "[]", "{\"format\":1}", &whole[..whole.len() - 2]] {
        fs::write(&path, broken).unwrap();
        assert!(matches!(restore(&app, folder.path()).await, Err(Error::Manifest(_))), "{broken}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(restore(&app, folder.path()).await, Err(Error::NoBackup(_))));
    assert!(matches!(restore(&app, &folder.path().join("nowhere")).await, Err(Error::NoBackup(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyring_that_does_not_belong_to_it_or_is_older_is_refused() {
    let (test, folder) = backed_up(Engine::Sqlite).await;
    let stranger = Place::new(Engine::Sqlite).open(test.clock.clone()).await;
    assert!(matches!(restore(&stranger, folder.path()).await, Err(Error::OtherKeyring(id)) if id == test.organisation));

    let before = Place::new(Engine::Sqlite);
    crate::keys::copy_keys(test.place(), &before);
    test.app.vault.rotate(&test.app.audit, test.organisation, Actor::Operator, &|_, _| ()).await.unwrap();
    let after = tempfile::tempdir().unwrap();
    back_up(&test, after.path()).await;
    let app = before.open(test.clock.clone()).await;
    let refused = restore(&app, after.path()).await;
    assert!(matches!(refused, Err(Error::Vault(app::vault::Error::OlderKeyring))));
    assert_eq!(counts(&app).await.values().sum::<u64>(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_overwrites_nothing_and_leaves_nothing_half_done() {
    let (test, folder) = backed_up(Engine::Sqlite).await;
    let write = async |places| test.app.backup.write(&places, Actor::Operator, silent()).await;
    let manifest = fs::read(folder.path().join("data/manifest.json")).unwrap();
    assert!(matches!(write(places(folder.path())).await, Err(Error::Exists(_))));
    assert_eq!(fs::read(folder.path().join("data/manifest.json")).unwrap(), manifest);

    let other = tempfile::tempdir().unwrap();
    let mut wish = places(other.path());
    wish.keys = folder.path().join("keys");
    assert!(matches!(write(wish.clone()).await, Err(Error::Exists(_))));
    assert!(!other.path().join("data").exists());
    wish.keys = other.path().join("data/keys");
    assert!(matches!(write(wish.clone()).await, Err(Error::Together)));
    wish.keys = other.path().join("no/such/folder");
    assert!(matches!(write(wish).await, Err(Error::Io { .. })));
    assert!(fs::read_dir(other.path()).unwrap().next().is_none());
}
