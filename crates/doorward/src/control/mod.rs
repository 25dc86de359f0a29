//! The control socket: how a command speaks to the process that owns the data folder.
//!
//! A unix socket that only the same user may use. Bodies travel in pieces, so that an unwanted
//! one is dropped as it comes and never held in memory.

mod client;
mod frame;
mod server;
mod socket;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use client::Client;
pub use frame::{Frame, FrameError, Request};
pub use server::serve_control;
pub use socket::ControlSocket;

/// Version of the protocol; both sides must speak the same one.
pub const VERSION: u32 = 1;
/// The socket's name in the data folder.
pub const SOCKET_NAME: &str = "control.sock";
/// The largest body of one request, in bytes.
pub const BODY_BYTES: usize = kernel::limits::MAIL_BYTES;
/// A body travels in pieces of this many bytes.
pub(crate) const PIECE_BYTES: usize = 256 * 1024;
/// The largest frame that a server takes, in bytes: a piece, or a request of this size.
pub(crate) const REQUEST_FRAME_BYTES: usize = 1024 * 1024;
/// The largest frame that a client takes, in bytes: an answer.
pub(crate) const ANSWER_FRAME_BYTES: usize = kernel::limits::MAIL_BYTES + 1024 * 1024;
/// Connections that a server answers at one time; the others wait.
pub(crate) const CONNECTIONS: usize = 128;
/// How long the other side may take over its greeting and over each piece of a body.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
