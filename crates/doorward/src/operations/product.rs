//! What the command line needs of the product besides operations: making, opening, serving and
//! restoring a data folder.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Initialised, Operator, Restored};
use crate::configuration::Settings;
use crate::exit::Failure;
use crate::progress::ProgressSink;

/// What `init` is told. No `Debug`: the address is a person's.
#[derive(Clone)]
pub struct Initialise {
    /// Name of the organisation.
    pub organisation: String,
    /// Address of the first administrator.
    pub admin_email: String,
}

/// What `restore` is told.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The backup's data.
    pub from: PathBuf,
    /// The backup's wrapped keys.
    pub keys_from: PathBuf,
}

/// One mail of an mbox.
pub enum MboxEntry {
    /// A whole mail.
    Mail(Vec<u8>),
    /// A mail above [`kernel::limits::MAIL_BYTES`], skipped.
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
    },
}

/// What the HTTP entry is given.
pub struct HttpEntry {
    /// Bound already.
    pub listener: TcpListener,
    /// Memory for bodies above [`kernel::limits::LARGE_BODY_BYTES`], one permit per byte, shared
    /// with the control socket.
    pub large_bodies: Arc<Semaphore>,
    /// Cancelled when the process shall stop: take nothing new, finish what was begun, return.
    pub shutdown: CancellationToken,
}

/// The product as the command line sees it. For a SQLite folder the caller holds the owner's lock
/// around every call but [`Product::split_mbox`].
pub trait Product: Send + Sync + 'static {
    /// Makes what is missing (folder 0700, root key 0600, keyring, schema) and the organisation.
    /// Never overwrites a root key.
    fn initialise<'a>(
        &'a self,
        settings: &'a Settings,
        wish: Initialise,
    ) -> BoxFuture<'a, Result<Initialised, Failure>>;

    /// Opens a data folder: unlocks the keys, upgrades the schema, starts what runs beside.
    fn open<'a>(&'a self, settings: &'a Settings) -> BoxFuture<'a, Result<Arc<dyn Opened>, Failure>>;

    /// Opens a folder that has just been made, to be filled with made-up work.
    fn demonstrate<'a>(&'a self, settings: &'a Settings) -> BoxFuture<'a, Result<Arc<dyn Demonstration>, Failure>>;

    /// Fills an empty data folder from a backup and makes later erasures again.
    fn restore<'a>(
        &'a self,
        settings: &'a Settings,
        wish: Restore,
        progress: &'a ProgressSink,
    ) -> BoxFuture<'a, Result<Restored, Failure>>;

    /// Reads an mbox mail by mail, bounded. Stops at the first failure of `each`.
    fn split_mbox(
        &self,
        reader: &mut dyn BufRead,
        each: &mut dyn FnMut(MboxEntry) -> Result<(), Failure>,
    ) -> Result<(), Failure>;
}

/// An agent of a demonstration, who comes in by a link.
#[derive(Clone, Debug, Serialize)]
pub struct Guest {
    /// The made-up name.
    pub name: String,
    /// What the agent's work is.
    pub roles: String,
    /// What stands behind `/demo/` in the link; it works as long as the process lives.
    pub key: String,
}

/// An open folder that is being filled with a made-up organisation's work.
pub trait Demonstration: Opened {
    /// Makes the agents, an address of ours, and a mail server that keeps what it is given.
    fn furnish(&self) -> BoxFuture<'_, Result<Vec<Guest>, Failure>>;

    /// Makes the customers and what they and the agents wrote in the months before now.
    fn fill<'a>(&'a self, progress: &'a ProgressSink) -> BoxFuture<'a, Result<Filled, Failure>>;
}

/// What a demonstration was filled with.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Filled {
    /// Customers.
    pub customers: u64,
    /// Conversations.
    pub conversations: u64,
    /// Mails that came in.
    pub mails: u64,
    /// Answers that left.
    pub answers: u64,
}

/// An open data folder.
pub trait Opened: Operator {
    /// Refuses to serve data that somebody rolled back or tampered with.
    fn check_start(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// Answers HTTP until `shutdown`.
    fn serve_http(&self, entry: HttpEntry) -> BoxFuture<'_, Result<(), Failure>>;

    /// Folds the log, signs the last checkpoint, lets connections go. Called once, at the end.
    fn close(&self) -> BoxFuture<'_, Result<(), Failure>>;
}
