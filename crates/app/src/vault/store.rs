//! The vault's tables: customers, contact points, values, the data inventory and wrapped keys.

pub(super) mod inventory;
pub(super) mod lifecycle;
pub(super) mod together;
pub(super) mod values;

use db::{Asked, Error, Gate, Tx, blob, id, int, text};
use envelope::SubjectId;
use kernel::{CustomerId, Id, OrganisationId, Timestamp, ValueId};

use super::page::{ids_of_page, page_of_ids};

db::statements! { "vault";
    /// The epoch under which new keys are wrapped.
    EPOCH = "SELECT epoch FROM organisation WHERE org = $1";
    /// The wrapped keys of one subject, the newest of each class last.
    KEYS = "SELECT class, version, epoch, wrapped FROM data_key WHERE org = $1 AND subject = $2 ORDER BY class, version";
    /// The wrapped keys of a page of subjects, in the same order for each.
    KEYS_OF_PAGE = concat!("SELECT subject, class, version, epoch, wrapped FROM data_key
        WHERE org = $1 AND subject IN ", page_of_ids!(), " ORDER BY subject, class, version");
    /// The sealed names of a page of customers, the newest of each last.
    NAMES_OF_PAGE = concat!("SELECT customer, id, sealed FROM customer_value
        WHERE org = $1 AND field = 1 AND customer IN ", page_of_ids!(), " ORDER BY created_at, id");
    /// Those who turned out to be this customer.
    MERGED_INTO = "SELECT id FROM customer WHERE org = $1 AND merged_into = $2 ORDER BY id LIMIT $3";
    /// A new wrapped key.
    INSERT_KEY = "INSERT INTO data_key (org, subject, class, version, epoch, wrapped, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A new customer.
    INSERT_CUSTOMER = "INSERT INTO customer (org, id, kind, created_at, merged_into, erased_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// One customer's standing.
    CUSTOMER = "SELECT kind, merged_into, erased_at FROM customer WHERE org = $1 AND id = $2";
    /// The same, held so that no merge or erasure comes between.
    SHARE_CUSTOMER = "SELECT kind, merged_into, erased_at FROM customer
        WHERE org = $1 AND id = $2 FOR SHARE";
    /// A new contact point, unless another customer has it already.
    INSERT_CONTACT_POINT = "INSERT INTO contact_point (org, id, customer, kind, blind, sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org, kind, blind) DO NOTHING";
    /// Whose contact point it is, and whether that one turned out to be another.
    CONTACT_POINT_OWNER = "SELECT p.customer, c.merged_into FROM contact_point p
        JOIN customer c ON c.org = p.org AND c.id = p.customer
        WHERE p.org = $1 AND p.kind = $2 AND p.blind = $3";
    /// A new value.
    INSERT_VALUE = "INSERT INTO customer_value (org, id, customer, field, sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
}

/// The table of wrapped keys, which a backup keeps apart.
pub(crate) const KEYS_TABLE: &str = "data_key";

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
    pub(super) merged_into: Option<CustomerId>,
    pub(super) erased_at: Option<Timestamp>,
}

fn small<T: TryFrom<i64>>(row: &db::Row<'_>, column: usize) -> Result<T, Error> {
    T::try_from(row.int(column)?).map_err(|_| Error::Column { statement: "vault", column })
}

/// The epoch of new keys; until the transaction ends, no rotation finishes.
pub(super) fn pass_epoch(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Asked<u32>, Error> {
    tx.pass(Gate::of(organisation.bytes()))?;
    tx.ask(&EPOCH, &[id(&organisation)], |row| small(row, 0))
}

/// The epoch of new keys; until the transaction ends, no key comes in.
pub(super) fn close_epoch(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Option<u32>, Error> {
    tx.close(Gate::of(organisation.bytes()))?;
    tx.query_opt(&EPOCH, &[id(&organisation)], |row| small(row, 0))
}

pub(super) fn keys(tx: &mut Tx<'_>, organisation: OrganisationId, subject: SubjectId) -> Result<Vec<KeyRow>, Error> {
    tx.query(&KEYS, &[id(&organisation), blob(subject.bytes())], |row| {
        Ok(KeyRow { class: small(row, 0)?, version: small(row, 1)?, epoch: small(row, 2)?, wrapped: row.blob(3)? })
    })
}

/// The wrapped keys of many customers, each with its own.
pub(super) fn keys_of_page(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customers: &[CustomerId],
) -> Result<Vec<(CustomerId, Vec<KeyRow>)>, Error> {
    let mut found: Vec<(CustomerId, Vec<KeyRow>)> = Vec::with_capacity(customers.len());
    tx.for_each(&KEYS_OF_PAGE, &ids_of_page(&organisation, customers), |row| {
        let customer = row.id(0)?;
        let key =
            KeyRow { class: small(row, 1)?, version: small(row, 2)?, epoch: small(row, 3)?, wrapped: row.blob(4)? };
        match found.last_mut() {
            Some((last, keys)) if *last == customer => keys.push(key),
            _ => found.push((customer, vec![key])),
        }
        Ok(())
    })?;
    Ok(found)
}

/// Sealed names, each with its customer and its value's id.
pub(super) fn names_of_page(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customers: &[CustomerId],
) -> Result<Vec<(CustomerId, ValueId, Vec<u8>)>, Error> {
    let values = ids_of_page(&organisation, customers);
    tx.query(&NAMES_OF_PAGE, &values, |row| Ok((row.id(0)?, row.id(1)?, row.blob(2)?)))
}

pub(super) fn merged_into(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    into: CustomerId,
    limit: usize,
) -> Result<Vec<CustomerId>, Error> {
    tx.query(&MERGED_INTO, &[id(&organisation), id(&into), int(limit)], |row| row.id(0))
}

pub(super) fn customer(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    hold: bool,
) -> Result<Option<CustomerRow>, Error> {
    let statement = if hold { &SHARE_CUSTOMER } else { &CUSTOMER };
    tx.query_opt(statement, &[id(&organisation), id(&customer)], customer_of)
}

fn customer_of(row: &db::Row<'_>) -> Result<CustomerRow, Error> {
    Ok(CustomerRow { kind: row.text(0)?, merged_into: row.opt_id(1)?, erased_at: row.opt_time(2)? })
}

/// The same, held, as an answer that comes later.
pub(super) fn ask_customer_held(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<Asked<CustomerRow>, Error> {
    tx.ask(&SHARE_CUSTOMER, &[id(&organisation), id(&customer)], customer_of)
}

/// Who has a contact point, and into whom that one was merged.
pub(super) fn ask_contact_point_owner(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    kind: &str,
    blind: &[u8; 32],
) -> Result<Asked<(CustomerId, Option<CustomerId>)>, Error> {
    let values = [id(&organisation), text(kind), blob(blind)];
    tx.ask(&CONTACT_POINT_OWNER, &values, |row| Ok((row.id(0)?, row.opt_id(1)?)))
}
