//! A process that dies while it rewrites the keyring leaves a whole one: the old or the new.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};

use super::keyring::{Home, organisation};

const FOLDER: &str = "ENVELOPE_CRASH_FOLDER";
const CHANGE: &str = "ENVELOPE_CRASH_CHANGE";

/// Also the process that the other tests start, with its folder named: that one makes the change and dies or not.
#[test]
fn a_change_in_a_process_of_its_own() {
    if let (Ok(folder), Ok(change)) = (std::env::var(FOLDER), std::env::var(CHANGE)) {
        return make(Path::new(&folder), &change);
    }
    let home = Home::new();
    let open_all_along = home.open();
    change(&home, "start", "");
    assert!(open_all_along.kek(organisation(1), 2).is_ok());
    change(&home, "destroy", "");
    assert_eq!(home.open().epochs(organisation(1)).unwrap(), [2]);
}

fn make(folder: &Path, change: &str) {
    let provider = FileProvider::open(&folder.join("root.key")).unwrap();
    let keyring = Keyring::open(&folder.join("keyring.json"), Arc::new(provider), Arc::new(CryptoEntropy)).unwrap();
    match change {
        "start" => assert!(keyring.start_epoch(organisation(1)).is_ok()),
        "destroy" => keyring.destroy_epoch(organisation(1), 1).unwrap(),
        "checkpoint" => keyring.remember_checkpoint(organisation(1), "new").unwrap(),
        other => panic!("no such change: {other}"),
    }
}

/// Runs a change that dies at a fail point; with none, it must succeed.
fn change(home: &Home, change: &str, fail_point: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "crash::a_change_in_a_process_of_its_own"]).env(FOLDER, home.folder.path());
    let output = child.env(CHANGE, change).env("DOORWARD_FAIL_POINT", fail_point).output().unwrap();
    assert_eq!(output.status.success(), fail_point.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_epoch_begun_by_a_dying_process_is_there_whole_or_not_at_all() {
    for (fail_point, epoch) in
        [("envelope.keyring.write", 1), ("envelope.keyring.fsync", 1), ("envelope.keyring.rename", 2)]
    {
        let home = Home::new();
        change(&home, "start", fail_point);
        let keyring = home.open();
        assert_eq!(keyring.current_epoch(organisation(1)).unwrap(), epoch, "{fail_point}");
        for epoch in keyring.epochs(organisation(1)).unwrap() {
            keyring.kek(organisation(1), epoch).unwrap();
        }
        keyring.index_key(organisation(1)).unwrap();
        // What the dead process left behind does not stop the next.
        change(&home, "start", "");
        assert_eq!(home.open().current_epoch(organisation(1)).unwrap(), epoch + 1);
    }
}

#[test]
fn an_epoch_destroyed_by_a_dying_process_is_kept_or_gone_and_the_current_one_stays() {
    for (fail_point, left) in [
        ("envelope.keyring.write", &[1, 2][..]),
        ("envelope.keyring.fsync", &[1, 2]),
        ("envelope.keyring.rename", &[2]),
    ] {
        let home = Home::new();
        home.open().start_epoch(organisation(1)).unwrap();
        change(&home, "destroy", fail_point);
        let keyring = home.open();
        assert_eq!(keyring.epochs(organisation(1)).unwrap(), left, "{fail_point}");
        for epoch in left {
            keyring.kek(organisation(1), *epoch).unwrap();
        }
        keyring.destroy_epoch(organisation(1), 1).unwrap();
        assert_eq!(home.open().epochs(organisation(1)).unwrap(), [2]);
    }
}

#[test]
fn a_checkpoint_is_the_old_or_the_new() {
    for (fail_point, kept) in [
        ("envelope.checkpoint.write", "old"),
        ("envelope.checkpoint.fsync", "old"),
        ("envelope.checkpoint.rename", "new"),
    ] {
        let home = Home::new();
        home.open().remember_checkpoint(organisation(1), "old").unwrap();
        change(&home, "checkpoint", fail_point);
        assert_eq!(home.open().last_checkpoint(organisation(1)).unwrap().as_deref(), Some(kept), "{fail_point}");
    }
}
