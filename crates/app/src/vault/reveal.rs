//! Revealing: one value in the clear, for one purpose, because of one conversation. The entry in
//! the log is durable before the value leaves; a refusal is an entry too.

use std::sync::Arc;

use db::Tx;
use envelope::SubjectId;
use kernel::{ConversationId, CustomerId, OrganisationId};
use zeroize::Zeroizing;

use super::inventory::{Field, Purpose};
use super::person::open_text;
use super::place::Column;
use super::store::{inventory as fields, values as store};
use super::value::ValueRef;
use super::{ContactKind, CustomerState, Error, SubjectKeys, Vault};
use crate::audit::{Action, Audit, Entry};
use crate::desk::Desk;
use crate::{Actor, STALE_TRIES};

/// What is asked for, and why.
#[derive(Clone, Debug)]
pub struct Reveal {
    /// Who asks.
    pub actor: Actor,
    /// About whom.
    pub customer: CustomerId,
    /// For which value.
    pub value: ValueRef,
    /// What for.
    pub purpose: Purpose,
    /// The conversation that gives the reason.
    pub conversation: ConversationId,
}

/// A value in the clear. It can be read out, but not printed or serialised by accident, and is
/// wiped when it is dropped.
pub struct Revealed {
    field: String,
    text: Zeroizing<String>,
}

