//! The table of mailboxes: settings, the state of reading, and the lease that lets one process read.

use db::{Error, Tx, blob, id, int, opt_int, opt_text, opt_time, text, time};
use kernel::{MailboxId, OrganisationId, Timestamp};

use super::settings::{MAILBOXES, MailboxState, Method, PutAway, Security, Server};

/// What tells one reading process from another.
pub(super) type Holder = [u8; 16];

db::statements! { "channels.mailbox";
    /// A new mailbox.
    INSERT = "INSERT INTO mailbox (org, id, name, host, port, security, authority, method, user_sealed,
            secret_sealed, folder, move_to, since, revision, paused, uid_done, taken, left_alone, lease_until, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, 0, 0, 0, 0, 0, $14)";
    /// How many there are.
    COUNT = "SELECT count(*) FROM mailbox WHERE org = $1";
    /// All, the oldest first.
    LIST = "SELECT id, name, host, port, security, authority, method, user_sealed, secret_sealed, folder, move_to,
            since, revision, paused, uid_validity, uid_done, succeeded_at, failed_at, trouble, taken, left_alone,
            created_at, lease_until
        FROM mailbox WHERE org = $1 ORDER BY id LIMIT $2";
    /// One.
    ONE = "SELECT id, name, host, port, security, authority, method, user_sealed, secret_sealed, folder, move_to,
            since, revision, paused, uid_validity, uid_done, succeeded_at, failed_at, trouble, taken, left_alone,
            created_at, lease_until
        FROM mailbox WHERE org = $1 AND id = $2";
    /// Reading stops or goes on.
    PAUSE = "UPDATE mailbox SET paused = $3, revision = revision + 1 WHERE org = $1 AND id = $2 AND paused <> $3";
    /// Another password or token.
    SET_SECRET = "UPDATE mailbox SET secret_sealed = $3, revision = revision + 1 WHERE org = $1 AND id = $2";
    /// Gone.
    REMOVE = "DELETE FROM mailbox WHERE org = $1 AND id = $2";
    /// Those that nobody reads and somebody should.
    FREE = "SELECT id FROM mailbox WHERE org = $1 AND paused = 0 AND lease_until <= $2 ORDER BY id LIMIT $3";
    /// From now on this process reads it.
    CLAIM = "UPDATE mailbox SET holder = $3, lease_until = $5
        WHERE org = $1 AND id = $2 AND paused = 0 AND lease_until <= $4";
    /// It goes on reading, unless the mailbox has changed.
    RENEW = "UPDATE mailbox SET lease_until = $4
        WHERE org = $1 AND id = $2 AND holder = $3 AND paused = 0 AND revision = $5";
    /// It reads no more.
    RELEASE = "UPDATE mailbox SET lease_until = 0 WHERE org = $1 AND id = $2 AND holder = $3";
    /// How far reading came.
    PROGRESS = "UPDATE mailbox SET uid_validity = $4, uid_done = $5, taken = taken + $6, left_alone = left_alone + $7
        WHERE org = $1 AND id = $2 AND holder = $3";
    /// Nothing waits in the folder.
    SUCCEED = "UPDATE mailbox SET succeeded_at = $4, failed_at = NULL, trouble = NULL
        WHERE org = $1 AND id = $2 AND holder = $3";
    /// Something went wrong.
    FAIL = "UPDATE mailbox SET failed_at = $4, trouble = $5 WHERE org = $1 AND id = $2 AND holder = $3";
}

/// A mailbox with what is sealed of it.
pub(super) struct MailboxRow {
    pub(super) id: MailboxId,
    pub(super) name: String,
    pub(super) server: Server,
    pub(super) method: Method,
    pub(super) user_sealed: Vec<u8>,
    pub(super) secret_sealed: Vec<u8>,
    pub(super) folder: String,
    pub(super) put_away: PutAway,
    pub(super) since: Option<Timestamp>,
    pub(super) revision: i64,
    pub(super) state: MailboxState,
    pub(super) created_at: Timestamp,
}

pub(super) fn insert(tx: &mut Tx<'_>, organisation: OrganisationId, row: &MailboxRow) -> Result<(), Error> {
    let move_to = match &row.put_away {
        PutAway::Move(folder) => Some(folder.as_str()),
        PutAway::Mark => None,
    };
    let values = [
        id(&organisation),
        id(&row.id),
        text(&row.name),
        text(&row.server.host),
        int(row.server.port),
        text(row.server.security.word()),
        opt_text(row.server.authority.as_deref()),
        text(row.method.word()),
        blob(&row.user_sealed),
        blob(&row.secret_sealed),
        text(&row.folder),
        opt_text(move_to),
        opt_time(row.since),
        time(row.created_at),
    ];
    tx.execute_one(&INSERT, &values)
}

