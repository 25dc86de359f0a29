//! Conversations come to be, are joined, and are held while something moves in them.

use db::{Asked, Change, Tx};
use kernel::{AgentId, ConversationId, CustomerId, Id, Locale, OrganisationId, Timestamp};

use super::changes::KIND;
use super::{Desk, Error, State, store};

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
    /// In which language it was begun, when its words tell.
    pub language: Option<Locale>,
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
    /// Who works on it.
    pub assignee: Option<AgentId>,
    /// When it wakes, if it sleeps.
    pub snoozed_until: Option<Timestamp>,
    /// When the last message joined.
    pub activity_at: Timestamp,
    /// When anything last changed.
    pub changed_at: Timestamp,
}

/// A conversation that is being held.
pub struct HeldConversation(Asked<Standing>);

impl Desk {
    /// Stores a prepared conversation, still without messages; gives how it stands.
    pub fn open(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &NewConversation,
        now: Timestamp,
    ) -> Result<Standing, Error> {
        store::insert_conversation(tx, organisation, new, now)?;
        announce(tx, organisation, new.id);
        Ok(Standing {
            customer: new.customer,
            state: State::New,
            messages: 0,
            answered: false,
            assignee: None,
            snoozed_until: None,
            activity_at: now,
            changed_at: now,
        })
    }

    /// Looks at a conversation.
    pub fn standing(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
    ) -> Result<Option<Standing>, Error> {
        Ok(store::standing(tx, organisation, conversation, false)?)
    }

    /// Keeps others from changing a conversation until the transaction ends; how it stands comes
    /// later, by [`Self::held`].
    pub fn hold(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
    ) -> Result<HeldConversation, Error> {
        Ok(HeldConversation(store::ask_held(tx, organisation, conversation)?))
    }

    /// How a held conversation stands; nothing when it is gone.
    pub fn held(tx: &mut Tx<'_>, conversation: HeldConversation) -> Result<Option<Standing>, Error> {
        Ok(tx.answer_opt(conversation.0)?)
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

    /// Whether a conversation gives a reason to look at a customer: it is their matter, or they
    /// wrote into it.
    pub fn concerns(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        customer: CustomerId,
    ) -> Result<bool, Error> {
        let Some(standing) = store::standing(tx, organisation, conversation, false)? else { return Ok(false) };
        Ok(standing.customer == customer || store::is_participant(tx, organisation, conversation, customer)?)
    }

    /// Moves everything of one conversation into another of which it turned out to be a part.
    pub fn absorb(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        from: ConversationId,
        into: ConversationId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let gone = store::standing(tx, organisation, from, true)?.ok_or(Error::Stale)?;
        let taker = store::standing(tx, organisation, into, true)?.ok_or(Error::Stale)?;
        let owner = taker.customer;
        store::move_contents(tx, organisation, from, into, gone.messages, taker.changed_at.max(now))?;
        // What waited for us must not vanish into a conversation that does not.
        let waits = |state| matches!(state, State::New | State::Open);
        let state = if waits(gone.state) && !waits(taker.state) { State::Open } else { taker.state };
        let moved = Standing {
            state,
            assignee: taker.assignee.or(gone.assignee),
            snoozed_until: taker.snoozed_until.filter(|_| state == State::Snoozed),
            changed_at: taker.changed_at.max(now),
            ..taker
        };
        store::step(tx, organisation, into, (&taker, &moved))?;
        if owner != gone.customer {
            store::insert_participant(tx, organisation, into, gone.customer, now)?;
        }
        store::remove_participant(tx, organisation, into, owner)?;
        announce(tx, organisation, from);
        announce(tx, organisation, into);
        Ok(())
    }
}

pub(super) fn announce(tx: &mut Tx<'_>, organisation: OrganisationId, conversation: ConversationId) {
    tx.announce(Change { organisation, kind: KIND, id: *conversation.bytes() });
}
