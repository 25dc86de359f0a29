//! Organisations as rows.

use db::{Error, Tx, id, int, text, time};
use kernel::OrganisationId;

use crate::identity::{ORGANISATIONS, Organisation};

db::statements! { "identity";
    /// All organisations, the oldest first.
    ORGANISATION_LIST = "SELECT org, name, created_at FROM organisation ORDER BY created_at, org LIMIT $1";
    /// One organisation.
    ORGANISATION = "SELECT org, name, created_at FROM organisation WHERE org = $1";
    /// Those that bear a name; two are enough to know that it is not one.
    ORGANISATION_BY_NAME = "SELECT org, name, created_at FROM organisation WHERE name = $1 LIMIT 2";
    /// How many there are.
    ORGANISATION_COUNT = "SELECT COUNT(*) FROM organisation";
    /// A new organisation.
    INSERT_ORGANISATION = "INSERT INTO organisation (org, name, epoch, created_at) VALUES ($1, $2, $3, $4)";
}

pub(in crate::identity) fn organisations(tx: &mut Tx<'_>) -> Result<Vec<Organisation>, Error> {
    tx.query(&ORGANISATION_LIST, &[int(ORGANISATIONS)], organisation_row)
}

pub(in crate::identity) fn organisation(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
) -> Result<Option<Organisation>, Error> {
    tx.query_opt(&ORGANISATION, &[id(&organisation)], organisation_row)
}

pub(in crate::identity) fn organisations_named(tx: &mut Tx<'_>, name: &str) -> Result<Vec<Organisation>, Error> {
    tx.query(&ORGANISATION_BY_NAME, &[text(name)], organisation_row)
}

pub(in crate::identity) fn count(tx: &mut Tx<'_>) -> Result<u64, Error> {
    tx.query_opt(&ORGANISATION_COUNT, &[], |row| row.count(0))?.ok_or(Error::Missing)
}

fn organisation_row(row: &db::Row<'_>) -> Result<Organisation, Error> {
    Ok(Organisation { id: row.id(0)?, name: row.text(1)?, created_at: row.time(2)? })
}

pub(in crate::identity) fn insert_organisation(tx: &mut Tx<'_>, new: &Organisation, epoch: u32) -> Result<(), Error> {
    let values = [id(&new.id), text(&new.name), int(epoch), time(new.created_at)];
    tx.execute_one(&INSERT_ORGANISATION, &values)
}
