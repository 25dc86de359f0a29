//! Values and contact points sealed for the row that they will stand in, outside the transaction.

use kernel::{ContactPointId, CustomerId, Id, ValueId};

use super::inventory::FieldId;
use super::place::Column;
use super::store::together::Together;
use super::{ContactKind, Error, Normalised, SubjectKeys, Vault};

/// A value ready to be stored.
pub(super) struct NewValue {
    pub(super) id: ValueId,
    pub(super) field: FieldId,
    sealed: Vec<u8>,
}

/// A contact point ready to be stored.
pub(super) struct NewContactPoint {
    pub(super) id: ContactPointId,
    kind: ContactKind,
    blind: [u8; 32],
    sealed: Vec<u8>,
}

impl Vault {
    pub(super) fn seal_value(&self, keys: &SubjectKeys, field: FieldId, value: &str) -> Result<NewValue, Error> {
        let entropy = &*self.context.entropy;
        let id = ValueId::new(self.context.clock.now(), entropy);
        let sealed = keys.seal(Column::CustomerValue, id.bytes(), value.as_bytes(), entropy)?;
        Ok(NewValue { id, field, sealed })
    }

    pub(super) fn seal_contact_point(
        &self,
        keys: &SubjectKeys,
        contact: &Normalised,
        blind: [u8; 32],
    ) -> Result<NewContactPoint, Error> {
        let entropy = &*self.context.entropy;
        let id = ContactPointId::new(self.context.clock.now(), entropy);
        let sealed = keys.seal(Column::ContactPoint, id.bytes(), contact.written().as_bytes(), entropy)?;
        Ok(NewContactPoint { id, kind: contact.kind(), blind, sealed })
    }
}

impl NewValue {
    /// Adds the row to what is stored together.
    pub(super) fn add_to<'n>(&'n self, rows: &mut Together<'n>, customer: &'n CustomerId) {
        rows.value(customer, &self.id, self.field, &self.sealed);
    }
}

impl NewContactPoint {
    /// Adds the row to what is stored together.
    pub(super) fn add_to<'n>(&'n self, rows: &mut Together<'n>, customer: &'n CustomerId) {
        rows.contact_point(customer, &self.id, (self.kind.word(), &self.blind, &self.sealed));
    }
}
