//! Menus whose choices are long: who may have a conversation, and which labels there are. Each is
//! fetched when it is opened.

use app::identity::{Agent, AgentState, Role};
use askama::Template;
use kernel::{AgentId, ConversationId};

use crate::strings::Strings;

/// Agents in one menu.
const CHOICES: usize = 200;

/// To whom a conversation can go.
#[derive(Template)]
#[template(path = "desk/assignment.html")]
pub(crate) struct AssignmentMenu {
    l: Strings,
    conversation: ConversationId,
    held: Option<AgentId>,
    is_mine: bool,
    others: Vec<(AgentId, String)>,
}

impl AssignmentMenu {
    pub(crate) fn of(
        l: Strings,
        conversation: ConversationId,
        agents: Vec<Agent>,
        held: Option<AgentId>,
        me: AgentId,
    ) -> Self {
        let answers = |agent: &Agent| agent.roles.has(Role::Agent) || agent.roles.has(Role::Lead);
        let may = |agent: &Agent| agent.state == AgentState::Active && answers(agent);
        let mut others: Vec<_> = agents
            .into_iter()
            .filter(|agent| may(agent) && agent.id != me && held != Some(agent.id))
            .take(CHOICES)
            .map(|agent| (agent.id, agent.name.to_string()))
            .collect();
        others.sort_by(|one, other| one.1.cmp(&other.1));
        Self { l, conversation, held, is_mine: held == Some(me), others }
    }
}

/// Labels as choices of a field.
#[derive(Template)]
#[template(source = "{% for label in labels %}<option value=\"{{ label }}\"></option>{% endfor %}", ext = "html")]
pub(crate) struct LabelOptions {
    pub(crate) labels: Vec<String>,
}
