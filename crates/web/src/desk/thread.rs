//! The thread pane: one conversation from its end, messages, notes and events in the order of time.
//! The domain has put the look on record and masked the addresses before anything comes here.

use std::sync::Arc;

use app::Actor;
use app::access::Permit;
use app::access::action::ReadConversation;
use app::desk::{AttachmentPurpose, Direction, Draft, DraftKind, EventKind, Item, State, Thread, ThreadRequest};
use app::identity::SignedIn;
use askama::Template;
use kernel::{AgentId, AttachmentId, ConversationId, MessageId, NoteId, Timestamp};

use super::colleagues::Colleagues;
use super::view::{self, View};
use super::{list, refusal, words};
use crate::frame::Frame;
use crate::moments::{self, Moments};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::snooze::{self, Preset};
use crate::strings::Strings;

/// Items of one page.
const ITEMS: usize = 50;

/// A file below a message.
pub(crate) struct File {
    pub(crate) id: AttachmentId,
    pub(crate) name: String,
    pub(crate) size: String,
}

/// How a mail of ours fares.
pub(crate) struct Journey {
    pub(crate) words: String,
    /// The class of its tag.
    pub(crate) kind: &'static str,
    /// What the mail server said, for a refusal or a delay.
    pub(crate) trouble: Option<String>,
    /// Seconds in which it can still be taken back.
    pub(crate) undo: Option<u64>,
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
        journey: Option<Journey>,
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
    /// Who has it, as the page says it when it gives it away.
    pub(crate) held: String,
    pub(crate) is_resolved: bool,
    pub(crate) is_snoozed: bool,
    /// Each with its part of an address.
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) presets: Vec<Preset>,
    /// Who else is here.
    pub(crate) others: String,
    pub(crate) draft: Draft,
    /// What a form of this page carries.
    pub(crate) token: String,
    pub(crate) draft_kept: Option<Timestamp>,
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
    (me, permit): (&SignedIn, &Permit<ReadConversation>),
    frame: &Frame,
    (view, query): (&View, &str),
    (thread, is_end): (Thread, bool),
) -> Result<ThreadPane, Problem> {
    let (l, moments) = (frame.strings, &frame.moments);
    shared.presence.look(me, Some(thread.id));
    let colleagues = Colleagues::of(shared, me, agents(&thread)).await;
    let (draft, kept) = shared.app.desk.draft(permit).await.map_err(refusal)?.unzip();
    let list = format!("{}{query}", view.path());
    let earlier = thread.earlier.map(|cursor| format!("{}/{}?before={cursor}", view.path(), thread.id));
    let customer_name = thread.customer_name.clone().unwrap_or_else(|| l.t("nameless"));
    let entries = thread.items.into_iter().map(|item| entry(l, moments, &colleagues, &customer_name, item));
    Ok(ThreadPane {
        l,
        moments: moments.clone(),
        id: thread.id,
        subject: list::subject(l, thread.subject),
        state: words::state(l, thread.state),
        held: thread.assignee.map(|agent| agent.to_string()).unwrap_or_default(),
        assignee: thread.assignee.map(|agent| colleagues.name(agent).map_or_else(|| l.t("actor-agent"), str::to_owned)),
        is_resolved: thread.state == State::Resolved,
        is_snoozed: thread.state == State::Snoozed,
        labels: thread.labels.into_iter().map(|name| (view::encoded(&name), name)).collect(),
        presets: snooze::presets(l, moments),
        others: words::others(l, &shared.presence.others(me, thread.id, moments.now())),
        draft: draft.unwrap_or_default(),
        token: frame.token().to_owned(),
        draft_kept: kept,
        list,
        channel: words::channel(l, &thread.channel),
        entries: entries.collect(),
        customer_name,
        earlier,
        is_end,
    })
}

/// Every agent whom the thread names.
fn agents(thread: &Thread) -> Vec<AgentId> {
    let of_actor = |actor: Actor| match actor {
        Actor::Agent(agent) => Some(agent),
        _ => None,
    };
    let named = thread.items.iter().flat_map(|item| match item {
        Item::Message(message) => [message.delivery.as_ref().and_then(|delivery| of_actor(delivery.author)), None],
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
            let journey = message.delivery.as_ref().map(|delivery| words::journey(l, moments, delivery));
            let writer = message.delivery.as_ref().map(|delivery| words::actor(l, colleagues, delivery.author));
            let is_ours = message.direction == Direction::Out;
            let files = message.attachments.iter().filter(|file| file.purpose != AttachmentPurpose::Inline);
            let files =
                files.map(|file| File { id: file.id, name: file_name(l, file), size: moments::size(l, file.size) });
            let files = files.collect();
            let content = message.content;
            let from = content.as_ref().and_then(|content| content.from.as_ref());
            let written = from.and_then(|from| from.name.clone()).filter(|name| !name.trim().is_empty());
            let author = match (is_ours, message.by_participant) {
                (true, _) => writer.or(written).unwrap_or_else(|| l.t("message-ours")),
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
                journey,
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

impl ThreadPane {
    /// Whether what is being written is for colleagues.
    pub(crate) fn is_note(&self) -> bool {
        self.draft.kind == DraftKind::Note
    }
}
