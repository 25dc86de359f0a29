//! Rows of new customers and keys, stored in as few round trips as the engine allows.

use db::{Error, Statement, Tx, Value, blob, id, int, opt_id, opt_time, text, time};
use envelope::{KeyVersion, SubjectId};
use kernel::{ContactPointId, CustomerId, OrganisationId, Timestamp, ValueId};

use super::{INSERT_CONTACT_POINT, INSERT_CUSTOMER, INSERT_KEY, INSERT_VALUE};
use crate::vault::Retention;
use crate::vault::inventory::FieldId;

/// Rows that are stored in the order in which they were added.
pub(in crate::vault) struct Together<'v> {
    organisation: &'v OrganisationId,
    now: Timestamp,
    rows: Vec<(&'static Statement, Vec<Value<'v>>)>,
}

impl<'v> Together<'v> {
    pub(in crate::vault) const fn new(organisation: &'v OrganisationId, now: Timestamp) -> Self {
        Self { organisation, now, rows: Vec::new() }
    }

    fn add(&mut self, statement: &'static Statement, values: &[Value<'v>]) {
        self.rows.push((statement, [&[id(self.organisation)], values].concat()));
    }

    pub(in crate::vault) fn customer(&mut self, customer: &'v CustomerId, kind: &'v str) {
        let values = [id(customer), text(kind), time(self.now), opt_id::<CustomerId>(None), opt_time(None)];
        self.add(&INSERT_CUSTOMER, &values);
    }

    pub(in crate::vault) fn key(
        &mut self,
        subject: &'v SubjectId,
        (class, version, epoch): (Retention, KeyVersion, u32),
        wrapped: &'v [u8],
    ) {
        let (class, version) = (int(class.number()), int(version));
        self.add(&INSERT_KEY, &[blob(subject.bytes()), class, version, int(epoch), blob(wrapped), time(self.now)]);
    }

    pub(in crate::vault) fn contact_point(
        &mut self,
        customer: &'v CustomerId,
        point: &'v ContactPointId,
        (kind, blind, sealed): (&'v str, &'v [u8; 32], &'v [u8]),
    ) {
        let values = [id(point), id(customer), text(kind), blob(blind), blob(sealed), time(self.now)];
        self.add(&INSERT_CONTACT_POINT, &values);
    }

    pub(in crate::vault) fn value(
        &mut self,
        customer: &'v CustomerId,
        value: &'v ValueId,
        field: FieldId,
        sealed: &'v [u8],
    ) {
        let values = [id(value), id(customer), int(field.number()), blob(sealed), time(self.now)];
        self.add(&INSERT_VALUE, &values);
    }

    /// Whether all were stored; false when somebody has one of the contact points already.
    pub(in crate::vault) fn store(&self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        let work: Vec<(&'static Statement, &[Value<'_>])> =
            self.rows.iter().map(|(statement, values)| (*statement, values.as_slice())).collect();
        Ok(tx.execute_all(&work)?.iter().all(|stored| *stored == 1))
    }
}
