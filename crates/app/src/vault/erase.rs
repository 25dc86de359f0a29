//! Erasing a customer: the keys are destroyed, and with them whatever they sealed, wherever a copy of
//! it may lie. The rows go too; the audit log stays whole and loses only its content.

use std::sync::Arc;

use db::{Change, Tx};
use kernel::{CustomerId, Id, OrganisationId, Timestamp, fail_point};

use super::store::{lifecycle, values};
use super::{CustomerState, Error, SubjectKeys, Vault};
use crate::access::Permit;
use crate::access::action::EraseCustomer;
use crate::audit::{self, Action, Audit, Entry};
use crate::channels::Channels;
use crate::desk::Desk;
use crate::{Actor, STALE_TRIES};

/// Characters of a reason that are kept in the log.
pub const REASON_CHARS: usize = 500;

/// What a commit with an erasure announces.
pub(super) const ERASURE: &str = "erasure";

/// What an erasure removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Erased {
    /// The customer and all who had turned out to be that customer; empty when they were erased before.
    pub customers: Vec<CustomerId>,
    /// Wrapped keys destroyed.
    pub keys: u64,
    /// Values removed.
    pub values: u64,
    /// Contact points removed.
    pub contact_points: u64,
    /// Conversations whose subject went.
    pub conversations: u64,
    /// Messages whose content went.
    pub messages: u64,
    /// Notes whose text went.
    pub notes: u64,
    /// Attachments removed.
    pub attachments: u64,
    /// Large ones among them, which leave the blob store at the next clean-up.
    pub blobs: u64,
    /// Whether the database has overwritten what the removed rows left in its files. If not, because
    /// a backup was reading, it is tried again.
    pub scrubbed: bool,
}

impl Erased {
    /// Counts another part of the same erasure.
    fn add(&mut self, other: Self) {
        self.customers.extend(other.customers);
        self.keys += other.keys;
        self.values += other.values;
        self.contact_points += other.contact_points;
        self.conversations += other.conversations;
        self.messages += other.messages;
        self.notes += other.notes;
        self.attachments += other.attachments;
        self.blobs += other.blobs;
    }
}

/// Whom an erasure is about, as they stood before it.
struct Seen {
    /// The one under whose id they live, and all merged into that one.
    group: Vec<CustomerId>,
    organisation_keys: Arc<SubjectKeys>,
}

impl Vault {
    /// Erases a customer, and everybody who is the same customer by merges, for good. Erasing again
    /// finds nothing left and succeeds. The reason goes into the log, cut after [`REASON_CHARS`].
    ///
    /// The erasure is recorded beside the root key before it is committed: interrupted in between,
    /// [`Vault::finish_erasures`] completes it, and a restore of an older backup repeats it. The
    /// blobs go with [`Channels::remove_due_blobs`].
    ///
    /// # Errors
    /// [`Error::NoCustomer`].
    pub async fn erase(&self, audit: &Audit, permit: &Permit<EraseCustomer>, reason: &str) -> Result<Erased, Error> {
        permit.in_force(self.context.clock.now())?;
        let (organisation, customer, actor) = (permit.organisation(), *permit.resource(), permit.actor());
        let reason: String = reason.chars().take(REASON_CHARS).collect();
        let mut recorded: Vec<CustomerId> = Vec::new();
        for _ in 0..STALE_TRIES {
            let Some(seen) = self.look_before_erasure(organisation, customer).await? else {
                return Ok(Erased { scrubbed: self.scrub().await, ..Erased::default() });
            };
            let now = self.context.clock.now();
            let fresh: Vec<_> = seen.group.iter().filter(|member| !recorded.contains(member)).copied().collect();
            self.record(organisation, fresh.clone(), now).await?;
            recorded.extend(fresh);
            fail_point::pass("vault.erase.recorded");
            let entries = entries(audit, &seen, actor, now, &reason)?;
            let group = seen.group;
            let committed =
                self.context.db.write("vault.erase", move |tx| commit(tx, organisation, &group, &entries, now)).await;
            match committed {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(mut erased) => {
                    fail_point::pass("vault.erase.durable");
                    self.forget_all(organisation, &erased.customers);
                    erased.scrubbed = self.scrub().await;
                    return Ok(erased);
                }
            }
        }
        Err(db::Error::Conflict.into())
    }

