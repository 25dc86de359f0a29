//! The agent's desk: rail, list, thread and customer, each of which loads by itself. Nothing here
//! holds state, and nothing leaves but what the domains hand out masked.

mod answer;
mod assignment;
mod colleagues;
mod customer;
mod design;
mod events;
mod file;
mod list;
mod page;
mod rail;
mod reveal;
mod selection;
mod steps;
mod thread;
mod view;
mod words;
mod writing;

pub(crate) use design::show as design;
pub(crate) use events::events;
pub(crate) use file::show as file;
// What templates name.
pub(crate) use thread::Entry;

pub(crate) use page::{first, in_view, opened};
pub(crate) use reveal::show as reveal;
pub(crate) use steps::{assign, assignment, close, label, labels, put_off, reopen, unassign, unlabel};
pub(crate) use writing::{keep, note, reply, take_back};

/// What is done to a selection.
pub(crate) mod selected {
    pub(crate) use super::selection::{close, label, put_off, take};
}

use app::access::Refusal;
use app::{desk, vault};

use crate::problem::Problem;

/// What the desk's refusals are to somebody at a screen.
pub(crate) fn refusal(error: desk::Error) -> Problem {
    match error {
        desk::Error::NoConversation | desk::Error::NoAgent => Problem::Nothing,
        desk::Error::Cursor(_) => Problem::Query,
        desk::Error::Illegal(_) | desk::Error::Assigned(_) | desk::Error::Stale => Problem::Overtaken,
        desk::Error::LabelName => Problem::Wrong("wrong-label"),
        desk::Error::TooManyLabels | desk::Error::TooManyLabelNames => Problem::Wrong("wrong-many-labels"),
        desk::Error::NoteText => Problem::Wrong("wrong-note"),
        desk::Error::SnoozeTime => Problem::Wrong("wrong-time"),
        desk::Error::Vault(error) => vault_refusal(error),
        error => fault(&error),
    }
}

/// The same of the vault's.
pub(crate) fn vault_refusal(error: vault::Error) -> Problem {
    match error {
        vault::Error::NoCustomer | vault::Error::NoValue => Problem::Nothing,
        vault::Error::Erased => Problem::Refused(Refusal::Erased),
        vault::Error::NotConcerned => Problem::Refused(Refusal::NotConcerned),
        vault::Error::Purpose { .. } => Problem::Refused(Refusal::Purpose),
        error => fault(&error),
    }
}

/// What went wrong on our side: it is in the log, and the next try may do better.
pub(crate) fn fault(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the desk cannot answer");
    Problem::Unavailable
}
