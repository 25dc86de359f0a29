//! Real, broken mail, and made mail whose truth is known, read in place when they are at hand;
//! the project's own letters otherwise, so that this runs anywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use app::channels::Outcome;
use db::Engine;
use kernel::{ConversationId, Entropy, SeededEntropy};
use testkit::{ENGINES, Letter, TestApp};

use super::message;

/// The folder that holds samples and tools, when there is one.
fn samples() -> Option<PathBuf> {
    let given = std::env::var_os("DOORWARD_SAMPLES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    given.or(Some(beside)).filter(|folder| folder.join("samples/mail/collected").is_dir())
}

/// Mails that other programs really sent, or the project's own broken ones.
fn broken_mails() -> Vec<Vec<u8>> {
    let Some(folder) = samples() else {
        return (0u8..60)
            .map(|n| {
                let letter = Letter::new("a@x.example", "=?utf-8?Q?broken").id(&format!("{n}@x.example"));
                let mut raw = letter.header("Content-Type", "multipart/mixed; boundary=never").raw();
                raw.extend([n, 0xFF, 0xFE, b'\n']);
                raw
            })
            .collect();
    };
    let entries = std::fs::read_dir(folder.join("samples/mail/collected")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[tokio::test]
async fn no_real_mail_is_lost_and_hardly_any_is_quarantined() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let (mut quarantined, mut taken) = (0, 0);
        let mails = broken_mails();
        for raw in &mails {
            match test.mail(raw.clone()).await.unwrap() {
                Outcome::Quarantined(_) => quarantined += 1,
                Outcome::Received { .. } | Outcome::Appended { .. } => taken += 1,
                // Some samples are one mail in two transfers.
                Outcome::Duplicate => {}
            }
        }
        assert!(quarantined <= 5, "{quarantined} of {} in quarantine", mails.len());
        assert!(taken * 10 >= mails.len() * 8, "{taken} of {} taken in", mails.len());
        test.close().await;
    }
}

/// A mail, the thread to which it truly belongs, and whether its sender only looks like the customer.
struct Known {
    raw: Vec<u8>,
    thread: u64,
    is_lookalike: bool,
}

fn made_mails() -> Vec<Known> {
    let maker = samples().map(|folder| folder.join("tools/make_mail.py")).filter(|maker| maker.is_file());
    let folder = tempfile::tempdir().unwrap();
    let made = maker.is_some_and(|maker| {
        let mut command = Command::new("python3");
        command.arg(maker).args(["--count", "1000", "--seed", "7", "--out"]).arg(folder.path());
        command.status().is_ok_and(|status| status.success())
    });
    if !made {
        return own_mails();
    }
    let truth = std::fs::read_to_string(folder.path().join("truth.jsonl")).unwrap();
    truth
        .lines()
        .map(|line| {
            let known: serde_json::Value = serde_json::from_str(line).unwrap();
            let raw = std::fs::read(folder.path().join("eml").join(known["file"].as_str().unwrap())).unwrap();
            Known { raw, thread: known["thread"].as_u64().unwrap(), is_lookalike: known["attack"] == "lookalike" }
        })
        .collect()
}

fn own_mails() -> Vec<Known> {
    (0..300u64)
        .map(|n| {
            let thread = if n % 3 == 0 { n } else { n - n % 3 };
            let from = format!("Customer <c{}@x.example>", thread % 40);
            let letter = Letter::new(&from, "Change of address").id(&format!("{n}@x.example"));
            let letter = if n == thread { letter } else { letter.answers(&format!("{thread}@x.example")) };
            Known { raw: letter.raw(), thread, is_lookalike: false }
        })
        .collect()
}

#[tokio::test]
async fn every_made_mail_is_in_its_thread_in_any_order_of_arrival() {
    let mails = made_mails();
    for (engine, order) in
        [(Engine::Sqlite, Order::Sent), (Engine::Sqlite, Order::Backwards), (Engine::Postgres, Order::Shuffled)]
    {
        let test = TestApp::on(engine).await;
        let mut messages = HashMap::new();
        let lookalike_threads: BTreeSet<u64> =
            mails.iter().filter(|known| known.is_lookalike).map(|known| known.thread).collect();
        for number in order.of(mails.len()) {
            let known = &mails[number];
            let message = message(test.mail(known.raw.clone()).await.unwrap());
            // Out of order, a stranger's mail that names one which has not come stays for itself: whoever
            // knows a Message-ID must not gather what others wrote. In order, all are in their thread.
            if matches!(order, Order::Sent) || !lookalike_threads.contains(&known.thread) {
                messages.insert(message, known.thread);
            }
        }
        let conversations = conversation_of_messages(&test).await;
        let mut threads: BTreeMap<u64, BTreeSet<ConversationId>> = BTreeMap::new();
        let mut mixed: BTreeMap<ConversationId, BTreeSet<u64>> = BTreeMap::new();
        for (message, thread) in &messages {
            threads.entry(*thread).or_default().insert(conversations[message]);
            mixed.entry(conversations[message]).or_default().insert(*thread);
        }
        let torn = threads.values().filter(|found| found.len() > 1).count();
        let mixed = mixed.values().filter(|found| found.len() > 1).count();
        assert_eq!((torn, mixed), (0, 0), "{engine:?}, {order:?}");
        test.close().await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Sent,
    Backwards,
    Shuffled,
}

impl Order {
    fn of(self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        match self {
            Self::Sent => {}
            Self::Backwards => order.reverse(),
            Self::Shuffled => {
                let entropy: &dyn Entropy = &SeededEntropy::new(11);
                for at in (1..count).rev() {
                    let other = u64::from_le_bytes(entropy.array()) % (at as u64 + 1);
                    order.swap(at, usize::try_from(other).unwrap());
                }
            }
        }
        order
    }
}

async fn conversation_of_messages(test: &TestApp) -> HashMap<kernel::MessageId, ConversationId> {
    static ALL: db::Statement =
        db::Statement::new("it.messages", "SELECT id, conversation FROM message WHERE org = $1");
    let organisation = test.organisation;
    let read = move |tx: &mut db::Tx<'_>| tx.query(&ALL, &[db::id(&organisation)], |row| Ok((row.id(0)?, row.id(1)?)));
    test.app.context.db.read("it.messages", read).await.unwrap().into_iter().collect()
}