    async fn look_before_erasure(
        &self,
        organisation: OrganisationId,
        customer: CustomerId,
    ) -> Result<Option<Seen>, Error> {
        let vault = self.clone();
        let look = move |tx: &mut Tx<'_>| {
            let survivor = Self::survivor(tx, organisation, customer)?;
            if Self::state(tx, organisation, survivor, false)? == CustomerState::Erased {
                return Ok(None);
            }
            let group = Self::with_merged(tx, organisation, survivor)?;
            let organisation_keys = vault.organisation_keys(tx, organisation)?;
            Ok::<_, Error>(Some(Seen { group, organisation_keys }))
        };
        self.context.db.read("vault.look_before_erasure", look).await
    }

    /// The organisation's own keys, without which nothing about it can be put on record.
    pub(super) fn organisation_keys(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
    ) -> Result<Arc<SubjectKeys>, Error> {
        self.keys(tx, organisation, organisation.into())?
            .ok_or_else(|| Error::Audit("the organisation's own keys are missing".to_owned()))
    }

    async fn record(
        &self,
        organisation: OrganisationId,
        customers: Vec<CustomerId>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.with_keyring(move |keyring| {
            let subjects: Vec<_> = customers.into_iter().map(Into::into).collect();
            keyring.record_erasures(organisation, &subjects, now.micros())
        })
        .await
    }

    pub(super) fn forget_all(&self, organisation: OrganisationId, customers: &[CustomerId]) {
        for customer in customers {
            self.forget(organisation, (*customer).into());
        }
    }

    /// Removes one customer's keys and whatever they sealed, in the transaction of whoever decided it
    /// and holds the customer's row. Nothing of it when the customer is erased already.
    pub(super) fn shred(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
        erased_at: Timestamp,
        now: Timestamp,
    ) -> Result<Erased, Error> {
        if !lifecycle::mark_erased(tx, organisation, customer, erased_at)? {
            return Ok(Erased::default());
        }
        let keys = lifecycle::destroy_keys(tx, organisation, customer.into())?;
        let contact_points = lifecycle::forget_contact_points(tx, organisation, customer)?;
        let values = lifecycle::forget_values(tx, organisation, customer)?;
        let said = Desk::forget_customer(tx, organisation, customer, now)?;
        Channels::forget_mail_out(tx, organisation, customer)?;
        Channels::forget_conversations(tx, organisation, &said.conversations)?;
        Channels::remove_later(tx, organisation, &said.blobs, now)?;
        tx.announce(Change { organisation, kind: ERASURE, id: *customer.bytes() });
        Ok(Erased {
            customers: vec![customer],
            keys,
            values,
            contact_points,
            conversations: said.conversations.len() as u64,
            messages: said.messages,
            notes: said.notes,
            attachments: said.attachments,
            blobs: said.blobs.len() as u64,
            scrubbed: false,
        })
    }
}

/// One entry for each of them, under the organisation's keys: their own are about to be destroyed.
fn entries(
    audit: &Audit,
    seen: &Seen,
    actor: Actor,
    now: Timestamp,
    reason: &str,
) -> Result<Vec<audit::Prepared>, Error> {
    let prepare = |customer: &CustomerId| {
        let entry = Entry::new(Action::CustomerErased, actor, now).object(customer);
        let entry = if reason.is_empty() { entry } else { entry.detail(reason) };
        Ok(audit.prepare(&seen.organisation_keys, &entry)?)
    };
    seen.group.iter().map(prepare).collect()
}

fn commit(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    group: &[CustomerId],
    entries: &[audit::Prepared],
    now: Timestamp,
) -> Result<Erased, Error> {
    let survivor = *group.first().ok_or(Error::NoCustomer)?;
    // The order in which merges hold them, so that neither waits for the other in a circle.
    let mut held = group.to_vec();
    held.sort_unstable();
    for customer in &held {
        values::hold_customer(tx, organisation, *customer)?.ok_or(Error::NoCustomer)?;
    }
    let mut together = Vault::with_merged(tx, organisation, survivor)?;
    together.sort_unstable();
    // Somebody was merged into them, or they into somebody, or both are gone already.
    if together != held || Vault::state(tx, organisation, survivor, false)? != CustomerState::Live {
        return Err(Error::Stale);
    }
    let mut erased = Erased::default();
    for customer in &held {
        lifecycle::insert_erasure(tx, organisation, *customer, now)?;
        erased.add(Vault::shred(tx, organisation, *customer, now, now)?);
    }
    Audit::append(tx, organisation, entries)?;
    Ok(erased)
}
