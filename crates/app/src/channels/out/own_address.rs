//! The organisation's own contact points: the addresses that its mail comes from, each with the
//! name shown beside it and a signature for each language. Sealed under the organisation's keys.

use std::collections::BTreeMap;

use db::Tx;
use kernel::{Id, Locale, OrganisationId, OwnAddressId};

use super::store::{self, OwnAddressRow};
use super::{NAME_CHARS, OWN_ADDRESSES, Refused, SIGNATURE_BYTES, letter};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::channels::{Channels, Error};
use crate::vault::{Column, Index, Normalised, SubjectKeys};

/// An address of the organisation's own. No `Debug`: it may be a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnAddress {
    /// Its id.
    pub id: OwnAddressId,
    /// What is known of it.
    pub details: OwnAddressDetails,
    /// Whether mail leaves by it when nobody says otherwise.
    pub is_default: bool,
}

/// What an administrator says about an address of ours: the sealed document of `own_address.sealed`.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct OwnAddressDetails {
    /// The address as written.
    pub address: String,
    /// The name shown beside it, at most [`NAME_CHARS`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the mail server delivers `name+anything@` like `name@`, so that answers can be asked
    /// for under an address that names their conversation.
    pub takes_plus: bool,
    /// What stands below a text, by language, at most [`SIGNATURE_BYTES`] each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub signatures: BTreeMap<Locale, String>,
}

impl OwnAddressDetails {
    /// The address as a mail server takes it; it was checked when it was stored.
    pub(super) fn on_the_wire(&self) -> Result<String, Refused> {
        letter::wire_address(&self.address).ok_or(Refused::Address)
    }

    fn check(&self) -> Result<(), Refused> {
        self.on_the_wire()?;
        let name = self.name.as_deref().unwrap_or_default();
        if name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
            return Err(Refused::Name);
        }
        let fits = |text: &String| text.len() <= SIGNATURE_BYTES;
        if self.signatures.values().all(fits) { Ok(()) } else { Err(Refused::Signature) }
    }
}

