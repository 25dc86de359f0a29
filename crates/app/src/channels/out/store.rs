//! The tables of mail that leaves: our addresses, the servers, and where each mail stands.

use db::{Change, Error, Row, Tx, blob, id, int, opt_blob, opt_int, opt_time, text, time};
use kernel::{ConversationId, CustomerId, MessageId, OrganisationId, OwnAddressId, Timestamp, limits};

use super::OWN_ADDRESSES;
use super::delivery::{DeliveryState, SealedDelivery};
use crate::Actor;
use crate::desk::{Moved, State};
use crate::vault::{ids_of_page, page_of_ids};

/// What a change of outgoing mail or of its servers announces.
pub(super) const CHANGE: &str = "mail_out";

macro_rules! turn {
    ($columns:literal, $earlier:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM outgoing_mail AS o WHERE o.org = $1 AND o.own_address = $2 AND o.due_at IS NOT NULL",
            " AND NOT EXISTS (SELECT 1 FROM outgoing_mail AS e WHERE e.org = $1 AND e.conversation = o.conversation",
            " AND e.due_at IS NOT NULL AND (e.created_at, e.message) < (o.created_at, o.message)",
            $earlier,
            ")",
            $rest
        )
    };
}

db::statements! { "channels.out";
    /// Every address of ours.
    OWN_LIST = "SELECT id, blind, sealed, is_default FROM own_address WHERE org = $1 ORDER BY id LIMIT $2";
    /// Another one, or a changed one.
    PUT_OWN = "INSERT INTO own_address (org, id, blind, sealed, is_default, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (org, id) DO UPDATE SET blind = $3, sealed = $4, is_default = $5";
    /// None is the default for a moment.
    NO_DEFAULT = "UPDATE own_address SET is_default = 0 WHERE org = $1 AND is_default = 1";
    /// This one is.
    MAKE_DEFAULT = "UPDATE own_address SET is_default = 1 WHERE org = $1 AND id = $2";
    /// Ours no more.
    REMOVE_OWN = "DELETE FROM own_address WHERE org = $1 AND id = $2";
    /// Whether mail waits for it.
    WAITS_FOR = "SELECT 1 FROM outgoing_mail WHERE org = $1 AND own_address = $2 AND due_at IS NOT NULL LIMIT 1";
    /// Every server.
    SERVERS = "SELECT scope, sealed, failures, retry_at FROM mail_server WHERE org = $1 ORDER BY scope LIMIT $2";
    /// Another server, or a changed one, which is tried at once.
    PUT_SERVER = "INSERT INTO mail_server (org, scope, sealed, failures, retry_at, changed_at)
        VALUES ($1, $2, $3, 0, NULL, $4)
        ON CONFLICT (org, scope) DO UPDATE SET sealed = $3, failures = 0, retry_at = NULL, changed_at = $4";
    /// A server less.
    REMOVE_SERVER = "DELETE FROM mail_server WHERE org = $1 AND scope = $2";
    /// Whether a server could be used, and when it is tried again.
    TELL_SERVER = "UPDATE mail_server SET failures = $3, retry_at = $4, changed_at = $5 WHERE org = $1 AND scope = $2";
    /// How long mail is held back.
    UNDO = "SELECT undo_seconds FROM mail_out WHERE org = $1";
    /// And from now on.
    SET_UNDO = "INSERT INTO mail_out (org, holder, held_until, undo_seconds) VALUES ($1, NULL, NULL, $2)
        ON CONFLICT (org) DO UPDATE SET undo_seconds = $2";
    /// One of the processes sends; the others leave it to that one until the time is over.
    TAKE_TURN = "INSERT INTO mail_out (org, holder, held_until, undo_seconds) VALUES ($1, $2, $3, NULL)
        ON CONFLICT (org) DO UPDATE SET holder = $2, held_until = $3
        WHERE mail_out.holder IS NULL OR mail_out.holder = $2 OR mail_out.held_until <= $4";
    /// It goes on sending.
    KEEP_TURN = "UPDATE mail_out SET held_until = $3 WHERE org = $1 AND holder = $2";
    /// It is done for now.
    LEAVE_TURN = "UPDATE mail_out SET holder = NULL, held_until = NULL WHERE org = $1 AND holder = $2";
    /// A mail to leave.
    INSERT_MAIL = "INSERT INTO outgoing_mail (org, message, conversation, customer, own_address, author, state, sealed,
            due_at, tries, doubts, state_before, snooze_before, state_after, created_at, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'held', $7, $8, 0, 0, $9, $10, $11, $12, $12)";
    /// The next mails of an address in the order in which they were written, but none whose conversation has an
    /// earlier one that is due later or leaves by another address.
    NEXT_MAILS = turn!("o.created_at, o.message, o.conversation", " AND (e.due_at > $3 OR e.own_address <> $2)", " AND o.due_at <= $3 ORDER BY o.created_at, o.message LIMIT $4");
    /// When the next is due: the first of a conversation, since the others wait for it.
    NEXT_DUE = turn!("MIN(o.due_at)", "", "");
    /// One mail.
    MAIL = "SELECT message, conversation, customer, own_address, author, state, sealed, due_at, tries, doubts,
            state_before, snooze_before, state_after, created_at
        FROM outgoing_mail WHERE org = $1 AND message = $2";
    /// The same, held.
    HOLD_MAIL = "SELECT message, conversation, customer, own_address, author, state, sealed, due_at, tries, doubts,
            state_before, snooze_before, state_after, created_at
        FROM outgoing_mail WHERE org = $1 AND message = $2 FOR UPDATE";
    /// Where it stands now.
    MOVE_MAIL = "UPDATE outgoing_mail SET state = $3, sealed = $4, due_at = $5, tries = $6, doubts = $7, changed_at = $8
        WHERE org = $1 AND message = $2";
    /// It was taken back.
    REMOVE_MAIL = "DELETE FROM outgoing_mail WHERE org = $1 AND message = $2";
    /// Its Message-ID leads nowhere then.
    UNBEAR = "DELETE FROM mail_reference WHERE org = $1 AND reference = $2 AND message = $3";
    /// What became of a page of messages.
    DELIVERIES = concat!(
        "SELECT message, sealed, state, author, due_at, changed_at, tries, doubts FROM outgoing_mail
        WHERE org = $1 AND message IN ", page_of_ids!());
    /// What failed, the newest first.
    FAILED = "SELECT message, conversation, customer FROM outgoing_mail
        WHERE org = $1 AND state = 'failed' AND message < $2 ORDER BY message DESC LIMIT $3";
    /// What an erased customer leaves: that something was sent, and nothing of it.
    FORGET = "UPDATE outgoing_mail SET sealed = NULL, due_at = NULL,
            state = CASE WHEN due_at IS NULL THEN state ELSE 'failed' END
        WHERE org = $1 AND customer = $2";
}

