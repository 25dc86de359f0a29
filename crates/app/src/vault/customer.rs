//! Customers: made when they first write, found again by a contact point, linked when two turn
//! out to be one, gone when their keys are.

use std::sync::Arc;

use db::{Asked, Tx};
use kernel::{CustomerId, Id, OrganisationId, Timestamp, limits};

use super::contact_point::{ContactKind, Normalised};
use super::inventory::FieldId;
use super::keys::{NewKeys, SubjectKeys};
use super::sealed_row::{NewContactPoint, NewValue};
use super::store::together::Together;
use super::{Error, Vault, store};

/// Merges are followed this far; a longer chain is a loop that somebody made by hand.
const MERGE_STEPS: usize = 64;

/// What kind of customer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerKind {
    /// A person or organisation that can be told apart.
    Known,
    /// The one to whom mail without a usable sender goes.
    Unknown,
}

impl CustomerKind {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
        }
    }
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerState {
    /// Lives under its own id.
    Live,
    /// Turned out to be this other customer.
    Merged(CustomerId),
    /// Its keys are destroyed.
    Erased,
}

impl CustomerState {
    /// As the customer's row says it.
    pub(crate) const fn of(merged_into: Option<CustomerId>, erased_at: Option<Timestamp>) -> Self {
        match (erased_at, merged_into) {
            (Some(_), _) => Self::Erased,
            (None, Some(into)) => Self::Merged(into),
            (None, None) => Self::Live,
        }
    }
}

/// A contact point whose customer is being asked for.
pub struct AskedContact(Asked<(CustomerId, Option<CustomerId>)>);

/// A customer that is being held.
pub struct HeldCustomer(Asked<store::CustomerRow>);

/// A customer prepared outside the transaction that will store it.
pub struct NewCustomer {
    /// The new id.
    pub id: CustomerId,
    /// Its keys.
    pub keys: NewKeys,
    kind: CustomerKind,
    points: Vec<NewContactPoint>,
    values: Vec<NewValue>,
}

impl NewCustomer {
    /// The opened keys, to seal what comes with the customer.
    pub const fn opened(&self) -> &Arc<SubjectKeys> {
        &self.keys.keys
    }
}

impl Vault {
    /// Prepares a customer known by one contact point, and by a name if one was given.
    pub fn prepare_customer(
        &self,
        organisation: OrganisationId,
        contact: &Normalised,
        name: Option<&str>,
    ) -> Result<NewCustomer, Error> {
        let blind = self.blind(organisation, contact.kind().index(), contact.normalised().as_bytes())?;
        let name = name.filter(|name| !name.is_empty() && name.len() <= limits::VALUE_BYTES);
        let values: Vec<_> = name.map(|name| (FieldId::NAME, name)).into_iter().collect();
        self.prepare_customer_with(organisation, &[(contact, blind)], &values)
    }

    /// Prepares a customer with all that is known at once: contact points with their keyed hashes, and values.
    pub(super) fn prepare_customer_with(
        &self,
        organisation: OrganisationId,
        contacts: &[(&Normalised, [u8; 32])],
        values: &[(FieldId, &str)],
    ) -> Result<NewCustomer, Error> {
        let id = CustomerId::new(self.context.clock.now(), &*self.context.entropy);
        let keys = self.new_keys(organisation, id.into())?;
        let points = contacts
            .iter()
            .map(|(contact, blind)| self.seal_contact_point(&keys.keys, contact, *blind))
            .collect::<Result<Vec<_>, _>>()?;
        let values = values
            .iter()
            .map(|(field, value)| self.seal_value(&keys.keys, *field, value))
            .collect::<Result<Vec<_>, _>>()?;
        let nameless = contacts.iter().all(|(contact, _)| contact.kind() == ContactKind::Unknown);
        let kind = if nameless { CustomerKind::Unknown } else { CustomerKind::Known };
        Ok(NewCustomer { id, keys, kind, points, values })
    }

    /// Stores a prepared customer; [`Error::Stale`] when somebody took the contact point meanwhile.
    pub fn insert_customer(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &NewCustomer,
        now: Timestamp,
    ) -> Result<(), Error> {
        Self::insert_customers(tx, organisation, std::slice::from_ref(new), now)
    }

    /// The same for many, in as few round trips as for one.
    pub(super) fn insert_customers(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        new: &[NewCustomer],
        now: Timestamp,
    ) -> Result<(), Error> {
        if new.is_empty() {
            return Ok(());
        }
        let mut rows = Together::new(&organisation, now);
        for new in new {
            rows.customer(&new.id, new.kind.word());
            new.keys.add_to(&mut rows);
            new.points.iter().for_each(|point| point.add_to(&mut rows, &new.id));
            new.values.iter().for_each(|value| value.add_to(&mut rows, &new.id));
        }
        Self::store_with_keys(tx, organisation, &rows, new.iter().map(|new| &new.keys))
    }

    /// The living customer behind a contact point, merges followed; none when nobody has it.
    pub fn find_by_contact(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        kind: ContactKind,
        blind: &[u8; 32],
    ) -> Result<Option<CustomerId>, Error> {
        let asked = Self::ask_by_contact(tx, organisation, kind, blind)?;
        Self::found_by_contact(tx, organisation, asked)
    }

    /// The first half of [`Self::find_by_contact`], for who has more to ask at the same time.
    pub fn ask_by_contact(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        kind: ContactKind,
        blind: &[u8; 32],
    ) -> Result<AskedContact, Error> {
        Ok(AskedContact(store::ask_contact_point_owner(tx, organisation, kind.word(), blind)?))
    }

    /// The second half.
    pub fn found_by_contact(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        asked: AskedContact,
    ) -> Result<Option<CustomerId>, Error> {
        match tx.answer_opt(asked.0)? {
            Some((_, Some(into))) => Self::survivor(tx, organisation, into).map(Some),
            Some((owner, None)) => Ok(Some(owner)),
            None => Ok(None),
        }
    }

    /// The customer under whose id this one lives now.
    pub fn survivor(tx: &mut Tx<'_>, organisation: OrganisationId, customer: CustomerId) -> Result<CustomerId, Error> {
        let mut current = customer;
        for _ in 0..MERGE_STEPS {
            match Self::state(tx, organisation, current, false)? {
                CustomerState::Merged(into) => current = into,
                CustomerState::Live | CustomerState::Erased => return Ok(current),
            }
        }
        Err(Error::NoCustomer)
    }

    /// Where a customer stands; `hold` keeps merges and erasures away until the transaction ends.
    pub fn state(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        hold: bool,
    ) -> Result<CustomerState, Error> {
        let row = store::customer(tx, organisation, customer, hold)?.ok_or(Error::NoCustomer)?;
        Ok(CustomerState::of(row.merged_into, row.erased_at))
    }

    /// Holds a customer as [`Self::state`] does; where it stands comes later, by [`Self::held`].
    pub fn hold(tx: &mut Tx<'_>, organisation: OrganisationId, customer: CustomerId) -> Result<HeldCustomer, Error> {
        Ok(HeldCustomer(store::ask_customer_held(tx, organisation, customer)?))
    }

    /// Where a held customer stands.
    pub fn held(tx: &mut Tx<'_>, customer: HeldCustomer) -> Result<CustomerState, Error> {
        let row = tx.answer_opt(customer.0)?.ok_or(Error::NoCustomer)?;
        Ok(CustomerState::of(row.merged_into, row.erased_at))
    }
}