pub(super) fn count(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<u64, Error> {
    tx.query_one(&COUNT, &[id(&organisation)], |row| row.count(0))
}

pub(super) fn list(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<MailboxRow>, Error> {
    tx.query(&LIST, &[id(&organisation), int(MAILBOXES)], mailbox_row)
}

pub(super) fn one(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    mailbox: MailboxId,
) -> Result<Option<MailboxRow>, Error> {
    tx.query_opt(&ONE, &[id(&organisation), id(&mailbox)], mailbox_row)
}

fn mailbox_row(row: &db::Row<'_>) -> Result<MailboxRow, Error> {
    let narrow = |column: usize| -> Result<Option<u32>, Error> {
        row.opt_int(column)?
            .map(|number| u32::try_from(number).map_err(|_| Error::Column { statement: "channels.mailbox", column }))
            .transpose()
    };
    let port = narrow(3)?.and_then(|port| u16::try_from(port).ok());
    let trouble = match (row.opt_time(17)?, row.opt_text(18)?) {
        (Some(at), Some(words)) => Some((at, words)),
        _ => None,
    };
    Ok(MailboxRow {
        id: row.id(0)?,
        name: row.text(1)?,
        server: Server {
            host: row.text(2)?,
            port: port.ok_or(Error::Column { statement: "channels.mailbox", column: 3 })?,
            security: row.word::<Security>(4)?,
            authority: row.opt_text(5)?,
        },
        method: row.word(6)?,
        user_sealed: row.blob(7)?,
        secret_sealed: row.blob(8)?,
        folder: row.text(9)?,
        put_away: row.opt_text(10)?.map_or(PutAway::Mark, PutAway::Move),
        since: row.opt_time(11)?,
        revision: row.int(12)?,
        state: MailboxState {
            paused: row.flag(13)?,
            uid_validity: narrow(14)?,
            uid_done: narrow(15)?.unwrap_or(0),
            succeeded_at: row.opt_time(16)?,
            trouble,
            taken: row.count(19)?,
            left_alone: row.count(20)?,
            read_until: row.time(22)?,
        },
        created_at: row.time(21)?,
    })
}

/// False when it is so already, or gone.
pub(super) fn pause(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    mailbox: MailboxId,
    paused: bool,
) -> Result<bool, Error> {
    Ok(tx.execute(&PAUSE, &[id(&organisation), id(&mailbox), int(i64::from(paused))])? == 1)
}

pub(super) fn set_secret(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    mailbox: MailboxId,
    sealed: &[u8],
) -> Result<bool, Error> {
    Ok(tx.execute(&SET_SECRET, &[id(&organisation), id(&mailbox), blob(sealed)])? == 1)
}

pub(super) fn remove(tx: &mut Tx<'_>, organisation: OrganisationId, mailbox: MailboxId) -> Result<bool, Error> {
    Ok(tx.execute(&REMOVE, &[id(&organisation), id(&mailbox)])? == 1)
}

pub(super) fn free(tx: &mut Tx<'_>, organisation: OrganisationId, now: Timestamp) -> Result<Vec<MailboxId>, Error> {
    tx.query(&FREE, &[id(&organisation), time(now), int(MAILBOXES)], |row| row.id(0))
}

/// One process's hold on a mailbox.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) organisation: OrganisationId,
    pub(super) mailbox: MailboxId,
    pub(super) holder: Holder,
}

impl Hold {
    /// Takes it, when nobody else has it.
    pub(super) fn claim(&self, tx: &mut Tx<'_>, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
        let values = [id(&self.organisation), id(&self.mailbox), blob(&self.holder), time(now), time(until)];
        Ok(tx.execute(&CLAIM, &values)? == 1)
    }

    /// Keeps it; false when it is lost, paused, removed or changed.
    pub(super) fn renew(&self, tx: &mut Tx<'_>, until: Timestamp, revision: i64) -> Result<bool, Error> {
        let values = [id(&self.organisation), id(&self.mailbox), blob(&self.holder), time(until), int(revision)];
        Ok(tx.execute(&RENEW, &values)? == 1)
    }

    /// Lets it go.
    pub(super) fn release(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.execute(&RELEASE, &[id(&self.organisation), id(&self.mailbox), blob(&self.holder)]).map(drop)
    }

    /// Writes down how far it came. Without the lease nothing is written.
    pub(super) fn progress(
        &self,
        tx: &mut Tx<'_>,
        (validity, done): (Option<u32>, u32),
        (taken, left_alone): (u64, u64),
    ) -> Result<(), Error> {
        let values = [
            id(&self.organisation),
            id(&self.mailbox),
            blob(&self.holder),
            opt_int(validity),
            int(done),
            int(taken),
            int(left_alone),
        ];
        tx.execute(&PROGRESS, &values).map(drop)
    }

    /// Nothing waits.
    pub(super) fn succeed(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
        tx.execute(&SUCCEED, &[id(&self.organisation), id(&self.mailbox), blob(&self.holder), time(now)]).map(drop)
    }

    /// Something went wrong.
    pub(super) fn fail(&self, tx: &mut Tx<'_>, now: Timestamp, trouble: &str) -> Result<(), Error> {
        let values = [id(&self.organisation), id(&self.mailbox), blob(&self.holder), time(now), text(trouble)];
        tx.execute(&FAIL, &values).map(drop)
    }
}
