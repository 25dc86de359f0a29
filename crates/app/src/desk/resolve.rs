//! Settling a matter, taking it up again, and waiting for the customer.

use db::Tx;
use kernel::{ConversationId, Id, OrganisationId, Timestamp};

use super::conversation::announce;
use super::event::{Event, EventId, EventKind};
use super::step::{By, Decided};
use super::{Desk, Error, Standing, Step, store};
use crate::Actor;
use crate::access::Permit;
use crate::access::action::MoveConversation;

impl Desk {
    /// Settles the matter; [`Error::Illegal`] when it is settled already.
    pub async fn resolve(&self, permit: &Permit<MoveConversation>) -> Result<(), Error> {
        self.lead("desk.resolve", permit, Step::Resolve, EventKind::Resolved).await
    }

    /// Opens it again; [`Error::Illegal`] when it is open.
    pub async fn reopen(&self, permit: &Permit<MoveConversation>) -> Result<(), Error> {
        self.lead("desk.reopen", permit, Step::Reopen, EventKind::Reopened).await
    }

    /// Waits for the customer, after an answer of ours.
    pub async fn wait(&self, permit: &Permit<MoveConversation>) -> Result<(), Error> {
        self.lead("desk.wait", permit, Step::Wait, EventKind::Waiting).await
    }

    /// Settles a conversation of a history that comes in settled, from another system or from a
    /// loader, inside the transaction that stores it. Its caller puts it on record.
    pub fn settle(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        at: Timestamp,
    ) -> Result<(), Error> {
        let from = store::standing(tx, organisation, conversation, true)?.ok_or(Error::NoConversation)?;
        let state = from.state.after(Step::Resolve)?;
        let to = Standing { state, snoozed_until: None, changed_at: from.changed_at.max(at), ..from };
        store::step(tx, organisation, conversation, (&from, &to))?;
        let event = Event {
            // The first step of a conversation has its number, so that none must be drawn in here.
            id: EventId::from_bytes(*conversation.bytes()),
            kind: EventKind::Resolved,
            actor,
            detail: String::new(),
            at,
        };
        store::insert_event(tx, organisation, conversation, &event)?;
        announce(tx, organisation, conversation);
        Ok(())
    }

    /// A step from one state to another that ends any sleep.
    pub(super) async fn lead(
        &self,
        name: &'static str,
        permit: &Permit<MoveConversation>,
        step: Step,
        kind: EventKind,
    ) -> Result<(), Error> {
        let done = self.step(name, By::permit(permit), |seen, _| {
            let state = seen.standing.state.after(step)?;
            Ok(Some(Decided::moved(Standing { state, snoozed_until: None, ..seen.standing }, kind, "")))
        });
        done.await.map(drop)
    }
}
