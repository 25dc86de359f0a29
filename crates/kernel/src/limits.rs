//! Every bound of the product, with its name and unit, in one place.

use std::time::Duration;

/// The largest mail taken in, in bytes of the raw message: 25 MiB and a little, so that a mail
/// "of 25 MB" by anybody's count works and one of 26 MiB does not.
pub const MAIL_BYTES: usize = 25 * 1024 * 1024 + 64 * 1024;
/// Mails above this size, in bytes, draw on [`LARGE_BODIES_BYTES`].
pub const LARGE_BODY_BYTES: usize = 1024 * 1024;
/// Memory, in bytes, that all bodies above [`LARGE_BODY_BYTES`] share at one time.
pub const LARGE_BODIES_BYTES: usize = 256 * 1024 * 1024;
/// Parts of one mail that are looked at; the rest stays in the raw message only.
pub const MAIL_PARTS: usize = 1_000;
/// Header fields of one mail that are looked at.
pub const MAIL_HEADERS: usize = 1_000;
/// Bytes of header block that are looked at.
pub const MAIL_HEADER_BYTES: usize = 512 * 1024;
/// Depth of nested parts that is looked at.
pub const MAIL_NESTING: usize = 32;
/// Message-IDs of In-Reply-To and References that are followed, counted from the newest.
pub const MAIL_REFERENCES: usize = 50;
/// Recipients (To and Cc together) that are kept for one mail.
pub const MAIL_RECIPIENTS: usize = 500;
/// Attachments kept apart for one mail; the others stay in the raw message only.
pub const MAIL_ATTACHMENTS: usize = 200;
/// Characters of a subject that are kept.
pub const SUBJECT_CHARS: usize = 1_000;
/// Bytes of body text kept for display; a longer text is cut, and the raw message stays whole.
pub const BODY_TEXT_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of HTML that are sanitised; above this the plain text alone is shown.
pub const BODY_HTML_BYTES: usize = 4 * 1024 * 1024;
/// Sealed blobs above this size, in bytes, leave the database for the blob store.
pub const INLINE_BLOB_BYTES: usize = 256 * 1024;
/// Plain bytes in one sealed chunk of an attachment.
pub const BLOB_CHUNK_BYTES: usize = 64 * 1024;
/// Conversations, messages or other rows on one page.
pub const PAGE_ROWS: usize = 100;
/// Bytes of one personal value.
pub const VALUE_BYTES: usize = 64 * 1024;
/// Bytes of one note.
pub const NOTE_BYTES: usize = 256 * 1024;
/// Customers whose opened data keys are kept in memory.
pub const CACHED_CUSTOMERS: usize = 20_000;
/// A guess by subject joins only a conversation that moved within this time.
pub const SUBJECT_THREADING: Duration = Duration::from_hours(30 * 24);
/// All DNS questions about one mail together.
pub const SENDER_AUTHENTICATION: Duration = Duration::from_secs(2);
/// How long a command waits for the owner of a SQLite folder.
pub const OWNER_WAIT: Duration = Duration::from_secs(30);
/// The log is folded and a checkpoint signed at least this often when anything was added.
pub const FOLD_INTERVAL: Duration = Duration::from_millis(500);
/// Changes of one closure that wait in the bus for a slow listener before it must catch up.
pub const BUS_EVENTS: usize = 4_096;
/// How long one closure may read before it is stopped.
pub const QUERY_TIME: Duration = Duration::from_secs(30);
