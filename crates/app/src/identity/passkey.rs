//! Passkeys (WebAuthn): made by a browser, kept as a public key, sealed because its id follows a
//! person from device to device.

use kernel::{AgentId, CeremonyId, Id, OrganisationId, PasskeyId, Timestamp};
use serde_json::{Value, json};
use webauthn_rs::prelude::{CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

use super::ceremony::Kind;
use super::store::{self, PasskeyRow};
use super::{Error, Identity, PASSKEY_RESPONSE_BYTES, PASSKEYS};
use crate::vault::{Column, Index, SubjectKeys};

/// The first half of a ceremony, for the browser.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Names the ceremony in the second half.
    pub ceremony: CeremonyId,
    /// What the browser's `navigator.credentials.create` or `get` is given, as JSON; binary values
    /// are base64url, as `PublicKeyCredential.parseCreationOptionsFromJSON` reads them.
    pub options: String,
}

/// A passkey as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasskeyShown {
    /// Its id here, which is no secret.
    pub id: PasskeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the agent signed in with it last.
    pub used_at: Option<Timestamp>,
}

/// Who makes a passkey, and how the browser names the account.
pub(super) struct Holder<'a> {
    pub(super) agent: AgentId,
    pub(super) address: &'a str,
    pub(super) name: &'a str,
}

impl Identity {
    /// Begins making a passkey.
    pub(super) async fn begin_registration(&self, keys: &SubjectKeys, holder: Holder<'_>) -> Result<Begun, Error> {
        let webauthn = self.settings.passkeys()?;
        let known = self.stored_passkeys(keys, holder.agent).await?;
        if known.len() >= PASSKEYS {
            return Err(Error::TooManyPasskeys);
        }
        let excluded: Vec<CredentialID> = known.iter().map(|(_, passkey)| passkey.cred_id().clone()).collect();
        let user = Uuid::from_bytes(*holder.agent.bytes());
        let (options, state) = webauthn
            .start_passkey_registration(user, holder.address, holder.name, Some(excluded))
            .map_err(|_| Error::PasskeyRefused)?;
        let state = serde_json::to_vec(&state).map_err(|_| Error::PasskeyRefused)?;
        let ceremony = self.begin_ceremony(keys, Some(holder.agent), Kind::Register, &state).await?;
        let mut options = serde_json::to_value(options).map_err(|_| Error::PasskeyRefused)?;
        // Found by the browser without an address being typed.
        if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection").and_then(Value::as_object_mut)
        {
            selection.insert("residentKey".to_owned(), json!("required"));
            selection.insert("requireResidentKey".to_owned(), json!(true));
        }
        Ok(Begun { ceremony, options: options.to_string() })
    }

    /// Checks what the browser made; the ceremony ends with the transaction that stores it.
    pub(super) async fn finish_registration(
        &self,
        keys: &SubjectKeys,
        agent: AgentId,
        ceremony: CeremonyId,
        response: &str,
    ) -> Result<PasskeyRow, Error> {
        if response.len() > PASSKEY_RESPONSE_BYTES {
            return Err(Error::PasskeyRefused);
        }
        let webauthn = self.settings.passkeys()?;
        let state = self.ceremony(keys, Some(agent), Kind::Register, ceremony).await?;
        let state: PasskeyRegistration = serde_json::from_slice(&state).map_err(|_| Error::CeremonyOver)?;
        let response: RegisterPublicKeyCredential =
            serde_json::from_str(response).map_err(|_| Error::PasskeyRefused)?;
        let passkey = webauthn.finish_passkey_registration(&response, &state).map_err(|_| Error::PasskeyRefused)?;
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let id = PasskeyId::new(now, entropy);
        Ok(PasskeyRow {
            id,
            credential_index: self.vault.blind(keys.organisation(), Index::Credential, passkey.cred_id())?,
            sealed: self.sealed_passkey(keys, id, &passkey)?,
            created_at: now,
            used_at: None,
        })
    }

    pub(super) fn sealed_passkey(
        &self,
        keys: &SubjectKeys,
        id: PasskeyId,
        passkey: &Passkey,
    ) -> Result<Vec<u8>, Error> {
        let bytes = serde_json::to_vec(passkey).map_err(|_| Error::PasskeyRefused)?;
        Ok(keys.seal(Column::Passkey, id.bytes(), &bytes, &*self.context.entropy)?)
    }

    /// The passkeys of an agent, opened.
    pub(super) async fn stored_passkeys(
        &self,
        keys: &SubjectKeys,
        agent: AgentId,
    ) -> Result<Vec<(PasskeyId, Passkey)>, Error> {
        let rows = self.passkey_rows(keys.organisation(), agent).await?;
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            let bytes = keys.open(Column::Passkey, row.id.bytes(), &row.sealed)?;
            // One in a form that cannot be read is good for nothing and in nobody's way.
            if let Ok(passkey) = serde_json::from_slice(&bytes) {
                opened.push((row.id, passkey));
            } else {
                tracing::error!(passkey = %row.id, "a passkey is stored in a form that cannot be read");
            }
        }
        Ok(opened)
    }

    pub(super) async fn passkey_rows(
        &self,
        organisation: OrganisationId,
        agent: AgentId,
    ) -> Result<Vec<PasskeyRow>, Error> {
        self.context
            .db
            .read("identity.passkeys", move |tx| Ok::<_, Error>(store::passkeys(tx, organisation, agent)?))
            .await
    }
}
