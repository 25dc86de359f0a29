//! Ids, clock, randomness, limits and locales: the words every other crate speaks.
//!
//! Nothing here reads a file, opens a socket or asks a database. Time and randomness are handed
//! in through [`Clock`] and [`Entropy`], so that a test decides what day it is.

mod clock;
mod entropy;
pub mod fail_point;
mod id;
pub mod limits;
mod locale;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use id::{
    AgentId, AttachmentId, AuditEntryId, CeremonyId, ContactPointId, ConversationId, CustomerId, DraftId, Id, IdError,
    InvitationId, JobId, LabelId, MailboxId, MessageId, NoteId, NoticeId, OrganisationId, OwnAddressId, PasskeyId,
    QuarantineId, SessionId, TokenId, ValueId,
};
pub use locale::{Locale, UnknownLocale};