/// An address of ours as it is stored.
#[derive(Clone)]
pub(super) struct OwnAddressRow {
    pub(super) id: OwnAddressId,
    pub(super) blind: [u8; 32],
    pub(super) sealed: Vec<u8>,
    pub(super) is_default: bool,
}

/// A mail server as it is stored.
pub(super) struct MailServerRow {
    pub(super) scope: [u8; 16],
    pub(super) sealed: Vec<u8>,
    pub(super) failures: u64,
    pub(super) retry_at: Option<Timestamp>,
}

/// A mail on its way as it is stored.
#[derive(Clone)]
pub(super) struct MailRow {
    pub(super) message: MessageId,
    pub(super) conversation: ConversationId,
    pub(super) customer: CustomerId,
    pub(super) own_address: OwnAddressId,
    pub(super) author: Actor,
    pub(super) state: DeliveryState,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) due_at: Option<Timestamp>,
    pub(super) tries: u64,
    pub(super) doubts: u64,
    pub(super) moved: Moved,
    pub(super) created_at: Timestamp,
}

/// Says that there is something to send, or something to send it by.
pub(super) fn announce(tx: &mut Tx<'_>, organisation: OrganisationId, what: [u8; 16]) {
    tx.announce(Change { organisation, kind: CHANGE, id: what });
}

