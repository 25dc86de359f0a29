//! The agent's desk: rail, list, thread and customer, each of which loads by itself. Nothing here
//! holds state, and nothing leaves but what the domains hand out masked.

mod colleagues;
mod customer;
mod design;
mod file;
mod list;
mod page;
mod rail;
mod thread;
mod view;
mod words;

pub(crate) use design::show as design;
pub(crate) use file::show as file;
// What templates name.
pub(crate) use thread::Entry;

pub(crate) use page::{first, in_view, opened};

use app::{desk, vault};

use crate::problem::Problem;

/// What the desk's refusals are to somebody at a screen.
pub(crate) fn refusal(error: desk::Error) -> Problem {
    match error {
        desk::Error::NoConversation => Problem::Nothing,
        desk::Error::Cursor(_) | desk::Error::LabelName => Problem::Query,
        error => fault(&error),
    }
}

/// The same of the vault's.
pub(crate) fn vault_refusal(error: vault::Error) -> Problem {
    match error {
        vault::Error::NoCustomer | vault::Error::NoValue => Problem::Nothing,
        error => fault(&error),
    }
}

/// What went wrong on our side: it is in the log, and the next try may do better.
pub(crate) fn fault(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the desk cannot answer");
    Problem::Unavailable
}
