//! What somebody wants to be held of a customer, what of it is new, and the change that makes it so.

use std::collections::HashSet;
use std::sync::Arc;

use db::{Change, Tx};
use kernel::{ConversationId, CustomerId, Id, OrganisationId, Timestamp, ValueId};
use zeroize::Zeroizing;

use super::format::Checked;
use super::inventory::Field;
use super::person::{CONTACT_POINTS, Known, Person};
use super::sealed_row::{NewContactPoint, NewValue};
use super::store::together::Together;
use super::store::values as store;
use super::{ContactKind, Error, Normalised, Vault};
use crate::Actor;
use crate::audit::{self, Action, Audit, Entry};

/// What a commit that changes customers announces.
pub(super) const CHANGE: &str = "customer";

/// A contact point by which the customer is to be met again.
pub(super) struct Contact {
    pub(super) field: Arc<Field>,
    pub(super) point: Normalised,
    pub(super) blind: [u8; 32],
}

/// A value that is to be held.
pub(super) struct Detail {
    pub(super) field: Arc<Field>,
    pub(super) text: Zeroizing<String>,
}

/// Everything that is to be held, one value for each field.
#[derive(Default)]
pub(super) struct Details {
    pub(super) contacts: Vec<Contact>,
    pub(super) values: Vec<Detail>,
}

/// What of some details is not known yet.
pub(super) struct Difference<'d> {
    pub(super) contacts: Vec<&'d Contact>,
    pub(super) values: Vec<&'d Detail>,
}

impl Details {
    /// Adds what was written for a field.
    pub(super) fn add(
        &mut self,
        vault: &Vault,
        organisation: OrganisationId,
        field: &Arc<Field>,
        written: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let field = Arc::clone(field);
        match field.check(written, now)? {
            Checked::Value(text) => self.values.push(Detail { field, text }),
            Checked::Contact(point) => {
                let blind = vault.blind(organisation, point.kind().index(), point.normalised().as_bytes())?;
                if self.contacts.iter().all(|known| known.blind != blind) {
                    self.contacts.push(Contact { field, point, blind });
                }
            }
        }
        Ok(())
    }

    /// What would have to change for somebody of whom this is known.
    pub(super) fn difference(&self, known: &Known) -> Difference<'_> {
        let holds = |detail: &Detail| {
            known.values.iter().any(|value| value.field == detail.field.id && value.text == detail.text)
        };
        Difference {
            contacts: self.contacts.iter().filter(|contact| !known.contacts.contains(&contact.blind)).collect(),
            values: self.values.iter().filter(|detail| !holds(detail)).collect(),
        }
    }
}

impl Difference<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.values.is_empty()
    }

    /// The first field whose value would not fit beside what is known.
    pub(super) fn check(&self, known: &Known) -> Result<(), Error> {
        match self.contacts.first() {
            Some(first) if known.contacts.len() + self.contacts.len() > CONTACT_POINTS => Err(Error::Value {
                field: first.field.name.clone(),
                reason: "a customer has at most 200 contact points",
            }),
            _ => Ok(()),
        }
    }
}

/// A change of what is held of a living customer, prepared outside its transaction.
pub(super) struct ProfileChange {
    pub(super) customer: CustomerId,
    contacts: Vec<NewContactPoint>,
    /// A value, and those that it replaces.
    values: Vec<(NewValue, Vec<ValueId>)>,
    entries: Vec<audit::Prepared>,
}

/// Why and by whom something is changed.
#[derive(Clone, Copy)]
pub(super) struct Cause {
    pub(super) actor: Actor,
    pub(super) conversation: Option<ConversationId>,
    pub(super) now: Timestamp,
}

impl ProfileChange {
    /// Seals what is new under the keys of the customer who lives, with an entry for each part.
    pub(super) fn prepare(
        vault: &Vault,
        audit: &Audit,
        cause: Cause,
        person: &Person,
        (known, difference): (&Known, &Difference<'_>),
    ) -> Result<Self, Error> {
        let keys = &person.survivor.keys;
        let mut change = Self { customer: person.id(), contacts: Vec::new(), values: Vec::new(), entries: Vec::new() };
        let entry = |field: &Field, object: String| {
            let entry = Entry::new(Action::ValueChanged, cause.actor, cause.now).field(&*field.name).object(object);
            let entry = cause.conversation.into_iter().fold(entry, Entry::conversation);
            audit.prepare(keys, &entry)
        };
        for contact in &difference.contacts {
            let point = vault.seal_contact_point(keys, &contact.point, contact.blind)?;
            change.entries.push(entry(&contact.field, point.id.to_string())?);
            change.contacts.push(point);
        }
        for detail in &difference.values {
            let value = vault.seal_value(keys, detail.field.id, &detail.text)?;
            change.entries.push(entry(&detail.field, value.id.to_string())?);
            let same_field = known.values.iter().filter(|known| known.field == detail.field.id);
            change.values.push((value, same_field.filter_map(|known| known.id).collect()));
        }
        Ok(change)
    }

    /// Stores the change; [`Error::Stale`] when the customer or one of the values changed since.
    pub(super) fn store(&self, tx: &mut Tx<'_>, organisation: OrganisationId, now: Timestamp) -> Result<(), Error> {
        let row = store::hold_customer(tx, organisation, self.customer)?.ok_or(Error::Stale)?;
        if row.erased_at.is_some() || row.merged_into.is_some() {
            return Err(Error::Stale);
        }
        let mut rows = Together::new(&organisation, now);
        self.contacts.iter().for_each(|point| point.add_to(&mut rows, &self.customer));
        for (value, replaced) in &self.values {
            let there = store::values_of_field(tx, organisation, self.customer, value.field)?;
            if !there.iter().all(|id| replaced.contains(id)) {
                return Err(Error::Stale);
            }
            for old in replaced {
                if !store::remove_value(tx, organisation, *old)? {
                    return Err(Error::Stale);
                }
            }
            value.add_to(&mut rows, &self.customer);
        }
        if !rows.store(tx)? {
            return Err(Error::Stale);
        }
        Audit::append(tx, organisation, &self.entries)?;
        tx.announce(Change { organisation, kind: CHANGE, id: *self.customer.bytes() });
        Ok(())
    }

    /// The id of what a change of one single thing stored.
    pub(super) fn only(&self) -> Option<super::ValueRef> {
        let point = self.contacts.first().map(|point| super::ValueRef::ContactPoint(point.id));
        point.or_else(|| self.values.first().map(|(value, _)| super::ValueRef::Value(value.id)))
    }
}

impl Vault {
    /// The living customers who have these contact points.
    pub(super) fn owners(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        contacts: &[Contact],
    ) -> Result<HashSet<CustomerId>, Error> {
        contacts
            .iter()
            .filter_map(|contact| {
                let kind: ContactKind = contact.point.kind();
                Self::find_by_contact(tx, organisation, kind, &contact.blind).transpose()
            })
            .collect()
    }
}
