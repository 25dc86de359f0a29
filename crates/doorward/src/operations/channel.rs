//! What can be asked about the addresses that mail leaves by, and about mail that failed.

use kernel::MessageId;
use serde::{Deserialize, Serialize};

use super::Moment;

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// From the first byte, usually port 465.
    Implicit,
    /// After STARTTLS, usually port 587.
    Starttls,
    /// Not at all; only for a server on this machine.
    None,
}

/// What is asked. No `Debug`: addresses may be people's. A password travels as the call's body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ChannelOperation {
    /// → [`ChannelsShown`].
    List,
    /// Adds an address of ours, or changes it → [`ChannelChanged`].
    SetAddress {
        /// The address.
        address: String,
        /// The name beside it; what was set before stays without.
        name: Option<String>,
        /// Whether mail leaves by it when nobody says otherwise.
        is_default: bool,
        /// Whether its server takes `name+anything@`; what was set before stays without.
        takes_plus: Option<bool>,
        /// Language and text of each signature; the others stay.
        signatures: Vec<(String, String)>,
    },
    /// → [`ChannelChanged`].
    RemoveAddress {
        /// The address or its id.
        address: String,
    },
    /// Sets a mail server; the body is the password → [`ChannelChanged`].
    SetServer {
        /// For one address; for all that have none of their own without.
        address: Option<String>,
        /// Name of the server.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is encrypted.
        tls: Encryption,
        /// Whom to log in as.
        user: Option<String>,
        /// The server's certificate authority in PEM.
        authority: Option<String>,
    },
    /// → [`ChannelChanged`].
    RemoveServer {
        /// Of one address, or of all without.
        address: Option<String>,
    },
    /// How long mail is held back → [`ChannelChanged`].
    SetUndo {
        /// In seconds.
        seconds: u64,
    },
    /// Sends a test mail at once → [`TrialShown`].
    Test {
        /// By which address; by the default one without.
        from: Option<String>,
        /// To whom.
        to: String,
    },
    /// → [`FailedMails`].
    Failed {
        /// Rows on the page.
        limit: usize,
        /// Where the page begins: `next` of the page before.
        cursor: Option<String>,
    },
    /// Tries a failed mail again → [`ChannelChanged`].
    SendAgain {
        /// Which.
        message: MessageId,
    },
}

/// Answer to a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelChanged {
    /// What happened, in a few words.
    pub done: String,
}

/// Addresses, servers and the time to take back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelsShown {
    /// Addresses of ours, the default one first.
    pub addresses: Vec<AddressRow>,
    /// Mail servers, that of all addresses first.
    pub servers: Vec<ServerRow>,
    /// How long mail is held back, in seconds.
    pub undo_seconds: u64,
}

/// An address of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRow {
    /// Its id.
    pub id: String,
    /// The address.
    pub address: String,
    /// The name beside it.
    pub name: Option<String>,
    /// Whether mail leaves by it when nobody says otherwise.
    pub is_default: bool,
    /// Whether its server takes `name+anything@`.
    pub takes_plus: bool,
    /// Languages that it has a signature in.
    pub signatures: Vec<String>,
}

/// A mail server, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRow {
    /// Id of the address whose mail it takes; of all others without.
    pub address: Option<String>,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Encryption,
    /// Whom we log in as.
    pub user: Option<String>,
    /// How often in a row it could not be used.
    pub failures: u64,
    /// When it is tried again, while it cannot be used.
    pub retry_at: Option<Moment>,
}

/// How far a test mail came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialShown {
    /// The stages that went well, in their order.
    pub passed: Vec<String>,
    /// Where it ended; nothing when the server took the mail.
    pub trouble: Option<TrialTroubleShown>,
}

/// Where a test mail ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialTroubleShown {
    /// At which stage.
    pub stage: String,
    /// The server's words.
    pub words: String,
    /// What to do.
    pub advice: String,
}

/// Mail that will not be tried again by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedMails {
    /// The newest first.
    pub mails: Vec<FailedRow>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRow {
    /// The message.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: kernel::ConversationId,
    /// When it failed.
    pub failed_at: Moment,
    /// The stage at which it ended last.
    pub stage: Option<String>,
    /// The server's words, addresses masked.
    pub words: Option<String>,
}
