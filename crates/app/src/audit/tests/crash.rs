//! A process that dies anywhere while it folds: the next one goes on, and the log holds.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use kernel::{ManualClock, Timestamp};

use super::house::{House, open_again};
use crate::audit::{Announced, Standing};

/// Names the folder to the process that is to die.
const FOLDER: &str = "DOORWARD_TEST_FOLDER";
const SIGABRT: i32 = 6;

/// Folds the folder of the test below when it is run by it, and one of its own otherwise.
#[tokio::test]
async fn whoever_opens_a_folder_folds_what_waits_in_it() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return fold_waiting(&PathBuf::from(folder)).await;
    }
    let (house, customers) = House::with_entries(1, 1).await;
    house.write(&customers[0], 2).await;
    fold_waiting(house.folder.path()).await;
    assert_eq!(house.verify().await.pending, 0);
}

async fn fold_waiting(folder: &Path) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_100)));
    let (context, audit) = open_again(folder, &clock).await;
    let [organisation] = context.keyring.organisations()[..] else { panic!("one organisation") };
    assert_eq!(audit.fold(organisation).await.unwrap().added, 2);
}

#[tokio::test]
async fn a_process_that_dies_while_folding_leaves_a_log_that_goes_on() {
    for (point, stored) in [
        ("audit.fold.read", false),
        ("audit.fold.signed", false),
        ("db.commit.before", false),
        ("db.commit.after", true),
        ("audit.fold.durable", true),
        ("envelope.checkpoint.write", true),
        ("envelope.checkpoint.fsync", true),
        ("envelope.checkpoint.rename", true),
        ("audit.fold.remembered", true),
    ] {
        let (house, customers) = House::with_entries(1, 3).await;
        house.write(&customers[0], 2).await;
        die_at(point, &house);

        let (_context, audit) = house.neighbour().await;
        let size = if stored { 5 } else { 3 };
        let start = audit.check_start(house.organisation, Announced::Nothing).await.unwrap();
        assert_eq!(start, Standing::Consistent { size }, "{point}");
        house.write(&customers[0], 1).await;
        assert_eq!(audit.fold(house.organisation).await.unwrap().size, 6, "{point}");
        let report = house.verify().await;
        assert_eq!((report.problems, report.size, report.pending), (vec![], 6, 0), "{point}");
    }
}

/// Lets another process fold the folder and die at a place of its way.
fn die_at(point: &str, house: &House) {
    let test = "audit::tests::crash::whoever_opens_a_folder_folds_what_waits_in_it";
    let died = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact"])
        .env(FOLDER, house.folder.path())
        .env("DOORWARD_FAIL_POINT", point)
        .output()
        .unwrap();
    assert_eq!(died.status.signal(), Some(SIGABRT), "{point}: {}", String::from_utf8_lossy(&died.stdout));
}
