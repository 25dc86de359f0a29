//! What can go wrong with a mail server, in words that say where and what to do. What the server
//! itself said is kept apart: it may name people, so it is told to the operator who asks and to
//! nobody else.

use std::fmt;

/// Characters of a server's own words that are told.
const SAID_CHARS: usize = 300;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The server's name is looked up.
    Name,
    /// The connection is made.
    Connect,
    /// TLS is made and the certificate checked.
    Tls,
    /// Logging in.
    LogIn,
    /// The folder is opened.
    Folder,
    /// Mail is counted or looked for.
    Count,
    /// A mail is fetched.
    Fetch,
    /// A mail that was taken in is moved or marked.
    PutAway,
    /// New mail is waited for.
    Wait,
}

impl Stage {
    /// In a word or two, for lists.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::LogIn => "log-in",
            Self::Folder => "folder",
            Self::Count => "count",
            Self::Fetch => "fetch",
            Self::PutAway => "put away",
            Self::Wait => "wait",
        }
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No address by this name.
    #[error("the server's name has no address: check the host name")]
    NoAddress,
    /// A connection without TLS would leave this machine.
    #[error("without TLS only this machine is spoken to: use tls, or starttls")]
    NotLoopback,
    /// Nobody answers there.
    #[error("nobody answers at this host and port: check both, and the firewalls between")]
    Unreachable,
    /// The certificate or the handshake is not good.
    #[error("no trustworthy TLS connection: {0}")]
    Tls(String),
    /// STARTTLS was asked for and is not offered.
    #[error("the server offers no STARTTLS: use tls with port 993")]
    NoStartTls,
    /// None of the ways to log in is offered.
    #[error("the server does not offer this way to log in: choose the other, or allow it there")]
    NoLogIn,
    /// The log-in was refused.
    #[error("the log-in was refused: check user and secret")]
    LogInRefused,
    /// The folder may only be read.
    #[error("the folder may only be read: give this user the right to change it")]
    ReadOnly,
    /// The server said no.
    #[error("the server refused{}", code(.0.as_deref()))]
    Refused(Option<String>),
    /// What came is not what the protocol foresees.
    #[error("the server does not speak as an IMAP server does")]
    Unexpected,
    /// The other side closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// The other side is silent.
    #[error("the server did not answer in time")]
    Slow,
    /// An answer is longer than is taken.
    #[error("the server's answer is longer than is taken")]
    TooLong,
    /// A mail could not be stored here.
    #[error("mail could not be stored here and stays where it is: {0}")]
    NotStored(String),
    /// The settings cannot be opened.
    #[error("the settings of this mailbox cannot be used: {0}")]
    Settings(String),
}

/// A response code, which is a word of the protocol and names nobody.
fn code(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}

/// What went wrong, where, and what the server said about it. The text of the error leaves the
/// server's words out.
pub struct Trouble {
    /// How far it came.
    pub stage: Stage,
    /// What it was.
    pub cause: Cause,
    said: Option<String>,
}

impl Trouble {
    pub(in crate::channels) const fn new(stage: Stage, cause: Cause) -> Self {
        Self { stage, cause, said: None }
    }

    pub(super) fn said(mut self, words: &str) -> Self {
        let words: String = words.chars().filter(|sign| !sign.is_control()).take(SAID_CHARS).collect();
        self.said = Some(words).filter(|words| !words.is_empty());
        self
    }

    /// The server's own words, for the operator who is testing it: they may name an account.
    pub fn server_said(&self) -> Option<&str> {
        self.said.as_deref()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage.word(), self.cause)
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Trouble {}
