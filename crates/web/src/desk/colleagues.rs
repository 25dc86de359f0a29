//! Names of agents for one page: each is asked for once, and one that cannot be told stays out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use app::identity::SignedIn;
use kernel::AgentId;

use crate::serve::Shared;

/// Agents of one page whose names are looked up; the others show as an agent.
const LOOKED_UP: usize = 50;

/// Who is who.
#[derive(Default)]
pub(crate) struct Colleagues(HashMap<AgentId, String>);

impl Colleagues {
    /// Looks up the names of some agents beside the reader's own.
    pub(crate) async fn of(shared: &Arc<Shared>, me: &SignedIn, agents: impl IntoIterator<Item = AgentId>) -> Self {
        let mut names = HashMap::from([(me.agent, me.name.clone())]);
        let wanted: HashSet<AgentId> = agents.into_iter().filter(|agent| *agent != me.agent).collect();
        for agent in wanted.into_iter().take(LOOKED_UP) {
            match shared.app.identity.agent(me.organisation, agent).await {
                Ok(Some(found)) => drop(names.insert(agent, found.name.to_string())),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "an agent's name cannot be told"),
            }
        }
        Self(names)
    }

    pub(crate) fn name(&self, agent: AgentId) -> Option<&str> {
        self.0.get(&agent).map(String::as_str)
    }
}
