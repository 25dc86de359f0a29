//! What is held of customers: their values, contact points and the links between them.

use db::{Error, Tx, id, int};
use kernel::{ContactPointId, CustomerId, OrganisationId, ValueId};

use super::{CustomerRow, customer_of, small};
use crate::vault::ContactKind;
use crate::vault::inventory::FieldId;

db::statements! { "vault";
    /// One value.
    VALUE = "SELECT customer, field, sealed FROM customer_value WHERE org = $1 AND id = $2";
    /// The values of a customer.
    VALUES_OF = "SELECT id, field, sealed FROM customer_value WHERE org = $1 AND customer = $2
        ORDER BY field, id LIMIT $3";
    /// A value that was replaced.
    REMOVE_VALUE = "DELETE FROM customer_value WHERE org = $1 AND id = $2";
    /// The values of one field.
    VALUES_OF_FIELD = "SELECT id FROM customer_value WHERE org = $1 AND customer = $2 AND field = $3 ORDER BY id";
    /// One contact point.
    CONTACT_POINT = "SELECT customer, kind, sealed FROM contact_point WHERE org = $1 AND id = $2";
    /// The contact points of a customer.
    CONTACT_POINTS_OF = "SELECT id, kind, blind, sealed FROM contact_point WHERE org = $1 AND customer = $2
        ORDER BY created_at, id LIMIT $3";
    /// A customer's standing, with nobody else changing what is held of them.
    HOLD_CUSTOMER = "SELECT kind, merged_into, erased_at FROM customer
        WHERE org = $1 AND id = $2 FOR UPDATE";
    /// A customer turns out to be another.
    LINK_CUSTOMER = "UPDATE customer SET merged_into = $3
        WHERE org = $1 AND id = $2 AND merged_into IS NULL AND erased_at IS NULL";
}

/// A value as it is stored.
pub(in crate::vault) struct ValueRow {
    pub(in crate::vault) id: ValueId,
    pub(in crate::vault) field: FieldId,
    pub(in crate::vault) sealed: Vec<u8>,
}

/// A contact point as it is stored.
pub(in crate::vault) struct ContactRow {
    pub(in crate::vault) id: ContactPointId,
    pub(in crate::vault) kind: ContactKind,
    pub(in crate::vault) blind: [u8; 32],
    pub(in crate::vault) sealed: Vec<u8>,
}

pub(in crate::vault) fn value(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    value: ValueId,
) -> Result<Option<(CustomerId, FieldId, Vec<u8>)>, Error> {
    tx.query_opt(&VALUE, &[id(&organisation), id(&value)], |row| {
        Ok((row.id(0)?, FieldId::from_number(small(row, 1)?), row.blob(2)?))
    })
}

pub(in crate::vault) fn values_of(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    limit: usize,
) -> Result<Vec<ValueRow>, Error> {
    tx.query(&VALUES_OF, &[id(&organisation), id(&customer), int(limit)], |row| {
        Ok(ValueRow { id: row.id(0)?, field: FieldId::from_number(small(row, 1)?), sealed: row.blob(2)? })
    })
}

pub(in crate::vault) fn values_of_field(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    field: FieldId,
) -> Result<Vec<ValueId>, Error> {
    tx.query(&VALUES_OF_FIELD, &[id(&organisation), id(&customer), int(field.number())], |row| row.id(0))
}

/// Whether it was there.
pub(in crate::vault) fn remove_value(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    value: ValueId,
) -> Result<bool, Error> {
    Ok(tx.execute(&REMOVE_VALUE, &[id(&organisation), id(&value)])? == 1)
}

pub(in crate::vault) fn contact_point(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    point: ContactPointId,
) -> Result<Option<(CustomerId, ContactKind, Vec<u8>)>, Error> {
    tx.query_opt(&CONTACT_POINT, &[id(&organisation), id(&point)], |row| {
        Ok((row.id(0)?, contact_kind(row, 1)?, row.blob(2)?))
    })
}

pub(in crate::vault) fn contact_points_of(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    limit: usize,
) -> Result<Vec<ContactRow>, Error> {
    tx.query(&CONTACT_POINTS_OF, &[id(&organisation), id(&customer), int(limit)], |row| {
        Ok(ContactRow { id: row.id(0)?, kind: contact_kind(row, 1)?, blind: row.array(2)?, sealed: row.blob(3)? })
    })
}

fn contact_kind(row: &db::Row<'_>, column: usize) -> Result<ContactKind, Error> {
    ContactKind::from_word(&row.text(column)?).ok_or(Error::Column { statement: "vault", column })
}

pub(in crate::vault) fn hold_customer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<Option<CustomerRow>, Error> {
    tx.query_opt(&HOLD_CUSTOMER, &[id(&organisation), id(&customer)], customer_of)
}

/// Whether the link was made; false when the customer is merged or erased already.
pub(in crate::vault) fn link_customer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: CustomerId,
    into: CustomerId,
) -> Result<bool, Error> {
    Ok(tx.execute(&LINK_CUSTOMER, &[id(&organisation), id(&from), id(&into)])? == 1)
}
