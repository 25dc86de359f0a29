//! Speaking SMTP to the mail server that takes our mail (RFC 5321 and 6409): one step at a time,
//! so that whoever speaks knows at which step it went wrong.
//!
//! It never tries again, never stores anything and never writes a password or an address to the log.

mod connection;
mod reply;
mod session;
mod wire;

use std::time::Duration;

pub(super) use session::Session;
pub(super) use wire::dotted;

/// How long finding a name and connecting may take.
const CONNECT_TIME: Duration = Duration::from_secs(30);
/// How long an answer may take (RFC 5321, 4.5.3.2, has up to five minutes).
const ANSWER_TIME: Duration = Duration::from_mins(5);
/// How long the answer behind the last dot may take (RFC 5321, 4.5.3.2.6).
const ACCEPTANCE_TIME: Duration = Duration::from_mins(10);
/// Characters of a server's words that are kept.
const WORDS_CHARS: usize = 500;

/// A step of handing a mail over, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Finding the server's address by its name.
    Name,
    /// Connecting to it, and its greeting.
    Connect,
    /// Encrypting the connection.
    Tls,
    /// Logging in.
    LogIn,
    /// Naming the sender.
    Sender,
    /// Naming a recipient.
    Recipient,
    /// Handing the text over, up to the last dot.
    Text,
    /// The answer behind the last dot.
    Accepted,
}

impl Stage {
    /// Every stage, in their order.
    pub const ALL: [Self; 8] =
        [Self::Name, Self::Connect, Self::Tls, Self::LogIn, Self::Sender, Self::Recipient, Self::Text, Self::Accepted];

    /// The stage in a word, stable, for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::LogIn => "log-in",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Text => "text",
            Self::Accepted => "accepted",
        }
    }
}

/// What kind of trouble it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The server said that a later try may succeed (4xx), or something between us and it failed.
    Temporary,
    /// The server said no (5xx), or what we want of it is not there.
    Permanent,
    /// The connection died, or an answer did not come in time.
    Lost,
}

/// What went wrong, and where. No `Debug`: a server's words often hold an address.
#[derive(Clone)]
pub(super) struct Trouble {
    pub(super) stage: Stage,
    pub(super) kind: Kind,
    /// The server's words, or ours; one line of at most [`WORDS_CHARS`] characters.
    pub(super) words: String,
}

impl Trouble {
    fn lost(stage: Stage, words: impl std::fmt::Display) -> Self {
        Self { stage, kind: Kind::Lost, words: one_line(&words.to_string()) }
    }

    fn temporary(stage: Stage, words: impl std::fmt::Display) -> Self {
        Self { stage, kind: Kind::Temporary, words: one_line(&words.to_string()) }
    }

    fn permanent(stage: Stage, words: impl std::fmt::Display) -> Self {
        Self { stage, kind: Kind::Permanent, words: one_line(&words.to_string()) }
    }

    /// Whether nobody knows if the server took the mail.
    pub(super) fn is_doubtful(&self) -> bool {
        self.stage == Stage::Accepted && self.kind == Kind::Lost
    }
}

/// Foreign words on one bounded line, without characters that could move a cursor or turn the text.
fn one_line(words: &str) -> String {
    let clean = words.chars().map(|sign| if sign.is_control() || is_turning(sign) { ' ' } else { sign });
    clean.take(WORDS_CHARS).collect::<String>().trim().to_owned()
}

/// Marks that turn the direction of a text.
const fn is_turning(sign: char) -> bool {
    matches!(sign, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
