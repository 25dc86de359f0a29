//! What can be asked of an open data folder, and the one seam to whatever answers.
//!
//! A command makes an [`Operation`]; the [`Operator`] is either in this process or behind the
//! control socket of the one that serves. Nothing here knows how an operation is carried out.

mod agents;
mod answers;
mod channel;
mod findings;
mod mailbox;
mod moment;
mod product;

use std::net::IpAddr;
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use kernel::{ConversationId, CustomerId, MailboxId, QuarantineId, TokenId};
use serde::{Deserialize, Serialize};

pub use agents::{AgentDisabled, AgentInvited, AgentRow, Agents};
pub use answers::{
    AttachmentShown, BackedUp, ConversationRow, ConversationShown, Conversations, CustomersImported, Erased,
    Initialised, MailOutcome, Merged, MessageShown, Outcome, Quarantine, QuarantineRow, QuarantineShown, Rejection,
    Released, Restored, Rotated, TokenCreated, TokenRevoked, TokenRow, Tokens, Verified,
};
pub use channel::{
    AddressRow, ChannelChanged, ChannelOperation, ChannelsShown, Encryption, FailedMails, FailedRow, ServerRow,
    TrialShown, TrialTroubleShown,
};
pub use findings::{Finding, Findings, Weight};
pub use mailbox::{
    LogIn, MailboxChanged, MailboxRow, MailboxSettings, MailboxStage, MailboxTested, Mailboxes, Security,
};
pub use moment::Moment;
pub use product::{Demonstration, Filled, Guest, HttpEntry, Initialise, MboxEntry, Opened, Product, Restore};

use crate::exit::Failure;
use crate::progress::ProgressSink;

/// An operation, and the organisation that it is about. No `Debug`: it may hold personal values.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// By id or by name; `None` when there is only one.
    pub organisation: Option<String>,
    /// What is asked.
    pub operation: Operation,
}

/// How a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceivedVia {
    /// A mail server's pipe.
    Pipe,
    /// A file, a folder or an mbox.
    Import,
    /// The HTTP entry.
    Http,
}

/// States of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody has looked yet.
    New,
    /// An agent works on it.
    Open,
    /// The customer's turn.
    Waiting,
    /// Asleep until a date.
    Snoozed,
    /// Done.
    Resolved,
}

