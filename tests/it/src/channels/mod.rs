//! What becomes of a mail: its conversation, its customer, its copy, its bounce.

mod arrival;
mod broken_mail;
mod mail_out;
mod mailbox;
mod quarantine;
mod real_mail;
mod threading;

use app::channels::Outcome;
use kernel::{ConversationId, MessageId};

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
