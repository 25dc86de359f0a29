//! Values and contact points sealed for the row that they will stand in, outside the transaction.

use db::Tx;
use kernel::{ContactPointId, CustomerId, Id, OrganisationId, Timestamp, ValueId};

use super::inventory::FieldId;
use super::place::Column;
use super::{ContactKind, Error, Normalised, SubjectKeys, Vault, store};

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
    pub(super) fn insert(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<(), Error> {
        Ok(store::insert_value(tx, organisation, (self.id, customer, self.field.number()), &self.sealed, now)?)
    }
}

impl NewContactPoint {
    /// [`Error::Stale`] when somebody has it already.
    pub(super) fn insert(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let point = (self.kind.word(), &self.blind, self.sealed.as_slice());
        if store::insert_contact_point(tx, organisation, (self.id, customer), point, now)? {
            Ok(())
        } else {
            Err(Error::Stale)
        }
    }
}
