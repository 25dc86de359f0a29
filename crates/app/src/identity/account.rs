//! The own account of an agent who is signed in: name and language, passkeys, password, recovery
//! codes. What gives a way in can be changed only soon after signing in.

use std::sync::Arc;
use std::time::Duration;

use db::Tx;
use kernel::{AgentId, CeremonyId, Id, Locale, OrganisationId, PasskeyId};
use zeroize::Zeroizing;

use super::enrol::{checked_display_name, taken_credential};
use super::means::{BegunTotp, Means, Proven};
use super::notice::NoticeKind;
use super::passkey::{Begun, PasskeyShown};
use super::session::{SignedIn, since};
use super::store;
use super::{Agent, AgentState, Error, Identity, Organisation};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::vault::{Column, SubjectKeys};

/// For so long after signing in an agent may change what gives a way in.
pub const FRESH: Duration = Duration::from_mins(15);

/// What an agent has to sign in with.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The passkeys, the oldest first.
    pub passkeys: Vec<PasskeyShown>,
    /// Whether there is a password with an authenticator app.
    pub has_password: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u64,
}

impl Identity {
    /// What the agent has to sign in with.
    pub async fn ways(&self, of: &SignedIn) -> Result<Ways, Error> {
        let (organisation, agent) = (of.organisation, of.agent);
        self.context
            .db
            .read("identity.ways", move |tx| {
                let rows = store::passkeys(tx, organisation, agent)?;
                Ok(Ways {
                    passkeys: rows
                        .iter()
                        .map(|row| PasskeyShown { id: row.id, created_at: row.created_at, used_at: row.used_at })
                        .collect(),
                    has_password: store::password(tx, organisation, agent)?.is_some(),
                    recovery_codes: store::count_recovery_codes(tx, organisation, agent)?,
                })
            })
            .await
    }