pub(super) fn own_addresses(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<OwnAddressRow>, Error> {
    tx.query(&OWN_LIST, &[id(&organisation), int(OWN_ADDRESSES)], |row| {
        Ok(OwnAddressRow { id: row.id(0)?, blind: row.array(1)?, sealed: row.blob(2)?, is_default: row.flag(3)? })
    })
}

pub(super) fn put_own_address(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    row: &OwnAddressRow,
    now: Timestamp,
) -> Result<(), Error> {
    let is_default = int(u8::from(row.is_default));
    let values = [id(&organisation), id(&row.id), blob(&row.blind), blob(&row.sealed), is_default, time(now)];
    tx.execute_one(&PUT_OWN, &values)
}

pub(super) fn no_default_address(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<(), Error> {
    tx.execute(&NO_DEFAULT, &[id(&organisation)]).map(drop)
}

pub(super) fn make_default(tx: &mut Tx<'_>, organisation: OrganisationId, own: OwnAddressId) -> Result<(), Error> {
    tx.execute_one(&MAKE_DEFAULT, &[id(&organisation), id(&own)])
}

pub(super) fn remove_own_address(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    own: OwnAddressId,
) -> Result<bool, Error> {
    Ok(tx.execute(&REMOVE_OWN, &[id(&organisation), id(&own)])? == 1)
}

pub(super) fn waits_for(tx: &mut Tx<'_>, organisation: OrganisationId, own: OwnAddressId) -> Result<bool, Error> {
    Ok(tx.query_opt(&WAITS_FOR, &[id(&organisation), id(&own)], |_| Ok(()))?.is_some())
}

pub(super) fn mail_servers(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Vec<MailServerRow>, Error> {
    // One of each address, and one of the organisation.
    tx.query(&SERVERS, &[id(&organisation), int(OWN_ADDRESSES + 1)], |row| {
        Ok(MailServerRow {
            scope: row.array(0)?,
            sealed: row.blob(1)?,
            failures: row.count(2)?,
            retry_at: row.opt_time(3)?,
        })
    })
}

pub(super) fn put_mail_server(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (scope, sealed): (&[u8; 16], &[u8]),
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(&PUT_SERVER, &[id(&organisation), blob(scope), blob(sealed), time(now)])
}

pub(super) fn remove_mail_server(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    scope: &[u8; 16],
) -> Result<bool, Error> {
    Ok(tx.execute(&REMOVE_SERVER, &[id(&organisation), blob(scope)])? == 1)
}

/// A server that was removed meanwhile is told nothing.
pub(super) fn tell_server(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    scope: &[u8; 16],
    (failures, retry_at): (u64, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), Error> {
    let values = [id(&organisation), blob(scope), int(failures), opt_time(retry_at), time(now)];
    tx.execute(&TELL_SERVER, &values).map(drop)
}

/// How long mail is held back, in seconds, when somebody has said so.
pub(super) fn undo_seconds(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Option<u64>, Error> {
    let found = tx.query_opt(&UNDO, &[id(&organisation)], |row| row.opt_int(0))?;
    Ok(found.flatten().and_then(|seconds| seconds.try_into().ok()))
}

pub(super) fn set_undo(tx: &mut Tx<'_>, organisation: OrganisationId, seconds: Option<u64>) -> Result<(), Error> {
    tx.execute_one(&SET_UNDO, &[id(&organisation), opt_int(seconds)])
}

/// Whether it is this process's turn to send until then.
pub(super) fn take_turn(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    holder: &[u8; 16],
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_TURN, &[id(&organisation), blob(holder), time(until), time(now)])? == 1)
}

/// Whether it still is, and now for longer.
pub(super) fn keep_turn(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    holder: &[u8; 16],
    until: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&KEEP_TURN, &[id(&organisation), blob(holder), time(until)])? == 1)
}

pub(super) fn leave_turn(tx: &mut Tx<'_>, organisation: OrganisationId, holder: &[u8; 16]) -> Result<(), Error> {
    tx.execute(&LEAVE_TURN, &[id(&organisation), blob(holder)]).map(drop)
}

pub(super) fn insert_mail(tx: &mut Tx<'_>, organisation: OrganisationId, row: &MailRow) -> Result<(), Error> {
    let author = row.author.to_string();
    let values = [
        id(&organisation),
        id(&row.message),
        id(&row.conversation),
        id(&row.customer),
        id(&row.own_address),
        text(&author),
        opt_blob(row.sealed.as_ref()),
        opt_time(row.due_at),
        text(row.moved.before.word()),
        opt_time(row.moved.slept_until),
        text(row.moved.after.word()),
        time(row.created_at),
    ];
    tx.execute_one(&INSERT_MAIL, &values)
}

pub(super) fn next_mails(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    own: OwnAddressId,
    (now, limit): (Timestamp, usize),
) -> Result<Vec<(Timestamp, MessageId, ConversationId)>, Error> {
    let values = [id(&organisation), id(&own), time(now), int(limit)];
    tx.query(&NEXT_MAILS, &values, |row| Ok((row.time(0)?, row.id(1)?, row.id(2)?)))
}

pub(super) fn next_due(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    own: OwnAddressId,
) -> Result<Option<Timestamp>, Error> {
    Ok(tx.query_opt(&NEXT_DUE, &[id(&organisation), id(&own)], |row| row.opt_time(0))?.flatten())
}

pub(super) fn mail(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
    hold: bool,
) -> Result<Option<MailRow>, Error> {
    let statement = if hold { &HOLD_MAIL } else { &MAIL };
    tx.query_opt(statement, &[id(&organisation), id(&message)], mail_row)
}

fn mail_row(row: &Row<'_>) -> Result<MailRow, Error> {
    Ok(MailRow {
        message: row.id(0)?,
        conversation: row.id(1)?,
        customer: row.id(2)?,
        own_address: row.id(3)?,
        author: row.word(4)?,
        state: row.word(5)?,
        sealed: row.opt_blob(6)?,
        due_at: row.opt_time(7)?,
        tries: row.count(8)?,
        doubts: row.count(9)?,
        moved: Moved { before: row.word::<State>(10)?, slept_until: row.opt_time(11)?, after: row.word::<State>(12)? },
        created_at: row.time(13)?,
    })
}

pub(super) fn move_mail(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    row: &MailRow,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        id(&organisation),
        id(&row.message),
        text(row.state.word()),
        opt_blob(row.sealed.as_ref()),
        opt_time(row.due_at),
        int(row.tries),
        int(row.doubts),
        time(now),
    ];
    tx.execute_one(&MOVE_MAIL, &values)
}

