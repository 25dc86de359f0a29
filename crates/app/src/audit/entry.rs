//! What an entry says. The body is sealed under the key of the one it is about; a proof carries
//! it in the clear to whom it is given.

use kernel::{ConversationId, Timestamp};

use crate::Actor;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What was done, in a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// The word in the log.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

actions! {
    /// An organisation was set up.
    OrganisationCreated = "organisation.created";
    /// An agent was invited.
    AgentInvited = "agent.invited";
    /// An agent came for the first time, or again after a new invitation.
    AgentEnrolled = "agent.enrolled";
    /// An agent changed the own name or language.
    AgentChanged = "agent.changed";
    /// An agent's roles changed.
    RolesChanged = "agent.roles_changed";
    /// An agent may not come in any more.
    AgentDisabled = "agent.disabled";
    /// An agent signed in.
    SignedIn = "agent.signed_in";
    /// Somebody tried to sign in and was refused.
    SignInRefused = "agent.sign_in_refused";
    /// Sessions of an agent were ended before their time.
    SessionEnded = "session.ended";
    /// An agent can sign in with a further passkey.
    PasskeyAdded = "passkey.added";
    /// A passkey is good for nothing any more.
    PasskeyRemoved = "passkey.removed";
    /// An agent has a password, or another one.
    PasswordChanged = "password.changed";
    /// A recovery code was used.
    RecoveryUsed = "recovery.used";
    /// An agent has new recovery codes; the old ones are good for nothing.
    RecoveryRenewed = "recovery.renewed";
    /// A bearer token was made.
    TokenCreated = "token.created";
    /// A bearer token was revoked.
    TokenRevoked = "token.revoked";
    /// A token was used for what it does not permit, or after its end.
    TokenRefused = "token.refused";
    /// Something was asked for that no policy permits.
    AccessRefused = "access.refused";
    /// A field of the data inventory was added or changed.
    FieldChanged = "field.changed";
    /// A customer came to be.
    CustomerCreated = "customer.created";
    /// A customer was imported.
    CustomerImported = "customer.imported";
    /// Two customers turned out to be one.
    CustomerMerged = "customer.merged";
    /// A customer's keys were destroyed.
    CustomerErased = "customer.erased";
    /// A value was stored or replaced.
    ValueChanged = "value.changed";
    /// A value was shown.
    ValueRevealed = "value.revealed";
    /// A value was asked for and not shown.
    RevealRefused = "value.reveal_refused";
    /// Customers were looked up by a contact point.
    CustomerSearched = "customer.searched";
    /// A conversation was opened.
    ConversationOpened = "conversation.opened";
    /// Somebody opened a thread and read it.
    ConversationRead = "conversation.read";
    /// A conversation changed its state, assignee or labels.
    ConversationChanged = "conversation.changed";
    /// Two conversations turned out to be one.
    ConversationMerged = "conversation.merged";
    /// A message came in.
    MessageReceived = "message.received";
    /// A message was reported undelivered.
    MessageBounced = "message.bounced";
    /// A message of ours was written; it leaves after the time in which it can be taken back.
    MessageWritten = "message.written";
    /// It was taken back before it left.
    MessageTakenBack = "message.taken_back";
    /// A mail server took it.
    MessageSent = "message.sent";
    /// It will not be tried again.
    MessageFailed = "message.failed";
    /// It is tried again after it had failed.
    MessageSentAgain = "message.sent_again";
    /// An address of ours, or the mail server behind it, was set, changed or removed.
    ChannelChanged = "channel.changed";
    /// A mail server was tried out.
    ChannelTested = "channel.tested";
    /// A note was written.
    NoteAdded = "note.added";
    /// A mail was put into quarantine.
    MailQuarantined = "mail.quarantined";
    /// A mail left quarantine.
    MailReleased = "mail.released";
    /// A mail in quarantine was looked at.
    QuarantineRead = "quarantine.read";
    /// A mailbox was added.
    MailboxAdded = "mailbox.added";
    /// A mailbox was paused or resumed, or got another secret.
    MailboxChanged = "mailbox.changed";
    /// A mailbox was removed.
    MailboxRemoved = "mailbox.removed";
    /// The keys moved to another epoch.
    KeysRotated = "keys.rotated";
    /// A backup was made.
    BackupMade = "backup.made";
    /// A backup was brought back.
    BackupRestored = "backup.restored";
}

/// One entry: who did what, when, under which conversation, for which purpose and reason.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was done.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// The conversation that gave the reason, if one did.
    pub conversation: Option<ConversationId>,
    /// The id of what it was done to.
    pub object: Option<String>,
    /// The field, for values.
    pub field: Option<String>,
    /// The purpose, for reveals.
    pub purpose: Option<String>,
    /// What else a reader of the log must know; never a customer's value.
    pub detail: Option<String>,
}

#[derive(serde::Serialize)]
struct Body<'a> {
    action: &'static str,
    actor: String,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Entry {
    /// An entry with only its essentials.
    pub const fn new(action: Action, actor: Actor, at: Timestamp) -> Self {
        Self { action, actor, at, conversation: None, object: None, field: None, purpose: None, detail: None }
    }

    /// Names the conversation that gave the reason.
    pub const fn conversation(mut self, conversation: ConversationId) -> Self {
        self.conversation = Some(conversation);
        self
    }

    /// Names what it was done to.
    pub fn object(mut self, object: impl std::fmt::Display) -> Self {
        self.object = Some(object.to_string());
        self
    }

    /// Names the field.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the purpose.
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// Adds what else a reader must know.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The body as it is hashed and sealed: JSON with its keys in a fixed order.
    pub(super) fn body(&self) -> Vec<u8> {
        let body = Body {
            action: self.action.word(),
            actor: self.actor.to_string(),
            at: self.at.micros(),
            conversation: self.conversation,
            object: self.object.as_deref(),
            field: self.field.as_deref(),
            purpose: self.purpose.as_deref(),
            detail: self.detail.as_deref(),
        };
        // Only maps with keys that are no strings fail, and there are none.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
