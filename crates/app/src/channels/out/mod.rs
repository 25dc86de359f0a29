//! How mail leaves: written and committed with its conversation's step, held back for as long as it
//! can be taken back, then handed to a mail server in the order in which it was written.
//!
//! What was committed leaves, once; when nobody can know whether it did, it leaves again under the
//! same Message-ID and the thread says so.

mod compose;
mod delivery;
mod failed;
mod files;
mod letter;
mod look;
mod mail_server;
mod own_address;
mod plan;
mod quotation;
mod refused;
mod round;
mod send;
mod smtp;
pub(super) mod store;
mod trial;
mod undo;
mod worker;

use std::time::Duration;

pub use compose::{NewForward, NewMail, NewReply, Writing, Written};
pub use delivery::{Delivery, DeliveryState, RecipientDelivery, RecipientState, SealedDelivery, UnknownDelivery};
pub use failed::FailedMail;
pub use files::NewFile;
pub use mail_server::{MailServer, ShownServer, Tls};
pub use own_address::{OwnAddress, OwnAddressDetails};
pub use refused::Refused;
pub use round::Round;
pub use smtp::Stage;
pub use trial::{Trial, TrialTrouble};
pub use undo::TakenBack;

/// Addresses of its own that an organisation has.
pub const OWN_ADDRESSES: usize = 200;
/// Characters of a display name.
pub const NAME_CHARS: usize = 100;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 8 * 1024;
/// Recipients of one mail, those in copy among them.
pub const RECIPIENTS: usize = 50;
/// Bytes of what is newly written in one mail.
pub const TEXT_BYTES: usize = 256 * 1024;
/// Files of one mail.
pub const FILES: usize = 50;
/// Bytes of all files of one mail: encoded they fit a mail of [`kernel::limits::MAIL_BYTES`].
pub const FILES_BYTES: usize = 18 * 1024 * 1024;
/// How long mail is held back when nobody says otherwise.
pub const UNDO: Duration = Duration::from_secs(10);
/// How long it can be held back at most.
pub const LONGEST_UNDO: Duration = Duration::from_mins(10);
/// How long a mail is tried before it fails (RFC 5321, 4.5.4.1, has four or five days; a customer
/// should hear sooner).
pub const PATIENCE: Duration = Duration::from_hours(3 * 24);
