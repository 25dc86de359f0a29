//! The frame of every step: looked at, decided and sealed outside the transaction, then held,
//! compared and written with its event and its audit entry inside it.
//!
//! A step that was overtaken is decided anew on what stands then. So of two who do the same thing
//! at once one wins, and the other is told where the conversation stands now.

use std::sync::Arc;

use db::Tx;
use kernel::{ConversationId, CustomerId, Id, LabelId, NoteId, OrganisationId, Timestamp};

use super::conversation::announce;
use super::event::{Event, EventId, EventKind};
use super::{CONVERSATION_LABELS, Desk, Error, ORGANISATION_LABELS, Standing, store};
use crate::access::{self, Facts, Grounds, Permit};
use crate::audit::{self, Action, Audit, Entry};
use crate::vault::{CustomerState, SubjectKeys, Vault};
use crate::{Actor, STALE_TRIES};

/// Which conversation a step is about, and who takes it.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) organisation: OrganisationId,
    pub(super) conversation: ConversationId,
    pub(super) actor: Actor,
}

/// On whose word a step is taken.
#[derive(Clone, Copy)]
pub(super) struct By<'p> {
    asked: Asked,
    /// None for what the product does by itself.
    grounds: Option<&'p Grounds>,
}

impl<'p> By<'p> {
    /// Somebody who may.
    pub(super) fn permit<A: access::Action<Resource = ConversationId>>(permit: &'p Permit<A>) -> Self {
        Self { asked: Asked::of(permit), grounds: Some(permit.grounds()) }
    }

    /// The product itself: a time has come.
    pub(super) const fn system(organisation: OrganisationId, conversation: ConversationId) -> Self {
        Self { asked: Asked { organisation, conversation, actor: Actor::System }, grounds: None }
    }
}

impl Asked {
    pub(super) fn of<A: access::Action<Resource = ConversationId>>(permit: &Permit<A>) -> Self {
        Self { organisation: permit.organisation(), conversation: *permit.resource(), actor: permit.actor() }
    }
}

/// A conversation as it stood when the step was decided.
pub(super) struct Seen {
    pub(super) standing: Standing,
    pub(super) labels: Vec<String>,
    /// The customer's keys; none when they are destroyed.
    pub(super) keys: Option<Arc<SubjectKeys>>,
    /// The organisation's own keys, which seal what is done about an erased customer.
    organisation: Arc<SubjectKeys>,
}

impl Seen {
    /// The keys that seal what the audit log tells of this conversation.
    pub(super) const fn audit_keys(&self) -> &Arc<SubjectKeys> {
        match &self.keys {
            Some(keys) => keys,
            None => &self.organisation,
        }
    }
}

/// A step that is decided: what it writes.
pub(super) struct Decided {
    pub(super) to: Standing,
    pub(super) also: Also,
    /// What the thread tells of it, and with which detail.
    pub(super) event: Option<(EventKind, String)>,
    /// What the audit log tells of it.
    pub(super) action: Action,
    pub(super) object: Option<String>,
    pub(super) detail: Option<String>,
}

/// What a step writes beside the conversation's own row.
pub(super) enum Also {
    Nothing,
    Label { fresh: LabelId, name: String },
    Unlabel { name: String },
    Note { id: NoteId, sealed: Vec<u8> },
}

impl Decided {
    /// A step that moves the row alone.
    pub(super) fn moved(to: Standing, kind: EventKind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let told = if detail.is_empty() { kind.to_string() } else { format!("{kind} {detail}") };
        Self {
            to,
            also: Also::Nothing,
            event: Some((kind, detail)),
            action: Action::ConversationChanged,
            object: None,
            detail: Some(told),
        }
    }
}

impl Desk {
    /// Takes a step. `decide` sees the conversation and says what to write, or nothing when what
    /// was asked for is so already; whether anything was written comes back.
    pub(super) async fn step(
        &self,
        name: &'static str,
        By { asked, grounds }: By<'_>,
        decide: impl Fn(&Seen, Timestamp) -> Result<Option<Decided>, Error>,
    ) -> Result<bool, Error> {
        for _ in 0..STALE_TRIES {
            let seen = self.see(asked).await?;
            let now = self.context.clock.now();
            // The row is compared inside the transaction, so what is asked here holds there.
            if let Some(grounds) = grounds {
                grounds.hold_for(&Facts::of_conversation(asked.conversation, &seen.standing), now)?;
            }
            let Some(decided) = decide(&seen, now)? else { return Ok(false) };
            let work = self.prepare(asked, &seen, decided, now)?;
            match self.context.db.write(name, move |tx| work.write(tx)).await {
                Err(Error::Stale) => {}
                done => return done.map(|()| true),
            }
        }
        Err(Error::Stale)
    }