impl Revealed {
    /// The name of its field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The value, for the one who asked.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// Where a value is held.
struct Held {
    owner: CustomerId,
    column: Column,
    field: Field,
    sealed: Vec<u8>,
}

/// What the database says about a question.
struct Look {
    /// The customer in whose chain the entry goes; none for the organisation's.
    subject: Option<CustomerId>,
    /// The keys of that chain.
    keys: Arc<SubjectKeys>,
    /// The field that was asked for, if there is such a value.
    field: Option<String>,
    answer: Result<Held, Error>,
}

impl Vault {
    /// Shows a value, when the conversation concerns its customer and its field is held for the
    /// purpose. Who may ask at all, and for how long an answer stands, is not decided here.
    ///
    /// # Errors
    /// [`Error::NotConcerned`], [`Error::Purpose`], [`Error::NoValue`], [`Error::NoCustomer`] and
    /// [`Error::Erased`] are refusals and stand in the log as such.
    pub async fn reveal(&self, audit: &Audit, organisation: OrganisationId, reveal: Reveal) -> Result<Revealed, Error> {
        let reveal = Arc::new(reveal);
        for _ in 0..STALE_TRIES {
            match self.try_reveal(audit, organisation, &reveal).await {
                Err(Error::Stale) => {}
                done => return done,
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn try_reveal(
        &self,
        audit: &Audit,
        organisation: OrganisationId,
        reveal: &Arc<Reveal>,
    ) -> Result<Revealed, Error> {
        let (vault, asked) = (self.clone(), Arc::clone(reveal));
        let look = self.context.db.read("vault.reveal", move |tx| vault.look(tx, organisation, &asked)).await?;
        let opened = look.answer.and_then(|held| {
            let text = open_text(&look.keys, held.column, reveal.value.row(), &held.sealed)?;
            Ok(Revealed { field: held.field.name, text })
        });
        let action = if opened.is_ok() { Action::ValueRevealed } else { Action::RevealRefused };
        let mut entry = Entry::new(action, reveal.actor, self.context.clock.now())
            .conversation(reveal.conversation)
            .object(reveal.value)
            .purpose(reveal.purpose.as_str());
        entry.field = look.field;
        if let Err(reason) = &opened {
            entry = entry.detail(refusal(reason));
        }
        let entries = [audit.prepare(&look.keys, &entry)?];
        let subject = look.subject;
        self.context
            .db
            .write("vault.reveal", move |tx| {
                // An erasure that came between must not be answered with what it destroyed.
                if let Some(customer) = subject
                    && Self::state(tx, organisation, customer, true)? == CustomerState::Erased
                {
                    return Err(Error::Stale);
                }
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await?;
        opened
    }

    fn look(&self, tx: &mut Tx<'_>, organisation: OrganisationId, asked: &Reveal) -> Result<Look, Error> {
        let refused = match Self::state(tx, organisation, asked.customer, false) {
            Ok(CustomerState::Live | CustomerState::Merged(_)) => {
                let held = held(tx, organisation, asked.customer, &asked.value)?;
                let subject = held.as_ref().map_or(asked.customer, |held| held.owner);
                let field = held.as_ref().map(|held| held.field.name.clone());
                let keys = self.keys(tx, organisation, subject.into())?.ok_or(Error::Erased)?;
                let answer = held.map_or(Ok(Err(Error::NoValue)), |held| decide(tx, organisation, asked, held))?;
                return Ok(Look { subject: Some(subject), keys, field, answer });
            }
            Ok(CustomerState::Erased) => Error::Erased,
            Err(Error::NoCustomer) => Error::NoCustomer,
            Err(error) => return Err(error),
        };
        // Nobody has a chain for this: the organisation's own keeps the refusal.
        let keys = self.keys(tx, organisation, SubjectId::from(organisation))?.ok_or(Error::NoCustomer)?;
        Ok(Look { subject: None, keys, field: None, answer: Err(refused) })
    }
}

/// The value asked for, if it is the customer's own or that of one merged into them.
fn held(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    value: &ValueRef,
) -> Result<Option<Held>, Error> {
    let found = match value {
        ValueRef::Value(id) => store::value(tx, organisation, *id)?.and_then(|(owner, field, sealed)| {
            let field = fields::field(tx, organisation, field).transpose()?;
            Some(field.map(|field| Held { owner, column: Column::CustomerValue, field, sealed }))
        }),
        ValueRef::ContactPoint(id) => store::contact_point(tx, organisation, *id)?.and_then(|(owner, kind, sealed)| {
            let field = contact_field(tx, organisation, kind).transpose()?;
            Some(field.map(|field| Held { owner, column: Column::ContactPoint, field, sealed }))
        }),
    };
    let Some(held) = found.transpose()? else { return Ok(None) };
    Ok(is_same(tx, organisation, held.owner, customer)?.then_some(held))
}

fn contact_field(tx: &mut Tx<'_>, organisation: OrganisationId, kind: ContactKind) -> Result<Option<Field>, db::Error> {
    match kind.field() {
        Some(field) => fields::field(tx, organisation, field),
        None => Ok(None),
    }
}

/// The outer error is ours, the inner one the refusal.
fn decide(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    asked: &Reveal,
    held: Held,
) -> Result<Result<Held, Error>, Error> {
    if !Vault::concerns(tx, organisation, asked.conversation, asked.customer)? {
        return Ok(Err(Error::NotConcerned));
    }
    if !held.field.is_for(&asked.purpose) {
        let (field, purpose) = (held.field.name, asked.purpose.to_string());
        return Ok(Err(Error::Purpose { field, purpose }));
    }
    Ok(Ok(held))
}

impl Vault {
    /// Whether a conversation is this customer's matter, or one that they take part in, under
    /// whichever of the ids that turned out to be theirs.
    pub fn concerns(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        customer: CustomerId,
    ) -> Result<bool, Error> {
        if Desk::concerns(tx, organisation, conversation, customer)? {
            return Ok(true);
        }
        let lives_as = Self::survivor(tx, organisation, customer)?;
        for id in Self::with_merged(tx, organisation, lives_as)? {
            if id != customer && Desk::concerns(tx, organisation, conversation, id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The field of a value and the one under whose id it is held, when it is this customer's own
    /// or that of somebody merged with them.
    pub fn field_of(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        value: &ValueRef,
    ) -> Result<Option<(CustomerId, Field)>, Error> {
        Ok(held(tx, organisation, customer, value)?.map(|held| (held.owner, held.field)))
    }
}

fn is_same(tx: &mut Tx<'_>, organisation: OrganisationId, one: CustomerId, other: CustomerId) -> Result<bool, Error> {
    if one == other {
        return Ok(true);
    }
    Ok(Vault::survivor(tx, organisation, one)? == Vault::survivor(tx, organisation, other)?)
}

/// The reason in the log: a word, because the texts of errors change.
const fn refusal(reason: &Error) -> &'static str {
    match reason {
        Error::NotConcerned => "not concerned",
        Error::Purpose { .. } => "purpose",
        Error::NoValue => "no value",
        Error::NoCustomer => "no customer",
        Error::Erased => "erased",
        _ => "does not open",
    }
}
