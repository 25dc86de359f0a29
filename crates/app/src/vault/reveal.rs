//! Revealing: one value in the clear, for one purpose, because of one conversation. The entry in
//! the log is durable before the value leaves; a refusal is an entry too.

use std::sync::Arc;

use db::Tx;
use envelope::SubjectId;
use kernel::{ConversationId, CustomerId, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::inventory::Field;
use super::person::open_text;
use super::place::Column;
use super::store::{inventory as fields, values as store};
use super::value::ValueRef;
use super::{ContactKind, CustomerState, Error, SubjectKeys, Vault};
use crate::STALE_TRIES;
use crate::access::action::RevealValue;
use crate::access::{Permit, Reveal};
use crate::audit::{self, Action, Audit, Entry};
use crate::desk::Desk;

/// A value in the clear. It can be read out, but not printed or serialised by accident, and is
/// wiped when it is dropped.
pub struct Revealed {
    field: String,
    text: Zeroizing<String>,
    until: Timestamp,
}

impl Revealed {
    /// The name of its field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// When it is to be hidden again, at the latest.
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// The value, or what the permit shows of it, for the one who asked.
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
    /// Shows a value to somebody who may see it. What no policy can permit is asked here all the
    /// same: the conversation concerns the customer, and the field is held for the purpose. That the
    /// permission stands is asked again in the transaction that puts the look on record.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NotConcerned`], [`Error::Purpose`], [`Error::NoValue`],
    /// [`Error::NoCustomer`] and [`Error::Erased`] are refusals and stand in the log as such.
    pub async fn reveal(&self, audit: &Audit, permit: &Permit<RevealValue>) -> Result<Revealed, Error> {
        for _ in 0..STALE_TRIES {
            match self.try_reveal(audit, permit).await {
                Err(Error::Stale) => {}
                done => return done,
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn try_reveal(&self, audit: &Audit, permit: &Permit<RevealValue>) -> Result<Revealed, Error> {
        let (vault, asked, organisation) = (self.clone(), permit.resource().clone(), permit.organisation());
        let look = self.context.db.read("vault.reveal", move |tx| vault.look(tx, organisation, &asked)).await?;
        let row = *permit.resource().value.row();
        let opened = look.answer.and_then(|held| {
            let text = open_text(&look.keys, held.column, &row, &held.sealed)?;
            let text = permit.mask().map_or(text.clone(), |mask| Zeroizing::new(mask.apply(&text).to_string()));
            Ok(Revealed { field: held.field.name, text, until: permit.expires_at() })
        });
        let now = self.context.clock.now();
        let entry = |error: Option<&Error>| {
            let action = if error.is_none() { Action::ValueRevealed } else { Action::RevealRefused };
            let asked = permit.resource();
            let mut entry = Entry::new(action, permit.actor(), now)
                .conversation(asked.conversation)
                .object(asked.value)
                .purpose(asked.purpose.as_str());
            entry.field.clone_from(&look.field);
            entry.detail = error.map(refusal).or(permit.reason()).map(str::to_owned);
            audit.prepare(&look.keys, &entry)
        };
        let standing = opened.is_ok().then(|| permit.clone());
        let written = self.put_on_record(permit, look.subject, standing, (entry(opened.as_ref().err())?, now)).await;
        if let Err(refused @ (Error::Refused(_) | Error::NotConcerned | Error::NoValue)) = written {
            // What was permitted is not any more: nothing was shown, and that it was asked for is told.
            self.put_on_record(permit, look.subject, None, (entry(Some(&refused))?, now)).await?;
            return Err(refused);
        }
        written?;
        opened
    }

    /// Writes the entry; with a permit only when that stands at this very moment.
    async fn put_on_record(
        &self,
        permit: &Permit<RevealValue>,
        subject: Option<CustomerId>,
        standing: Option<Permit<RevealValue>>,
        (entry, now): (audit::Prepared, Timestamp),
    ) -> Result<(), Error> {
        let (organisation, entries) = (permit.organisation(), [entry]);
        let write = move |tx: &mut Tx<'_>| {
            if let Some(permit) = &standing {
                permit.confirm(tx, now)?;
            }
            // An erasure that came between must not be answered with what it destroyed.
            if let Some(customer) = subject
                && Self::state(tx, organisation, customer, true)? == CustomerState::Erased
            {
                return Err(Error::Stale);
            }
            Ok(Audit::append(tx, organisation, &entries)?)
        };
        self.context.db.write("vault.reveal", write).await
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
        Error::Refused(refused) => refused.why.word(),
        Error::NotConcerned => "not concerned",
        Error::Purpose { .. } => "purpose",
        Error::NoValue => "no value",
        Error::NoCustomer => "no customer",
        Error::Erased => "erased",
        _ => "does not open",
    }
}
