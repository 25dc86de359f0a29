//! What an erased customer leaves in the desk's tables: rows that say that something was there.

use db::{Error, Tx, blob, id, time};
use kernel::{ConversationId, CustomerId, OrganisationId, Timestamp};

db::statements! { "desk.forget";
    /// The conversations that are a customer's matter.
    CONVERSATIONS_OF = "SELECT id FROM conversation WHERE org = $1 AND customer = $2";
    /// Their subjects go.
    FORGET_SUBJECTS = "UPDATE conversation SET subject_sealed = $3, subject_index = NULL, changed_at = $4
        WHERE org = $1 AND customer = $2";
    /// What was written goes.
    FORGET_MESSAGES = "UPDATE message SET sealed = NULL WHERE org = $1 AND customer = $2 AND sealed IS NOT NULL";
    /// What was noted goes.
    FORGET_NOTES = "UPDATE note SET sealed = NULL WHERE org = $1 AND customer = $2 AND sealed IS NOT NULL";
    /// The blobs of a customer's attachments.
    BLOBS_OF = "SELECT blob_name FROM attachment WHERE org = $1 AND customer = $2 AND blob_name IS NOT NULL";
    /// Attachments go whole.
    FORGET_ATTACHMENTS = "DELETE FROM attachment WHERE org = $1 AND customer = $2";
}

pub(in crate::desk) fn conversations_of(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<Vec<ConversationId>, Error> {
    tx.query(&CONVERSATIONS_OF, &[id(&organisation), id(&customer)], |row| row.id(0))
}

pub(in crate::desk) fn forget_subjects(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<u64, Error> {
    tx.execute(&FORGET_SUBJECTS, &[id(&organisation), id(&customer), blob(&[]), time(now)])
}

pub(in crate::desk) fn forget_messages(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<u64, Error> {
    tx.execute(&FORGET_MESSAGES, &[id(&organisation), id(&customer)])
}

pub(in crate::desk) fn forget_notes(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<u64, Error> {
    tx.execute(&FORGET_NOTES, &[id(&organisation), id(&customer)])
}

/// Removes attachments; gives their number and the blobs that nobody needs any more.
pub(in crate::desk) fn forget_attachments(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<(u64, Vec<[u8; 16]>), Error> {
    let key = [id(&organisation), id(&customer)];
    let blobs = tx.query(&BLOBS_OF, &key, |row| row.array(0))?;
    Ok((tx.execute(&FORGET_ATTACHMENTS, &key)?, blobs))
}
