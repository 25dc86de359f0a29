//! Permits: the only proof that a decision was made, and made for this action on this thing. Domain
//! functions that read or change personal data take one; nothing but a decision makes one.
//!
//! A refusal is put on record: once for each asker, action and thing in a quarter of an hour.

use std::marker::PhantomData;
use std::sync::Arc;

use db::Tx;
use kernel::{OrganisationId, Timestamp};

use super::action::{Action, ActionName};
use super::obligation::{Obligations, Offer};
use super::policies::Policies;
use super::resource::{Facts, Resource};
use super::{Access, Error, Principal, Refusal, Refused};
use crate::Actor;
use crate::audit::{self, Audit, Entry};
use crate::vault::Mask;

/// That somebody may do `A` to one thing, for a while.
pub struct Permit<A: Action> {
    grounds: Arc<Grounds>,
    resource: A::Resource,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Self { grounds: Arc::clone(&self.grounds), resource: self.resource.clone(), action: PhantomData }
    }
}

/// What a permit rests on, whatever it permits.
pub(crate) struct Grounds {
    policies: Arc<Policies>,
    principal: Principal,
    action: ActionName,
    facts: Facts,
    offer: Offer,
    obligations: Obligations,
    granted_at: Timestamp,
}

impl<A: Action> Permit<A> {
    /// The only organisation that it reaches.
    pub fn organisation(&self) -> OrganisationId {
        self.grounds.principal.organisation()
    }

    /// Who may, as the audit log names them.
    pub fn actor(&self) -> Actor {
        self.grounds.principal.actor()
    }

    /// Who may.
    pub fn principal(&self) -> &Principal {
        &self.grounds.principal
    }

    /// What it may be done to.
    pub const fn resource(&self) -> &A::Resource {
        &self.resource
    }

    /// When it was given.
    pub fn granted_at(&self) -> Timestamp {
        self.grounds.granted_at
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        self.grounds.expires_at()
    }

    /// What of a value may be shown; all of it when none.
    pub fn mask(&self) -> Option<Mask> {
        self.grounds.obligations.mask
    }

    /// The reason that was given, if one was. Personal: it goes into the sealed log and nowhere else.
    pub fn reason(&self) -> Option<&str> {
        self.grounds.offer.reason()
    }

    pub(crate) fn grounds(&self) -> &Grounds {
        &self.grounds
    }

    /// Whether it has not run out by now.
    pub fn in_force(&self, now: Timestamp) -> Result<(), Refused> {
        self.grounds.in_force(now)
    }

    /// Asks again inside the transaction that uses it: what it rests on is read anew and kept from
    /// changing until the end, and when it has changed the policies decide anew. `now` is the time
    /// at which the use case began to write.
    pub fn confirm(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
        let facts = self.resource.facts(tx, self.organisation(), true)?;
        Ok(self.grounds.hold_for(&facts, now)?)
    }
}

impl Grounds {
    fn expires_at(&self) -> Timestamp {
        self.granted_at.plus(self.obligations.lasts())
    }

    /// Whether what was decided stands at this time.
    fn in_force(&self, now: Timestamp) -> Result<(), Refused> {
        // A clock that was set back must not make a permit last.
        if now < self.granted_at || now >= self.expires_at() {
            return Err(Refused { action: self.action, why: Refusal::Expired, rule: None });
        }
        Ok(())
    }

    /// Whether the permit would be given on these facts too, with nothing more to be owed.
    pub(crate) fn hold_for(&self, facts: &Facts, now: Timestamp) -> Result<(), Refused> {
        self.in_force(now)?;
        if *facts == self.facts {
            return Ok(());
        }
        let owed = self.policies.decide(&self.principal, self.action, facts, now)?;
        meet(self.action, owed, &self.offer)?;
        // What asks for more than was known when the permit was given asks for a new one.
        if owed.and(self.obligations) != self.obligations {
            return Err(Refused { action: self.action, why: Refusal::Expired, rule: None });
        }
        Ok(())
    }
}

/// What is owed and not offered is a refusal.
fn meet(action: ActionName, owed: Obligations, offer: &Offer) -> Result<(), Refused> {
    let refused = |why| Err(Refused { action, why, rule: None });
    if owed.approver {
        return refused(Refusal::ApproverNeeded);
    }
    if owed.reason && offer.reason().is_none() {
        return refused(Refusal::ReasonNeeded);
    }
    Ok(())
}

