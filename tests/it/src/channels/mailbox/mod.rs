//! Mailboxes on a real server, from what lies there to what the desk shows.

mod cuts;
mod hostile;
mod keeping;
mod protected;
mod proxy;
mod reading;

use std::time::{Duration, Instant};

use app::Actor;
use app::channels::mailbox::{LogIn, Method, PutAway, Security, Server};
use app::channels::{Mailbox, MailboxPace, NewMailbox};
use app::desk::{Filter, ListRow, PageRequest};
use kernel::MailboxId;
use testkit::dovecot::Account;
use testkit::{Letter, TestApp};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// How long anything may take before it counts as never.
const PATIENCE: Duration = Duration::from_mins(3);
/// Pauses short enough for tests, and waits for news too long for them: what appears was told.
const PACE: MailboxPace = MailboxPace {
    look: Duration::from_millis(200),
    idle: Duration::from_mins(10),
    poll: Duration::from_millis(300),
    lease: Duration::from_secs(30),
    silence: Duration::from_secs(20),
    back_off: Duration::from_millis(20),
    longest_back_off: Duration::from_millis(100),
    refused: Duration::from_mins(10),
};

/// Mailboxes being watched; they are let go by [`Watching::end`].
struct Watching {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Watching {
    fn begin(test: &TestApp) -> Self {
        Self::at(test, PACE)
    }

    fn at(test: &TestApp, pace: MailboxPace) -> Self {
        let (end, ended) = oneshot::channel();
        let channels = test.app.channels.clone();
        let shutdown = async {
            // A test that failed ends the watching as well.
            let _ = ended.await;
        };
        let task = tokio::spawn(async move { channels.run_mailboxes(pace, shutdown).await });
        Self { end, task }
    }

    async fn end(self) {
        self.end.send(()).expect("it still watches");
        self.task.await.expect("it ended well");
    }
}

/// The mailbox of an account: moved to `Doorward` once it is taken in, spoken to in the clear.
fn mailbox(account: &Account<'_>, port: u16) -> NewMailbox {
    NewMailbox {
        name: "Service".to_owned(),
        server: Server { host: "127.0.0.1".to_owned(), port, security: Security::Plain, authority: None },
        log_in: LogIn {
            user: account.user().to_owned(),
            secret: Zeroizing::new(account.password().to_owned()),
            method: Method::Password,
        },
        folder: "INBOX".to_owned(),
        put_away: PutAway::Move("Doorward".to_owned()),
        since: None,
    }
}

async fn add(test: &TestApp, new: NewMailbox) -> MailboxId {
    test.app.channels.add_mailbox(test.organisation, Actor::Operator, new).await.expect("a mailbox")
}

async fn only(test: &TestApp) -> Mailbox {
    let mut all = test.app.channels.mailboxes(test.organisation).await.expect("mailboxes");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A mail of a sender of its own, so that it opens a conversation of its own.
fn letter(number: usize) -> Vec<u8> {
    let from = format!("Writer {number} <writer-{number}@x.example>");
    Letter::new(&from, &format!("Matter {number}")).id(&format!("{number}@x.example")).raw()
}

async fn conversations(test: &TestApp) -> Vec<ListRow> {
    let page = PageRequest { limit: 100, ..PageRequest::default() };
    testkit::desk(&test.app).list(test.organisation, Filter::default(), page).await.expect("a list").rows
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "it never came about: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until so many conversations are there, and finds one message in each.
async fn until_arrived(test: &TestApp, count: usize) {
    until("the mail arrived", async || conversations(test).await.len() >= count).await;
    let rows = conversations(test).await;
    assert_eq!(rows.len(), count);
    assert!(rows.iter().all(|row| row.messages == 1), "each mail came once");
}
