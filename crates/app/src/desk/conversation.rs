//! Conversations come to be, are joined, and are held while something moves in them.

use std::fmt;
use std::str::FromStr;

use db::{Change, Tx};
use kernel::{ConversationId, CustomerId, Id, OrganisationId, Timestamp};

use super::{Desk, Error, store};

/// Where the work on a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody has looked at it.
    New,
    /// It waits for us.
    Open,
    /// It waits for the customer.
    Waiting,
    /// It sleeps until a time, or until the customer writes.
    Snoozed,
    /// The matter is settled; a customer's message opens it again.
    Resolved,
}

impl State {
    /// Every state, in the order of a conversation's life.
    pub const ALL: [Self; 5] = [Self::New, Self::Open, Self::Waiting, Self::Snoozed, Self::Resolved];

    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    /// The state after the customer wrote something that a person should read.
    pub const fn after_customer_wrote(self) -> Self {
        match self {
            Self::New => Self::New,
            Self::Open | Self::Waiting | Self::Snoozed | Self::Resolved => Self::Open,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state {0:?}: choose new, open, waiting, snoozed or resolved")]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or_else(|| UnknownState(word.to_owned()))
    }
}

/// A conversation prepared outside the transaction that will store it.
pub struct NewConversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose matter it is; its key seals the subject.
    pub customer: CustomerId,
    /// The channel it came by.
    pub channel: &'static str,
    /// The subject, sealed for `conversation.subject_sealed`.
    pub subject_sealed: Vec<u8>,
    /// Keyed hash of the subject without its reply prefixes.
    pub subject_index: Option<[u8; 32]>,
}

/// What a use case must know of a conversation before it changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose matter it is.
    pub customer: CustomerId,
    /// Where it stands.
    pub state: State,
    /// Messages in it.
    pub messages: u64,
    /// Whether one of us has ever answered.
    pub answered: bool,
}

impl Desk {
    /// Stores a prepared conversation, still without messages.
    pub fn open(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &NewConversation,
        now: Timestamp,
    ) -> Result<(), Error> {
        store::insert_conversation(tx, organisation, new, now)?;
        announce(tx, organisation, new.id);
        Ok(())
    }

    /// Looks at a conversation and keeps others from changing it until the transaction ends.
    pub fn hold(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
    ) -> Result<Option<Standing>, Error> {
        Ok(store::standing(tx, organisation, conversation, true)?)
    }

    /// Looks at a conversation.
    pub fn standing(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
    ) -> Result<Option<Standing>, Error> {
        Ok(store::standing(tx, organisation, conversation, false)?)
    }

    /// The newest conversation of a customer with this subject that moved since a time.
    pub fn find_by_subject(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        subject_index: &[u8; 32],
        since: Timestamp,
    ) -> Result<Option<ConversationId>, Error> {
        Ok(store::find_by_subject(tx, organisation, customer, subject_index, since)?)
    }

    /// Gives a conversation to another customer, with the subject sealed under that one's key;
    /// the former owner stays as a participant.
    pub fn hand_over(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &NewConversation,
        former: CustomerId,
        now: Timestamp,
    ) -> Result<(), Error> {
        store::set_owner(tx, organisation, new, now)?;
        store::insert_participant(tx, organisation, new.id, former, now)?;
        store::remove_participant(tx, organisation, new.id, new.customer)?;
        announce(tx, organisation, new.id);
        Ok(())
    }

    /// Adds somebody who wrote into another customer's conversation.
    pub fn join(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<(), Error> {
        Ok(store::insert_participant(tx, organisation, conversation, customer, now)?)
    }

    /// Moves everything of one conversation into another of which it turned out to be a part.
    pub fn absorb(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        from: ConversationId,
        into: ConversationId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let standing = store::standing(tx, organisation, from, true)?.ok_or(Error::Stale)?;
        store::move_contents(tx, organisation, from, into, standing.messages, now)?;
        let owner = store::standing(tx, organisation, into, true)?.ok_or(Error::Stale)?.customer;
        if owner != standing.customer {
            store::insert_participant(tx, organisation, into, standing.customer, now)?;
        }
        store::remove_participant(tx, organisation, into, owner)?;
        announce(tx, organisation, from);
        announce(tx, organisation, into);
        Ok(())
    }
}

pub(super) fn announce(tx: &mut Tx<'_>, organisation: OrganisationId, conversation: ConversationId) {
    tx.announce(Change { organisation, kind: "conversation", id: *conversation.bytes() });
}