    pub(super) async fn see(&self, asked: Asked) -> Result<Seen, Error> {
        let vault = self.vault.clone();
        let Asked { organisation, conversation, .. } = asked;
        let read = move |tx: &mut Tx<'_>| {
            let standing = store::standing(tx, organisation, conversation, false)?.ok_or(Error::NoConversation)?;
            let labels = store::labels_of(tx, organisation, conversation)?;
            // Asked of the row: keys that are still in memory are no sign of life.
            let is_erased = Vault::state(tx, organisation, standing.customer, false)? == CustomerState::Erased;
            let keys = if is_erased { None } else { vault.keys(tx, organisation, standing.customer.into())? };
            let own = vault.keys(tx, organisation, organisation.into())?;
            let organisation = own.ok_or(Error::Vault(crate::vault::Error::Erased))?;
            Ok(Seen { standing, labels, keys, organisation })
        };
        self.context.db.read("desk.see", read).await
    }

    fn prepare(&self, asked: Asked, seen: &Seen, decided: Decided, now: Timestamp) -> Result<Work, Error> {
        let mut entry = Entry::new(decided.action, asked.actor, now).conversation(asked.conversation);
        entry.object.clone_from(&decided.object);
        entry.detail.clone_from(&decided.detail);
        let entry = self.audit.prepare(seen.audit_keys(), &entry)?;
        let event = decided.event.as_ref().map(|(kind, detail)| Event {
            id: EventId::new(now, &*self.context.entropy),
            kind: *kind,
            actor: asked.actor,
            detail: detail.clone(),
            at: now,
        });
        let to = Standing { changed_at: seen.standing.changed_at.max(now), ..decided.to };
        let erased = seen.keys.is_none();
        Ok(Work { asked, from: seen.standing, erased, to, also: decided.also, event, entry: [entry], now })
    }
}

/// A step on its way into the transaction.
struct Work {
    asked: Asked,
    from: Standing,
    erased: bool,
    to: Standing,
    also: Also,
    event: Option<Event>,
    entry: [audit::Prepared; 1],
    now: Timestamp,
}

impl Work {
    fn write(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let Asked { organisation, conversation, .. } = self.asked;
        if store::standing(tx, organisation, conversation, true)? != Some(self.from) {
            return Err(Error::Stale);
        }
        if !self.erased && is_erased(tx, organisation, self.from.customer)? {
            return Err(Error::Stale);
        }
        store::step(tx, organisation, conversation, (&self.from, &self.to)).map_err(refused)?;
        self.write_also(tx)?;
        if let Some(event) = &self.event {
            store::insert_event(tx, organisation, conversation, event)?;
        }
        Audit::append(tx, organisation, &self.entry)?;
        announce(tx, organisation, conversation);
        Ok(())
    }

    fn write_also(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let Asked { organisation, conversation, actor } = self.asked;
        match &self.also {
            Also::Nothing => Ok(()),
            Also::Note { id, sealed } => {
                let whose = (self.from.customer, actor);
                Ok(store::insert_note(tx, organisation, conversation, (*id, sealed), whose, self.now)?)
            }
            Also::Label { fresh, name } => {
                // Asked again under the hold: the bounds are true also when many label at once.
                if store::labels_of(tx, organisation, conversation)?.len() >= CONVERSATION_LABELS {
                    return Err(Error::TooManyLabels);
                }
                let label = self.label(tx, *fresh, name)?;
                let is_new = store::add_label(tx, organisation, conversation, label, &self.to)?;
                if is_new { Ok(()) } else { Err(Error::Stale) }
            }
            Also::Unlabel { name } => {
                let label = store::find_label(tx, organisation, name)?.ok_or(Error::Stale)?;
                let was_there = store::take_label(tx, organisation, conversation, label)?;
                if was_there { Ok(()) } else { Err(Error::Stale) }
            }
        }
    }

    fn label(&self, tx: &mut Tx<'_>, fresh: LabelId, name: &str) -> Result<LabelId, Error> {
        let organisation = self.asked.organisation;
        if let Some(label) = store::find_label(tx, organisation, name)? {
            return Ok(label);
        }
        let there = store::count_labels(tx, organisation, ORGANISATION_LABELS)?;
        if usize::try_from(there).is_ok_and(|there| there >= ORGANISATION_LABELS) {
            return Err(Error::TooManyLabelNames);
        }
        Ok(store::make_label(tx, organisation, (fresh, name), self.now)?)
    }
}

fn is_erased(tx: &mut Tx<'_>, organisation: OrganisationId, customer: CustomerId) -> Result<bool, Error> {
    Ok(Vault::state(tx, organisation, customer, true)? == CustomerState::Erased)
}

/// The one foreign key that a step can break is the assignee's.
fn refused(error: db::Error) -> Error {
    match error {
        db::Error::Constraint(_) => Error::NoAgent,
        error => error.into(),
    }
}
