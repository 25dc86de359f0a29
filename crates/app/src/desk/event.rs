//! What became of a conversation besides messages and notes: one row for every step, with ids and
//! words and nothing personal.

use std::fmt;
use std::str::FromStr;

use kernel::{Id, Timestamp};

use super::message::{NewMessage, UnknownWord};
use crate::Actor;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Somebody settled the matter.
    Resolved,
    /// It is open again: somebody said so, or the customer wrote.
    Reopened,
    /// It was put off; the detail is the time, in microseconds since the epoch.
    Snoozed,
    /// That time came.
    Woken,
    /// We answered and wait for the customer.
    Waiting,
    /// An agent has it; the detail is the agent's id.
    Assigned,
    /// Nobody has it any more.
    Unassigned,
    /// It carries a label; the detail is its name.
    Labelled,
    /// It carries one label less; the detail is its name.
    Unlabelled,
}

impl EventKind {
    const WORDS: [(Self, &'static str); 9] = [
        (Self::Resolved, "resolved"),
        (Self::Reopened, "reopened"),
        (Self::Snoozed, "snoozed"),
        (Self::Woken, "woken"),
        (Self::Waiting, "waiting"),
        (Self::Assigned, "assigned"),
        (Self::Unassigned, "unassigned"),
        (Self::Labelled, "labelled"),
        (Self::Unlabelled, "unlabelled"),
    ];

    /// The stored word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for EventKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind).ok_or(UnknownWord)
    }
}

/// The id of an event: its place among events of one moment, and never on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EventId([u8; 16]);

impl Id for EventId {
    const PREFIX: &'static str = "evt";

    fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// An event as it is stored.
pub(super) struct Event {
    pub(super) id: EventId,
    pub(super) kind: EventKind,
    pub(super) actor: Actor,
    pub(super) detail: String,
    pub(super) at: Timestamp,
}

impl Event {
    /// A message opened its conversation again. The event's id follows from the message's, with
    /// its last bit turned, so that it needs no randomness inside a transaction.
    pub(super) fn of_message(message: &NewMessage) -> Self {
        let mut bytes = *message.id.bytes();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        Self {
            id: EventId(bytes),
            kind: EventKind::Reopened,
            actor: Actor::Customer(message.customer),
            detail: String::new(),
            at: message.received_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn every_kind_has_a_word_that_is_read_back() {
        for (kind, word) in EventKind::WORDS {
            assert_eq!((kind.word(), word.parse()), (word, Ok(kind)));
        }
        assert!("".parse::<EventKind>().is_err());
    }
}
