//! The vault's tables: customers, contact points, values, the data inventory and wrapped keys.

use db::{Error, Tx, blob, id, int, opt_id, opt_time, text, time};
use envelope::{DekSlot, SubjectId};
use kernel::{ContactPointId, CustomerId, OrganisationId, Timestamp, ValueId};

db::statements! { "vault";
    /// The epoch under which new keys are wrapped, held until the transaction ends.
    LOCK_EPOCH = "SELECT epoch FROM organisation WHERE org = $1 FOR SHARE";
    /// The wrapped keys of one subject, the newest of each class last.
    KEYS = "SELECT class, version, epoch, wrapped FROM data_key WHERE org = $1 AND subject = $2 ORDER BY class, version";
    /// A new wrapped key.
    INSERT_KEY = "INSERT INTO data_key (org, subject, class, version, epoch, wrapped, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A new customer.
    INSERT_CUSTOMER = "INSERT INTO customer (org, id, kind, created_at, merged_into, erased_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// One customer's standing.
    CUSTOMER = "SELECT kind, created_at, merged_into, erased_at FROM customer WHERE org = $1 AND id = $2";
    /// The same, held so that no merge or erasure comes between.
    SHARE_CUSTOMER = "SELECT kind, created_at, merged_into, erased_at FROM customer
        WHERE org = $1 AND id = $2 FOR SHARE";
    /// A new contact point, unless another customer has it already.
    INSERT_CONTACT_POINT = "INSERT INTO contact_point (org, id, customer, kind, blind, sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org, kind, blind) DO NOTHING";
    /// Whose contact point it is.
    CONTACT_POINT_OWNER = "SELECT customer FROM contact_point WHERE org = $1 AND kind = $2 AND blind = $3";
    /// A new value.
    INSERT_VALUE = "INSERT INTO customer_value (org, id, customer, field, sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
}

/// A wrapped key as it is stored.
pub(super) struct KeyRow {
    pub(super) class: u16,
    pub(super) version: u32,
    pub(super) epoch: u32,
    pub(super) wrapped: Vec<u8>,
}

/// A customer's standing as it is stored.
pub(super) struct CustomerRow {
    pub(super) kind: String,
    pub(super) created_at: Timestamp,
    pub(super) merged_into: Option<CustomerId>,
    pub(super) erased_at: Option<Timestamp>,
}

fn small<T: TryFrom<i64>>(row: &db::Row<'_>, column: usize) -> Result<T, Error> {
    T::try_from(row.int(column)?).map_err(|_| Error::Column { statement: "vault", column })
}

pub(super) fn lock_epoch(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Option<u32>, Error> {
    tx.query_opt(&LOCK_EPOCH, &[id(&organisation)], |row| small(row, 0))
}

pub(super) fn keys(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
) -> Result<Vec<KeyRow>, Error> {
    tx.query(&KEYS, &[id(&organisation), blob(subject.bytes())], |row| {
        Ok(KeyRow { class: small(row, 0)?, version: small(row, 1)?, epoch: small(row, 2)?, wrapped: row.blob(3)? })
    })
}

pub(super) fn insert_key(
    tx: &mut Tx<'_>,
    slot: &DekSlot,
    epoch: u32,
    wrapped: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    let (class, version) = (int(slot.class.0), int(slot.version));
    let values = [
        id(&slot.organisation),
        blob(slot.subject.bytes()),
        class,
        version,
        int(epoch),
        blob(wrapped),
        time(now),
    ];
    tx.execute_one(&INSERT_KEY, &values)
}

pub(super) fn insert_customer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    kind: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [id(&organisation), id(&customer), text(kind), time(now), opt_id::<CustomerId>(None), opt_time(None)];
    tx.execute_one(&INSERT_CUSTOMER, &values)
}

pub(super) fn customer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    hold: bool,
) -> Result<Option<CustomerRow>, Error> {
    let statement = if hold { &SHARE_CUSTOMER } else { &CUSTOMER };
    tx.query_opt(statement, &[id(&organisation), id(&customer)], |row| {
        Ok(CustomerRow {
            kind: row.text(0)?,
            created_at: row.time(1)?,
            merged_into: row.opt_id(2)?,
            erased_at: row.opt_time(3)?,
        })
    })
}

/// Whether the contact point was stored; false when somebody has it already.
pub(super) fn insert_contact_point(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (point, customer): (ContactPointId, CustomerId),
    (kind, blind, sealed): (&str, &[u8; 32], &[u8]),
    now: Timestamp,
) -> Result<bool, Error> {
    let values =
        [id(&organisation), id(&point), id(&customer), text(kind), blob(blind), blob(sealed), time(now)];
    Ok(tx.execute(&INSERT_CONTACT_POINT, &values)? == 1)
}

pub(super) fn contact_point_owner(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    kind: &str,
    blind: &[u8; 32],
) -> Result<Option<CustomerId>, Error> {
    tx.query_opt(&CONTACT_POINT_OWNER, &[id(&organisation), text(kind), blob(blind)], |row| row.id(0))
}

pub(super) fn insert_value(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (value, customer, field): (ValueId, CustomerId, u16),
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    let values = [id(&organisation), id(&value), id(&customer), int(field), blob(sealed), time(now)];
    tx.execute_one(&INSERT_VALUE, &values)
}
