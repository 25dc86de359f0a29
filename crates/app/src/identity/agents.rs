//! What an administrator does with agents: other roles, and an end to coming in. Sessions end with
//! the change, in the same transaction.

use kernel::{AgentId, OrganisationId};

use super::invite::keep_an_administrator;
use super::{AgentState, Error, Identity, Role, Roles, store};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};

impl Identity {
    /// Gives an agent other roles. Sessions of the agent end, so that none goes on with the old ones.
    pub async fn set_roles(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        agent: AgentId,
        roles: Roles,
    ) -> Result<(), Error> {
        if roles.is_empty() {
            return Err(Error::NoRole);
        }
        let keys = self.organisation_keys(organisation).await?;
        let entry =
            Entry::new(Action::RolesChanged, actor, self.context.clock.now()).object(agent).detail(roles.to_string());
        let entries = [self.audit.prepare(&keys, &entry)?];
        let changed = self
            .context
            .db
            .write("identity.set_roles", move |tx| {
                store::hold_organisation(tx, organisation)?;
                let known = store::agent(tx, organisation, agent)?.ok_or(Error::NoAgent)?;
                if !roles.has(Role::Administrator) && known.state == AgentState::Active {
                    keep_an_administrator(tx, organisation, agent, known.roles)?;
                }
                if store::set_roles(tx, organisation, agent, roles)? {
                    store::end_all_sessions(tx, organisation, agent)?;
                    Audit::append(tx, organisation, &entries)?;
                }
                Ok(())
            })
            .await;
        // Also after an error: the commit may have happened unheard.
        self.forget_sessions(organisation, agent);
        changed
    }

    /// Ends an agent's coming in: sessions, links and everything to sign in with. What the agent did
    /// stays on record, and an invitation brings the agent back.
    pub async fn disable(&self, organisation: OrganisationId, actor: Actor, agent: AgentId) -> Result<(), Error> {
        let keys = self.organisation_keys(organisation).await?;
        let entry = Entry::new(Action::AgentDisabled, actor, self.context.clock.now()).object(agent);
        let entries = [self.audit.prepare(&keys, &entry)?];
        let disabled = self
            .context
            .db
            .write("identity.disable", move |tx| {
                store::hold_organisation(tx, organisation)?;
                let known = store::agent(tx, organisation, agent)?.ok_or(Error::NoAgent)?;
                if known.state == AgentState::Active {
                    keep_an_administrator(tx, organisation, agent, known.roles)?;
                }
                if store::set_state(tx, organisation, agent, AgentState::Disabled)? {
                    store::withdraw_invitation(tx, organisation, agent)?;
                    store::remove_means(tx, organisation, agent)?;
                    store::end_all_sessions(tx, organisation, agent)?;
                    Audit::append(tx, organisation, &entries)?;
                }
                Ok(())
            })
            .await;
        self.forget_sessions(organisation, agent);
        disabled
    }
}
