//! The thread pane: one conversation from its end, messages, notes and events in the order of time.
//! The domain has put the look on record and masked the addresses before anything comes here.

use std::sync::Arc;

use app::Actor;
use app::access::Permit;
use app::access::action::ReadConversation;
use app::desk::{AttachmentPurpose, Direction, EventKind, Item, Thread, ThreadRequest};
use app::identity::SignedIn;
use askama::Template;
use kernel::{AgentId, AttachmentId, ConversationId, MessageId, NoteId, Timestamp};

use super::colleagues::Colleagues;
use super::view::View;
use super::{list, refusal, words};
use crate::moments::{self, Moments};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::strings::Strings;

/// Items of one page.
const ITEMS: usize = 50;

/// A file below a message.
pub(crate) struct File {
    pub(crate) id: AttachmentId,
    pub(crate) name: String,
    pub(crate) size: String,
}

/// One thing in the thread.
pub(crate) enum Entry {
    Message {
        id: MessageId,
        author: String,
        is_ours: bool,
        at: Timestamp,
        /// What was newly written; none when its key is destroyed.
        text: Option<String>,
        quoted: Option<String>,
        has_design: bool,
        files: Vec<File>,
        warnings: Vec<(String, &'static str)>,
    },
    Note {
        id: NoteId,
        author: String,
        at: Timestamp,
        text: Option<String>,
    },
    Event {
        text: String,
        at: Timestamp,
    },
}

/// The whole pane.
#[derive(Template)]
#[template(path = "desk/thread.html")]
pub(crate) struct ThreadPane {
    pub(crate) l: Strings,
    pub(crate) moments: Moments,
    pub(crate) id: ConversationId,
    pub(crate) subject: String,
    pub(crate) customer_name: String,
    pub(crate) state: String,
    pub(crate) assignee: Option<String>,
    pub(crate) labels: Vec<String>,
    /// Where the list is.
    pub(crate) list: String,
    pub(crate) channel: String,
    pub(crate) entries: Vec<Entry>,
    /// The address of what came before.
    pub(crate) earlier: Option<String>,
    /// Whether this is the end of the thread.
    pub(crate) is_end: bool,
}

/// Opens a page of a thread.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    permit: &Permit<ReadConversation>,
    before: &str,
) -> Result<Thread, Problem> {
    let before = Some(before).filter(|before| !before.is_empty());
    let before = before.map(str::parse).transpose().map_err(|_| Problem::Query)?;
    let request = ThreadRequest { before, limit: ITEMS };
    shared.app.desk.show(permit, request).await.map_err(refusal)
}

/// The pane of an opened thread.
pub(crate) async fn pane(
    shared: &Arc<Shared>,
    me: &SignedIn,
    (l, moments): (Strings, &Moments),
    (view, query): (&View, &str),
    (thread, is_end): (Thread, bool),
) -> ThreadPane {
    let colleagues = Colleagues::of(shared, me, agents(&thread)).await;
    let list = format!("{}{query}", view.path());
    let earlier = thread.earlier.map(|cursor| format!("{}/{}?before={cursor}", view.path(), thread.id));
    let customer_name = thread.customer_name.clone().unwrap_or_else(|| l.t("nameless"));
    let entries = thread.items.into_iter().map(|item| entry(l, moments, &colleagues, &customer_name, item));
    ThreadPane {
        l,
        moments: moments.clone(),
        id: thread.id,
        subject: list::subject(l, thread.subject),
        state: words::state(l, thread.state),
        assignee: thread.assignee.and_then(|agent| colleagues.name(agent).map(str::to_owned)),
        labels: thread.labels,
        list,
        channel: words::channel(l, &thread.channel),
        entries: entries.collect(),
        customer_name,
        earlier,
        is_end,
    }
}

/// Every agent whom the thread names.
fn agents(thread: &Thread) -> Vec<AgentId> {
    let of_actor = |actor: Actor| match actor {
        Actor::Agent(agent) => Some(agent),
        _ => None,
    };
    let named = thread.items.iter().flat_map(|item| match item {
        Item::Message(_) => [None, None],
        Item::Note(note) => [of_actor(note.author), None],
        Item::Event(event) => {
            let to = Some(event).filter(|event| event.kind == EventKind::Assigned);
            [of_actor(event.actor), to.and_then(|event| event.detail.parse().ok())]
        }
    });
    named.flatten().chain(thread.assignee).collect()
}

fn entry(l: Strings, moments: &Moments, colleagues: &Colleagues, customer: &str, item: Item) -> Entry {
    match item {
        Item::Note(note) => Entry::Note {
            id: note.id,
            author: words::actor(l, colleagues, note.author),
            at: note.created_at,
            text: note.text,
        },
        Item::Event(event) => Entry::Event { text: words::event(l, moments, colleagues, &event), at: event.at },
        Item::Message(message) => {
            let warnings = words::warnings(l, &message);
            let is_ours = message.direction == Direction::Out;
            let files = message.attachments.iter().filter(|file| file.purpose != AttachmentPurpose::Inline);
            let files =
                files.map(|file| File { id: file.id, name: file_name(l, file), size: moments::size(l, file.size) });
            let files = files.collect();
            let content = message.content;
            let from = content.as_ref().and_then(|content| content.from.as_ref());
            let written = from.and_then(|from| from.name.clone()).filter(|name| !name.trim().is_empty());
            let author = match (is_ours, message.by_participant) {
                (true, _) => written.unwrap_or_else(|| l.t("message-ours")),
                (false, true) => written.unwrap_or_else(|| l.t("message-participant")),
                (false, false) => customer.to_owned(),
            };
            Entry::Message {
                id: message.id,
                author,
                is_ours,
                at: message.received_at,
                has_design: content.as_ref().is_some_and(|content| content.html.is_some()),
                quoted: content.as_ref().and_then(|content| content.quoted.clone()),
                text: content.map(|content| content.text),
                files,
                warnings,
            }
        }
    }
}

fn file_name(l: Strings, file: &app::desk::Attachment) -> String {
    match (&file.description, file.purpose) {
        (None, _) => l.t("erased"),
        (Some(_), AttachmentPurpose::Raw) => l.t("file-raw"),
        (Some(about), _) => about.filename.clone().unwrap_or_else(|| l.t("file-nameless")),
    }
}
