//! A client of IMAP4rev1 (RFC 3501) that can do what fetching mail needs, and nothing else. Whatever
//! a server sends, it holds no more than its bounds, waits no longer, and does not panic.

mod client;
mod command;
mod connect;
mod folder;
mod log_in;
mod response;
mod trouble;
mod wire;

pub(super) use client::Imap;
pub(super) use connect::{check_authority, connect};
pub(super) use folder::Folder;
pub(super) use response::Body;
pub use trouble::{Cause, Stage, Trouble};
