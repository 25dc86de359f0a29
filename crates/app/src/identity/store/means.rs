//! What agents sign in with, as rows: passkeys, passwords with their one-time passwords, recovery codes.

use db::{Error, Tx, blob, id, int, time};
use kernel::{AgentId, OrganisationId, PasskeyId, Timestamp};

use crate::identity::PASSKEYS;

db::statements! { "identity";
    /// A new passkey.
    INSERT_PASSKEY = "INSERT INTO passkey (org, id, agent, credential_index, sealed, created_at, used_at)
        VALUES ($1, $2, $3, $4, $5, $6, NULL)";
    /// The passkeys of an agent, the oldest first.
    PASSKEY_LIST = "SELECT id, credential_index, sealed, created_at, used_at FROM passkey
        WHERE org = $1 AND agent = $2 ORDER BY id LIMIT $3";
    /// A passkey was used; its counter is in what is sealed.
    USE_PASSKEY = "UPDATE passkey SET sealed = $4, used_at = $5 WHERE org = $1 AND id = $2 AND agent = $3";
    /// The end of a passkey.
    REMOVE_PASSKEY = "DELETE FROM passkey WHERE org = $1 AND id = $2 AND agent = $3";
    /// The end of all passkeys of an agent.
    REMOVE_PASSKEYS = "DELETE FROM passkey WHERE org = $1 AND agent = $2";
    /// A password in the place of the last one.
    SET_PASSWORD = "INSERT INTO password (org, agent, hash_sealed, totp_sealed, totp_step, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (org, agent) DO UPDATE SET hash_sealed = excluded.hash_sealed,
            totp_sealed = excluded.totp_sealed, totp_step = excluded.totp_step, changed_at = excluded.changed_at";
    /// The password of an agent.
    PASSWORD = "SELECT hash_sealed, totp_sealed, totp_step, changed_at FROM password WHERE org = $1 AND agent = $2";
    /// A one-time password is taken; no row when it was taken before.
    TAKE_TOTP_STEP = "UPDATE password SET totp_step = $3
        WHERE org = $1 AND agent = $2 AND totp_step < $3 AND changed_at = $4";
    /// The end of a password.
    REMOVE_PASSWORD = "DELETE FROM password WHERE org = $1 AND agent = $2";
    /// A new recovery code.
    INSERT_RECOVERY_CODE = "INSERT INTO recovery_code (org, agent, code_index) VALUES ($1, $2, $3)";
    /// How many are left.
    RECOVERY_CODE_COUNT = "SELECT COUNT(*) FROM recovery_code WHERE org = $1 AND agent = $2";
    /// Whether it is one of them.
    RECOVERY_CODE = "SELECT COUNT(*) FROM recovery_code WHERE org = $1 AND agent = $2 AND code_index = $3";
    /// A recovery code is used; no row when another was quicker.
    USE_RECOVERY_CODE = "DELETE FROM recovery_code WHERE org = $1 AND agent = $2 AND code_index = $3";
    /// The end of all recovery codes of an agent.
    REMOVE_RECOVERY_CODES = "DELETE FROM recovery_code WHERE org = $1 AND agent = $2";
}

/// A passkey as it is stored.
pub(in crate::identity) struct PasskeyRow {
    pub(in crate::identity) id: PasskeyId,
    pub(in crate::identity) credential_index: [u8; 32],
    pub(in crate::identity) sealed: Vec<u8>,
    pub(in crate::identity) created_at: Timestamp,
    pub(in crate::identity) used_at: Option<Timestamp>,
}

/// A password as it is stored.
pub(in crate::identity) struct PasswordRow {
    pub(in crate::identity) hash_sealed: Vec<u8>,
    pub(in crate::identity) totp_sealed: Vec<u8>,
    pub(in crate::identity) totp_step: u64,
    pub(in crate::identity) changed_at: Timestamp,
}

pub(in crate::identity) fn insert_passkey(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    new: &PasskeyRow,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&new.id),
        id(&agent),
        blob(&new.credential_index),
        blob(&new.sealed),
        time(new.created_at),
    ];
    tx.execute_one(&INSERT_PASSKEY, &values)
}

