//! Signing in with a password and a one-time password. What is wrong is never told, and takes as long
//! for an address that nobody has.

use std::sync::Arc;

use db::Tx;
use kernel::{AgentId, CeremonyId, Id, OrganisationId, PasskeyId, Timestamp};
use zeroize::Zeroizing;

use super::attempt::{self, Attempt};
use super::ceremony;
use super::enrol::NewSession;
use super::password::PasswordHash;
use super::session::{self, Strength};
use super::store::{self, PasswordRow};
use super::totp::TotpSecret;
use super::visitor::Visitor;
use super::{AgentState, Error, Identity, PASSWORD_BYTES};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::vault::{Column, Index, Normalised, SubjectKeys};

/// Characters of an address that are looked at.
const ADDRESS_CHARS: usize = 320;

/// What somebody typed who has a password. No `Debug`: it is secret.
pub struct PasswordSignIn {
    /// The address.
    pub address: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// What the authenticator app shows.
    pub code: String,
}

/// An agent with this address, in one organisation.
pub(super) struct Candidate {
    pub(super) organisation: OrganisationId,
    pub(super) agent: AgentId,
    pub(super) keys: Arc<SubjectKeys>,
    password: Option<PasswordRow>,
}

/// What made a sign-in good, to be used up in the transaction that begins the session.
pub(super) enum Proof {
    /// A one-time password.
    Totp {
        /// The time step.
        step: u64,
        /// Which password it stood beside.
        changed_at: Timestamp,
    },
    /// A passkey, whose counter may have moved.
    Passkey {
        /// Which.
        id: PasskeyId,
        /// As it is stored from now on.
        sealed: Vec<u8>,
        /// The ceremony, and under which organisation it is kept.
        ceremony: (OrganisationId, CeremonyId),
    },
}

impl Identity {
    /// Signs an agent in; [`Error::Refused`] whatever was wrong.
    ///
    /// Somebody who works for several organisations has a password for each, and comes into the one
    /// whose password and one-time password these are.
    pub async fn sign_in_with_password(&self, typed: PasswordSignIn, visitor: &Visitor) -> Result<NewSession, Error> {
        let address = typed_address(&typed.address);
        let candidates = self.candidates(&address).await?;
        let attempt = self.count_for(&address, &candidates, visitor).await?;
        if typed.password.len() > PASSWORD_BYTES {
            return self.refuse(&attempt, &candidates).await;
        }
        let hash = self.hashing.hash(&address, typed.password).await?;
        for candidate in &candidates {
            let Some(proof) = self.proves(candidate, &hash, &typed.code)? else { continue };
            return match self.begin_session(candidate, proof, &attempt, visitor).await {
                // The one-time password was taken before, or the agent may not come in any more.
                Err(Error::Refused) => self.refuse(&attempt, &candidates).await,
                begun => begun,
            };
        }
        self.refuse(&attempt, &candidates).await
    }

    /// Counts an attempt on an address, on the budget of a known device when it is one of theirs.
    pub(super) async fn count_for(
        &self,
        address: &str,
        candidates: &[Candidate],
        visitor: &Visitor,
    ) -> Result<Arc<Attempt>, Error> {
        let device = visitor.device.as_deref().and_then(|cookie| self.known_device(cookie));
        let device = device.filter(|device| {
            candidates.iter().any(|known| (known.organisation, known.agent) == (device.organisation, device.agent))
        });
        self.count_attempt(address, device, visitor).await.map(Arc::new)
    }

    /// The proof, when password and one-time password are both right.
    fn proves(&self, candidate: &Candidate, hash: &PasswordHash, code: &str) -> Result<Option<Proof>, Error> {
        let Some(row) = &candidate.password else { return Ok(None) };
        let place = candidate.agent.bytes();
        let stored = PasswordHash::stored(candidate.keys.open(Column::PasswordHash, place, &row.hash_sealed)?);
        let secret = candidate.keys.open(Column::TotpSecret, place, &row.totp_sealed)?;
        let step = TotpSecret::from_bytes(&secret).and_then(|secret| secret.step_of(code, self.context.clock.now()));
        let is_right = stored.is(hash);
        Ok(step.filter(|_| is_right).map(|step| Proof::Totp { step, changed_at: row.changed_at }))
    }

