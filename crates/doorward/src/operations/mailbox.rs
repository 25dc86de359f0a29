//! Mailboxes as they are asked for and told. The secret is never among it: it travels as the body of
//! the call, and never comes back.

use kernel::MailboxId;
use serde::{Deserialize, Serialize};

use super::Moment;

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte, usually port 993.
    Tls,
    /// TLS after STARTTLS, usually port 143.
    StartTls,
    /// None, to this machine only.
    Plain,
}

/// What the secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum LogIn {
    /// A password.
    Password,
    /// An OAuth 2 access token.
    Xoauth2,
}

/// A mailbox without its secret. No `Debug`: a user's name is often a person's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxSettings {
    /// What people call it.
    pub name: String,
    /// Host name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The only certificate authority to be trusted (PEM).
    pub authority: Option<String>,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub log_in: LogIn,
    /// The folder that is read.
    pub folder: String,
    /// Where mail goes once it is taken in; without it, mail is marked and stays.
    pub move_to: Option<String>,
    /// Mail from before this day is left alone.
    pub since: Option<Moment>,
}

/// Answer to an addition, a change or a removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxChanged {
    /// Which.
    pub id: MailboxId,
}

/// A mailbox in the list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxRow {
    /// Its id.
    pub id: MailboxId,
    /// As it was added.
    #[serde(flatten)]
    pub settings: MailboxSettings,
    /// Whether it is not read at present.
    pub paused: bool,
    /// When its folder last held nothing that waited.
    pub succeeded_at: Option<Moment>,
    /// When it last failed; none once it succeeded again.
    pub failed_at: Option<Moment>,
    /// Why.
    pub trouble: Option<String>,
    /// Mails taken in from it.
    pub taken: u64,
    /// Mails that lie there for good, too large or refused by their own server.
    pub left_alone: u64,
}

/// All mailboxes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailboxes {
    /// The oldest first.
    pub mailboxes: Vec<MailboxRow>,
}

/// One stage of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxStage {
    /// `name`, `connect`, `tls`, `log-in`, `folder`, `count`.
    pub stage: String,
    /// Whether it went well.
    pub ok: bool,
    /// What was found, in plain words.
    pub found: String,
}

/// Answer to a test. No `Debug`: the server may name an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxTested {
    /// Which.
    pub id: MailboxId,
    /// Whether all went well.
    pub passed: bool,
    /// The stages, in order; the last one is the one that failed, if one did.
    pub stages: Vec<MailboxStage>,
    /// What the server itself said about the failure.
    pub server_said: Option<String>,
}
