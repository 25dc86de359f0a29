//! What an agent signs in with, being set up: a passkey, or a password together with the one-time
//! passwords of an authenticator app. Neither is stored before it was seen to work.

use db::Tx;
use kernel::{AgentId, CeremonyId, Id, OrganisationId};
use zeroize::Zeroizing;

use super::ceremony::{self, Kind};
use super::passkey::{Begun, Holder};
use super::password::{self};
use super::store::{self, PasskeyRow, PasswordRow};
use super::totp::{self, TotpSecret};
use super::{Agent, Error, Identity, Organisation, PASSKEYS};
use crate::audit::Action;
use crate::vault::{Column, Normalised, SubjectKeys};

/// Something to sign in with, as the agent's browser sends it. No `Debug`: it holds secrets.
pub enum Means {
    /// A passkey.
    Passkey {
        /// The ceremony that began it.
        ceremony: CeremonyId,
        /// What the browser answered, as JSON.
        response: String,
    },
    /// A password and an authenticator app.
    Password {
        /// The ceremony that showed the app's secret.
        ceremony: CeremonyId,
        /// The password.
        password: Zeroizing<String>,
        /// What the app shows now.
        code: String,
    },
}

/// An authenticator app being set up: shown once. No `Debug`: it is a secret.
pub struct BegunTotp {
    /// Names the ceremony in the second half.
    pub ceremony: CeremonyId,
    /// The secret, to be typed into an app: base 32, 32 letters and digits.
    pub secret: Zeroizing<String>,
    /// The same for an app on this device: an `otpauth:` address.
    pub uri: Zeroizing<String>,
    /// The same to be photographed: an `svg` element.
    pub picture: Zeroizing<String>,
}

/// Means that were seen to work, ready to be stored.
pub(super) enum Proven {
    Passkey(CeremonyId, PasskeyRow),
    Password(CeremonyId, PasswordRow),
}

impl Identity {
    /// Begins making a passkey for an agent.
    pub(super) async fn begin_passkey_of(&self, keys: &SubjectKeys, agent: &Agent) -> Result<Begun, Error> {
        self.begin_registration(keys, Holder { agent: agent.id, address: &agent.address, name: &agent.name }).await
    }

    /// Makes the secret of an authenticator app for an agent.
    pub(super) async fn begin_totp_of(
        &self,
        keys: &SubjectKeys,
        organisation: &Organisation,
        agent: &Agent,
    ) -> Result<BegunTotp, Error> {
        let secret = TotpSecret::generate(&*self.context.entropy);
        let ceremony = self.begin_ceremony(keys, Some(agent.id), Kind::Totp, secret.bytes()).await?;
        Ok(shown(ceremony, &secret, organisation, agent))
    }

    /// The same secret once more, after a first try that went wrong: the app has it already.
    pub(super) async fn resume_totp_of(
        &self,
        keys: &SubjectKeys,
        organisation: &Organisation,
        agent: &Agent,
        ceremony: CeremonyId,
    ) -> Result<BegunTotp, Error> {
        let state = self.ceremony(keys, Some(agent.id), Kind::Totp, ceremony).await?;
        let secret = TotpSecret::from_bytes(&state).ok_or(Error::CeremonyOver)?;
        Ok(shown(ceremony, &secret, organisation, agent))
    }

    /// Checks what an agent wants to sign in with.
    pub(super) async fn prove(&self, keys: &SubjectKeys, agent: &Agent, means: Means) -> Result<Proven, Error> {
        match means {
            Means::Passkey { ceremony, response } => {
                let row = self.finish_registration(keys, agent.id, ceremony, &response).await?;
                Ok(Proven::Passkey(ceremony, row))
            }
            Means::Password { ceremony, password, code } => {
                password::check(&self.settings, &agent.address, &password).await?;
                let state = self.ceremony(keys, Some(agent.id), Kind::Totp, ceremony).await?;
                let secret = TotpSecret::from_bytes(&state).ok_or(Error::CeremonyOver)?;
                let now = self.context.clock.now();
                let step = secret.step_of(&code, now).ok_or(Error::WrongCode)?;
                let address = Normalised::email(&agent.address).ok_or(Error::AgentAddress)?;
                let hash = self.hashing.hash(address.normalised(), password).await?;
                let (row, entropy) = (agent.id.bytes(), &*self.context.entropy);
                let stored = PasswordRow {
                    hash_sealed: keys.seal(Column::PasswordHash, row, hash.bytes(), entropy)?,
                    totp_sealed: keys.seal(Column::TotpSecret, row, secret.bytes(), entropy)?,
                    totp_step: step,
                    changed_at: now,
                };
                Ok(Proven::Password(ceremony, stored))
            }
        }
    }
}

fn shown(ceremony: CeremonyId, secret: &TotpSecret, organisation: &Organisation, agent: &Agent) -> BegunTotp {
    let uri = secret.uri(&organisation.name, &agent.address);
    // An address too long for a picture can still be typed.
    let picture = totp::picture(&uri).unwrap_or_default();
    BegunTotp { ceremony, secret: secret.text(), uri, picture }
}

impl Proven {
    /// What the log says of it.
    pub(super) const fn action(&self) -> Action {
        match self {
            Self::Passkey(..) => Action::PasskeyAdded,
            Self::Password(..) => Action::PasswordChanged,
        }
    }

    /// Stores them and ends their ceremony.
    pub(super) fn store(&self, tx: &mut Tx<'_>, organisation: OrganisationId, agent: AgentId) -> Result<(), Error> {
        match self {
            Self::Passkey(ceremony, row) => {
                ceremony::end(tx, organisation, *ceremony)?;
                if store::passkeys(tx, organisation, agent)?.len() >= PASSKEYS {
                    return Err(Error::TooManyPasskeys);
                }
                Ok(store::insert_passkey(tx, organisation, agent, row)?)
            }
            Self::Password(ceremony, row) => {
                ceremony::end(tx, organisation, *ceremony)?;
                Ok(store::set_password(tx, organisation, agent, row)?)
            }
        }
    }
}
