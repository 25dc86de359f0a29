//! Who works on a conversation.

use kernel::AgentId;

use super::event::EventKind;
use super::step::{By, Decided};
use super::{Desk, Error, Standing, Step};
use crate::access::Permit;
use crate::access::action::MoveConversation;

impl Desk {
    /// Gives a conversation to an agent. `from` is who had it on the asker's screen: when somebody
    /// else has it by now, nothing happens and [`Error::Assigned`] says who. A new one opens.
    pub async fn assign(
        &self,
        permit: &Permit<MoveConversation>,
        from: Option<AgentId>,
        to: AgentId,
    ) -> Result<(), Error> {
        let done = self.step("desk.assign", By::permit(permit), |seen, _| {
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
    pub async fn unassign(&self, permit: &Permit<MoveConversation>, from: AgentId) -> Result<(), Error> {
        let done = self.step("desk.unassign", By::permit(permit), |seen, _| {
            if seen.standing.assignee != Some(from) {
                return Err(Error::Assigned(seen.standing.assignee));
            }
            let standing = Standing { assignee: None, ..seen.standing };
            Ok(Some(Decided::moved(standing, EventKind::Unassigned, "")))
        });
        done.await.map(drop)
    }
}
