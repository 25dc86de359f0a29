//! Agents as rows.

use db::{Error, Tx, blob, id, int, text, time};
use kernel::{AgentId, Locale, OrganisationId, Timestamp};

use crate::identity::{AGENTS, AgentState, Role, Roles};

db::statements! { "identity";
    /// A new agent.
    INSERT_AGENT = "INSERT INTO agent (org, id, role, state, email_index, email_sealed, language, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// How many there are.
    AGENT_COUNT = "SELECT COUNT(*) FROM agent WHERE org = $1";
    /// Whose address it is.
    AGENT_BY_EMAIL = "SELECT id FROM agent WHERE org = $1 AND email_index = $2";
    /// One agent.
    AGENT = "SELECT id, role, state, email_sealed, name_sealed, language, created_at FROM agent
        WHERE org = $1 AND id = $2";
    /// All agents, the oldest first.
    AGENT_LIST = "SELECT id, role, state, email_sealed, name_sealed, language, created_at FROM agent
        WHERE org = $1 ORDER BY id LIMIT $2";
    /// How many of a state have a word among their roles: `$3` is a pattern around it.
    AGENTS_WITH_ROLE = "SELECT COUNT(*) FROM agent
        WHERE org = $1 AND state = $2 AND ' ' || role || ' ' LIKE $3 AND id <> $4";
    /// What an agent may, and whether the agent may come in.
    SET_ROLES = "UPDATE agent SET role = $3 WHERE org = $1 AND id = $2 AND role <> $3";
    /// Whether the agent may come in.
    SET_STATE = "UPDATE agent SET state = $3 WHERE org = $1 AND id = $2 AND state <> $3";
    /// How the agent is named and spoken to.
    SET_PROFILE = "UPDATE agent SET name_sealed = $3, language = $4 WHERE org = $1 AND id = $2";
    /// Held until the transaction ends, so that two changes of one agent come one after the other.
    HOLD_AGENT = "UPDATE agent SET state = state WHERE org = $1 AND id = $2 AND state = $3";
    /// Held until the transaction ends, so that two changes of who administers come one after the other.
    HOLD_ORGANISATION = "UPDATE organisation SET epoch = epoch WHERE org = $1";
}

/// A new agent as it is stored.
pub(in crate::identity) struct NewAgentRow {
    pub(in crate::identity) id: AgentId,
    pub(in crate::identity) roles: Roles,
    pub(in crate::identity) email_index: [u8; 32],
    pub(in crate::identity) email_sealed: Vec<u8>,
    pub(in crate::identity) language: Locale,
}

/// An agent as it is stored.
pub(in crate::identity) struct AgentRow {
    pub(in crate::identity) id: AgentId,
    pub(in crate::identity) roles: Roles,
    pub(in crate::identity) state: AgentState,
    pub(in crate::identity) email_sealed: Vec<u8>,
    pub(in crate::identity) name_sealed: Option<Vec<u8>>,
    pub(in crate::identity) language: Locale,
    pub(in crate::identity) created_at: Timestamp,
}

pub(in crate::identity) fn insert_agent(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: &NewAgentRow,
    now: Timestamp,
) -> Result<(), Error> {
    let roles = agent.roles.to_string();
    let values = [
        id(&organisation),
        id(&agent.id),
        text(&roles),
        text(AgentState::Invited.word()),
        blob(&agent.email_index),
        blob(&agent.email_sealed),
        text(agent.language.code()),
        time(now),
    ];
    tx.execute_one(&INSERT_AGENT, &values)
}

pub(in crate::identity) fn count_agents(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<u64, Error> {
    tx.query_one(&AGENT_COUNT, &[id(&organisation)], |row| row.count(0))
}

pub(in crate::identity) fn agent_by_email(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    email_index: &[u8; 32],
) -> Result<Option<AgentId>, Error> {
    tx.query_opt(&AGENT_BY_EMAIL, &[id(&organisation), blob(email_index)], |row| row.id(0))
}

pub(in crate::identity) fn agent(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<Option<AgentRow>, Error> {
    tx.query_opt(&AGENT, &[id(&organisation), id(&agent)], agent_row)
}

pub(in crate::identity) fn agents(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<AgentRow>, Error> {
    tx.query(&AGENT_LIST, &[id(&organisation), int(AGENTS)], agent_row)
}

fn agent_row(row: &db::Row<'_>) -> Result<AgentRow, Error> {
    Ok(AgentRow {
        id: row.id(0)?,
        roles: Roles::stored(&row.text(1)?),
        state: row.word(2)?,
        email_sealed: row.blob(3)?,
        name_sealed: row.opt_blob(4)?,
        language: row.word(5)?,
        created_at: row.time(6)?,
    })
}

/// Whether the agent is in this state, and stays in it until the transaction ends.
pub(in crate::identity) fn hold_agent(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    state: AgentState,
) -> Result<bool, Error> {
    Ok(tx.execute(&HOLD_AGENT, &[id(&organisation), id(&agent), text(state.word())])? == 1)
}

/// Keeps other changes of who administers away until the transaction ends.
pub(in crate::identity) fn hold_organisation(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<(), Error> {
    tx.execute_one(&HOLD_ORGANISATION, &[id(&organisation)])
}

/// How many others in a state have a role.
pub(in crate::identity) fn others_with_role(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    role: Role,
    state: AgentState,
    agent: AgentId,
) -> Result<u64, Error> {
    let pattern = format!("% {role} %");
    let values = [id(&organisation), text(state.word()), text(&pattern), id(&agent)];
    tx.query_one(&AGENTS_WITH_ROLE, &values, |row| row.count(0))
}

/// Whether they were others before.
pub(in crate::identity) fn set_roles(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    roles: Roles,
) -> Result<bool, Error> {
    let roles = roles.to_string();
    Ok(tx.execute(&SET_ROLES, &[id(&organisation), id(&agent), text(&roles)])? == 1)
}

/// Whether it was another before.
pub(in crate::identity) fn set_state(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    state: AgentState,
) -> Result<bool, Error> {
    Ok(tx.execute(&SET_STATE, &[id(&organisation), id(&agent), text(state.word())])? == 1)
}

pub(in crate::identity) fn set_profile(
    tx: &mut Tx<'_>,
    (organisation, agent): (OrganisationId, AgentId),
    name_sealed: &[u8],
    language: Locale,
) -> Result<(), Error> {
    let values = [id(&organisation), id(&agent), blob(name_sealed), text(language.code())];
    tx.execute_one(&SET_PROFILE, &values)
}
