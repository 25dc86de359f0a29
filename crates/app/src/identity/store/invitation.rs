//! Invitations, and ceremonies that have begun, as rows.

use db::{Error, Tx, blob, id, opt_id, text, time};
use kernel::{AgentId, CeremonyId, InvitationId, OrganisationId, Timestamp};

use crate::secret_text::HASH_BYTES;

db::statements! { "identity";
    /// A new invitation.
    INSERT_INVITATION = "INSERT INTO invitation (org, id, agent, kind, secret_hash, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// What a link is compared with.
    INVITATION = "SELECT agent, kind, secret_hash, expires_at FROM invitation WHERE org = $1 AND id = $2";
    /// The end of an invitation; no row when another was quicker.
    USE_INVITATION = "DELETE FROM invitation WHERE org = $1 AND id = $2 AND agent = $3 AND expires_at > $4";
    /// The end of whatever invitation an agent had.
    WITHDRAW_INVITATION = "DELETE FROM invitation WHERE org = $1 AND agent = $2";
    /// A ceremony that begins.
    INSERT_CEREMONY = "INSERT INTO ceremony (org, id, agent, kind, state_sealed, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// How many have begun.
    CEREMONY_COUNT = "SELECT COUNT(*) FROM ceremony WHERE org = $1";
    /// What one began with.
    CEREMONY = "SELECT agent, kind, state_sealed FROM ceremony WHERE org = $1 AND id = $2 AND expires_at > $3";
    /// The end of a ceremony; no row when another was quicker.
    END_CEREMONY = "DELETE FROM ceremony WHERE org = $1 AND id = $2";
    /// Those that nobody can finish any more.
    END_OLD_CEREMONIES = "DELETE FROM ceremony WHERE org = $1 AND expires_at <= $2";
}

/// An invitation as it is stored.
#[derive(Clone)]
pub(in crate::identity) struct InvitationRow {
    pub(in crate::identity) id: InvitationId,
    pub(in crate::identity) agent: AgentId,
    pub(in crate::identity) kind: String,
    pub(in crate::identity) hash: [u8; HASH_BYTES],
    pub(in crate::identity) expires_at: Timestamp,
}

/// A ceremony that has begun.
pub(in crate::identity) struct CeremonyRow {
    pub(in crate::identity) agent: Option<AgentId>,
    pub(in crate::identity) kind: String,
    pub(in crate::identity) state_sealed: Vec<u8>,
}

/// Stores an invitation in the place of the last one.
pub(in crate::identity) fn replace_invitation(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    new: &InvitationRow,
    now: Timestamp,
) -> Result<(), Error> {
    withdraw_invitation(tx, organisation, new.agent)?;
    let values = [
        id(&organisation),
        id(&new.id),
        id(&new.agent),
        text(&new.kind),
        blob(&new.hash),
        time(now),
        time(new.expires_at),
    ];
    tx.execute_one(&INSERT_INVITATION, &values)
}

pub(in crate::identity) fn withdraw_invitation(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<u64, Error> {
    tx.execute(&WITHDRAW_INVITATION, &[id(&organisation), id(&agent)])
}

pub(in crate::identity) fn invitation(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    invitation: InvitationId,
) -> Result<Option<InvitationRow>, Error> {
    tx.query_opt(&INVITATION, &[id(&organisation), id(&invitation)], |row| {
        Ok(InvitationRow {
            id: invitation,
            agent: row.id(0)?,
            kind: row.text(1)?,
            hash: row.array(2)?,
            expires_at: row.time(3)?,
        })
    })
}

/// Whether it was there, in time, and is used by this.
pub(in crate::identity) fn use_invitation(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    used: &InvitationRow,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [id(&organisation), id(&used.id), id(&used.agent), time(now)];
    Ok(tx.execute(&USE_INVITATION, &values)? == 1)
}

pub(in crate::identity) fn insert_ceremony(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ceremony: CeremonyId,
    new: &CeremonyRow,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&ceremony),
        opt_id(new.agent.as_ref()),
        text(&new.kind),
        blob(&new.state_sealed),
        time(expires_at),
    ];
    tx.execute_one(&INSERT_CEREMONY, &values)
}

pub(in crate::identity) fn count_ceremonies(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<u64, Error> {
    tx.query_one(&CEREMONY_COUNT, &[id(&organisation)], |row| row.count(0))
}

pub(in crate::identity) fn ceremony(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ceremony: CeremonyId,
    now: Timestamp,
) -> Result<Option<CeremonyRow>, Error> {
    tx.query_opt(&CEREMONY, &[id(&organisation), id(&ceremony), time(now)], |row| {
        Ok(CeremonyRow { agent: row.opt_id(0)?, kind: row.text(1)?, state_sealed: row.blob(2)? })
    })
}

/// Whether it was still there.
pub(in crate::identity) fn end_ceremony(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    ceremony: CeremonyId,
) -> Result<bool, Error> {
    Ok(tx.execute(&END_CEREMONY, &[id(&organisation), id(&ceremony)])? == 1)
}

pub(in crate::identity) fn end_old_ceremonies(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&END_OLD_CEREMONIES, &[id(&organisation), time(now)])
}
