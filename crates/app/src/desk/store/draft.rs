//! Drafts as rows.

use db::{Error, Tx, blob, id, time};
use kernel::{AgentId, ConversationId, CustomerId, DraftId, OrganisationId, Timestamp};

db::statements! { "desk.draft";
    /// A draft, in the place of the one before.
    SAVE_DRAFT = "INSERT INTO draft (org, conversation, agent, id, customer, sealed, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (org, conversation, agent) DO UPDATE
        SET id = excluded.id, customer = excluded.customer, sealed = excluded.sealed, changed_at = excluded.changed_at";
    /// One agent's draft.
    DRAFT = "SELECT id, customer, sealed, changed_at FROM draft
        WHERE org = $1 AND conversation = $2 AND agent = $3";
    /// It was sent, or thrown away.
    FORGET_DRAFT = "DELETE FROM draft WHERE org = $1 AND conversation = $2 AND agent = $3";
    /// All drafts of a conversation that goes.
    REMOVE_DRAFTS = "DELETE FROM draft WHERE org = $1 AND conversation = $2";
    /// Those of a conversation that is absorbed follow it, where the agent has none there.
    MOVE_DRAFTS = "UPDATE draft SET conversation = $3 WHERE org = $1 AND conversation = $2 AND NOT EXISTS
        (SELECT 1 FROM draft AS there
         WHERE there.org = $1 AND there.conversation = $3 AND there.agent = draft.agent)";
    /// Those about an erased customer.
    FORGET_DRAFTS = "DELETE FROM draft WHERE org = $1 AND customer = $2";
}

/// A draft, still sealed.
pub(in super::super) struct SealedDraft {
    pub(in super::super) id: DraftId,
    pub(in super::super) customer: CustomerId,
    pub(in super::super) sealed: Vec<u8>,
    pub(in super::super) changed_at: Timestamp,
}

pub(in super::super) fn save_draft(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    (conversation, agent): (ConversationId, AgentId),
    (draft, customer, sealed): (DraftId, CustomerId, &[u8]),
    now: Timestamp,
) -> Result<(), Error> {
    let place = [id(&organisation), id(&conversation), id(&agent)];
    let [org, conversation, agent] = place;
    let row = [org, conversation, agent, id(&draft), id(&customer), blob(sealed), time(now)];
    tx.execute_one(&SAVE_DRAFT, &row)
}

pub(in super::super) fn draft(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    agent: AgentId,
) -> Result<Option<SealedDraft>, Error> {
    tx.query_opt(&DRAFT, &[id(&organisation), id(&conversation), id(&agent)], |row| {
        Ok(SealedDraft { id: row.id(0)?, customer: row.id(1)?, sealed: row.blob(2)?, changed_at: row.time(3)? })
    })
}

pub(in super::super) fn forget_draft(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    conversation: ConversationId,
    agent: AgentId,
) -> Result<(), Error> {
    tx.execute(&FORGET_DRAFT, &[id(&organisation), id(&conversation), id(&agent)]).map(drop)
}

/// The drafts of a conversation that goes, or that becomes a part of another.
pub(in super::super) fn move_drafts(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    from: ConversationId,
    into: Option<ConversationId>,
) -> Result<(), Error> {
    if let Some(into) = into {
        tx.put(&MOVE_DRAFTS, &[id(&organisation), id(&from), id(&into)])?;
    }
    tx.put(&REMOVE_DRAFTS, &[id(&organisation), id(&from)])
}

pub(in super::super) fn forget_drafts(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    customer: CustomerId,
) -> Result<(), Error> {
    tx.execute(&FORGET_DRAFTS, &[id(&organisation), id(&customer)]).map(drop)
}