    /// Who has an address, in all organisations.
    pub(super) async fn candidates(&self, address: &str) -> Result<Vec<Candidate>, Error> {
        let mut wanted = Vec::new();
        for organisation in self.organisations().await? {
            let index = self.vault.blind(organisation.id, Index::AgentEmail, address.as_bytes())?;
            wanted.push((organisation.id, index));
        }
        let vault = self.vault.clone();
        self.context
            .db
            .read("identity.candidates", move |tx| {
                let mut found = Vec::new();
                for (organisation, index) in &wanted {
                    let Some(agent) = store::agent_by_email(tx, *organisation, index)? else { continue };
                    let Some(keys) = vault.keys(tx, *organisation, (*organisation).into())? else { continue };
                    let password = store::password(tx, *organisation, agent)?;
                    found.push(Candidate { organisation: *organisation, agent, keys, password });
                }
                Ok(found)
            })
            .await
    }

    /// Begins a session in the transaction that uses the proof up; [`Error::Refused`] when it was used
    /// before or the agent may not come in.
    pub(super) async fn begin_session(
        &self,
        candidate: &Candidate,
        proof: Proof,
        attempt: &Arc<Attempt>,
        visitor: &Visitor,
    ) -> Result<NewSession, Error> {
        let (organisation, agent) = (candidate.organisation, candidate.agent);
        let strength = proof.strength();
        let prepared = self.prepare_session(&candidate.keys, agent, strength, visitor)?;
        let device = self.new_device(organisation, agent)?;
        let (now, session, row) = (self.context.clock.now(), prepared.row.id, prepared.row);
        let entry = Entry::new(Action::SignedIn, Actor::Agent(agent), now).object(session).detail(strength.word());
        let entries = [self.audit.prepare(&candidate.keys, &entry)?];
        let attempt = Arc::clone(attempt);
        self.context
            .db
            .write("identity.begin_session", move |tx| {
                if !store::hold_agent(tx, organisation, agent, AgentState::Active)? {
                    return Err(Error::Refused);
                }
                proof.use_up(tx, organisation, agent, now)?;
                session::begin(tx, organisation, &row)?;
                attempt::take_back(tx, &attempt)?;
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await?;
        Ok(NewSession { organisation, agent, session, cookie: prepared.text, device })
    }

    /// Puts a refusal on record, once for an address, a source and a quarter of an hour. Whether that
    /// works or not, it stays a refusal.
    pub(super) async fn refuse<T>(&self, attempt: &Attempt, candidates: &[Candidate]) -> Result<T, Error> {
        if attempt.is_news {
            for candidate in candidates {
                let now = self.context.clock.now();
                let entry = Entry::new(Action::SignInRefused, Actor::System, now).object(candidate.agent);
                if let Err(error) = self.write_entry(candidate.organisation, &candidate.keys, &entry).await {
                    tracing::error!(%error, agent = %candidate.agent, "a refused sign-in could not be put on record");
                }
            }
        }
        Err(Error::Refused)
    }

    async fn write_entry(&self, organisation: OrganisationId, keys: &SubjectKeys, entry: &Entry) -> Result<(), Error> {
        let prepared = [self.audit.prepare(keys, entry)?];
        self.context.db.write("identity.write_entry", move |tx| Ok(Audit::append(tx, organisation, &prepared)?)).await
    }
}

impl Candidate {
    /// An agent who was found by something else than the address.
    pub(super) const fn known(organisation: OrganisationId, agent: AgentId, keys: Arc<SubjectKeys>) -> Self {
        Self { organisation, agent, keys, password: None }
    }
}

impl Proof {
    const fn strength(&self) -> Strength {
        match self {
            Self::Totp { .. } => Strength::Password,
            Self::Passkey { .. } => Strength::Passkey,
        }
    }

    fn use_up(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let is_good = match self {
            Self::Totp { step, changed_at } => store::take_totp_step(tx, (organisation, agent), *step, *changed_at)?,
            Self::Passkey { id, sealed, ceremony: (house, ceremony) } => {
                ceremony::end(tx, *house, *ceremony)?;
                store::use_passkey(tx, (organisation, agent), *id, sealed, now)?
            }
        };
        if is_good { Ok(()) } else { Err(Error::Refused) }
    }
}

/// An address as agents are found by it; what is none is looked for all the same.
pub(super) fn typed_address(typed: &str) -> String {
    match Normalised::email(typed) {
        Some(address) => address.normalised().to_owned(),
        None => typed.trim().chars().take(ADDRESS_CHARS).collect(),
    }
}
