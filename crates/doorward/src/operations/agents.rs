//! Answers about agents.

use kernel::AgentId;
use serde::{Deserialize, Serialize};

use super::Moment;

/// A link for an agent: the only time that it is seen. No `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct AgentInvited {
    /// The agent.
    pub id: AgentId,
    /// The way in, good once.
    pub enrolment_url: String,
    /// Until when it is good.
    pub expires_at: Moment,
}

/// An agent in the list. No `Debug`: name and address are a person's.
#[derive(Clone, Serialize, Deserialize)]
pub struct AgentRow {
    /// The id.
    pub id: AgentId,
    /// `invited`, `active` or `disabled`.
    pub state: String,
    /// What the agent's work is.
    pub roles: Vec<String>,
    /// The name.
    pub name: String,
    /// The address.
    pub address: String,
    /// The language.
    pub language: String,
}

/// All agents. No `Debug`: they are persons.
#[derive(Clone, Serialize, Deserialize)]
pub struct Agents {
    /// The oldest first.
    pub agents: Vec<AgentRow>,
}

/// Answer to an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDisabled {
    /// Which.
    pub id: AgentId,
}
