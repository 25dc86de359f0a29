//! Organisations and agents as rows.

use db::{Error, Tx, blob, id, int, text, time};
use kernel::{AgentId, OrganisationId, Timestamp};

use super::{ORGANISATIONS, Organisation};

db::statements! { "identity";
    /// All organisations, the oldest first.
    ORGANISATION_LIST = "SELECT org, name, created_at FROM organisation ORDER BY created_at, org LIMIT $1";
    /// One organisation.
    ORGANISATION = "SELECT org, name, created_at FROM organisation WHERE org = $1";
    /// Those that bear a name; two are enough to know that it is not one.
    ORGANISATION_BY_NAME = "SELECT org, name, created_at FROM organisation WHERE name = $1 LIMIT 2";
    /// How many there are.
    ORGANISATION_COUNT = "SELECT COUNT(*) FROM organisation";
    /// A new organisation.
    INSERT_ORGANISATION = "INSERT INTO organisation (org, name, epoch, created_at) VALUES ($1, $2, $3, $4)";
    /// A new agent.
    INSERT_AGENT = "INSERT INTO agent (org, id, role, state, email_index, email_sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Whose address it is.
    AGENT_BY_EMAIL = "SELECT id FROM agent WHERE org = $1 AND email_index = $2";
}

/// An agent as it is stored.
pub(super) struct AgentRow {
    pub(super) id: AgentId,
    pub(super) role: &'static str,
    pub(super) state: &'static str,
    pub(super) email_index: [u8; 32],
    pub(super) email_sealed: Vec<u8>,
}

pub(super) fn organisations(tx: &mut Tx<'_>) -> Result<Vec<Organisation>, Error> {
    tx.query(&ORGANISATION_LIST, &[int(ORGANISATIONS)], organisation_row)
}

pub(super) fn organisation(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Option<Organisation>, Error> {
    tx.query_opt(&ORGANISATION, &[id(&organisation)], organisation_row)
}

pub(super) fn organisations_named(tx: &mut Tx<'_>, name: &str) -> Result<Vec<Organisation>, Error> {
    tx.query(&ORGANISATION_BY_NAME, &[text(name)], organisation_row)
}

pub(super) fn count(tx: &mut Tx<'_>) -> Result<u64, Error> {
    tx.query_opt(&ORGANISATION_COUNT, &[], |row| row.count(0))?.ok_or(Error::Missing)
}

fn organisation_row(row: &db::Row<'_>) -> Result<Organisation, Error> {
    Ok(Organisation { id: row.id(0)?, name: row.text(1)?, created_at: row.time(2)? })
}

pub(super) fn insert_organisation(tx: &mut Tx<'_>, new: &Organisation, epoch: u32) -> Result<(), Error> {
    let values = [id(&new.id), text(&new.name), int(epoch), time(new.created_at)];
    tx.execute_one(&INSERT_ORGANISATION, &values)
}

pub(super) fn insert_agent(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: &AgentRow,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&agent.id),
        text(agent.role),
        text(agent.state),
        blob(&agent.email_index),
        blob(&agent.email_sealed),
        time(now),
    ];
    tx.execute_one(&INSERT_AGENT, &values)
}

pub(super) fn agent_by_email(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    email_index: &[u8; 32],
) -> Result<Option<AgentId>, Error> {
    tx.query_opt(&AGENT_BY_EMAIL, &[id(&organisation), blob(email_index)], |row| row.id(0))
}
