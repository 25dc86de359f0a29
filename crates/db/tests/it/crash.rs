//! A process that dies at a commit, or whose disk refuses one, has lost nothing it answered.
//!
//! Each test starts itself once more as the victim, which writes under load and keeps a list of
//! what was answered.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use db::{Config, Error};
use futures_util::future::join_all;

use crate::ground::{ids, insert, insert_body, open, postgres, sqlite, with_table};

const VICTIM: &str = "DOORWARD_TEST_VICTIM";
const ANSWERED: &str = "DOORWARD_TEST_ANSWERED";
/// The victim has died long before this, or the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

fn config(victim: &str) -> Config {
    if victim.starts_with("postgresql:") { Config::postgres(victim) } else { Config::sqlite(victim) }
}

/// The victim's life: eight at once insert row after row, each row noted once it is answered.
async fn write_until_death(victim: &str, first_id: i64) {
    let db = open(config(victim)).await;
    let answered = std::env::var_os(ANSWERED).expect("a file for the answers");
    let answered = std::fs::File::options().append(true).create(true).open(answered).expect("the list");
    let answered = Arc::new(Mutex::new(answered));
    let began = Instant::now();
    let writers = (0..8_i64).map(|writer| {
        let (db, answered) = (db.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            for turn in 0.. {
                if began.elapsed() > PATIENCE {
                    return;
                }
                let id = first_id + writer * 1_000_000 + turn;
                match db.write("test.insert", move |tx| insert_body(tx, id, 500)).await {
                    Ok(()) => writeln!(answered.lock().expect("sound"), "{id}").expect("noted"),
                    Err(Error::Unavailable(_) | Error::Full) => return,
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    join_all(writers).await;
}

/// Starts this test again as the victim.
fn victim(test: &str, target: &str, answered: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", test, "--nocapture"]).env(VICTIM, target).env(ANSWERED, answered);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn read_answered(path: &Path) -> BTreeSet<i64> {
    let text = std::fs::read_to_string(path).expect("the list");
    // The last line may be cut by the death.
    text.rsplit_once('\n').map_or("", |(whole, _)| whole).lines().map(|line| line.parse().expect("an id")).collect()
}

async fn die_and_look(test: &str, target: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut before = BTreeSet::new();
    for (round, death) in (1_i64..).zip(["db.commit.before:20", "db.commit.after:20", "kill"]) {
        let answered = folder.path().join(death);
        let mut command = victim(test, &format!("{target}\n{round}"), &answered);
        let mut process = command.env("DOORWARD_FAIL_POINT", death).spawn().expect("a victim");
        if death == "kill" {
            while std::fs::metadata(&answered).map_or(0, |file| file.len()) < 2_000 {
                assert!(process.try_wait().expect("its state").is_none(), "it ended by itself");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            process.kill().expect("killed");
        }
        let status = tokio::task::block_in_place(|| process.wait()).expect("dead");
        assert!(!status.success(), "it was to die at {death}");

        let answered = read_answered(&answered);
        let db = open(config(target)).await;
        let there: BTreeSet<i64> = ids(&db).await.into_iter().collect();
        assert!(!answered.is_empty(), "it died before it did anything");
        assert!(answered.is_subset(&there), "{death}: an answered row is lost");
        assert!(before.is_subset(&there), "{death}: a row of an earlier life is lost");
        before = there;
        db.write("test.insert", move |tx| insert(tx, -round)).await.expect("it goes on");
        db.close().await;
    }
}

/// Whether this process is the victim, which then has lived.
async fn lived_as_victim() -> bool {
    let Ok(told) = std::env::var(VICTIM) else { return false };
    let (target, round) = told.rsplit_once('\n').expect("a target and a round");
    write_until_death(target, round.parse::<i64>().expect("a number") * 100_000_000).await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_death_at_a_commit_loses_nothing_answered() {
    if lived_as_victim().await {
        return;
    }
    let (folder, db) = sqlite().await;
    db.close().await;
    let target = folder.path().display().to_string();
    die_and_look("crash::on_sqlite_a_death_at_a_commit_loses_nothing_answered", &target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_death_at_a_commit_loses_nothing_answered() {
    if lived_as_victim().await {
        return;
    }
    let (database, db) = postgres().await;
    db.close().await;
    die_and_look("crash::on_postgres_a_death_at_a_commit_loses_nothing_answered", &database.url()).await;
}

/// The shell limits the size of files, so that the write-ahead log cannot grow: the commit itself
/// fails, and names no guilty closure.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_disk_refuses_is_told_to_everybody_in_it() {
    if lived_as_victim().await {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    with_table(open(Config::sqlite(folder.path())).await).await.close().await;
    let answered = folder.path().join("answered");
    let target = format!("{}\n0", folder.path().display());
    let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    let inner = victim("crash::a_commit_that_the_disk_refuses_is_told_to_everybody_in_it", &target, &answered);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", limited]).arg(inner.get_program()).args(inner.get_args());
    shell.env(VICTIM, &target).env(ANSWERED, &answered).stdout(Stdio::null()).stderr(Stdio::null());
    let status = tokio::task::block_in_place(|| shell.status()).expect("a victim");
    assert!(status.success(), "the victim outlives a refused commit: every writer was told and stopped");

    let answered = read_answered(&answered);
    let db = open(Config::sqlite(folder.path())).await;
    let there: BTreeSet<i64> = ids(&db).await.into_iter().collect();
    assert!(!answered.is_empty());
    assert_eq!(answered, there, "what was answered is there, and what was refused is not");
    db.write("test.insert", |tx| insert(tx, -1)).await.expect("with room it goes on");
}
