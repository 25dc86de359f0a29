//! Keys over time, on both engines: what an erasure leaves, and what a rotation must not lose.

mod crash;
pub(crate) use crash::copy_keys;
mod erasing;
mod rotating;

use app::audit::VerifyOptions;
use app::channels::Outcome;
use app::desk::{Item, Thread, ThreadRequest};
use app::{Actor, App};
use db::{Statement, id};
use kernel::{ConversationId, CustomerId, OrganisationId};
use testkit::{Letter, TestApp};

static ALL_CUSTOMERS: Statement =
    Statement::new("it.ALL_CUSTOMERS", "SELECT id FROM customer WHERE org = $1 ORDER BY id");

/// Runs each test on either engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(testkit::TestApp::on(db::Engine::Sqlite).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(testkit::TestApp::on(db::Engine::Postgres).await).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

/// A mail with a file that is too large for the database, and so lies in the blob store.
pub(crate) fn letter_with_file(from: &str, subject: &str, file: &str) -> Letter {
    let text = format!(
        "--b\nContent-Type: text/plain\n\nsee the file\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"{file}\"\n\n{}\n--b--\n",
        "0123456789abcdef\n".repeat(20_000)
    );
    Letter::new(from, subject)
        .header("MIME-Version", "1.0")
        .header("Content-Type", "multipart/mixed; boundary=b")
        .text(&text)
}

/// Takes a mail in and gives its conversation and that one's customer.
pub(crate) async fn receive(test: &TestApp, letter: Letter) -> (ConversationId, CustomerId) {
    let (Outcome::Received { conversation, .. } | Outcome::Appended { conversation, .. }) =
        test.mail(letter).await.unwrap()
    else {
        panic!("the mail joined no conversation");
    };
    (conversation, show(&test.app, test.organisation, conversation).await.customer)
}

pub(crate) async fn show(app: &App, organisation: OrganisationId, conversation: ConversationId) -> Thread {
    let whole = ThreadRequest { before: None, limit: 100 };
    testkit::desk(app).show(organisation, conversation, Actor::Operator, whole).await.unwrap()
}

/// The texts of a thread's messages; none where they are gone.
pub(crate) fn texts(thread: &Thread) -> Vec<Option<String>> {
    let message = |item: &Item| match item {
        Item::Message(message) => Some(message.content.as_ref().map(|content| content.text.trim().to_owned())),
        Item::Note(_) | Item::Event(_) => None,
    };
    thread.items.iter().filter_map(message).collect()
}

/// Folds and checks the whole log, bodies included; gives how many entries have lost their content.
pub(crate) async fn verified(app: &App, organisation: OrganisationId) -> u64 {
    app.audit.fold(organisation).await.unwrap();
    let options = VerifyOptions { bodies: true, ..VerifyOptions::default() };
    let report = app.audit.verify(organisation, options, &|_, _| ()).await.unwrap();
    assert!(report.ok, "{:?}", report.problems);
    assert_eq!((report.pending, report.size), (0, report.entries));
    report.erased
}

/// What the organisation's own chain says was done, the oldest first, with the object and the detail.
pub(crate) async fn told(app: &App, organisation: OrganisationId) -> Vec<(String, Option<String>, Option<String>)> {
    let entries = app.audit.entries_of(organisation, organisation.into(), 0, 100).await.unwrap();
    entries.into_iter().filter_map(|entry| entry.told).map(|told| (told.action, told.object, told.detail)).collect()
}

pub(crate) async fn customers(app: &App, organisation: OrganisationId) -> Vec<CustomerId> {
    let all = move |tx: &mut db::Tx<'_>| tx.query(&ALL_CUSTOMERS, &[id(&organisation)], |row| row.id(0));
    app.context.db.read::<_, db::Error, _>("it.customers", all).await.unwrap()
}

/// Whether a customer's keys can be had.
pub(crate) async fn has_keys(app: &App, organisation: OrganisationId, customer: CustomerId) -> bool {
    let vault = app.vault.clone();
    let keys = move |tx: &mut db::Tx<'_>| vault.keys(tx, organisation, customer.into());
    app.context.db.read("it.keys", keys).await.unwrap().is_some()
}
