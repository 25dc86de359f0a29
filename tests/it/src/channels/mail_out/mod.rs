//! How mail leaves: once and in order, whatever the mail server does.

mod cuts;
mod death;
mod foreign_server;
mod order;
mod refusals;
mod settings;
mod thread;
mod undo;

use std::time::Duration;

use app::Actor;
use app::channels::{Delivery, NewReply, Writing, Written};
use app::desk::{Item, Message, Thread, ThreadRequest};
use kernel::{ConversationId, MessageId};
use testkit::{Letter, TestApp};

/// Longer than a mail is held back.
const HELD: Duration = Duration::from_secs(11);

/// A conversation that a customer began.
async fn asked(test: &TestApp, name: &str) -> ConversationId {
    let letter = Letter::new(&format!("{name} <{name}@x.example>"), "Invoice").id(&format!("{name}-1@x.example"));
    super::opened(test.mail(letter).await.unwrap())
}

fn reply_of(conversation: ConversationId, text: &str) -> NewReply {
    let writing = Writing { text: text.to_owned(), ..Writing::default() };
    NewReply { conversation, answers: None, to: None, quotes: true, writing }
}

async fn reply(test: &TestApp, conversation: ConversationId, text: &str) -> Written {
    let new = reply_of(conversation, text);
    // Nobody writes two mails in one microsecond.
    test.clock.advance(Duration::from_millis(1));
    test.app.channels.reply(test.organisation, Actor::Operator, new).await.unwrap()
}

async fn thread(test: &TestApp, conversation: ConversationId) -> Thread {
    let page = ThreadRequest { before: None, limit: 100 };
    testkit::desk(&test.app).show(test.organisation, conversation, testkit::agent(), page).await.unwrap()
}

async fn message(test: &TestApp, conversation: ConversationId, wanted: MessageId) -> Message {
    let found = thread(test, conversation).await.items.into_iter().find_map(|item| match item {
        Item::Message(message) if message.id == wanted => Some(*message),
        _ => None,
    });
    found.expect("the message is in its thread")
}

async fn delivery(test: &TestApp, written: Written) -> Delivery {
    message(test, written.conversation, written.message).await.delivery.expect("mail of ours has a delivery")
}

/// A header's value in raw mail, its folds undone.
fn header(raw: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(raw).replace("\r\n ", " ").replace("\r\n\t", " ");
    let start = format!("{}:", name.to_lowercase());
    let found = text.lines().find(|line| line.to_lowercase().starts_with(&start));
    found.map(|line| line[start.len()..].trim().to_owned()).unwrap_or_default()
}
