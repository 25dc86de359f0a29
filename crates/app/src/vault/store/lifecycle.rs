//! Statements of the life of keys: destroyed by an erasure, wrapped anew by a rotation.

use std::collections::HashSet;

use db::{Error, Tx, blob, id, int, time};
use envelope::{DekSlot, RetentionClass, SubjectId};
use kernel::{CustomerId, OrganisationId, Timestamp};

use super::small;

db::statements! { "vault.lifecycle";
    /// The keys of a subject are destroyed.
    DESTROY_KEYS = "DELETE FROM data_key WHERE org = $1 AND subject = $2";
    /// Its contact points go.
    FORGET_CONTACT_POINTS = "DELETE FROM contact_point WHERE org = $1 AND customer = $2";
    /// Its values go.
    FORGET_VALUES = "DELETE FROM customer_value WHERE org = $1 AND customer = $2";
    /// The customer's row stays, and says when.
    MARK_ERASED = "UPDATE customer SET erased_at = $3 WHERE org = $1 AND id = $2 AND erased_at IS NULL";
    /// Whoever was erased stays on record.
    INSERT_ERASURE = "INSERT INTO erasure (org, customer, erased_at) VALUES ($1, $2, $3)
        ON CONFLICT (org, customer) DO NOTHING";
    /// That record: 16 bytes for each.
    ERASURES = "SELECT customer FROM erasure WHERE org = $1";
    /// The organisation moves on to an epoch, never back.
    MOVE_EPOCH = "UPDATE organisation SET epoch = $2 WHERE org = $1 AND epoch < $2";
    /// Epochs in which keys are wrapped, with the number of those keys.
    EPOCHS = "SELECT epoch, count(*) FROM data_key WHERE org = $1 GROUP BY epoch ORDER BY epoch";
    /// Keys of one epoch.
    KEYS_OF_EPOCH = "SELECT subject, class, version, wrapped FROM data_key
        WHERE org = $1 AND epoch = $2 ORDER BY subject, class, version LIMIT $3";
    /// A key wrapped anew, unless it was destroyed or wrapped by somebody else meanwhile.
    REWRAP_KEY = "UPDATE data_key SET epoch = $6, wrapped = $7
        WHERE org = $1 AND subject = $2 AND class = $3 AND version = $4 AND epoch = $5";
    /// Whose keys are wrapped in one epoch.
    SUBJECTS_OF_EPOCH = "SELECT DISTINCT subject FROM data_key WHERE org = $1 AND epoch = $2";
}

/// Destroys the wrapped keys of a subject; gives how many.
pub(in crate::vault) fn destroy_keys(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    subject: SubjectId,
) -> Result<u64, Error> {
    tx.execute(&DESTROY_KEYS, &[id(&organisation), blob(subject.bytes())])
}

pub(in crate::vault) fn forget_contact_points(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<u64, Error> {
    tx.execute(&FORGET_CONTACT_POINTS, &[id(&organisation), id(&customer)])
}

pub(in crate::vault) fn forget_values(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<u64, Error> {
    tx.execute(&FORGET_VALUES, &[id(&organisation), id(&customer)])
}

/// Marks a customer as erased; false when it is already, or is not there.
pub(in crate::vault) fn mark_erased(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&MARK_ERASED, &[id(&organisation), id(&customer), time(at)])? == 1)
}

pub(in crate::vault) fn insert_erasure(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(&INSERT_ERASURE, &[id(&organisation), id(&customer), time(at)]).map(drop)
}

pub(in crate::vault) fn erasures(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<HashSet<CustomerId>, Error> {
    let mut erased = HashSet::new();
    tx.for_each(&ERASURES, &[id(&organisation)], |row| {
        erased.insert(row.id(0)?);
        Ok(())
    })?;
    Ok(erased)
}

/// Moves an organisation on to an epoch; one that is there, or further, stays.
pub(in crate::vault) fn move_epoch(tx: &mut Tx<'_>, organisation: OrganisationId, to: u32) -> Result<(), Error> {
    tx.execute(&MOVE_EPOCH, &[id(&organisation), int(to)]).map(drop)
}

/// The epochs in which keys are wrapped, each with the number of its keys.
pub(in crate::vault) fn epochs(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<(u32, u64)>, Error> {
    tx.query(&EPOCHS, &[id(&organisation)], |row| Ok((small(row, 0)?, row.count(1)?)))
}

/// A wrapped key with its place.
pub(in crate::vault) struct WrappedKey {
    pub(in crate::vault) slot: DekSlot,
    pub(in crate::vault) wrapped: Vec<u8>,
}

pub(in crate::vault) fn keys_of_epoch(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    epoch: u32,
    limit: usize,
) -> Result<Vec<WrappedKey>, Error> {
    tx.query(&KEYS_OF_EPOCH, &[id(&organisation), int(epoch), int(limit)], |row| {
        let subject = SubjectId::from_bytes(row.array(0)?);
        let class = RetentionClass(small(row, 1)?);
        Ok(WrappedKey {
            slot: DekSlot { organisation, subject, class, version: small(row, 2)? },
            wrapped: row.blob(3)?,
        })
    })
}

/// Stores keys that were wrapped anew; gives how many of them were still there to be replaced.
pub(in crate::vault) fn rewrap_keys(
    tx: &mut Tx<'_>,
    (from, to): (u32, u32),
    keys: &[WrappedKey],
) -> Result<u64, Error> {
    let values: Vec<_> = keys
        .iter()
        .map(|WrappedKey { slot, wrapped }| {
            let DekSlot { organisation, subject, class, version } = slot;
            let (org, subject, class) = (id(organisation), blob(subject.bytes()), int(class.0));
            [org, subject, class, int(*version), int(from), int(to), blob(wrapped)]
        })
        .collect();
    let work: Vec<_> = values.iter().map(|values| (&REWRAP_KEY, &values[..])).collect();
    Ok(tx.execute_all(&work)?.into_iter().sum())
}

pub(in crate::vault) fn subjects_of_epoch(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    epoch: u32,
) -> Result<Vec<SubjectId>, Error> {
    tx.query(&SUBJECTS_OF_EPOCH, &[id(&organisation), int(epoch)], |row| Ok(SubjectId::from_bytes(row.array(0)?)))
}
