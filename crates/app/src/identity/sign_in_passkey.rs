//! Signing in with a passkey: the browser finds it by itself, or among those of an address.

use std::sync::Arc;

use kernel::{AgentId, CeremonyId, Id, OrganisationId};
use serde_json::{Value, json};
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential};

use super::ceremony::Kind;
use super::enrol::NewSession;
use super::passkey::Begun;
use super::sign_in::{Candidate, Proof, typed_address};
use super::store;
use super::visitor::Visitor;
use super::{Error, Identity, PASSKEY_RESPONSE_BYTES};
use crate::vault::Index;

impl Identity {
    /// Begins signing in. Without an address the browser offers the passkeys that it has; with one, it
    /// is told which are of that address, and for an address that nobody has something that looks alike.
    pub async fn begin_sign_in(&self, address: Option<&str>, visitor: &Visitor) -> Result<Begun, Error> {
        let webauthn = self.settings.passkeys()?;
        self.count_beginning(visitor).await?;
        let (options, state) = webauthn.start_discoverable_authentication().map_err(|_| Error::PasskeyRefused)?;
        let state = serde_json::to_vec(&state).map_err(|_| Error::PasskeyRefused)?;
        let house = self.house().await?;
        let keys = self.organisation_keys(house).await?;
        let ceremony = self.begin_ceremony(&keys, None, Kind::SignIn, &state).await?;
        let mut options = serde_json::to_value(options).map_err(|_| Error::PasskeyRefused)?;
        if let Some(address) = address {
            let offered = self.credentials(house, &typed_address(address)).await?;
            if let Some(fields) = options.pointer_mut("/publicKey").and_then(Value::as_object_mut) {
                fields.insert("allowCredentials".to_owned(), offered);
            }
            // Asked for by the agent, and not offered beside a field.
            if let Some(fields) = options.as_object_mut() {
                fields.remove("mediation");
            }
        }
        Ok(Begun { ceremony, options: options.to_string() })
    }

    /// The second half; [`Error::Refused`] whatever was wrong.
    pub async fn sign_in_with_passkey(
        &self,
        ceremony: CeremonyId,
        response: &str,
        visitor: &Visitor,
    ) -> Result<NewSession, Error> {
        let webauthn = self.settings.passkeys()?;
        let attempt = self.count_passkey_attempt(visitor).await?;
        if response.len() > PASSKEY_RESPONSE_BYTES {
            return Err(Error::Refused);
        }
        let house = self.house().await?;
        let state = self.ceremony(&*self.organisation_keys(house).await?, None, Kind::SignIn, ceremony).await?;
        let state: DiscoverableAuthentication = serde_json::from_slice(&state).map_err(|_| Error::CeremonyOver)?;
        let response: PublicKeyCredential = serde_json::from_str(response).map_err(|_| Error::Refused)?;
        let (user, credential) =
            webauthn.identify_discoverable_authentication(&response).map_err(|_| Error::Refused)?;
        let Some(candidate) = self.everywhere(AgentId::from_bytes(*user.as_bytes())).await? else {
            return Err(Error::Refused);
        };
        let whose = (candidate.organisation, candidate.agent);
        let attempt = Arc::new(self.count_passkey_of(whose, visitor, attempt).await?);
        let known = self.stored_passkeys(&candidate.keys, candidate.agent).await?;
        let Some((id, mut passkey)) = known.into_iter().find(|(_, passkey)| passkey.cred_id().as_slice() == credential)
        else {
            return self.refuse(&attempt, &[candidate]).await;
        };
        let Ok(result) = webauthn.finish_discoverable_authentication_v2(&response, state, &passkey) else {
            return self.refuse(&attempt, &[candidate]).await;
        };
        passkey.update_credential(&result);
        let sealed = self.sealed_passkey(&candidate.keys, id, &passkey)?;
        let proof = Proof::Passkey { id, sealed, ceremony: (house, ceremony) };
        match self.begin_session(&candidate, proof, &attempt, visitor).await {
            Err(Error::Refused) => self.refuse(&attempt, &[candidate]).await,
            begun => begun,
        }
    }

    /// The agent of an id, in whichever organisation.
    async fn everywhere(&self, agent: AgentId) -> Result<Option<Candidate>, Error> {
        let organisations: Vec<OrganisationId> =
            self.organisations().await?.into_iter().map(|organisation| organisation.id).collect();
        let vault = self.vault.clone();
        self.context
            .db
            .read("identity.everywhere", move |tx| {
                for organisation in &organisations {
                    if store::agent(tx, *organisation, agent)?.is_none() {
                        continue;
                    }
                    let keys = vault.keys(tx, *organisation, (*organisation).into())?;
                    return Ok(keys.map(|keys| Candidate::known(*organisation, agent, keys)));
                }
                Ok(None)
            })
            .await
    }

    /// The credentials of an address as a browser is told them; one that nobody has when there is none.
    async fn credentials(&self, house: OrganisationId, address: &str) -> Result<Value, Error> {
        let mut offered = Vec::new();
        for candidate in self.candidates(address).await? {
            for (_, passkey) in self.stored_passkeys(&candidate.keys, candidate.agent).await? {
                offered.push(json!({ "type": "public-key", "id": base64url(passkey.cred_id()) }));
            }
        }
        if offered.is_empty() {
            // The same each time, as a real one would be.
            let made_up = self.vault.blind(house, Index::Credential, format!("nobody {address}").as_bytes())?;
            offered.push(json!({ "type": "public-key", "id": base64url(&made_up) }));
        }
        Ok(Value::Array(offered))
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
