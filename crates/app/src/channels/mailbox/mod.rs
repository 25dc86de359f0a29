//! Mail in by IMAP, for those who have no pipe: mailboxes that are watched, each by one process at a
//! time. A mail is put away on its server only when it is durable here, and one that cannot be
//! fetched or read never stops the others.

mod imap;
mod manage;
mod memory;
mod pace;
mod refusal;
mod round;
mod settings;
pub(super) mod store;
mod take;
mod trial;
mod watch;

pub use imap::{Cause, Stage, Trouble};
pub use pace::MailboxPace;
pub use refusal::Refusal;
pub use settings::{
    LogIn, MAILBOX_NAME_CHARS, MAILBOXES, Mailbox, MailboxState, Method, NewMailbox, PutAway, Security, Server,
};
pub use trial::{Checked, MailboxTest};

/// The kind under which changes of mailboxes are announced.
const CHANGE: &str = "mailbox";
/// The keyword that marks a mail as taken in, where it stays in its folder.
const KEYWORD: &str = "Doorward";
