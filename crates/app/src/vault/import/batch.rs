//! One batch of an import: whom the rows mean, what of them is new, one transaction for all.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use db::Tx;
use kernel::{CustomerId, OrganisationId, Timestamp};

use super::super::details::{Cause, Details, ProfileChange};
use super::super::person::{Known, KnownValue, Person};
use super::super::{Error, NewCustomer, Vault};
use super::rows::Row;
use super::{ImportError, Rejection, rejected};
use crate::audit::{self, Action, Audit, Entry};
use crate::{Actor, STALE_TRIES};

/// What became of a row.
pub(super) enum Outcome {
    Created,
    Updated,
    Unchanged,
    Rejected(Rejection),
}

/// Whom a row means.
enum Found {
    Nobody,
    Person(Person),
    /// The field whose contact point is somebody else's.
    SomebodyElse(String),
}

/// What a batch stores.
#[derive(Default)]
struct Work {
    created: Vec<NewCustomer>,
    /// The first entry of each of them.
    entries: Vec<audit::Prepared>,
    changes: Vec<ProfileChange>,
}

/// What a dry run would have stored, so that a later row of the same customer is told from a new one.
#[derive(Default)]
pub(super) struct DryRun {
    people: Vec<Known>,
    by_contact: HashMap<[u8; 32], usize>,
    by_customer: HashMap<CustomerId, usize>,
}

impl Vault {
    /// Takes rows in and says what became of each. Rows that mean somebody whom an earlier row
    /// changes are given back for the next batch.
    pub(super) async fn take_in(
        &self,
        audit: &Audit,
        organisation: OrganisationId,
        actor: Actor,
        rows: Vec<Row>,
        mut dry_run: Option<&mut DryRun>,
    ) -> Result<(Vec<Outcome>, Vec<Row>), ImportError> {
        let mut rows = Arc::new(rows);
        for _ in 0..STALE_TRIES {
            let (vault, asked) = (self.clone(), Arc::clone(&rows));
            let look = move |tx: &mut Tx<'_>| vault.whom(tx, organisation, &asked);
            let mut found = self.context.db.read("vault.import", look).await?;
            let apart = apart(&found);
            found.truncate(apart);
            let done = if let Some(dry_run) = dry_run.as_deref_mut() {
                rows.iter().zip(found).map(|(row, found)| dry_run.take(row, found)).collect::<Result<Vec<_>, _>>()
            } else {
                self.store_batch(audit, organisation, actor, rows.iter().zip(found)).await
            };
            match done {
                Err(Error::Stale) => {}
                Err(error) => return Err(error.into()),
                Ok(outcomes) => {
                    // The look has ended, and with it the only other hold on the rows.
                    let left = Arc::get_mut(&mut rows).map(|rows| rows.split_off(apart.min(rows.len())));
                    return Ok((outcomes, left.unwrap_or_default()));
                }
            }
        }
        Err(db::Error::Conflict.into())
    }

    /// Whom each row means: the owner of the e-mail address, else of the phone number.
    fn whom(&self, tx: &mut Tx<'_>, organisation: OrganisationId, rows: &[Row]) -> Result<Vec<Found>, Error> {
        rows.iter().map(|row| self.found(tx, organisation, &row.details)).collect()
    }

    fn found(&self, tx: &mut Tx<'_>, organisation: OrganisationId, details: &Details) -> Result<Found, Error> {
        let mut meant = None;
        for contact in &details.contacts {
            let owner = Self::find_by_contact(tx, organisation, contact.point.kind(), &contact.blind)?;
            match (owner, meant) {
                (Some(owner), Some(meant)) if owner != meant => {
                    return Ok(Found::SomebodyElse(contact.field.name.clone()));
                }
                (owner, earlier) => meant = earlier.or(owner),
            }
        }
        match meant {
            Some(customer) => self.person(tx, organisation, customer).map(Found::Person),
            None => Ok(Found::Nobody),
        }
    }

    async fn store_batch<'r>(
        &self,
        audit: &Audit,
        organisation: OrganisationId,
        actor: Actor,
        rows: impl Iterator<Item = (&'r Row, Found)>,
    ) -> Result<Vec<Outcome>, Error> {
        let now = self.context.clock.now();
        let (mut work, mut outcomes) = (Work::default(), Vec::new());
        for (row, found) in rows {
            let outcome = match found {
                Found::Nobody => {
                    let (new, entry) = self.new_customer(audit, organisation, (actor, now), &row.details)?;
                    work.created.push(new);
                    work.entries.push(entry);
                    Outcome::Created
                }
                Found::Person(person) => {
                    let known = person.known()?;
                    let difference = row.details.difference(&known);
                    if difference.is_empty() {
                        Outcome::Unchanged
                    } else if let Err(error) = difference.check(&known) {
                        Outcome::Rejected(rejected(row.number, error)?)
                    } else {
                        let cause = Cause { actor, conversation: None, now };
                        work.changes.push(ProfileChange::prepare(self, audit, cause, &person, (&known, &difference))?);
                        Outcome::Updated
                    }
                }
                Found::SomebodyElse(field) => Outcome::Rejected(rejected(row.number, Error::Taken { field })?),
            };
            outcomes.push(outcome);
        }
        // One order for all, so that two imports never wait for each other's customers.
        work.changes.sort_unstable_by_key(|change| change.customer);
        if !work.created.is_empty() || !work.changes.is_empty() {
            self.context.db.write("vault.import", move |tx| work.store(tx, organisation, now)).await?;
        }
        Ok(outcomes)
    }

