//! What becomes of a mail: its conversation, its customer, its copy, its bounce.

mod arrival;
mod broken_mail;
mod mail_out;
mod mailbox;
mod quarantine;
mod real_mail;
mod threading;

use app::channels::{Arrival, Client, Error, Outcome};
use app::{Actor, App};
use futures_util::future::join_all;
use kernel::{ConversationId, MessageId};
use testkit::TestApp;

/// Takes mails in at the same moment, on several nodes: within one, mails of a sender take turns.
async fn at_once(test: &TestApp, mails: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Vec<Result<Outcome, Error>> {
    const OTHER_NODES: usize = 3;
    let mut nodes: Vec<App> = vec![test.app.clone()];
    for _ in 0..OTHER_NODES {
        nodes.push(test.place().open(test.clock.clone()).await);
    }
    let deliveries = mails.into_iter().zip(nodes.iter().cycle()).map(|(mail, node)| {
        let raw = mail.into().into();
        let arrival = Arrival { raw, client: Client::default(), actor: Actor::System, authenticate: false };
        node.channels.receive(test.organisation, arrival)
    });
    let outcomes = join_all(deliveries).await;
    for node in nodes.iter().skip(1) {
        node.close().await;
    }
    outcomes
}

/// The conversation that a mail opened.
fn opened(outcome: Outcome) -> ConversationId {
    match outcome {
        Outcome::Received { conversation, .. } => conversation,
        other => panic!("expected a new conversation, got {other:?}"),
    }
}

/// The conversation that a mail joined.
fn joined(outcome: Outcome) -> ConversationId {
    match outcome {
        Outcome::Appended { conversation, .. } => conversation,
        other => panic!("expected a joined conversation, got {other:?}"),
    }
}

/// The message that a mail became.
fn message(outcome: Outcome) -> MessageId {
    match outcome {
        Outcome::Received { message, .. } | Outcome::Appended { message, .. } => message,
        other => panic!("expected a message, got {other:?}"),
    }
}