pub(super) fn remove_mail(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    message: MessageId,
    reference: &[u8; 32],
) -> Result<(), Error> {
    tx.execute_one(&REMOVE_MAIL, &[id(&organisation), id(&message)])?;
    tx.execute(&UNBEAR, &[id(&organisation), blob(reference), id(&message)]).map(drop)
}

pub(super) fn deliveries(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    messages: &[MessageId],
) -> Result<Vec<SealedDelivery>, Error> {
    let mut found = Vec::new();
    for page in messages.chunks(limits::PAGE_ROWS) {
        found.extend(tx.query(&DELIVERIES, &ids_of_page(&organisation, page), |row| {
            Ok(SealedDelivery {
                message: row.id(0)?,
                sealed: row.opt_blob(1)?,
                state: row.word(2)?,
                author: row.word(3)?,
                due_at: row.opt_time(4)?,
                changed_at: row.time(5)?,
                tries: row.count(6)?,
                doubts: row.count(7)?,
            })
        })?);
    }
    Ok(found)
}

/// What failed, before a place, the newest first: message, conversation, customer.
pub(super) fn failed(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    before: MessageId,
    limit: usize,
) -> Result<Vec<(MessageId, ConversationId, CustomerId)>, Error> {
    tx.query(&FAILED, &[id(&organisation), id(&before), int(limit)], |row| Ok((row.id(0)?, row.id(1)?, row.id(2)?)))
}

pub(super) fn forget(tx: &mut Tx<'_>, organisation: OrganisationId, customer: CustomerId) -> Result<(), Error> {
    tx.execute(&FORGET, &[id(&organisation), id(&customer)]).map(drop)
}
