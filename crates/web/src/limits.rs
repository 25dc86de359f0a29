//! How long and how much a client may: bounds of the connection, beside those of the mail itself
//! in [`kernel::limits`].

use std::num::NonZeroU32;
use std::time::Duration;

/// Bytes of a request line with its header fields.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;
/// Header fields of one request.
pub(crate) const HEADERS: usize = 100;
/// Characters of `helo` and of `mail_from`: RFC 5321 allows 255 and 256 octets, and both are kept
/// only to be asked about.
pub(crate) const ENVELOPE_CHARS: usize = 1_000;
/// How long the database may take to say that it is there.
pub(crate) const READY_TIME: Duration = Duration::from_secs(2);
/// When a sender who is told to come back shall do so.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Bytes that are read and thrown away after an early answer, so that the sender gets to see it.
pub(crate) const LINGER_BYTES: usize = 2 * kernel::limits::MAIL_BYTES;

/// Requests of one token in a minute when nobody says otherwise: more than a mail server sends, and
/// less than what runs wild.
pub const TOKEN_REQUESTS: NonZeroU32 = NonZeroU32::new(60_000).unwrap();

/// Bounds that a test shortens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time; the next one waits in the operating system's queue. With bodies of
    /// up to [`kernel::limits::LARGE_BODY_BYTES`] each, this also bounds what small bodies take.
    pub connections: usize,
    /// From the beginning of a connection, or from an answer, to the end of the next request's head.
    pub head_time: Duration,
    /// From the first to the last byte of a body.
    pub body_time: Duration,
    /// Between two pieces of a body.
    pub body_pause: Duration,
    /// After this a connection takes no further request.
    pub connection_time: Duration,
    /// How long a connection may take to come to its end: its last request, or what is still sent
    /// after an early answer.
    pub linger_time: Duration,
    /// Requests under `/api/v1` of one token in a minute; the next is told to come again.
    pub token_requests: NonZeroU32,
    /// How long connections have to finish when the process shall stop.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            head_time: Duration::from_secs(15),
            body_time: Duration::from_mins(2),
            body_pause: Duration::from_secs(15),
            connection_time: Duration::from_mins(10),
            linger_time: Duration::from_secs(5),
            token_requests: TOKEN_REQUESTS,
            stop_time: Duration::from_secs(30),
        }
    }
}