pub(in crate::identity) fn passkeys(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<Vec<PasskeyRow>, Error> {
    tx.query(&PASSKEY_LIST, &[id(&organisation), id(&agent), int(PASSKEYS)], |row| {
        Ok(PasskeyRow {
            id: row.id(0)?,
            credential_index: row.array(1)?,
            sealed: row.blob(2)?,
            created_at: row.time(3)?,
            used_at: row.opt_time(4)?,
        })
    })
}

/// Whether it was still there.
pub(in crate::identity) fn use_passkey(
    tx: &mut Tx<'_>,
    (organisation, agent): (OrganisationId, AgentId),
    passkey: PasskeyId,
    sealed: &[u8],
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [id(&organisation), id(&passkey), id(&agent), blob(sealed), time(now)];
    Ok(tx.execute(&USE_PASSKEY, &values)? == 1)
}

/// Whether there was such a passkey of this agent.
pub(in crate::identity) fn remove_passkey(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    passkey: PasskeyId,
) -> Result<bool, Error> {
    Ok(tx.execute(&REMOVE_PASSKEY, &[id(&organisation), id(&passkey), id(&agent)])? == 1)
}

pub(in crate::identity) fn set_password(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    new: &PasswordRow,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&agent),
        blob(&new.hash_sealed),
        blob(&new.totp_sealed),
        int(new.totp_step),
        time(new.changed_at),
    ];
    tx.execute_one(&SET_PASSWORD, &values)
}

pub(in crate::identity) fn password(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<Option<PasswordRow>, Error> {
    tx.query_opt(&PASSWORD, &[id(&organisation), id(&agent)], |row| {
        Ok(PasswordRow {
            hash_sealed: row.blob(0)?,
            totp_sealed: row.blob(1)?,
            totp_step: row.count(2)?,
            changed_at: row.time(3)?,
        })
    })
}

/// Whether the one-time password of this step is taken by this, of the password that was read.
pub(in crate::identity) fn take_totp_step(
    tx: &mut Tx<'_>,
    (organisation, agent): (OrganisationId, AgentId),
    step: u64,
    changed_at: Timestamp,
) -> Result<bool, Error> {
    let values = [id(&organisation), id(&agent), int(step), time(changed_at)];
    Ok(tx.execute(&TAKE_TOTP_STEP, &values)? == 1)
}

/// Whether there was one.
pub(in crate::identity) fn remove_password(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<bool, Error> {
    Ok(tx.execute(&REMOVE_PASSWORD, &[id(&organisation), id(&agent)])? == 1)
}

/// Everything that an agent could sign in with goes.
pub(in crate::identity) fn remove_means(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<(), Error> {
    let values = [id(&organisation), id(&agent)];
    tx.execute(&REMOVE_PASSKEYS, &values)?;
    tx.execute(&REMOVE_PASSWORD, &values)?;
    tx.execute(&REMOVE_RECOVERY_CODES, &values)?;
    Ok(())
}

pub(in crate::identity) fn replace_recovery_codes(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    codes: &[[u8; 32]],
) -> Result<(), Error> {
    tx.execute(&REMOVE_RECOVERY_CODES, &[id(&organisation), id(&agent)])?;
    for code in codes {
        tx.execute_one(&INSERT_RECOVERY_CODE, &[id(&organisation), id(&agent), blob(code)])?;
    }
    Ok(())
}

pub(in crate::identity) fn count_recovery_codes(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
) -> Result<u64, Error> {
    tx.query_one(&RECOVERY_CODE_COUNT, &[id(&organisation), id(&agent)], |row| row.count(0))
}

pub(in crate::identity) fn has_recovery_code(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    code: &[u8; 32],
) -> Result<bool, Error> {
    tx.query_one(&RECOVERY_CODE, &[id(&organisation), id(&agent), blob(code)], |row| row.flag(0))
}

/// Whether it is used by this.
pub(in crate::identity) fn use_recovery_code(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    code: &[u8; 32],
) -> Result<bool, Error> {
    Ok(tx.execute(&USE_RECOVERY_CODE, &[id(&organisation), id(&agent), blob(code)])? == 1)
}