    /// Names the agent and chooses a language.
    pub async fn set_profile(&self, by: &SignedIn, name: &str, locale: Locale) -> Result<(), Error> {
        let (organisation, agent) = (by.organisation, by.agent);
        let name = checked_display_name(name)?;
        let keys = self.organisation_keys(organisation).await?;
        let sealed = keys.seal(Column::AgentName, agent.bytes(), name.as_bytes(), &*self.context.entropy)?;
        let now = self.context.clock.now();
        let entry = Entry::new(Action::AgentChanged, Actor::Agent(agent), now).object(agent);
        let entries = [self.audit.prepare(&keys, &entry)?];
        let changed = self
            .context
            .db
            .write("identity.set_profile", move |tx| {
                store::set_profile(tx, (organisation, agent), &sealed, locale)?;
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await;
        self.forget_sessions(organisation, agent);
        changed
    }

    /// Begins making a further passkey.
    pub async fn begin_passkey(&self, by: &SignedIn) -> Result<Begun, Error> {
        let (keys, agent) = self.fresh_account(by).await?;
        self.begin_passkey_of(&keys, &agent).await
    }

    /// Makes the secret of an authenticator app, for a first or another password.
    pub async fn begin_totp(&self, by: &SignedIn) -> Result<BegunTotp, Error> {
        let (keys, agent) = self.fresh_account(by).await?;
        self.begin_totp_of(&keys, &self.organisation_of(by).await?, &agent).await
    }

    /// The same secret once more, after a first try that went wrong.
    pub async fn resume_totp(&self, by: &SignedIn, ceremony: CeremonyId) -> Result<BegunTotp, Error> {
        let (keys, agent) = self.fresh_account(by).await?;
        self.resume_totp_of(&keys, &self.organisation_of(by).await?, &agent, ceremony).await
    }

    async fn organisation_of(&self, by: &SignedIn) -> Result<Organisation, Error> {
        self.find_organisation(&by.organisation.to_string()).await?.ok_or(Error::NoOrganisation)
    }

    /// Adds a passkey or sets the password; after another password all other sessions end.
    pub async fn add_means(&self, by: &SignedIn, means: Means) -> Result<(), Error> {
        let (keys, known) = self.fresh_account(by).await?;
        let (organisation, agent, own) = (by.organisation, by.agent, by.session);
        let proven = self.prove(&keys, &known, means).await?;
        let kind = match proven {
            Proven::Passkey(..) => NoticeKind::PasskeyAdded,
            Proven::Password(..) => NoticeKind::PasswordChanged,
        };
        let notice = self.new_notice(agent, kind);
        let entry = Entry::new(proven.action(), Actor::Agent(agent), self.context.clock.now()).object(agent);
        let entries = [self.audit.prepare(&keys, &entry)?];
        let added = self
            .context
            .db
            .write("identity.add_means", move |tx| {
                hold(tx, organisation, agent)?;
                proven.store(tx, organisation, agent)?;
                if matches!(proven, Proven::Password(..)) {
                    store::end_other_sessions(tx, organisation, agent, own)?;
                }
                store::insert_notice(tx, organisation, &notice)?;
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await;
        self.forget_sessions(organisation, agent);
        added.map_err(taken_credential)
    }

    /// Removes a passkey; [`Error::LastMeans`] when nothing else would be left to sign in with.
    pub async fn remove_passkey(&self, by: &SignedIn, passkey: PasskeyId) -> Result<(), Error> {
        let (keys, _) = self.fresh_account(by).await?;
        let (organisation, agent) = (by.organisation, by.agent);
        let notice = self.new_notice(agent, NoticeKind::PasskeyRemoved);
        let entry = Entry::new(Action::PasskeyRemoved, Actor::Agent(agent), self.context.clock.now()).object(passkey);
        let entries = [self.audit.prepare(&keys, &entry)?];
        self.context
            .db
            .write("identity.remove_passkey", move |tx| {
                hold(tx, organisation, agent)?;
                if !store::remove_passkey(tx, organisation, agent, passkey)? {
                    return Err(Error::NoPasskey);
                }
                let is_left = !store::passkeys(tx, organisation, agent)?.is_empty();
                if !is_left && store::password(tx, organisation, agent)?.is_none() {
                    return Err(Error::LastMeans);
                }
                store::insert_notice(tx, organisation, &notice)?;
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await
    }

    /// Removes the password with its authenticator app; [`Error::LastMeans`] when there is no passkey.
    pub async fn remove_password(&self, by: &SignedIn) -> Result<(), Error> {
        let (keys, _) = self.fresh_account(by).await?;
        let (organisation, agent) = (by.organisation, by.agent);
        let notice = self.new_notice(agent, NoticeKind::PasswordChanged);
        let entry = Entry::new(Action::PasswordChanged, Actor::Agent(agent), self.context.clock.now())
            .object(agent)
            .detail("removed");
        let entries = [self.audit.prepare(&keys, &entry)?];
        self.context
            .db
            .write("identity.remove_password", move |tx| {
                hold(tx, organisation, agent)?;
                if !store::remove_password(tx, organisation, agent)? {
                    return Ok(());
                }
                if store::passkeys(tx, organisation, agent)?.is_empty() {
                    return Err(Error::LastMeans);
                }
                store::insert_notice(tx, organisation, &notice)?;
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await
    }

    /// Ten new recovery codes, shown once; the old ones are good for nothing.
    pub async fn renew_recovery_codes(&self, by: &SignedIn) -> Result<Vec<Zeroizing<String>>, Error> {
        let (keys, _) = self.fresh_account(by).await?;
        let (organisation, agent) = (by.organisation, by.agent);
        let codes = self.new_recovery_codes(organisation, agent)?;
        let hashes = codes.hashes;
        let entry = Entry::new(Action::RecoveryRenewed, Actor::Agent(agent), self.context.clock.now()).object(agent);
        let entries = [self.audit.prepare(&keys, &entry)?];
        self.context
            .db
            .write("identity.renew_recovery_codes", move |tx| {
                hold(tx, organisation, agent)?;
                store::replace_recovery_codes(tx, organisation, agent, &hashes)?;
                Ok::<_, Error>(Audit::append(tx, organisation, &entries)?)
            })
            .await?;
        Ok(codes.texts)
    }

    /// The agent who asks, when it is not long ago that the agent signed in.
    async fn fresh_account(&self, by: &SignedIn) -> Result<(Arc<SubjectKeys>, Agent), Error> {
        if since(by.signed_in_at, self.context.clock.now()) >= FRESH {
            return Err(Error::SignInAgain);
        }
        let keys = self.organisation_keys(by.organisation).await?;
        let agent = self.agent(by.organisation, by.agent).await?.ok_or(Error::NoAgent)?;
        Ok((keys, agent))
    }
}

/// Two changes of one account come one after the other, and none after its end.
fn hold(tx: &mut Tx<'_>, organisation: OrganisationId, agent: AgentId) -> Result<(), Error> {
    if store::hold_agent(tx, organisation, agent, AgentState::Active)? { Ok(()) } else { Err(Error::NoAgent) }
}
