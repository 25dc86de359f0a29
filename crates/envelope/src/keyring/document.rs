//! The keyring's JSON form: wrapped keys and what must be known before any of them opens.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::OrganisationId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::ZeroizeOnDrop;

use super::{KeyringError, Purpose};
use crate::InstanceId;

const FORMAT: &str = "doorward-keyring-1";

/// What stands in the clear at the head of a keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyringHeader {
    format: String,
    /// The installation that the keyring belongs to.
    #[serde(serialize_with = "write_instance", deserialize_with = "read_instance")]
    pub instance: InstanceId,
    /// The name of the key provider that holds the root key.
    pub provider: String,
    /// What that provider must be built with beside its secret, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
}

/// A wrapped key in base64. Wiped when dropped: a destroyed epoch's key stays nowhere.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(super) struct Wrapped(String);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organisation {
    pub(super) current_epoch: u32,
    pub(super) epochs: BTreeMap<u32, Wrapped>,
    index_key: Wrapped,
    pub(super) log_seeds: BTreeMap<u32, Wrapped>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Document {
    #[serde(flatten)]
    pub(super) header: KeyringHeader,
    pub(super) check: Wrapped,
    pub(super) organisations: BTreeMap<OrganisationId, Organisation>,
}

impl Wrapped {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(STANDARD.encode(bytes))
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.0).ok()
    }
}

impl Organisation {
    pub(super) fn new(kek: Wrapped, index_key: Wrapped, log_seed: Wrapped) -> Self {
        let (epochs, log_seeds) = (BTreeMap::from([(1, kek)]), BTreeMap::from([(0, log_seed)]));
        Self { current_epoch: 1, epochs, index_key, log_seeds }
    }
}

impl Document {
    pub(super) fn new(
        instance: InstanceId,
        provider: &'static str,
        parameters: Option<String>,
        check: Wrapped,
    ) -> Self {
        let header = KeyringHeader { format: FORMAT.to_owned(), instance, provider: provider.to_owned(), parameters };
        Self { header, check, organisations: BTreeMap::new() }
    }

    /// `None` for anything that is not a whole keyring of this format.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let document: Self = serde_json::from_slice(text).ok()?;
        (document.header.format == FORMAT).then_some(document)
    }

    pub(super) fn organisation(&self, organisation: OrganisationId) -> Result<&Organisation, KeyringError> {
        self.organisations.get(&organisation).ok_or(KeyringError::UnknownOrganisation(organisation))
    }

    pub(super) fn organisation_mut(&mut self, organisation: OrganisationId) -> Result<&mut Organisation, KeyringError> {
        self.organisations.get_mut(&organisation).ok_or(KeyringError::UnknownOrganisation(organisation))
    }

    pub(super) fn epoch(&self, organisation: OrganisationId, epoch: u32) -> Result<&Wrapped, KeyringError> {
        let missing = KeyringError::NoSuchKey { organisation, purpose: Purpose::EpochKek, number: epoch };
        self.organisation(organisation)?.epochs.get(&epoch).ok_or(missing)
    }

    pub(super) fn index_key(&self, organisation: OrganisationId) -> Result<&Wrapped, KeyringError> {
        self.organisation(organisation).map(|keys| &keys.index_key)
    }

    /// The newest log seed and its index.
    pub(super) fn log_seed(&self, organisation: OrganisationId) -> Result<(u32, Wrapped), KeyringError> {
        let missing = KeyringError::NoSuchKey { organisation, purpose: Purpose::LogSeed, number: 0 };
        let newest = self.organisation(organisation)?.log_seeds.last_key_value();
        newest.map(|(index, wrapped)| (*index, wrapped.clone())).ok_or(missing)
    }
}

fn write_instance<S: Serializer>(instance: &InstanceId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(instance)
}

fn read_instance<'de, D: Deserializer<'de>>(deserializer: D) -> Result<InstanceId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