impl Channels {
    /// Every address of ours, the default one first; there are at most [`OWN_ADDRESSES`].
    pub async fn own_addresses(&self, organisation: OrganisationId) -> Result<Vec<OwnAddress>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let keys = channels.own_keys(tx, organisation)?;
            opened(&keys, store::own_addresses(tx, organisation)?)
        };
        self.context.db.read("channels.own_addresses", read).await
    }

    /// Adds an address of ours. The first one becomes the default.
    pub async fn add_own_address(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        details: &OwnAddressDetails,
        is_default: bool,
    ) -> Result<OwnAddressId, Error> {
        let now = self.context.clock.now();
        let new = OwnAddressId::new(now, &*self.context.entropy);
        self.store_own_address(organisation, actor, (new, true), details, is_default).await.map(|()| new)
    }

    /// Changes an address of ours, the address itself included.
    pub async fn change_own_address(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        id: OwnAddressId,
        details: &OwnAddressDetails,
        is_default: bool,
    ) -> Result<(), Error> {
        self.store_own_address(organisation, actor, (id, false), details, is_default).await
    }

    async fn store_own_address(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        (id, is_new): (OwnAddressId, bool),
        details: &OwnAddressDetails,
        is_default: bool,
    ) -> Result<(), Error> {
        details.check()?;
        let now = self.context.clock.now();
        let normal = Normalised::email(&details.address).ok_or(Refused::Address)?;
        let blind = self.vault.blind(organisation, Index::OwnAddress, normal.normalised().as_bytes())?;
        let keys = self.read_own_keys(organisation).await?;
        let sealed =
            keys.seal(Column::OwnAddress, id.bytes(), &serde_json::to_vec(details)?, &*self.context.entropy)?;
        let told = if is_new { "address added" } else { "address changed" };
        let entry = Entry::new(Action::ChannelChanged, actor, now).object(id).detail(told);
        let entry = [self.audit.prepare(&keys, &entry)?];
        let write = move |tx: &mut Tx<'_>| {
            let there = store::own_addresses(tx, organisation)?;
            if there.iter().any(|row| row.blind == blind && row.id != id) {
                return Err(Error::Out(Refused::OwnAddressTaken));
            }
            if is_new && there.len() >= OWN_ADDRESSES {
                return Err(Refused::TooManyOwnAddresses.into());
            }
            let known = there.iter().find(|row| row.id == id);
            if !is_new && known.is_none() {
                return Err(Refused::UnknownOwnAddress.into());
            }
            let stays_default = known.is_some_and(|row| row.is_default);
            let is_default = is_default || stays_default || there.is_empty();
            if is_default && !stays_default {
                store::no_default_address(tx, organisation)?;
            }
            let row = OwnAddressRow { id, blind, sealed: sealed.clone(), is_default };
            store::put_own_address(tx, organisation, &row, now)?;
            store::announce(tx, organisation, *id.bytes());
            Ok(Audit::append(tx, organisation, &entry)?)
        };
        self.context.db.write("channels.store_own_address", write).await
    }

    /// Removes an address of ours with its mail server; [`Refused::InUse`] while mail waits for it.
    /// When it was the default, the oldest of the others becomes that.
    pub async fn remove_own_address(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        id: OwnAddressId,
    ) -> Result<(), Error> {
        let now = self.context.clock.now();
        let keys = self.read_own_keys(organisation).await?;
        let entry = Entry::new(Action::ChannelChanged, actor, now).object(id).detail("address removed");
        let entry = [self.audit.prepare(&keys, &entry)?];
        let write = move |tx: &mut Tx<'_>| {
            if store::waits_for(tx, organisation, id)? {
                return Err(Error::Out(Refused::InUse));
            }
            if !store::remove_own_address(tx, organisation, id)? {
                return Err(Refused::UnknownOwnAddress.into());
            }
            store::remove_mail_server(tx, organisation, id.bytes())?;
            let left = store::own_addresses(tx, organisation)?;
            if let Some(heir) = left.iter().min_by_key(|row| row.id).filter(|_| left.iter().all(|row| !row.is_default))
            {
                store::make_default(tx, organisation, heir.id)?;
            }
            Ok(Audit::append(tx, organisation, &entry)?)
        };
        self.context.db.write("channels.remove_own_address", write).await
    }

    /// The address of ours of this id or, however it is written, of this text.
    pub async fn find_own_address(&self, organisation: OrganisationId, named: &str) -> Result<OwnAddress, Error> {
        let id = named.parse::<OwnAddressId>().ok();
        let normal = Normalised::email(named);
        let is_meant = |own: &OwnAddress| {
            let same = |wanted: &Normalised| {
                Normalised::email(&own.details.address).is_some_and(|own| own.normalised() == wanted.normalised())
            };
            Some(own.id) == id || normal.as_ref().is_some_and(same)
        };
        let found = self.own_addresses(organisation).await?.into_iter().find(is_meant);
        found.ok_or(Error::Out(Refused::UnknownOwnAddress))
    }

    /// Whether a mail's sender is an address of ours.
    pub(in super::super) fn is_own(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        normalised: &str,
    ) -> Result<bool, Error> {
        let blind = self.vault.blind(organisation, Index::OwnAddress, normalised.as_bytes())?;
        Ok(store::own_addresses(tx, organisation)?.iter().any(|row| row.blind == blind))
    }

    /// The organisation's own keys, which seal its addresses and servers.
    pub(super) fn own_keys(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
    ) -> Result<std::sync::Arc<SubjectKeys>, Error> {
        self.vault.keys(tx, organisation, organisation.into())?.ok_or(Error::Stale)
    }

    pub(super) async fn read_own_keys(
        &self,
        organisation: OrganisationId,
    ) -> Result<std::sync::Arc<SubjectKeys>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| channels.own_keys(tx, organisation);
        self.context.db.read("channels.own_keys", read).await
    }
}

/// Opens rows, the default one first.
pub(super) fn opened(keys: &SubjectKeys, rows: Vec<OwnAddressRow>) -> Result<Vec<OwnAddress>, Error> {
    let open = |row: OwnAddressRow| {
        let document = keys.open(Column::OwnAddress, row.id.bytes(), &row.sealed)?;
        Ok(OwnAddress { id: row.id, details: serde_json::from_slice(&document)?, is_default: row.is_default })
    };
    let mut opened = rows.into_iter().map(open).collect::<Result<Vec<_>, Error>>()?;
    opened.sort_by_key(|own| (!own.is_default, own.id));
    Ok(opened)
}
