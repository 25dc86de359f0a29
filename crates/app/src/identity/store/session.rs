//! Sessions as rows. The text of a cookie is not among the columns.

use db::{Error, Tx, blob, id, int, text, time};
use kernel::{AgentId, OrganisationId, SessionId, Timestamp};

use super::agent::AgentRow;
use crate::identity::{Roles, SESSIONS, Strength};
use crate::secret_text::HASH_BYTES;

db::statements! { "identity";
    /// A new session.
    INSERT_SESSION = "INSERT INTO session
        (org, id, agent, secret_hash, strength, place_sealed, signed_in_at, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    /// What a cookie is compared with, and whose it is.
    SESSION = "SELECT s.secret_hash, s.strength, s.signed_in_at, s.seen_at,
            a.id, a.role, a.state, a.email_sealed, a.name_sealed, a.language, a.created_at
        FROM session s JOIN agent a ON a.org = s.org AND a.id = s.agent WHERE s.org = $1 AND s.id = $2";
    /// Where an agent is signed in, the newest first.
    SESSION_LIST = "SELECT id, strength, place_sealed, signed_in_at, seen_at FROM session
        WHERE org = $1 AND agent = $2 ORDER BY signed_in_at DESC, id DESC LIMIT $3";
    /// The session was used.
    SEEN_SESSION = "UPDATE session SET seen_at = $3 WHERE org = $1 AND id = $2 AND seen_at < $3";
    /// The end of one session of an agent.
    END_SESSION = "DELETE FROM session WHERE org = $1 AND id = $2 AND agent = $3";
    /// The end of all sessions of an agent but one.
    END_OTHER_SESSIONS = "DELETE FROM session WHERE org = $1 AND agent = $2 AND id <> $3";
    /// The end of all sessions of an agent.
    END_SESSIONS = "DELETE FROM session WHERE org = $1 AND agent = $2";
    /// Those that are too old for anybody.
    END_OLD_SESSIONS = "DELETE FROM session WHERE org = $1 AND signed_in_at < $2";
}

/// A session that begins.
pub(in crate::identity) struct NewSessionRow {
    pub(in crate::identity) id: SessionId,
    pub(in crate::identity) agent: AgentId,
    pub(in crate::identity) hash: [u8; HASH_BYTES],
    pub(in crate::identity) strength: Strength,
    pub(in crate::identity) place_sealed: Vec<u8>,
    pub(in crate::identity) at: Timestamp,
}

/// What a cookie is compared with.
pub(in crate::identity) struct SessionRow {
    pub(in crate::identity) hash: [u8; HASH_BYTES],
    pub(in crate::identity) strength: Strength,
    pub(in crate::identity) signed_in_at: Timestamp,
    pub(in crate::identity) seen_at: Timestamp,
    pub(in crate::identity) agent: AgentRow,
}

/// A session as it is listed.
pub(in crate::identity) struct ListedSession {
    pub(in crate::identity) id: SessionId,
    pub(in crate::identity) strength: Strength,
    pub(in crate::identity) place_sealed: Vec<u8>,
    pub(in crate::identity) signed_in_at: Timestamp,
    pub(in crate::identity) seen_at: Timestamp,
}

pub(in crate::identity) fn insert_session(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    new: &NewSessionRow,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&new.id),
        id(&new.agent),
        blob(&new.hash),
        text(new.strength.word()),
        blob(&new.place_sealed),
        time(new.at),
    ];
    tx.execute_one(&INSERT_SESSION, &values)
}

pub(in crate::identity) fn session(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    session: SessionId,
) -> Result<Option<SessionRow>, Error> {
    tx.query_opt(&SESSION, &[id(&organisation), id(&session)], |row| {
        Ok(SessionRow {
            hash: row.array(0)?,
            strength: row.word(1)?,
            signed_in_at: row.time(2)?,
            seen_at: row.time(3)?,
            agent: AgentRow {
                id: row.id(4)?,
                roles: Roles::stored(&row.text(5)?),
                state: row.word(6)?,
                email_sealed: row.blob(7)?,
                name_sealed: row.opt_blob(8)?,
                language: row.word(9)?,
                created_at: row.time(10)?,
            },
        })
    })
}

pub(in crate::identity) fn sessions(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<Vec<ListedSession>, Error> {
    tx.query(&SESSION_LIST, &[id(&organisation), id(&agent), int(SESSIONS)], |row| {
        Ok(ListedSession {
            id: row.id(0)?,
            strength: row.word(1)?,
            place_sealed: row.blob(2)?,
            signed_in_at: row.time(3)?,
            seen_at: row.time(4)?,
        })
    })
}

pub(in crate::identity) fn seen(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    session: SessionId,
    now: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&SEEN_SESSION, &[id(&organisation), id(&session), time(now)])
}

/// Whether there was such a session of this agent.
pub(in crate::identity) fn end_session(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    session: SessionId,
) -> Result<bool, Error> {
    Ok(tx.execute(&END_SESSION, &[id(&organisation), id(&session), id(&agent)])? == 1)
}

/// How many were ended.
pub(in crate::identity) fn end_all_sessions(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<u64, Error> {
    tx.execute(&END_SESSIONS, &[id(&organisation), id(&agent)])
}

/// How many were ended.
pub(in crate::identity) fn end_other_sessions(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    kept: SessionId,
) -> Result<u64, Error> {
    tx.execute(&END_OTHER_SESSIONS, &[id(&organisation), id(&agent), id(&kept)])
}

pub(in crate::identity) fn end_old_sessions(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    before: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&END_OLD_SESSIONS, &[id(&organisation), time(before)])
}
