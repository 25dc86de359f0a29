//! What becomes of a mail of ours on its way, for each of its recipients.
//!
//! A server's words are foreign text: one bounded line, and addresses in them leave as their masks.

use std::fmt;
use std::str::FromStr;

use kernel::{MessageId, Timestamp};
use zeroize::Zeroizing;

use super::smtp::Stage;
use crate::Actor;
use crate::vault::Mask;

/// Where a mail of ours stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It waits for the time in which it can be taken back.
    Held,
    /// It waits to be tried again.
    Queued,
    /// It is being handed over at this moment.
    Sending,
    /// The mail server took it for all recipients.
    Sent,
    /// It will not be tried again, for at least one of its recipients.
    Failed,
}

impl DeliveryState {
    const WORDS: [(Self, &'static str); 5] = [
        (Self::Held, "held"),
        (Self::Queued, "queued"),
        (Self::Sending, "sending"),
        (Self::Sent, "sent"),
        (Self::Failed, "failed"),
    ];

    /// The stored word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A stored word that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored word is unknown to this version")]
pub struct UnknownDelivery;

impl FromStr for DeliveryState {
    type Err = UnknownDelivery;

    fn from_str(word: &str) -> Result<Self, UnknownDelivery> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(state, _)| *state).ok_or(UnknownDelivery)
    }
}

/// What became of a mail for one recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientState {
    /// It has not left yet.
    #[default]
    Waiting,
    /// The mail server took it.
    Accepted,
    /// The mail server refused it for good, or it was tried for too long.
    Refused,
}

/// Somebody a mail goes to. Personal: it exists only inside the sealed envelope.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Recipient {
    pub(super) address: String,
    #[serde(default)]
    pub(super) state: RecipientState,
    /// The server's words, when it had some.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) words: Option<String>,
}

/// The sealed document of `outgoing_mail.sealed`: to whom, and how it hangs in its thread.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    pub(super) recipients: Vec<Recipient>,
    /// An address of ours that names the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_reply_to: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<String>,
    /// No person wrote it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) automatic: bool,
    /// What went wrong last, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<(Stage, String)>,
}

impl Envelope {
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.state == RecipientState::Waiting)
    }
}

/// A mail of ours on its way, as a thread shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// Who wrote it.
    pub author: Actor,
    /// When it is tried next; for a held one, until when it can be taken back.
    pub due_at: Option<Timestamp>,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// How often it was tried.
    pub tries: u64,
    /// Once or more the connection died before the server could say that it had the mail, and the
    /// same mail was sent again: somebody may have it twice.
    pub perhaps_twice: bool,
    /// What became of it for each recipient; empty when its customer is erased.
    pub recipients: Vec<RecipientDelivery>,
    /// What went wrong last: the stage, and the server's words.
    pub trouble: Option<(Stage, String)>,
}

/// What became of it for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientDelivery {
    /// The address as its mask.
    pub address: String,
    /// What became of it.
    pub state: RecipientState,
    /// The server's words, when it had some.
    pub words: Option<String>,
}

/// A mail of ours on its way, still sealed.
pub struct SealedDelivery {
    /// The message that it carries.
    pub message: MessageId,
    /// Sealed envelope; none when its customer is erased.
    pub sealed: Option<Vec<u8>>,
    pub(super) state: DeliveryState,
    pub(super) author: Actor,
    pub(super) due_at: Option<Timestamp>,
    pub(super) changed_at: Timestamp,
    pub(super) tries: u64,
    pub(super) doubts: u64,
}

impl SealedDelivery {
    /// As a thread shows it, with its envelope opened under the customer's key, if that is there.
    pub fn opened(&self, envelope: Option<&Zeroizing<Vec<u8>>>) -> Delivery {
        // What opens was written by this product; a later version's document may still not be read.
        let envelope: Envelope = envelope.and_then(|plain| serde_json::from_slice(plain).ok()).unwrap_or_default();
        let show = |recipient: Recipient| RecipientDelivery {
            address: Mask::Email.apply(&recipient.address).to_string(),
            state: recipient.state,
            words: recipient.words.as_deref().map(masked),
        };
        Delivery {
            state: self.state,
            author: self.author,
            due_at: self.due_at,
            changed_at: self.changed_at,
            tries: self.tries,
            perhaps_twice: self.doubts > 0 && matches!(self.state, DeliveryState::Sent | DeliveryState::Failed),
            recipients: envelope.recipients.into_iter().map(show).collect(),
            trouble: envelope.trouble.map(|(stage, words)| (stage, masked(&words))),
        }
    }
}

/// A server's words with every address in them as its mask.
pub(super) fn masked(words: &str) -> String {
    let is_around = |sign: char| !(sign.is_alphanumeric() || matches!(sign, '@' | '.' | '_' | '-' | '+' | '='));
    let mask = |piece: &str| {
        let (inner, outer) = (piece.trim_matches(is_around), piece);
        if inner.contains('@') { outer.replace(inner, &Mask::Email.apply(inner).to_string()) } else { outer.to_owned() }
    };
    words.split(' ').map(mask).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_word_that_is_read_back() {
        for (state, word) in DeliveryState::WORDS {
            assert_eq!((state.word(), word.parse()), (word, Ok(state)));
        }
    }

    #[test]
    fn a_servers_words_show_no_address() {
        for words in [
            "550 5.1.1 <anna.virtanen@x.example>: no such user",
            "550 anna.virtanen@x.example",
            "(anna.virtanen@x.example)",
        ] {
            let shown = masked(words);
            assert!(!shown.contains("anna.virtanen"), "{shown}");
        }
        assert_eq!(masked("450 4.2.0 greylisted, come back"), "450 4.2.0 greylisted, come back");
    }
}
