//! Registered numbers of everything that is sealed or found by keyed hash.
//!
//! The numbers are part of what binds a sealed value to its place: they are never reused and
//! never change, whatever the tables and columns are called.

use envelope::{FieldClass, Place, RetentionClass, SubjectId};
use kernel::OrganisationId;

/// Values that are erased together: each has a data key of its own for every customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retention {
    /// Who the customer is: values and contact points.
    Profile,
    /// What was written: subjects, messages, notes, attachments.
    Conversation,
    /// What was done: the bodies of audit entries.
    Audit,
}

impl Retention {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Profile, Self::Conversation, Self::Audit];

    /// The registered number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Profile => 1,
            Self::Conversation => 2,
            Self::Audit => 3,
        }
    }

    /// The class of a number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }

    pub(super) const fn slot(self) -> usize {
        self.number() as usize - 1
    }
}

/// A column that holds sealed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// `customer_value.sealed`.
    CustomerValue,
    /// `contact_point.sealed`.
    ContactPoint,
    /// `conversation.subject_sealed`.
    Subject,
    /// `message.sealed`.
    Message,
    /// `attachment.description_sealed`.
    AttachmentDescription,
    /// `attachment.key_sealed`.
    AttachmentKey,
    /// `note.sealed`.
    Note,
    /// `audit_entry.sealed`.
    AuditEntry,
    /// `agent.email_sealed`.
    AgentEmail,
    /// `quarantine.key_sealed`.
    QuarantineKey,
    /// `agent.name_sealed`.
    AgentName,
    /// `session.place_sealed`.
    SessionPlace,
    /// `passkey.sealed`.
    Passkey,
    /// `password.hash_sealed`.
    PasswordHash,
    /// `password.totp_sealed`.
    TotpSecret,
    /// `ceremony.state_sealed`.
    Ceremony,
    /// `own_address.sealed`.
    OwnAddress,
    /// `mail_server.sealed`.
    MailServer,
    /// `outgoing_mail.sealed`.
    OutgoingMail,
    /// `mailbox.user_sealed`.
    MailboxUser,
    /// `mailbox.secret_sealed`.
    MailboxSecret,
    /// `draft.sealed`.
    Draft,
}

impl Column {
    pub(super) const COUNT: usize = 22;

    /// Every column.
    pub const ALL: [Self; Self::COUNT] = [
        Self::CustomerValue,
        Self::ContactPoint,
        Self::Subject,
        Self::Message,
        Self::AttachmentDescription,
        Self::AttachmentKey,
        Self::Note,
        Self::AuditEntry,
        Self::AgentEmail,
        Self::QuarantineKey,
        Self::AgentName,
        Self::SessionPlace,
        Self::Passkey,
        Self::PasswordHash,
        Self::TotpSecret,
        Self::Ceremony,
        Self::OwnAddress,
        Self::MailServer,
        Self::OutgoingMail,
        Self::MailboxUser,
        Self::MailboxSecret,
        Self::Draft,
    ];

    /// Registered numbers of table, column and field class, and the retention class.
    const fn registered(self) -> (u16, u16, u16, Retention) {
        match self {
            Self::CustomerValue => (1, 1, 1, Retention::Profile),
            Self::ContactPoint => (2, 1, 2, Retention::Profile),
            Self::Subject => (3, 1, 3, Retention::Conversation),
            Self::Message => (4, 1, 4, Retention::Conversation),
            Self::AttachmentDescription => (5, 1, 5, Retention::Conversation),
            Self::AttachmentKey => (5, 2, 6, Retention::Conversation),
            Self::Note => (6, 1, 7, Retention::Conversation),
            Self::AuditEntry => (7, 1, 8, Retention::Audit),
            Self::AgentEmail => (8, 1, 9, Retention::Profile),
            Self::QuarantineKey => (9, 1, 10, Retention::Conversation),
            Self::AgentName => (8, 2, 100, Retention::Profile),
            Self::SessionPlace => (100, 1, 101, Retention::Profile),
            Self::Passkey => (101, 1, 102, Retention::Profile),
            Self::PasswordHash => (102, 1, 103, Retention::Profile),
            Self::TotpSecret => (102, 2, 104, Retention::Profile),
            Self::Ceremony => (103, 1, 105, Retention::Profile),
            Self::OwnAddress => (120, 1, 120, Retention::Profile),
            Self::MailServer => (121, 1, 121, Retention::Profile),
            Self::OutgoingMail => (122, 1, 122, Retention::Conversation),
            Self::MailboxUser => (140, 1, 140, Retention::Profile),
            Self::MailboxSecret => (140, 2, 141, Retention::Profile),
            Self::Draft => (160, 1, 160, Retention::Conversation),
        }
    }

    /// The retention class whose key seals this column.
    pub const fn retention(self) -> Retention {
        self.registered().3
    }

    pub(super) const fn field_class(self) -> FieldClass {
        FieldClass(self.registered().2)
    }

    /// Where it stands in [`Self::ALL`].
    pub(super) const fn slot(self) -> usize {
        self as usize
    }

    pub(super) const fn place(
        self,
        organisation: OrganisationId,
        subject: SubjectId,
        row: [u8; 16],
        key_version: u32,
    ) -> Place {
        let (table, column, _, retention) = self.registered();
        let class = RetentionClass(retention.number());
        Place { organisation, subject, table, column, row, class, key_version }
    }
}

/// What is found by keyed hash. Fields with few possible values have none, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// An e-mail address: lower-cased, domain in its IDNA form.
    Email,
    /// A phone number in E.164.
    Phone,
    /// The one contact point of senders who gave none.
    Unknown,
    /// A Message-ID.
    MessageId,
    /// The content of a mail.
    MailContent,
    /// A conversation, for the token in what we send.
    ReplyToken,
    /// A subject without its reply prefixes.
    Subject,
    /// The address of an agent.
    AgentEmail,
    /// A recovery code of an agent.
    RecoveryCode,
    /// The mark of a device that an agent signed in on before.
    Device,
    /// Whose failed attempts to sign in are counted: an address, a source, a device.
    Attempts,
    /// The id of a passkey's credential.
    Credential,
    /// An address of the organisation's own.
    OwnAddress,
}

impl Index {
    /// The registered number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Email => 1,
            Self::Phone => 2,
            Self::Unknown => 3,
            Self::MessageId => 101,
            Self::MailContent => 102,
            Self::Subject => 103,
            Self::ReplyToken => 104,
            Self::OwnAddress => 120,
            Self::AgentEmail => 201,
            Self::RecoveryCode => 202,
            Self::Device => 203,
            Self::Attempts => 204,
            Self::Credential => 205,
        }
    }
}
