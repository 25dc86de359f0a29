//! An agent as the product shows one: name, address, roles, whether the agent has come yet.

use std::str::FromStr;

use kernel::{AgentId, Id, Locale, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::store::{self, AgentRow};
use super::{Error, Identity, Roles};
use crate::vault::{Column, SubjectKeys};

/// Whether an agent may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgentState {
    /// Has a link and has not come yet.
    Invited,
    /// Has enrolled.
    Active,
    /// May not come in until somebody invites the agent again.
    Disabled,
}

impl AgentState {
    const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Disabled];

    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// A word that is no state of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agent is invited, active or disabled")]
pub struct UnknownAgentState;

impl FromStr for AgentState {
    type Err = UnknownAgentState;

    fn from_str(word: &str) -> Result<Self, UnknownAgentState> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or(UnknownAgentState)
    }
}

/// An agent. No `Debug`: name and address are a person's.
#[derive(Clone)]
pub struct Agent {
    /// The id.
    pub id: AgentId,
    /// How colleagues see the agent; the address until the agent has chosen a name.
    pub name: Zeroizing<String>,
    /// The address, as it was written when the agent was invited.
    pub address: Zeroizing<String>,
    /// What the agent's work is.
    pub roles: Roles,
    /// Whether the agent may come in.
    pub state: AgentState,
    /// In which language the product speaks to the agent.
    pub locale: Locale,
    /// When the agent was invited first.
    pub created_at: Timestamp,
}

impl Identity {
    /// One agent; none when there is no such agent in this organisation.
    pub async fn agent(&self, organisation: OrganisationId, agent: AgentId) -> Result<Option<Agent>, Error> {
        let keys = self.organisation_keys(organisation).await?;
        let row = self
            .context
            .db
            .read("identity.agent", move |tx| Ok::<_, Error>(store::agent(tx, organisation, agent)?))
            .await?;
        row.map(|row| opened(&keys, &row)).transpose()
    }

    /// All agents, the oldest first; there are at most [`super::AGENTS`].
    pub async fn agents(&self, organisation: OrganisationId) -> Result<Vec<Agent>, Error> {
        let keys = self.organisation_keys(organisation).await?;
        let rows =
            self.context.db.read("identity.agents", move |tx| Ok::<_, Error>(store::agents(tx, organisation)?)).await?;
        rows.iter().map(|row| opened(&keys, row)).collect()
    }
}

/// What a stored agent says, opened.
pub(super) fn opened(keys: &SubjectKeys, row: &AgentRow) -> Result<Agent, Error> {
    let address = text(&keys.open(Column::AgentEmail, row.id.bytes(), &row.email_sealed)?);
    let name = match &row.name_sealed {
        Some(sealed) => text(&keys.open(Column::AgentName, row.id.bytes(), sealed)?),
        None => address.clone(),
    };
    Ok(Agent {
        id: row.id,
        name,
        address,
        roles: row.roles,
        state: row.state,
        locale: row.language,
        created_at: row.created_at,
    })
}

fn text(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
}
