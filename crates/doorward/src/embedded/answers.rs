//! What the domains say, in the forms that the command line and the socket know.

use app::channels::{Quarantined, QuarantinedMail};
use app::desk::{self, Item, Page, Thread};
use app::{access, audit};
use kernel::limits;

use crate::operations::{
    AttachmentShown, ConversationRow, ConversationShown, Conversations, MessageShown, Moment, QuarantineRow,
    QuarantineShown, State, TokenCreated, TokenRow, Verified,
};

/// Shown where the key is destroyed.
const ERASED: &str = "(erased)";
/// Shown where nothing was given.
const UNNAMED: &str = "(no name)";
/// Bytes of a quarantined mail that are shown.
const PREVIEW_BYTES: usize = 2_000;

pub(super) const fn to_state(state: State) -> desk::State {
    match state {
        State::New => desk::State::New,
        State::Open => desk::State::Open,
        State::Waiting => desk::State::Waiting,
        State::Snoozed => desk::State::Snoozed,
        State::Resolved => desk::State::Resolved,
    }
}

const fn from_state(state: desk::State) -> State {
    match state {
        desk::State::New => State::New,
        desk::State::Open => State::Open,
        desk::State::Waiting => State::Waiting,
        desk::State::Snoozed => State::Snoozed,
        desk::State::Resolved => State::Resolved,
    }
}

pub(super) fn conversations(page: Page) -> Conversations {
    let rows = page.rows.into_iter().map(|row| ConversationRow {
        id: row.id,
        state: from_state(row.state),
        subject: row.subject.unwrap_or_else(|| ERASED.to_owned()),
        customer: row.customer_name.unwrap_or_else(|| UNNAMED.to_owned()),
        customer_id: row.customer,
        assignee: row.assignee,
        labels: row.labels,
        messages: row.messages,
        moved_at: Moment(row.activity_at),
    });
    Conversations { conversations: rows.collect(), next: page.next.map(|cursor| cursor.to_string()) }
}

pub(super) fn conversation_shown(thread: Thread) -> ConversationShown {
    let shown = thread.items.iter().filter(|item| matches!(item, Item::Message(_))).count() as u64;
    let conversation = ConversationRow {
        id: thread.id,
        state: from_state(thread.state),
        subject: thread.subject.unwrap_or_else(|| ERASED.to_owned()),
        customer: thread.customer_name.unwrap_or_else(|| UNNAMED.to_owned()),
        customer_id: thread.customer,
        assignee: thread.assignee,
        labels: thread.labels,
        messages: thread.messages,
        moved_at: Moment(thread.activity_at),
    };
    let messages = thread.items.into_iter().filter_map(|item| match item {
        Item::Message(message) => Some(message_shown(*message)),
        Item::Note(_) | Item::Event(_) => None,
    });
    ConversationShown {
        left_out: conversation.messages.saturating_sub(shown),
        conversation,
        thread: messages.collect(),
    }
}

fn message_shown(message: desk::Message) -> MessageShown {
    let content = message.content;
    let author = content.as_ref().and_then(|content| content.from.as_ref()).map_or_else(
        || UNNAMED.to_owned(),
        |from| match &from.name {
            Some(name) => format!("{name} <{}>", from.address),
            None => from.address.clone(),
        },
    );
    let checked = content.as_ref().and_then(|content| content.authentication.clone());
    let mut nature = message.nature.to_string();
    if message.by_participant {
        nature.push_str(", not the customer of this conversation");
    }
    if message.bounced_at.is_some() {
        nature.push_str(", came back undelivered");
    }
    MessageShown {
        id: message.id,
        at: Moment(message.received_at),
        author,
        direction: match message.direction {
            desk::Direction::In => "inbound".to_owned(),
            desk::Direction::Out => "outbound".to_owned(),
        },
        nature,
        text: content.map_or_else(|| ERASED.to_owned(), |content| content.text),
        attachments: message.attachments.into_iter().map(attachment_shown).collect(),
        authentication: checked,
    }
}

fn attachment_shown(attachment: desk::Attachment) -> AttachmentShown {
    let (name, media_type) = match attachment.description {
        Some(description) => (description.filename, description.media_type),
        None => (Some(ERASED.to_owned()), "application/octet-stream".to_owned()),
    };
    AttachmentShown { id: attachment.id, name, media_type, bytes: attachment.size }
}

pub(super) fn quarantine_row(row: Quarantined) -> QuarantineRow {
    QuarantineRow {
        id: row.id,
        reason: row.reason,
        received_at: Moment(row.received_at),
        bytes: row.size,
        released_at: row.released_at.map(Moment),
    }
}

/// The beginning of a mail that could not be read, as far as it is text.
pub(super) fn quarantine_shown(mail: QuarantinedMail) -> QuarantineShown {
    let front = mail.raw.get(..PREVIEW_BYTES.min(mail.raw.len())).unwrap_or_default();
    let text: String = String::from_utf8_lossy(front)
        .chars()
        .map(|sign| if sign.is_control() && sign != '\n' { '\u{FFFD}' } else { sign })
        .collect();
    QuarantineShown { mail: quarantine_row(mail.about), preview: Some(text) }
}

pub(super) fn verified(report: audit::Report) -> Verified {
    Verified {
        size: report.size,
        ok: report.ok,
        root: report.root,
        checkpoints: report.checkpoints,
        chains: report.chains,
        entries: report.entries,
        pending: report.pending,
        erased: report.erased,
        problems: report.problems.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn token_created(new: &access::NewToken) -> TokenCreated {
    TokenCreated { id: new.id, token: new.text.to_string() }
}

pub(super) fn token_row(token: access::Token) -> TokenRow {
    TokenRow {
        id: token.id,
        name: token.name,
        scopes: token.scopes.iter().map(|scope| scope.word().to_owned()).collect(),
        created_at: Moment(token.created_at),
        revoked_at: token.revoked_at.map(Moment),
    }
}

/// Messages on the page of a shown conversation.
pub(super) const THREAD_ITEMS: usize = limits::PAGE_ROWS;
