//! Operations on agents, carried out on the `identity` domain.

use app::Actor;
use app::identity::{Invited, NewAgent, Role, Roles};
use kernel::{Locale, OrganisationId};

use super::opened::OpenFolder;
use crate::exit::{Failure, Kind};
use crate::operations::{AgentDisabled, AgentInvited, AgentRow, Agents, Moment};

impl OpenFolder {
    pub(super) async fn invite_agent(
        &self,
        organisation: OrganisationId,
        address: String,
        roles: &[String],
        language: Option<&str>,
    ) -> Result<AgentInvited, Failure> {
        let roles: Roles = roles
            .iter()
            .map(|role| role.parse::<Role>())
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::new(Kind::Usage, error))?;
        let locale: Locale =
            language.unwrap_or(Locale::default().code()).parse().map_err(|error| Failure::new(Kind::Usage, error))?;
        let invited =
            self.app.identity.invite(organisation, Actor::Operator, NewAgent { address, roles, locale }).await?;
        Ok(self.link(&invited))
    }

    pub(super) async fn list_agents(&self, organisation: OrganisationId) -> Result<Agents, Failure> {
        let agents = self.app.identity.agents(organisation).await?;
        let rows = agents.into_iter().map(|agent| AgentRow {
            id: agent.id,
            state: agent.state.word().to_owned(),
            roles: agent.roles.iter().map(|role| role.to_string()).collect(),
            name: agent.name.to_string(),
            address: agent.address.to_string(),
            language: agent.locale.code().to_owned(),
        });
        Ok(Agents { agents: rows.collect() })
    }

    pub(super) async fn disable_agent(
        &self,
        organisation: OrganisationId,
        named: &str,
    ) -> Result<AgentDisabled, Failure> {
        let id = self.agent(organisation, named).await?;
        self.app.identity.disable(organisation, Actor::Operator, id).await?;
        Ok(AgentDisabled { id })
    }

    pub(super) async fn reset_agent(&self, organisation: OrganisationId, named: &str) -> Result<AgentInvited, Failure> {
        let id = self.agent(organisation, named).await?;
        let invited = self.app.identity.invite_again(organisation, Actor::Operator, id).await?;
        Ok(self.link(&invited))
    }

    fn link(&self, invited: &Invited) -> AgentInvited {
        AgentInvited {
            id: invited.agent,
            enrolment_url: self.app.identity.settings().link(&invited.text),
            expires_at: Moment(invited.expires_at),
        }
    }
}
