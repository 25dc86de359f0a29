//! What comes back: one type per operation, the same on the socket, in `--json` and in memory.
//!
//! Values in them are masked already. Types that hold any of a customer's words have no `Debug`.

use std::path::PathBuf;

use kernel::{AgentId, AttachmentId, ConversationId, CustomerId, MessageId, OrganisationId, QuarantineId, TokenId};
use serde::{Deserialize, Serialize};

use super::Moment;
use super::State;

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It began a conversation.
    Received,
    /// It joined one.
    Appended,
    /// It lies in quarantine, whole.
    Quarantined,
    /// It was here already.
    Duplicate,
}

/// Answer to a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOutcome {
    /// What became of it.
    pub outcome: Outcome,
    /// The conversation that it began or joined, or of which it is a duplicate.
    pub conversation: Option<ConversationId>,
    /// The message that it became.
    pub message: Option<MessageId>,
    /// The place in quarantine.
    pub quarantine: Option<QuarantineId>,
}

/// Answer to a chunk of customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomersImported {
    /// New customers.
    pub created: u64,
    /// Known ones that changed.
    pub updated: u64,
    /// Known ones that did not.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub rejected: Vec<Rejection>,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// From the operator: number of the row in the body, the first after the header being 1. In
    /// the report: line of the file.
    pub row: u64,
    /// Why; names the column, never the value.
    pub reason: String,
}

/// A conversation in a list.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConversationRow {
    /// Its id.
    pub id: ConversationId,
    /// Where it stands.
    pub state: State,
    /// Subject.
    pub subject: String,
    /// Name or address of the customer, masked.
    pub customer: String,
    /// The customer's id.
    pub customer_id: CustomerId,
    /// Who works on it.
    pub assignee: Option<AgentId>,
    /// What it is about.
    pub labels: Vec<String>,
    /// How many messages it holds.
    pub messages: u64,
    /// When it last moved.
    pub moved_at: Moment,
}

/// A page of conversations, the last moved first.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversations {
    /// The rows.
    pub conversations: Vec<ConversationRow>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// A message of an opened conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct MessageShown {
    /// Its id.
    pub id: MessageId,
    /// When it arrived.
    pub at: Moment,
    /// Who wrote it, masked.
    pub author: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// `personal`, `auto-reply`, `bounce` …
    pub nature: String,
    /// What was newly written, masked.
    pub text: String,
    /// What hangs on it.
    pub attachments: Vec<AttachmentShown>,
    /// Results of sender authentication, as in RFC 8601: `spf=pass dkim=none`.
    pub authentication: Option<String>,
}

/// An attachment.
#[derive(Clone, Serialize, Deserialize)]
pub struct AttachmentShown {
    /// Its id.
    pub id: AttachmentId,
    /// File name, as the sender gave it.
    pub name: Option<String>,
    /// RFC 6838 media type.
    pub media_type: String,
    /// Plain size.
    pub bytes: u64,
}

/// A whole conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConversationShown {
    /// As in the list.
    #[serde(flatten)]
    pub conversation: ConversationRow,
    /// Its messages, the oldest first.
    pub thread: Vec<MessageShown>,
    /// How many older messages are left out.
    pub left_out: u64,
}

/// A mail in quarantine.
#[derive(Clone, Serialize, Deserialize)]
pub struct QuarantineRow {
    /// Its id.
    pub id: QuarantineId,
    /// Why it lies there.
    pub reason: String,
    /// When it came.
    pub received_at: Moment,
    /// Raw size.
    pub bytes: u64,
    /// When it was let in after all.
    pub released_at: Option<Moment>,
}

/// A page of the quarantine, the newest first.
#[derive(Clone, Serialize, Deserialize)]
pub struct Quarantine {
    /// The rows.
    pub quarantine: Vec<QuarantineRow>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// A mail in quarantine, opened.
#[derive(Clone, Serialize, Deserialize)]
pub struct QuarantineShown {
    /// As in the list.
    #[serde(flatten)]
    pub mail: QuarantineRow,
    /// What can be read of it, masked.
    pub preview: Option<String>,
}

/// Answer to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Where the mail is now.
    pub conversation: ConversationId,
    /// As what.
    pub message: MessageId,
}

/// Answer to a merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The one that is led over.
    pub from: CustomerId,
    /// The one that stays in front.
    pub into: CustomerId,
}

/// Answer to an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The customer and all who had turned out to be that customer; none when erased before.
    pub customers: Vec<CustomerId>,
    /// Keys destroyed.
    pub keys: u64,
    /// Values and contact points removed.
    pub values: u64,
    /// Messages whose content is gone.
    pub messages: u64,
    /// Attachments and raw mails removed.
    pub blobs: u64,
}

/// Answer to a check of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Entries in the log.
    pub size: u64,
    /// Whether everything held.
    pub ok: bool,
    /// Root hash over `size` entries, base64.
    pub root: String,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// Chains of customers checked.
    pub chains: u64,
    /// Entries in all chains, those included that no checkpoint signs yet.
    #[serde(default)]
    pub entries: u64,
    /// Entries that no checkpoint signs yet.
    #[serde(default)]
    pub pending: u64,
    /// Entries whose content is gone with the keys of the one they were about.
    #[serde(default)]
    pub erased: u64,
    /// What did not hold, the gravest first.
    pub problems: Vec<String>,
}

/// Answer to a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// The epoch that is now in force.
    pub epoch: u32,
    /// Keys wrapped anew.
    pub rewrapped: u64,
    /// Epochs destroyed.
    pub destroyed: Vec<u32>,
}

/// Answer to a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// The data's folder.
    pub data: PathBuf,
    /// The wrapped keys' folder.
    pub keys: PathBuf,
    /// Files written.
    pub files: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Answer to a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The folder that was filled.
    pub data: PathBuf,
    /// Rows brought back.
    pub rows: u64,
    /// Large sealed files brought back.
    pub blobs: u64,
    /// Customers erased after the backup, and erased again.
    pub erasures: u64,
    /// Customers whose keys a rotation has destroyed since: nothing of theirs opens.
    pub lost: u64,
}

/// A new token: the only time that its text is seen. No `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenCreated {
    /// Its id.
    pub id: TokenId,
    /// The bearer token.
    pub token: String,
}

/// A token in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// What for.
    pub name: String,
    /// What it may.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Moment,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
}

/// All tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// The newest first.
    pub tokens: Vec<TokenRow>,
}

/// Answer to a revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRevoked {
    /// Which.
    pub id: TokenId,
}

/// Answer to `init`. No `Debug`: the link lets in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initialised {
    /// The new organisation.
    pub organisation: OrganisationId,
    /// Its first administrator.
    pub administrator: AgentId,
    /// The administrator's way in, good once and seen only here.
    pub enrolment_url: String,
    /// Until when it is good.
    pub expires_at: Moment,
    /// The data folder.
    pub data: PathBuf,
    /// The root key's file, when there is one.
    pub root_key: Option<PathBuf>,
    /// The wrapped keys.
    pub keyring: PathBuf,
}
