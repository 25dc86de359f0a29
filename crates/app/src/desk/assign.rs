//! Who works on a conversation.

use kernel::{AgentId, ConversationId, OrganisationId};

use super::event::EventKind;
use super::step::{Asked, Decided};
use super::{Desk, Error, Standing, Step};
use crate::Actor;

impl Desk {
    /// Gives a conversation to an agent. `from` is who had it on the asker's screen: when somebody
    /// else has it by now, nothing happens and [`Error::Assigned`] says who. A new one opens.
    pub async fn assign(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        from: Option<AgentId>,
        to: AgentId,
    ) -> Result<(), Error> {
        let asked = Asked { organisation, conversation, actor };
        let done = self.step("desk.assign", asked, |seen, _| {
            let Standing { assignee, state, .. } = seen.standing;
            if assignee != from {
                return Err(Error::Assigned(assignee));
            }
            let state = state.after(Step::TakeUp)?;
            if assignee == Some(to) {
                return Ok(None);
            }
            let standing = Standing { state, assignee: Some(to), ..seen.standing };
            Ok(Some(Decided::moved(standing, EventKind::Assigned, to.to_string())))
        });
        done.await.map(drop)
    }

    /// Puts a conversation back for anybody; `from` as in [`Desk::assign`].
    pub async fn unassign(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        actor: Actor,
        from: AgentId,
    ) -> Result<(), Error> {
        let asked = Asked { organisation, conversation, actor };
        let done = self.step("desk.unassign", asked, |seen, _| {
            if seen.standing.assignee != Some(from) {
                return Err(Error::Assigned(seen.standing.assignee));
            }
            let standing = Standing { assignee: None, ..seen.standing };
            Ok(Some(Decided::moved(standing, EventKind::Unassigned, "")))
        });
        done.await.map(drop)
    }
}
