//! The data inventory's table.

use db::{Error, Row, Tx, id, int, opt_text, text, time};
use kernel::{OrganisationId, Timestamp};

use super::small;
use crate::vault::inventory::{DataClass, Field, FieldId, Purpose};
use crate::vault::{ContactKind, Retention};

db::statements! { "vault";
    /// The whole inventory.
    FIELDS = "SELECT id, name, label, class, purposes, legal_basis, retention, mask, contact_kind FROM data_field
        WHERE org = $1 ORDER BY id LIMIT $2";
    /// One field by its number.
    FIELD = "SELECT id, name, label, class, purposes, legal_basis, retention, mask, contact_kind FROM data_field
        WHERE org = $1 AND id = $2";
    /// One field by its name.
    FIELD_BY_NAME = "SELECT id, name, label, class, purposes, legal_basis, retention, mask, contact_kind
        FROM data_field WHERE org = $1 AND name = $2";
    /// A new field.
    INSERT_FIELD = "INSERT INTO data_field
        (org, id, name, label, class, purposes, legal_basis, retention, mask, contact_kind, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// Another description of a field; what kind of contact point it is never changes.
    UPDATE_FIELD = "UPDATE data_field SET label = $4, class = $5, purposes = $6, legal_basis = $7, mask = $8
        WHERE org = $1 AND id = $2 AND name = $3";
}

pub(in crate::vault) fn fields(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    limit: usize,
) -> Result<Vec<Field>, Error> {
    tx.query(&FIELDS, &[id(&organisation), int(limit)], field_of)
}

pub(in crate::vault) fn field(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    field: FieldId,
) -> Result<Option<Field>, Error> {
    tx.query_opt(&FIELD, &[id(&organisation), int(field.number())], field_of)
}

pub(in crate::vault) fn field_by_name(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    name: &str,
) -> Result<Option<Field>, Error> {
    tx.query_opt(&FIELD_BY_NAME, &[id(&organisation), text(name)], field_of)
}

pub(in crate::vault) fn insert_field(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    field: &Field,
    now: Timestamp,
) -> Result<(), Error> {
    let purposes = joined(field);
    let values = [
        id(&organisation),
        int(field.id.number()),
        text(&field.name),
        text(&field.label),
        int(field.class.number()),
        text(&purposes),
        text(field.legal_basis.letter()),
        int(field.retention.number()),
        text(field.mask.word()),
        opt_text(field.contact.map(ContactKind::word)),
        time(now),
    ];
    tx.execute_one(&INSERT_FIELD, &values)
}

/// Whether the field is still there under this name.
pub(in crate::vault) fn update_field(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    field: &Field,
) -> Result<bool, Error> {
    let purposes = joined(field);
    let values = [
        id(&organisation),
        int(field.id.number()),
        text(&field.name),
        text(&field.label),
        int(field.class.number()),
        text(&purposes),
        text(field.legal_basis.letter()),
        text(field.mask.word()),
    ];
    Ok(tx.execute(&UPDATE_FIELD, &values)? == 1)
}

fn joined(field: &Field) -> String {
    field.purposes.iter().map(Purpose::as_str).collect::<Vec<_>>().join(",")
}

fn field_of(row: &Row<'_>) -> Result<Field, Error> {
    let wrong = |column| Error::Column { statement: "vault", column };
    let purposes = row.text(4)?;
    Ok(Field {
        id: FieldId::from_number(small(row, 0)?),
        name: row.text(1)?,
        label: row.text(2)?,
        class: DataClass::from_number(small(row, 3)?).ok_or_else(|| wrong(3))?,
        purposes: purposes
            .split(',')
            .map(|word| word.parse::<Purpose>().map_err(|_| wrong(4)))
            .collect::<Result<_, _>>()?,
        legal_basis: row.word(5)?,
        retention: Retention::from_number(small(row, 6)?).ok_or_else(|| wrong(6))?,
        mask: row.word(7)?,
        contact: row.opt_text(8)?.map(|word| ContactKind::from_word(&word).ok_or_else(|| wrong(8))).transpose()?,
    })
}
