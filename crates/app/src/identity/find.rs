//! Which organisations there are, and who works for them.

use kernel::{AgentId, OrganisationId, Timestamp};

use super::{Error, Identity, store};
use crate::vault::{Index, Normalised};

/// An organisation: the tenant to which every other row belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, no personal value.
    pub name: String,
    /// When it was set up.
    pub created_at: Timestamp,
}

impl Identity {
    /// All organisations, the oldest first; there are at most [`super::ORGANISATIONS`].
    pub async fn organisations(&self) -> Result<Vec<Organisation>, Error> {
        self.context.db.read("identity.organisations", |tx| Ok(store::organisations(tx)?)).await
    }

    /// How many organisations there are. It asks the database itself, so readiness hangs on it.
    pub async fn count_organisations(&self) -> Result<u64, Error> {
        self.context.db.read("identity.count_organisations", |tx| Ok(store::count(tx)?)).await
    }

    /// The organisation of this id or exact name; [`Error::Ambiguous`] when two bear the name.
    pub async fn find_organisation(&self, id_or_name: &str) -> Result<Option<Organisation>, Error> {
        let (by_id, name) = (id_or_name.parse::<OrganisationId>().ok(), id_or_name.trim().to_owned());
        self.context
            .db
            .read("identity.find_organisation", move |tx| {
                if let Some(id) = by_id {
                    return Ok(store::organisation(tx, id)?);
                }
                let mut named = store::organisations_named(tx, &name)?;
                let found = named.pop();
                if named.is_empty() { Ok(found) } else { Err(Error::Ambiguous) }
            })
            .await
    }

    /// The agent with this address, however it is written; none when nobody has it.
    pub async fn find_agent(&self, organisation: OrganisationId, address: &str) -> Result<Option<AgentId>, Error> {
        let Some(address) = Normalised::email(address) else { return Ok(None) };
        let index = self.vault.blind(organisation, Index::AgentEmail, address.normalised().as_bytes())?;
        self.context
            .db
            .read("identity.find_agent", move |tx| Ok(store::agent_by_email(tx, organisation, &index)?))
            .await
    }
}
