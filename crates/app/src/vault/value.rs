//! Values: set, replaced, and listed as far as their masks allow.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kernel::{ContactPointId, CustomerId, Id, IdError, ValueId};

use super::details::{Cause, Details, ProfileChange};
use super::inventory::{FIELDS, FieldId};
use super::mask::Masked;
use super::place::Column;
use super::store::inventory as fields;
use super::{ContactKind, Error, Vault};
use crate::STALE_TRIES;
use crate::access::Permit;
use crate::access::action::{EditCustomer, ReadCustomer};
use crate::audit::Audit;

/// One thing held of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueRef {
    /// A value of a field.
    Value(ValueId),
    /// A contact point.
    ContactPoint(ContactPointId),
}

impl ValueRef {
    pub(super) fn row(&self) -> &[u8; 16] {
        match self {
            Self::Value(id) => id.bytes(),
            Self::ContactPoint(id) => id.bytes(),
        }
    }
}

impl fmt::Display for ValueRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(id) => id.fmt(f),
            Self::ContactPoint(id) => id.fmt(f),
        }
    }
}

impl FromStr for ValueRef {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self::Value).or_else(|_| text.parse().map(Self::ContactPoint))
    }
}

/// A value as it may be listed.
pub struct MaskedValue {
    /// Which.
    pub id: ValueRef,
    /// Under whose id it is held: the customer's, or that of one merged into them.
    pub customer: CustomerId,
    /// Its field.
    pub field: FieldId,
    /// The field's name for programs.
    pub name: String,
    /// The field's name for people.
    pub label: String,
    /// What may be seen of it.
    pub masked: Masked,
}

/// A value to be set. No `Debug`: it holds the value.
pub struct SetValue<'a> {
    /// The field's name.
    pub field: &'a str,
    /// The value as written.
    pub value: &'a str,
}

/// What became of a value that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is held now, and what it replaced is gone.
    Changed(ValueRef),
    /// It was held already.
    Unchanged,
}

impl Vault {
    /// Holds a value of a customer from now on. A contact point stands beside the others; any
    /// other value replaces that of its field.
    pub async fn set_value(
        &self,
        audit: &Audit,
        permit: &Permit<EditCustomer>,
        set: SetValue<'_>,
    ) -> Result<Stored, Error> {
        let organisation = permit.organisation();
        let name = set.field.to_owned();
        let field = self
            .context
            .db
            .read("vault.field", move |tx| {
                fields::field_by_name(tx, organisation, &name)?.ok_or_else(|| Error::UnknownField(name.clone()))
            })
            .await?;
        let mut details = Details::default();
        details.add(self, organisation, &Arc::new(field), set.value, self.context.clock.now())?;
        let details = Arc::new(details);
        for _ in 0..STALE_TRIES {
            match self.try_set(audit, permit, &details).await {
                Err(Error::Stale) => {}
                done => return done,
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn try_set(
        &self,
        audit: &Audit,
        permit: &Permit<EditCustomer>,
        details: &Arc<Details>,
    ) -> Result<Stored, Error> {
        let (organisation, case) = (permit.organisation(), *permit.resource());
        let (vault, wanted, customer) = (self.clone(), Arc::clone(details), case.customer);
        let look = move |tx: &mut db::Tx<'_>| {
            let person = vault.person(tx, organisation, customer)?;
            let owners = Self::owners(tx, organisation, &wanted.contacts)?;
            Ok::<_, Error>((person, owners))
        };
        let (person, owners) = self.context.db.read("vault.person", look).await?;
        if let Some(contact) = details.contacts.first()
            && owners.iter().any(|owner| *owner != person.id())
        {
            return Err(Error::Taken { field: contact.field.name.clone() });
        }
        let known = person.known()?;
        let difference = details.difference(&known);
        if difference.is_empty() {
            return Ok(Stored::Unchanged);
        }
        difference.check(&known)?;
        let now = self.context.clock.now();
        let cause = Cause { actor: permit.actor(), conversation: case.conversation, now };
        let change = ProfileChange::prepare(self, audit, cause, &person, (&known, &difference))?;
        let stored = change.only().map_or(Stored::Unchanged, Stored::Changed);
        let permit = permit.clone();
        let write = move |tx: &mut db::Tx<'_>| {
            permit.confirm(tx, now)?;
            change.store(tx, organisation, now)
        };
        self.context.db.write("vault.set_value", write).await?;
        Ok(stored)
    }

    /// Everything held of a customer and of those merged into them, masked, in the order of the
    /// inventory.
    pub async fn masked(&self, permit: &Permit<ReadCustomer>) -> Result<Vec<MaskedValue>, Error> {
        permit.in_force(self.context.clock.now())?;
        let (vault, organisation, customer) = (self.clone(), permit.organisation(), permit.resource().customer);
        let look = move |tx: &mut db::Tx<'_>| {
            let person = vault.person(tx, organisation, customer)?;
            Ok::<_, Error>((person, fields::fields(tx, organisation, FIELDS)?))
        };
        let (person, fields) = self.context.db.read("vault.masked", look).await?;
        let mut masked = Vec::new();
        for field in &fields {
            let mut show = |id, customer, text: &str| {
                let (name, label) = (field.name.clone(), field.label.clone());
                masked.push(MaskedValue { id, customer, field: field.id, name, label, masked: field.mask.apply(text) });
            };
            for holding in person.holdings() {
                for row in holding.values.iter().filter(|row| row.field == field.id) {
                    let text = holding.open(Column::CustomerValue, row.id.bytes(), &row.sealed)?;
                    show(ValueRef::Value(row.id), holding.customer, &text);
                }
                let of_field = |kind: ContactKind| field.contact == Some(kind) && kind != ContactKind::Unknown;
                for row in holding.contacts.iter().filter(|row| of_field(row.kind)) {
                    let text = holding.open(Column::ContactPoint, row.id.bytes(), &row.sealed)?;
                    show(ValueRef::ContactPoint(row.id), holding.customer, &text);
                }
            }
        }
        Ok(masked)
    }
}
