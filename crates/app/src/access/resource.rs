//! What things are done to, and the facts about them on which a decision rests. Facts are read from
//! rows of the asker's own organisation: what belongs to another does not exist here.

use std::fmt;

use db::Tx;
use kernel::{AgentId, ConversationId, CustomerId, OrganisationId, QuarantineId};

use super::{Error, Refusal};
use crate::desk::{self, Desk, Standing, State};
use crate::vault::{self, CustomerState, Purpose, ValueRef, Vault};

/// Something that actions are about.
pub trait Resource: Clone + Send + Sync + 'static {
    /// What decides, read in a transaction; `hold` keeps it from changing until the end of it.
    fn facts(&self, tx: &mut Tx<'_>, organisation: OrganisationId, hold: bool) -> Result<Facts, Error>;
}

/// The organisation as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganisationWide;

/// A customer, and the conversation that gives a reason to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerCase {
    /// Who.
    pub customer: CustomerId,
    /// Why, if it is because of a conversation.
    pub conversation: Option<ConversationId>,
}

/// Two customers who are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The one that is led over.
    pub from: CustomerId,
    /// The one under whose id both live.
    pub into: CustomerId,
}

/// One value of a customer, for one purpose, because of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// About whom.
    pub customer: CustomerId,
    /// Which value.
    pub value: ValueRef,
    /// What for.
    pub purpose: Purpose,
    /// The conversation that gives the reason.
    pub conversation: ConversationId,
}

/// On what a decision rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub(super) object: Object,
    /// The customer in whose chain a refusal goes; none for the organisation's.
    pub(super) subject: Option<CustomerId>,
    /// The conversation that was named, whether it is there or not.
    pub(super) named: Option<ConversationId>,
    /// The conversation that is acted on or gives the reason, as it stands.
    pub(super) case: Option<Case>,
    /// Whether that conversation concerns the customer, where one is asked about.
    pub(super) concerns: Option<bool>,
    pub(super) field: Option<FieldFacts>,
    pub(super) purpose: Option<Purpose>,
    /// What is asked about is not there, or not any more.
    pub(super) missing: Option<Refusal>,
}

/// What is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Object {
    Organisation,
    Conversation(ConversationId),
    Customer(CustomerId),
    Value(ValueRef),
    Quarantined(QuarantineId),
}

/// A conversation as policies see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) id: ConversationId,
    pub(super) state: State,
    pub(super) assignee: Option<AgentId>,
}

/// A field as policies see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldFacts {
    pub(super) name: String,
    pub(super) purposes: Vec<Purpose>,
}

impl Facts {
    const fn about(object: Object) -> Self {
        Self {
            object,
            subject: None,
            named: None,
            case: None,
            concerns: None,
            field: None,
            purpose: None,
            missing: None,
        }
    }

    /// Those of a conversation that stands like this.
    pub(crate) const fn of_conversation(id: ConversationId, standing: &Standing) -> Self {
        let mut facts = Self::about(Object::Conversation(id));
        facts.subject = Some(standing.customer);
        facts.named = Some(id);
        facts.case = Some(Case::new(id, standing));
        facts
    }
}

impl Case {
    const fn new(id: ConversationId, standing: &Standing) -> Self {
        Self { id, state: standing.state, assignee: standing.assignee }
    }
}

impl Resource for OrganisationWide {
    fn facts(&self, _: &mut Tx<'_>, _: OrganisationId, _: bool) -> Result<Facts, Error> {
        Ok(Facts::about(Object::Organisation))
    }
}

impl Resource for ConversationId {
    fn facts(&self, tx: &mut Tx<'_>, organisation: OrganisationId, hold: bool) -> Result<Facts, Error> {
        let standing = look(tx, organisation, *self, hold)?.ok_or(desk::Error::NoConversation)?;
        let mut facts = Facts::of_conversation(*self, &standing);
        facts.subject = alive(tx, organisation, standing.customer)?.err().map_or(facts.subject, |_| None);
        Ok(facts)
    }
}