    fn new_customer(
        &self,
        audit: &Audit,
        organisation: OrganisationId,
        (actor, now): (Actor, Timestamp),
        details: &Details,
    ) -> Result<(NewCustomer, audit::Prepared), Error> {
        let contacts: Vec<_> = details.contacts.iter().map(|contact| (&contact.point, contact.blind)).collect();
        let values: Vec<_> = details.values.iter().map(|detail| (detail.field.id, detail.text.as_str())).collect();
        let new = self.prepare_customer_with(organisation, &contacts, &values)?;
        let fields = details.contacts.iter().map(|contact| &contact.field);
        let fields: Vec<&str> =
            fields.chain(details.values.iter().map(|detail| &detail.field)).map(|field| field.name.as_str()).collect();
        let entry = Entry::new(Action::CustomerImported, actor, now).object(new.id).detail(fields.join(", "));
        let entry = audit.prepare(new.opened(), &entry)?;
        Ok((new, entry))
    }
}

impl Work {
    fn store(&self, tx: &mut Tx<'_>, organisation: OrganisationId, now: Timestamp) -> Result<(), Error> {
        for change in &self.changes {
            change.store(tx, organisation, now)?;
        }
        Vault::insert_customers(tx, organisation, &self.created, now)?;
        Ok(Audit::begin(tx, organisation, &self.entries)?)
    }
}

/// How many of the first rows mean people of whom no two are the same.
fn apart(found: &[Found]) -> usize {
    let mut met = HashSet::new();
    let meets_again = |found: &Found| matches!(found, Found::Person(person) if !met.insert(person.id()));
    found.iter().position(meets_again).unwrap_or(found.len())
}

impl DryRun {
    /// What would become of a row, and what would then be known.
    fn take(&mut self, row: &Row, found: Found) -> Result<Outcome, Error> {
        let mut meant = None;
        for contact in &row.details.contacts {
            let Some(here) = self.by_contact.get(&contact.blind) else { continue };
            if meant.is_some_and(|meant| meant != *here) {
                return Ok(Outcome::Rejected(rejected(
                    row.number,
                    Error::Taken { field: contact.field.name.clone() },
                )?));
            }
            meant = Some(*here);
        }
        let place = match (found, meant) {
            (Found::SomebodyElse(field), _) => {
                return Ok(Outcome::Rejected(rejected(row.number, Error::Taken { field })?));
            }
            (Found::Nobody, Some(place)) => place,
            (Found::Nobody, None) => {
                self.learn(row);
                return Ok(Outcome::Created);
            }
            (Found::Person(person), meant) => {
                let place = self.place_of(&person)?;
                if meant.is_some_and(|meant| meant != place) {
                    let field = row.details.contacts.first().map_or_else(String::new, |first| first.field.name.clone());
                    return Ok(Outcome::Rejected(rejected(row.number, Error::Taken { field })?));
                }
                place
            }
        };
        let Some(known) = self.people.get_mut(place) else { return Err(Error::NoCustomer) };
        let difference = row.details.difference(known);
        if difference.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        if let Err(error) = difference.check(known) {
            return Ok(Outcome::Rejected(rejected(row.number, error)?));
        }
        hold(known, &row.details);
        self.by_contact.extend(row.details.contacts.iter().map(|contact| (contact.blind, place)));
        Ok(Outcome::Updated)
    }

    fn place_of(&mut self, person: &Person) -> Result<usize, Error> {
        if let Some(place) = self.by_customer.get(&person.id()) {
            return Ok(*place);
        }
        let place = self.people.len();
        self.people.push(person.known()?);
        self.by_customer.insert(person.id(), place);
        Ok(place)
    }

    fn learn(&mut self, row: &Row) {
        let mut known = Known::default();
        hold(&mut known, &row.details);
        self.by_contact.extend(row.details.contacts.iter().map(|contact| (contact.blind, self.people.len())));
        self.people.push(known);
    }
}

fn hold(known: &mut Known, details: &Details) {
    known.contacts.extend(details.contacts.iter().map(|contact| contact.blind));
    for detail in &details.values {
        known.values.retain(|value| value.field != detail.field.id);
        known.values.push(KnownValue { id: None, field: detail.field.id, text: detail.text.clone() });
    }
}