/// What can be asked. The answer's type is named beside each; bodies are raw bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "kebab-case")]
pub enum Operation {
    /// Takes in the mail in the body → [`MailOutcome`].
    Mail {
        /// Address that handed the mail to our mail server; with it SPF is asked for.
        client_ip: Option<IpAddr>,
        /// The name it gave.
        helo: Option<String>,
        /// Envelope sender.
        mail_from: Option<String>,
        /// The way it came.
        received_via: ReceivedVia,
    },
    /// Takes in the customers of a CSV body whose first line names the columns →
    /// [`CustomersImported`].
    ImportCustomers {
        /// Column of the file and the field it holds, `-` for none. Columns that bear a field's
        /// name or label are understood without.
        columns: Vec<(String, String)>,
        /// Check everything, keep nothing.
        dry_run: bool,
    },
    /// → [`Conversations`].
    ConversationsList {
        /// Only those in this state.
        state: Option<State>,
        /// Only those with this label.
        label: Option<String>,
        /// Only those of this agent (id or address).
        assignee: Option<String>,
        /// Rows on the page, at most [`kernel::limits::PAGE_ROWS`].
        limit: usize,
        /// Where the page begins: `next` of the page before.
        cursor: Option<String>,
    },
    /// → [`ConversationShown`], masked.
    ConversationShow {
        /// Which.
        conversation: ConversationId,
    },
    /// → [`Quarantine`].
    QuarantineList {
        /// Rows on the page.
        limit: usize,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// → [`QuarantineShown`].
    QuarantineShow {
        /// Which.
        quarantine: QuarantineId,
    },
    /// Takes the mail in after all, whatever its faults → [`Released`].
    QuarantineRelease {
        /// Which.
        quarantine: QuarantineId,
    },
    /// Links two customers that turned out to be one → [`Merged`].
    MergeCustomers {
        /// The one that is led over.
        from: CustomerId,
        /// The one that stays in front.
        into: CustomerId,
    },
    /// Destroys a customer's keys and values for ever → [`Erased`].
    EraseCustomer {
        /// Who.
        customer: CustomerId,
        /// Why, for the audit log.
        reason: String,
    },
    /// Checks the audit log → [`Verified`].
    Verify {
        /// Entries before this size are taken as checked.
        since: Option<u64>,
    },
    /// Starts a key epoch, re-wraps what lives, destroys the old epochs → [`Rotated`].
    Rotate,
    /// Copies data and wrapped keys into two folders → [`BackedUp`].
    Backup {
        /// Folder for the data, absolute; made by this.
        to: PathBuf,
        /// Folder for the wrapped keys, absolute, apart from `to`.
        keys_to: PathBuf,
    },
    /// → [`TokenCreated`].
    TokenCreate {
        /// What for.
        name: String,
        /// `mail:write` and the like.
        scopes: Vec<String>,
    },
    /// → [`Tokens`].
    TokenList,
    /// → [`TokenRevoked`].
    TokenRevoke {
        /// Which.
        token: TokenId,
    },
    /// Works on the way out of mail → as [`ChannelOperation`] tells.
    Channel {
        /// What is asked.
        wish: ChannelOperation,
    },
    /// → [`AgentInvited`].
    AgentInvite {
        /// The address, by which the agent signs in.
        address: String,
        /// `agent`, `administrator` and the like.
        roles: Vec<String>,
        /// `en`, `de`, `fi`, `pl` or `ru`.
        language: Option<String>,
    },
    /// → [`Agents`].
    AgentList,
    /// Ends an agent's coming in → [`AgentDisabled`].
    AgentDisable {
        /// Id or address.
        agent: String,
    },
    /// Takes away what an agent signs in with and gives another link → [`AgentInvited`].
    AgentReset {
        /// Id or address.
        agent: String,
    },
    /// The secret is the body → [`MailboxChanged`].
    MailboxAdd {
        /// Everything else.
        settings: MailboxSettings,
    },
    /// → [`Mailboxes`].
    MailboxList,
    /// Tries it without changing anything → [`MailboxTested`].
    MailboxTest {
        /// Which.
        mailbox: MailboxId,
    },
    /// Stops or resumes its reading → [`MailboxChanged`].
    MailboxPause {
        /// Which.
        mailbox: MailboxId,
        /// Whether it is to be read no more.
        paused: bool,
    },
    /// The secret is the body → [`MailboxChanged`].
    MailboxSecret {
        /// Which.
        mailbox: MailboxId,
    },
    /// → [`MailboxChanged`].
    MailboxRemove {
        /// Which.
        mailbox: MailboxId,
    },
    /// Checks what only the open folder can tell: durability, engine, log → [`Findings`].
    Doctor,
}

impl Operation {
    /// The name for logs; never the contents.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Mail { .. } => "mail",
            Self::ImportCustomers { .. } => "import-customers",
            Self::ConversationsList { .. } => "conversations-list",
            Self::ConversationShow { .. } => "conversation-show",
            Self::QuarantineList { .. } => "quarantine-list",
            Self::QuarantineShow { .. } => "quarantine-show",
            Self::QuarantineRelease { .. } => "quarantine-release",
            Self::MergeCustomers { .. } => "merge-customers",
            Self::EraseCustomer { .. } => "erase-customer",
            Self::Verify { .. } => "verify",
            Self::Rotate => "rotate",
            Self::Backup { .. } => "backup",
            Self::TokenCreate { .. } => "token-create",
            Self::TokenList => "token-list",
            Self::TokenRevoke { .. } => "token-revoke",
            Self::Channel { .. } => "channel",
            Self::AgentInvite { .. } => "agent-invite",
            Self::AgentList => "agent-list",
            Self::AgentDisable { .. } => "agent-disable",
            Self::AgentReset { .. } => "agent-reset",
            Self::MailboxAdd { .. } => "mailbox-add",
            Self::MailboxList => "mailbox-list",
            Self::MailboxTest { .. } => "mailbox-test",
            Self::MailboxPause { .. } => "mailbox-pause",
            Self::MailboxSecret { .. } => "mailbox-secret",
            Self::MailboxRemove { .. } => "mailbox-remove",
            Self::Doctor => "doctor",
        }
    }
}

/// Whoever carries operations out.
pub trait Operator: Send + Sync + 'static {
    /// Carries out one operation to its end; the answer is the JSON of the type that the
    /// operation names. Many run at once. A mail is durable before its answer is given.
    fn run<'a>(
        &'a self,
        call: Call,
        body: Bytes,
        progress: &'a ProgressSink,
    ) -> BoxFuture<'a, Result<serde_json::Value, Failure>>;
}