impl Access {
    /// Decides whether somebody may do `A` to something.
    ///
    /// # Errors
    /// [`Error::Refused`] is the decision against, on record; [`Error::Desk`] when there is no such
    /// conversation; anything else is a fault, and permits nothing either.
    pub async fn permit<A: Action>(&self, principal: &Principal, resource: A::Resource) -> Result<Permit<A>, Error> {
        self.permit_with(principal, resource, Offer::default()).await
    }

    /// The same with what obligations may ask for, such as a reason.
    pub async fn permit_with<A: Action>(
        &self,
        principal: &Principal,
        resource: A::Resource,
        offer: Offer,
    ) -> Result<Permit<A>, Error> {
        let (organisation, asked) = (principal.organisation(), resource.clone());
        let read = move |tx: &mut Tx<'_>| asked.facts(tx, organisation, false);
        let facts = self.context.db.read("access.facts", read).await?;
        let now = self.context.clock.now();
        let decided = self.policies.decide(principal, A::NAME, &facts, now);
        match decided.and_then(|owed| meet(A::NAME, owed, &offer).map(|()| owed)) {
            Ok(obligations) => {
                let (policies, principal) = (Arc::clone(&self.policies), principal.clone());
                let grounds =
                    Grounds { policies, principal, action: A::NAME, facts, offer, obligations, granted_at: now };
                Ok(Permit { grounds: Arc::new(grounds), resource, action: PhantomData })
            }
            Err(refused) => {
                self.record_refusal(principal, &facts, &refused, now).await;
                Err(refused.into())
            }
        }
    }

    /// Puts a refusal on record. Whether that works or not, it stays a refusal.
    async fn record_refusal(&self, principal: &Principal, facts: &Facts, refused: &Refused, now: Timestamp) {
        let about = (principal.organisation(), principal.actor().to_string(), refused.action, facts.question());
        if !self.recent().is_new_refusal(about, now) {
            return;
        }
        let entry = facts.refusal(principal.actor(), refused, now);
        if let Err(error) = self.write_refusal(principal.organisation(), facts, &entry).await {
            tracing::error!(%error, action = %refused.action, "a refusal could not be put on record");
        }
    }

    /// Into the chain of the customer whom it was about, or the organisation's when there is none.
    async fn write_refusal(&self, organisation: OrganisationId, facts: &Facts, entry: &Entry) -> Result<(), Error> {
        let (vault, subject) = (self.vault.clone(), facts.subject);
        let look = move |tx: &mut Tx<'_>| match subject {
            Some(customer) => Ok::<_, Error>(vault.keys(tx, organisation, customer.into())?),
            None => Ok(None),
        };
        let Some(keys) = self.context.db.read("access.subject_keys", look).await? else {
            return self.write_entry(organisation, entry).await;
        };
        let prepared = [self.audit.prepare(&keys, entry)?];
        self.context.db.write("access.write_refusal", move |tx| Ok(Audit::append(tx, organisation, &prepared)?)).await
    }
}

impl Facts {
    /// What was asked about, in one text: the same question is on record once for a while.
    fn question(&self) -> String {
        let case = self.named.map(|id| id.to_string()).unwrap_or_default();
        let purpose = self.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {case} {purpose}", self.object)
    }

    /// What the log says of a refusal.
    fn refusal(&self, actor: Actor, refused: &Refused, now: Timestamp) -> Entry {
        let (action, detail) = match refused.action {
            ActionName::RevealValue => (audit::Action::RevealRefused, refused.why.word().to_owned()),
            other => (audit::Action::AccessRefused, format!("{other}: {}", refused.why.word())),
        };
        let own = refused.rule.as_ref().filter(|_| refused.why == Refusal::Rule);
        let detail = own.map_or(detail.clone(), |rule| format!("{detail}: {rule}"));
        let mut entry = Entry::new(action, actor, now).object(self.object).detail(detail);
        entry.conversation = self.named;
        entry.field = self.field.as_ref().map(|field| field.name.clone());
        entry.purpose = self.purpose.as_ref().map(ToString::to_string);
        entry
    }
}
