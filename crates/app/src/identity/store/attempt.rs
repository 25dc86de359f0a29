//! Counted attempts to sign in, and what agents are told about their accounts, as rows.

use db::{Error, Tx, blob, id, int, text, time};
use kernel::{AgentId, NoticeId, OrganisationId, Timestamp};

use crate::identity::NOTICES;

db::statements! { "identity";
    /// One more attempt; a window that is over begins anew.
    COUNT_ATTEMPT = "INSERT INTO sign_in_attempt AS known (org, counted_for, attempts, since)
        VALUES ($1, $2, 1, $3)
        ON CONFLICT (org, counted_for) DO UPDATE SET
            attempts = CASE WHEN known.since <= $4 THEN 1 ELSE known.attempts + 1 END,
            since = CASE WHEN known.since <= $4 THEN excluded.since ELSE known.since END";
    /// How many in this window, and when it began.
    ATTEMPTS = "SELECT attempts, since FROM sign_in_attempt WHERE org = $1 AND counted_for = $2";
    /// An attempt that was none after all.
    TAKE_ATTEMPT_BACK = "UPDATE sign_in_attempt SET attempts = attempts - 1
        WHERE org = $1 AND counted_for = $2 AND attempts > 0";
    /// Nothing is counted any more.
    FORGET_ATTEMPTS = "DELETE FROM sign_in_attempt WHERE org = $1 AND counted_for = $2";
    /// Windows that are over.
    FORGET_OLD_ATTEMPTS = "DELETE FROM sign_in_attempt WHERE org = $1 AND since <= $2";
    /// Something to be told.
    INSERT_NOTICE = "INSERT INTO agent_notice (org, id, agent, kind, at, seen_at, mailed_at)
        VALUES ($1, $2, $3, $4, $5, NULL, NULL)";
    /// What an agent has not seen, the oldest first.
    UNSEEN_NOTICES = "SELECT id, kind, at, agent FROM agent_notice
        WHERE org = $1 AND agent = $2 AND seen_at IS NULL ORDER BY id LIMIT $3";
    /// What was not mailed, the oldest first.
    UNMAILED_NOTICES = "SELECT id, kind, at, agent FROM agent_notice
        WHERE org = $1 AND mailed_at IS NULL ORDER BY id LIMIT $2";
    /// The agent has seen it.
    SEE_NOTICE = "UPDATE agent_notice SET seen_at = $4 WHERE org = $1 AND id = $2 AND agent = $3 AND seen_at IS NULL";
    /// It was mailed.
    MAIL_NOTICE = "UPDATE agent_notice SET mailed_at = $3 WHERE org = $1 AND id = $2 AND mailed_at IS NULL";
}

/// Something that an agent is told.
pub(in crate::identity) struct NoticeRow {
    pub(in crate::identity) id: NoticeId,
    pub(in crate::identity) agent: AgentId,
    pub(in crate::identity) kind: String,
    pub(in crate::identity) at: Timestamp,
}

/// Counts one attempt and says how many there are in this window, and when it began.
pub(in crate::identity) fn count_attempt(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    counted_for: &[u8; 32],
    (now, cutoff): (Timestamp, Timestamp),
) -> Result<(u64, Timestamp), Error> {
    tx.execute_one(&COUNT_ATTEMPT, &[id(&organisation), blob(counted_for), time(now), time(cutoff)])?;
    tx.query_one(&ATTEMPTS, &[id(&organisation), blob(counted_for)], |row| Ok((row.count(0)?, row.time(1)?)))
}

pub(in crate::identity) fn take_attempt_back(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    counted_for: &[u8; 32],
) -> Result<u64, Error> {
    tx.execute(&TAKE_ATTEMPT_BACK, &[id(&organisation), blob(counted_for)])
}

pub(in crate::identity) fn forget_attempts(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    counted_for: &[u8; 32],
) -> Result<u64, Error> {
    tx.execute(&FORGET_ATTEMPTS, &[id(&organisation), blob(counted_for)])
}

pub(in crate::identity) fn forget_old_attempts(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    cutoff: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&FORGET_OLD_ATTEMPTS, &[id(&organisation), time(cutoff)])
}

pub(in crate::identity) fn insert_notice(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    new: &NoticeRow,
) -> Result<(), Error> {
    let values = [id(&organisation), id(&new.id), id(&new.agent), text(&new.kind), time(new.at)];
    tx.execute_one(&INSERT_NOTICE, &values)
}

pub(in crate::identity) fn unseen_notices(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<Vec<NoticeRow>, Error> {
    tx.query(&UNSEEN_NOTICES, &[id(&organisation), id(&agent), int(NOTICES)], notice_row)
}

pub(in crate::identity) fn unmailed_notices(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
) -> Result<Vec<NoticeRow>, Error> {
    tx.query(&UNMAILED_NOTICES, &[id(&organisation), int(NOTICES)], notice_row)
}

fn notice_row(row: &db::Row<'_>) -> Result<NoticeRow, Error> {
    Ok(NoticeRow { id: row.id(0)?, kind: row.text(1)?, at: row.time(2)?, agent: row.id(3)? })
}

pub(in crate::identity) fn see_notice(
    tx: &mut Tx<'_>,
    (organisation, agent): (OrganisationId, AgentId),
    notice: NoticeId,
    now: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&SEE_NOTICE, &[id(&organisation), id(&notice), id(&agent), time(now)])
}

pub(in crate::identity) fn mail_notice(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    notice: NoticeId,
    now: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&MAIL_NOTICE, &[id(&organisation), id(&notice), time(now)])
}
