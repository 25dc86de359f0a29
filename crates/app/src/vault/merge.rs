//! Merging: two customers that turn out to be one are linked. Both keys and both chains stay, so
//! that what was sealed and logged under either remains as it is.

use std::sync::Arc;

use db::{Change, Tx};
use kernel::{CustomerId, Id, OrganisationId};

use super::details::CHANGE;
use super::page::MERGED_CUSTOMERS;
use super::store::values as store;
use super::{CustomerKind, CustomerState, Error, SubjectKeys, Vault};
use crate::STALE_TRIES;
use crate::access::action::MergeCustomers;
use crate::access::{Merge, Permit};
use crate::audit::{self, Action, Audit, Entry};

/// A merge that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The one that was led over.
    pub from: CustomerId,
    /// The one under whose id both live now.
    pub into: CustomerId,
}

impl Vault {
    /// Links `from` to the one under whose id `into` lives. From now on both are met as that one.
    ///
    /// # Errors
    /// [`Error::Merged`] when `from` is linked already or both are one; [`Error::Erased`];
    /// [`Error::UnknownSenders`]; [`Error::TooManyMerged`]; [`Error::NoCustomer`].
    pub async fn merge(&self, audit: &Audit, permit: &Permit<MergeCustomers>) -> Result<Merged, Error> {
        permit.in_force(self.context.clock.now())?;
        for _ in 0..STALE_TRIES {
            match self.try_merge(audit, permit).await {
                Err(Error::Stale) => {}
                done => return done,
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn try_merge(&self, audit: &Audit, permit: &Permit<MergeCustomers>) -> Result<Merged, Error> {
        let (organisation, actor) = (permit.organisation(), permit.actor());
        let Merge { from, into } = *permit.resource();
        let vault = self.clone();
        let look = move |tx: &mut Tx<'_>| {
            let into = Self::survivor(tx, organisation, into)?;
            if Self::survivor(tx, organisation, from)? == into {
                return Err(Error::Merged);
            }
            let mut keys = |customer: CustomerId| vault.keys(tx, organisation, customer.into())?.ok_or(Error::Erased);
            Ok::<_, Error>((into, keys(from)?, keys(into)?))
        };
        let (into, from_keys, into_keys) = self.context.db.read("vault.merge", look).await?;
        let now = self.context.clock.now();
        let entry = |keys: &Arc<SubjectKeys>, other: CustomerId, detail: &str| {
            audit.prepare(keys, &Entry::new(Action::CustomerMerged, actor, now).object(other).detail(detail))
        };
        let entries = [entry(&from_keys, into, "into")?, entry(&into_keys, from, "from")?];
        let merged = Merged { from, into };
        self.context
            .db
            .write("vault.merge", move |tx| {
                link(tx, organisation, merged, &entries)?;
                Ok(merged)
            })
            .await
    }
}

fn link(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    Merged { from, into }: Merged,
    entries: &[audit::Prepared],
) -> Result<(), Error> {
    // One order for all, so that two merges of the same two never wait for each other.
    let mut pair = [from, into];
    pair.sort_unstable();
    for customer in pair {
        let row = store::hold_customer(tx, organisation, customer)?.ok_or(Error::NoCustomer)?;
        if row.kind == CustomerKind::Unknown.word() {
            return Err(Error::UnknownSenders);
        }
    }
    match (Vault::state(tx, organisation, from, false)?, Vault::state(tx, organisation, into, false)?) {
        (CustomerState::Live, CustomerState::Live) => {}
        (CustomerState::Erased, _) | (_, CustomerState::Erased) => return Err(Error::Erased),
        (CustomerState::Merged(_), _) => return Err(Error::Merged),
        // Somebody merged it on meanwhile.
        (_, CustomerState::Merged(_)) => return Err(Error::Stale),
    }
    let together =
        Vault::with_merged(tx, organisation, from)?.len() + Vault::with_merged(tx, organisation, into)?.len();
    if together > MERGED_CUSTOMERS {
        return Err(Error::TooManyMerged(MERGED_CUSTOMERS));
    }
    if !store::link_customer(tx, organisation, from, into)? {
        return Err(Error::Stale);
    }
    Audit::append(tx, organisation, entries)?;
    for customer in pair {
        tx.announce(Change { organisation, kind: CHANGE, id: *customer.bytes() });
    }
    Ok(())
}
