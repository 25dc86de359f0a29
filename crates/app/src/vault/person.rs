//! All that is held of one person: the rows of a customer and of those merged into them, each
//! with the keys that open them.

use std::collections::HashSet;
use std::sync::Arc;

use db::Tx;
use kernel::{CustomerId, Id, OrganisationId, ValueId};
use zeroize::Zeroizing;

use super::inventory::{FIELDS, FieldId};
use super::place::Column;
use super::store::values::{self as store, ContactRow, ValueRow};
use super::{Error, SubjectKeys, Vault};

/// Contact points of one customer.
pub(super) const CONTACT_POINTS: usize = 200;

/// What is held under one customer's own id.
pub(super) struct Holding {
    pub(super) customer: CustomerId,
    pub(super) keys: Arc<SubjectKeys>,
    pub(super) values: Vec<ValueRow>,
    pub(super) contacts: Vec<ContactRow>,
}

/// A living customer with those merged into them.
pub(super) struct Person {
    pub(super) survivor: Holding,
    merged: Vec<Holding>,
}

/// A value in the clear.
pub(super) struct KnownValue {
    pub(super) id: Option<ValueId>,
    pub(super) field: FieldId,
    pub(super) text: Zeroizing<String>,
}

/// What is known of somebody, to tell what a change would add.
#[derive(Default)]
pub(super) struct Known {
    pub(super) contacts: HashSet<[u8; 32]>,
    pub(super) values: Vec<KnownValue>,
}

impl Vault {
    /// Reads all that is held of the person behind an id, merges followed.
    pub(super) fn person(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
    ) -> Result<Person, Error> {
        let survivor = Self::survivor(tx, organisation, customer)?;
        let mut all = Self::with_merged(tx, organisation, survivor)?.into_iter();
        let first = all.next().unwrap_or(survivor);
        let survivor = self.holding(tx, organisation, first)?.ok_or(Error::Erased)?;
        let mut merged = Vec::new();
        for customer in all {
            merged.extend(self.holding(tx, organisation, customer)?);
        }
        Ok(Person { survivor, merged })
    }

    /// Nothing when the keys are destroyed.
    fn holding(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
    ) -> Result<Option<Holding>, Error> {
        let Some(keys) = self.keys(tx, organisation, customer.into())? else { return Ok(None) };
        // A field holds one value of a customer, so there are no more values than fields.
        let values = store::values_of(tx, organisation, customer, FIELDS)?;
        let contacts = store::contact_points_of(tx, organisation, customer, CONTACT_POINTS)?;
        Ok(Some(Holding { customer, keys, values, contacts }))
    }
}

impl Person {
    pub(super) fn id(&self) -> CustomerId {
        self.survivor.customer
    }

    pub(super) fn holdings(&self) -> impl Iterator<Item = &Holding> {
        std::iter::once(&self.survivor).chain(&self.merged)
    }

    /// Opens everything.
    pub(super) fn known(&self) -> Result<Known, Error> {
        let mut known = Known::default();
        for holding in self.holdings() {
            known.contacts.extend(holding.contacts.iter().map(|row| row.blind));
            for row in &holding.values {
                let text = holding.open(Column::CustomerValue, row.id.bytes(), &row.sealed)?;
                known.values.push(KnownValue { id: Some(row.id), field: row.field, text });
            }
        }
        Ok(known)
    }
}

impl Holding {
    pub(super) fn open(&self, column: Column, row: &[u8; 16], sealed: &[u8]) -> Result<Zeroizing<String>, Error> {
        open_text(&self.keys, column, row, sealed)
    }
}

/// Opens a text. What was sealed here is UTF-8; anything else was not sealed here.
pub(super) fn open_text(
    keys: &SubjectKeys,
    column: Column,
    row: &[u8; 16],
    sealed: &[u8],
) -> Result<Zeroizing<String>, Error> {
    let opened = keys.open(column, row, sealed)?;
    std::str::from_utf8(&opened).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| Error::NoValue)
}
