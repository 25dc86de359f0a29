//! Coming back with a recovery code: the code is used up and gives a short-lived link, on which the
//! agent sets up something to sign in with. The code itself signs nobody in.

use super::invite::{InvitationKind, Invited};
use super::notice::NoticeKind;
use super::sign_in::{Candidate, typed_address};
use super::store;
use super::visitor::Visitor;
use super::{AgentState, Error, Identity};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};

impl Identity {
    /// Uses a recovery code up; [`Error::Refused`] whatever was wrong.
    pub async fn recover(&self, address: &str, code: &str, visitor: &Visitor) -> Result<Invited, Error> {
        let address = typed_address(address);
        let candidates = self.candidates(&address).await?;
        let attempt = self.count_for(&address, &candidates, visitor).await?;
        for candidate in &candidates {
            if let Some(invited) = self.use_code(candidate, code).await? {
                return Ok(invited);
            }
        }
        self.refuse(&attempt, &candidates).await
    }

    /// The link, when the code is one of the agent's that nobody used.
    async fn use_code(&self, candidate: &Candidate, typed: &str) -> Result<Option<Invited>, Error> {
        let (organisation, agent) = (candidate.organisation, candidate.agent);
        let Some(code) = self.typed_recovery_hash(organisation, agent, typed)? else { return Ok(None) };
        let known = self
            .context
            .db
            .read("identity.known_code", move |tx| {
                Ok::<_, Error>(store::has_recovery_code(tx, organisation, agent, &code)?)
            })
            .await?;
        if !known {
            return Ok(None);
        }
        let now = self.context.clock.now();
        let invitation = self.new_invitation(organisation, agent, InvitationKind::Recovered);
        let stored = invitation.row.clone();
        let notice = self.new_notice(agent, NoticeKind::RecoveryUsed);
        let entry = Entry::new(Action::RecoveryUsed, Actor::Agent(agent), now).object(agent);
        let entries = [self.audit.prepare(&candidate.keys, &entry)?];
        let used = self
            .context
            .db
            .write("identity.recover", move |tx| {
                if !store::hold_agent(tx, organisation, agent, AgentState::Active)?
                    || !store::use_recovery_code(tx, organisation, agent, &code)?
                {
                    return Ok(false);
                }
                store::replace_invitation(tx, organisation, &stored, now)?;
                store::insert_notice(tx, organisation, &notice)?;
                Audit::append(tx, organisation, &entries)?;
                Ok::<_, Error>(true)
            })
            .await?;
        Ok(used.then(|| invitation.invited()))
    }
}