impl Resource for CustomerId {
    fn facts(&self, tx: &mut Tx<'_>, organisation: OrganisationId, _: bool) -> Result<Facts, Error> {
        let mut facts = Facts::about(Object::Customer(*self));
        match alive(tx, organisation, *self)? {
            Ok(()) => facts.subject = Some(*self),
            // Who is erased already can be erased again, which finds nothing left.
            Err(missing) => facts.missing = Some(missing).filter(|missing| *missing != Refusal::Erased),
        }
        Ok(facts)
    }
}

impl Resource for Merge {
    fn facts(&self, tx: &mut Tx<'_>, organisation: OrganisationId, _: bool) -> Result<Facts, Error> {
        let mut facts = Facts::about(Object::Customer(self.from));
        for customer in [self.into, self.from] {
            match alive(tx, organisation, customer)? {
                Ok(()) => facts.subject = Some(customer),
                Err(missing) => facts.missing = Some(missing),
            }
        }
        Ok(facts)
    }
}

impl Resource for CustomerCase {
    fn facts(&self, tx: &mut Tx<'_>, organisation: OrganisationId, hold: bool) -> Result<Facts, Error> {
        let mut facts = Facts::about(Object::Customer(self.customer));
        facts.named = self.conversation;
        facts.concerns = Some(false);
        if let Err(missing) = alive(tx, organisation, self.customer)? {
            facts.missing = Some(missing);
            return Ok(facts);
        }
        facts.subject = Some(self.customer);
        if let Some(conversation) = self.conversation
            && let Some(standing) = look(tx, organisation, conversation, hold)?
        {
            facts.case = Some(Case::new(conversation, &standing));
            facts.concerns = Some(Vault::concerns(tx, organisation, conversation, self.customer)?);
        }
        Ok(facts)
    }
}

impl Resource for Reveal {
    fn facts(&self, tx: &mut Tx<'_>, organisation: OrganisationId, hold: bool) -> Result<Facts, Error> {
        let case = CustomerCase { customer: self.customer, conversation: Some(self.conversation) };
        let mut facts = case.facts(tx, organisation, hold)?;
        facts.object = Object::Value(self.value);
        facts.purpose = Some(self.purpose.clone());
        if facts.missing.is_some() {
            return Ok(facts);
        }
        match Vault::field_of(tx, organisation, self.customer, &self.value)? {
            Some((owner, field)) => {
                facts.subject = Some(owner);
                facts.field = Some(FieldFacts { name: field.name, purposes: field.purposes });
            }
            None => facts.missing = Some(Refusal::NoValue),
        }
        if facts.case.is_none() {
            facts.missing = facts.missing.or(Some(Refusal::NotConcerned));
        }
        Ok(facts)
    }
}

impl Resource for QuarantineId {
    fn facts(&self, _: &mut Tx<'_>, _: OrganisationId, _: bool) -> Result<Facts, Error> {
        Ok(Facts::about(Object::Quarantined(*self)))
    }
}

fn look(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    hold: bool,
) -> Result<Option<Standing>, desk::Error> {
    if !hold {
        return Desk::standing(tx, organisation, conversation);
    }
    let held = Desk::hold(tx, organisation, conversation)?;
    Desk::held(tx, held)
}

/// Whether a customer is there to be asked about; the inner error says why not.
fn alive(tx: &mut Tx<'_>, organisation: OrganisationId, customer: CustomerId) -> Result<Result<(), Refusal>, Error> {
    match Vault::state(tx, organisation, customer, false) {
        Ok(CustomerState::Live | CustomerState::Merged(_)) => Ok(Ok(())),
        Ok(CustomerState::Erased) => Ok(Err(Refusal::Erased)),
        Err(vault::Error::NoCustomer) => Ok(Err(Refusal::NoCustomer)),
        Err(error) => Err(error.into()),
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation => f.write_str("organisation"),
            Self::Conversation(id) => id.fmt(f),
            Self::Customer(id) => id.fmt(f),
            Self::Value(value) => value.fmt(f),
            Self::Quarantined(id) => id.fmt(f),
        }
    }
}
