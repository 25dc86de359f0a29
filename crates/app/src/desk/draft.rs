//! What an agent has begun to write: kept on the server, sealed under the customer's key, seen by its
//! writer alone. It is no part of the case until it is sent, so it leaves no entry in the log.

use db::Tx;
use kernel::{AgentId, ConversationId, CustomerId, DraftId, Id as _, OrganisationId, Timestamp, limits};

use super::{Desk, Error, store};
use crate::access::Permit;
use crate::access::action::ReadConversation;
use crate::vault::{self, Column, CustomerState, Vault};
use crate::{Actor, STALE_TRIES};

/// What a draft will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DraftKind {
    /// An answer to the customer.
    #[default]
    Reply,
    /// A note for colleagues.
    Note,
}

/// Something begun and not sent. No `Debug`: it holds words about a customer.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Draft {
    /// What it will be.
    pub kind: DraftKind,
    /// What is written so far, at most [`limits::NOTE_BYTES`].
    pub text: String,
    /// Addresses in copy, as they were typed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cc: String,
}

impl Desk {
    /// Keeps what an agent has written so far; one without text is forgotten. Only agents write.
    pub async fn save_draft(&self, permit: &Permit<ReadConversation>, draft: &Draft) -> Result<(), Error> {
        let Actor::Agent(agent) = permit.actor() else { return Err(Error::NoAgent) };
        let (organisation, conversation) = (permit.organisation(), *permit.resource());
        if draft.text.len() + draft.cc.len() > limits::NOTE_BYTES {
            return Err(Error::NoteText);
        }
        if draft.text.trim().is_empty() && draft.cc.trim().is_empty() {
            let forget = move |tx: &mut Tx<'_>| Self::forget_draft(tx, organisation, conversation, agent);
            return self.context.db.write("desk.forget_draft", forget).await;
        }
        let document = serde_json::to_vec(draft).map_err(|_| Error::NoteText)?;
        for _ in 0..STALE_TRIES {
            match self.try_save(organisation, (conversation, agent), &document).await {
                Err(Error::Stale) => {}
                done => return done,
            }
        }
        Err(Error::Stale)
    }

    async fn try_save(
        &self,
        organisation: OrganisationId,
        (conversation, agent): (ConversationId, AgentId),
        document: &[u8],
    ) -> Result<(), Error> {
        let vault = self.vault.clone();
        let read = move |tx: &mut Tx<'_>| {
            let customer = owner(tx, organisation, conversation)?;
            Ok::<_, Error>((customer, vault.keys(tx, organisation, customer.into())?))
        };
        let (customer, keys) = self.context.db.read("desk.draft_keys", read).await?;
        let keys = keys.ok_or(Error::Vault(vault::Error::Erased))?;
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let id = DraftId::new(now, entropy);
        let sealed = keys.seal(Column::Draft, id.bytes(), document, entropy)?;
        let write = move |tx: &mut Tx<'_>| {
            let is_erased = Vault::state(tx, organisation, customer, true)? == CustomerState::Erased;
            if is_erased || owner(tx, organisation, conversation)? != customer {
                return Err(Error::Stale);
            }
            Ok(store::save_draft(tx, organisation, (conversation, agent), (id, customer, &sealed), now)?)
        };
        self.context.db.write("desk.save_draft", write).await
    }

    /// What an agent has written so far, and when.
    pub async fn draft(&self, permit: &Permit<ReadConversation>) -> Result<Option<(Draft, Timestamp)>, Error> {
        let Actor::Agent(agent) = permit.actor() else { return Ok(None) };
        let (organisation, conversation) = (permit.organisation(), *permit.resource());
        let vault = self.vault.clone();
        let read = move |tx: &mut Tx<'_>| {
            let Some(row) = store::draft(tx, organisation, conversation, agent)? else { return Ok(None) };
            let Some(keys) = vault.keys(tx, organisation, row.customer.into())? else { return Ok(None) };
            let opened = keys.open(Column::Draft, row.id.bytes(), &row.sealed)?;
            // A document of a later version is nothing that this one can show.
            Ok(serde_json::from_slice(&opened).ok().map(|draft| (draft, row.changed_at)))
        };
        self.context.db.read("desk.draft", read).await
    }

    /// Forgets a draft, once what it was for is written.
    pub fn forget_draft(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        agent: AgentId,
    ) -> Result<(), Error> {
        Ok(store::forget_draft(tx, organisation, conversation, agent)?)
    }
}

fn owner(tx: &mut Tx<'_>, organisation: OrganisationId, conversation: ConversationId) -> Result<CustomerId, Error> {
    let standing = store::standing(tx, organisation, conversation, false)?.ok_or(Error::NoConversation)?;
    Ok(standing.customer)
}
