//! Mail as other programs really sent it, and made mail whose truth is known, read in place when
//! they are at hand. The project's own run always and are held to the same, so that a machine
//! without samples passes nothing over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use app::channels::Outcome;
use db::Engine;
use kernel::{ConversationId, Entropy, SeededEntropy};
use testkit::{ENGINES, Letter, TestApp};

use super::broken_mail;
use super::message;

/// The folder that holds samples and tools: named by `DOORWARD_SAMPLES`, or beside the project when
/// it is there. One that is named and is none fails the test.
fn samples() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("DOORWARD_SAMPLES").map(PathBuf::from) {
        assert!(given.join("samples/mail/collected").is_dir(), "DOORWARD_SAMPLES has no samples/mail/collected");
        return Some(given);
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    Some(beside).filter(|folder| folder.join("samples/mail/collected").is_dir())
}

/// Mails that other programs really sent; the project's own broken ones where there are none.
fn collected_mails() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = samples() else { return broken_mail::all() };
    let entries = std::fs::read_dir(folder.join("samples/mail/collected")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    paths.sort();
    assert!(!paths.is_empty(), "the folder of collected mail is empty");
    paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

/// Everything below the first empty line, with line feeds alone.
fn body(raw: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\r').collect();
    let start = text.windows(2).position(|pair| pair == b"\n\n").unwrap_or(text.len());
    text[start..].trim_ascii_end().to_vec()
}

/// What became of mails, by name.
#[derive(Debug, Default)]
struct Fates {
    taken: Vec<String>,
    quarantined: Vec<String>,
    /// The same mail had come under another name.
    duplicates: Vec<String>,
}

/// Takes mails in and makes sure that each is a message, in quarantine, or one that is there already.
async fn take_in(engine: Engine, mails: &[(String, Vec<u8>)]) -> Fates {
    let test = TestApp::on(engine).await;
    let mut fates = Fates::default();
    for (name, raw) in mails {
        let fate = match test.mail(raw.clone()).await.unwrap() {
            Outcome::Quarantined(_) => &mut fates.quarantined,
            Outcome::Received { .. } | Outcome::Appended { .. } => &mut fates.taken,
            Outcome::Duplicate => &mut fates.duplicates,
        };
        fate.push(name.clone());
    }
    for (name, raw) in mails {
        assert_eq!(test.mail(raw.clone()).await.unwrap(), Outcome::Duplicate, "{engine:?}: {name} is not there");
    }
    assert_eq!(conversation_of_messages(&test).await.len(), fates.taken.len(), "{engine:?}");
    let officer = (testkit::agent(), app::identity::Role::PrivacyOfficer);
    let may = testkit::permit_as(&test.app, test.organisation, officer, app::access::OrganisationWide).await.unwrap();
    let kept = test.app.channels.quarantined(&may, None, 100).await.unwrap();
    assert_eq!(kept.len(), fates.quarantined.len(), "{engine:?}");
    test.close().await;
    fates
}

#[tokio::test]
async fn no_real_mail_is_lost_and_hardly_any_is_quarantined() {
    let mails = collected_mails();
    for engine in ENGINES {
        let fates = take_in(engine, &mails).await;
        let Fates { quarantined, duplicates, .. } = &fates;
        assert!(quarantined.len() <= 3, "{engine:?}: {quarantined:#?} of {} in quarantine", mails.len());
        // Some samples are one mail in two transfers; no text is lost with those that count as known.
        for duplicate in duplicates {
            let at = mails.iter().position(|(name, _)| name == duplicate).unwrap();
            let is_known = mails[..at].iter().any(|(_, earlier)| body(earlier) == body(&mails[at].1));
            assert!(is_known, "{engine:?}: {duplicate} counts as known, and nothing like it had come");
        }
    }
}

#[tokio::test]
async fn every_one_of_our_own_broken_mails_is_taken_in() {
    let mails = broken_mail::all();
    assert!(mails.len() >= 40, "{} mails", mails.len());
    for engine in ENGINES {
        let fates = take_in(engine, &mails).await;
        assert_eq!(fates.taken.len(), mails.len(), "{engine:?}: {fates:#?}");
    }
}

/// A mail, the thread to which it truly belongs, and whether its sender only looks like the customer.
struct Known {
    raw: Vec<u8>,
    thread: u64,
    is_lookalike: bool,
}

/// Mails of the maker beside the samples; none where it is not there.
fn made_mails() -> Option<Vec<Known>> {
    let maker = samples()?.join("tools/make_mail.py");
    if !maker.is_file() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("python3");
    command.arg(maker).args(["--count", "1000", "--seed", "7", "--out"]).arg(folder.path());
    assert!(command.status().expect("python3 runs").success(), "the maker of mails failed");
    let truth = std::fs::read_to_string(folder.path().join("truth.jsonl")).unwrap();
    let known = truth.lines().map(|line| {
        let known: serde_json::Value = serde_json::from_str(line).unwrap();
        let raw = std::fs::read(folder.path().join("eml").join(known["file"].as_str().unwrap())).unwrap();
        Known { raw, thread: known["thread"].as_u64().unwrap(), is_lookalike: known["attack"] == "lookalike" }
    });
    Some(known.collect())
}

/// Threads of one to four mails of forty customers, interleaved as they come to a desk: answers name
/// the mail before, or all before, and some answer from a domain that only looks like theirs.
fn own_mails() -> Vec<Known> {
    const THREADS: u64 = 120;
    let mut mails = Vec::new();
    for round in 0..4 {
        for thread in (0..THREADS).filter(|thread| round <= thread % 4) {
            let is_lookalike = round == 2 && thread % 20 == 6;
            let domain = if is_lookalike { "examp1e.org" } else { "example.org" };
            let id = |round| format!("{thread}.{round}@example.org");
            let subject = if round == 0 { "Change of address" } else { "Re: Change of address" };
            let from = format!("Customer <c{}@{domain}>", thread % 40);
            let mut letter = Letter::new(&from, subject).id(&id(round)).text(&format!("mail {round} of {thread}"));
            if round > 0 {
                letter = letter.answers(&id(round - 1));
            }
            for earlier in (0..round).filter(|_| thread % 3 == 0) {
                letter = letter.refers_to(&id(earlier));
            }
            mails.push(Known { raw: letter.raw(), thread, is_lookalike });
        }
    }
    mails
}

#[tokio::test]
async fn every_made_mail_is_in_its_thread_in_any_order_of_arrival() {
    let mails = made_mails().unwrap_or_else(own_mails);
    for (engine, order) in
        [(Engine::Sqlite, Order::Sent), (Engine::Sqlite, Order::Backwards), (Engine::Postgres, Order::Shuffled)]
    {
        all_in_their_threads(engine, &mails, order).await;
    }
}

#[tokio::test]
async fn every_mail_of_our_own_is_in_its_thread_in_any_order_of_arrival() {
    let mails = own_mails();
    for engine in ENGINES {
        for order in [Order::Sent, Order::Backwards, Order::Shuffled] {
            all_in_their_threads(engine, &mails, order).await;
        }
    }
}

async fn all_in_their_threads(engine: Engine, mails: &[Known], order: Order) {
    let test = TestApp::on(engine).await;
    let mut messages = HashMap::new();
    let lookalike_threads: BTreeSet<u64> =
        mails.iter().filter(|known| known.is_lookalike).map(|known| known.thread).collect();
    assert!(!lookalike_threads.is_empty(), "some only look like the customer");
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
    assert_eq!(conversations.len(), mails.len(), "{engine:?}, {order:?}: each is a message");
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
