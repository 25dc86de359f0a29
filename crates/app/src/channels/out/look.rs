//! What must be known before a mail is written: where its conversation stands, what was said in it,
//! and by which addresses mail leaves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use db::Tx;
use kernel::{ConversationId, CustomerId, Id as _, MessageId, OrganisationId, Timestamp};

use super::own_address::{self, OwnAddress};
use super::{Refused, UNDO, store};
use crate::channels::{Channels, Error};
use crate::desk::{Desk, Direction, MessageContent, Nature, SealedSaid, Standing};
use crate::vault::{Column, CustomerState, SubjectKeys, Vault};

/// Messages of a thread that are looked at, from its end.
const RECENT: usize = 20;

/// Something that was said, opened.
pub(super) struct Said {
    pub(super) id: MessageId,
    pub(super) direction: Direction,
    pub(super) nature: Nature,
    pub(super) customer: CustomerId,
    pub(super) received_at: Timestamp,
    pub(super) content: MessageContent,
}

/// A conversation before something is written into it.
pub(super) struct Look {
    pub(super) standing: Standing,
    /// Keys of the conversation's customer.
    pub(super) keys: Arc<SubjectKeys>,
    pub(super) ways: Ways,
    /// What was said last, the newest first.
    pub(super) said: Vec<Said>,
    /// The message that was named.
    pub(super) named: Option<Said>,
}

/// By what mail leaves.
#[derive(Clone)]
pub(super) struct Ways {
    /// Addresses of ours, the default one first.
    pub(super) own: Vec<OwnAddress>,
    /// How long a mail is held back.
    pub(super) undo: Duration,
}

impl Channels {
    pub(super) async fn look_at(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        named: Option<MessageId>,
    ) -> Result<Look, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let standing = Desk::standing(tx, organisation, conversation)?;
            let standing = standing.ok_or(Error::Desk(crate::desk::Error::NoConversation))?;
            if Vault::state(tx, organisation, standing.customer, false)? == CustomerState::Erased {
                return Err(Error::Out(Refused::Erased));
            }
            let keys = channels.vault.keys(tx, organisation, standing.customer.into())?.ok_or(Refused::Erased)?;
            let recent = Desk::recent(tx, organisation, conversation, RECENT)?;
            let named = match named {
                Some(named) => Some(Desk::said(tx, organisation, conversation, named)?.ok_or(Refused::NoMessage)?),
                None => None,
            };
            let mut whose: Vec<CustomerId> = recent.iter().chain(&named).map(|said| said.customer).collect();
            whose.sort_unstable();
            whose.dedup();
            let opener = channels.vault.keys_of_page(tx, organisation, &whose)?;
            let named =
                named.map(|sealed| open(&opener, &sealed)?.ok_or(Error::Out(Refused::NoMessage))).transpose()?;
            let mut said = Vec::with_capacity(recent.len());
            for sealed in &recent {
                said.extend(open(&opener, sealed)?);
            }
            Ok(Look { standing, keys, ways: channels.ways(tx, organisation)?, said, named })
        };
        self.context.db.read("channels.look_at", read).await
    }

    pub(super) fn ways(&self, tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<Ways, Error> {
        let keys = self.own_keys(tx, organisation)?;
        let own = own_address::opened(&keys, store::own_addresses(tx, organisation)?)?;
        let undo = store::undo_seconds(tx, organisation)?.map_or(UNDO, Duration::from_secs);
        Ok(Ways { own, undo })
    }
}

/// Opens what was said; none when its author is erased.
fn open(keys: &HashMap<CustomerId, Arc<SubjectKeys>>, sealed: &SealedSaid) -> Result<Option<Said>, Error> {
    let (Some(keys), Some(document)) = (keys.get(&sealed.customer), &sealed.sealed) else { return Ok(None) };
    let content = keys.open(Column::Message, sealed.id.bytes(), document)?;
    Ok(Some(Said {
        id: sealed.id,
        direction: sealed.direction,
        nature: sealed.nature,
        customer: sealed.customer,
        received_at: sealed.received_at,
        content: serde_json::from_slice(&content)?,
    }))
}

impl Ways {
    /// The address that was asked for; else the one that the customer wrote to; else the default.
    pub(super) fn choose(
        &self,
        wanted: Option<kernel::OwnAddressId>,
        answered: Option<&MessageContent>,
    ) -> Result<&OwnAddress, Refused> {
        if let Some(wanted) = wanted {
            return self.own.iter().find(|own| own.id == wanted).ok_or(Refused::UnknownOwnAddress);
        }
        let met = answered.and_then(|content| {
            let parties = content.to.iter().chain(&content.cc).chain(&content.from);
            { parties }.find_map(|party| self.own.iter().find(|own| own.is(&party.address)))
        });
        met.or(self.own.first()).ok_or(Refused::NoOwnAddress)
    }
}

impl OwnAddress {
    /// Whether a text is this address, however it is written, with or without something behind a plus.
    pub(super) fn is(&self, address: &str) -> bool {
        let plain = |text: &str| {
            let normal = crate::channels::mail::normalise(text)?;
            let (local, domain) = normal.rsplit_once('@')?;
            let local = if self.details.takes_plus { local.split('+').next().unwrap_or(local) } else { local };
            Some(format!("{local}@{domain}"))
        };
        plain(address).is_some_and(|text| Some(text) == plain(&self.details.address))
    }
}
