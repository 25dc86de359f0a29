//! Invitations: a link, good once and for three days, by which an agent comes in for the first time or
//! again. The link is shown to whoever invites and never again.

use std::time::Duration;

use kernel::{AgentId, Id, InvitationId, Locale, OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::notice::NoticeKind;
use super::session::after;
use super::store::{self, InvitationRow, NewAgentRow};
use super::{AGENTS, Agent, AgentState, Error, Identity, Organisation, Role, Roles, agent};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::secret_text::{Carried, SecretText, same};
use crate::vault::{Column, Index, Normalised};

/// How long an invitation is good.
pub const INVITED_FOR: Duration = Duration::from_hours(72);
/// How long somebody who used a recovery code has to set up something to sign in with.
pub const RECOVERED_FOR: Duration = Duration::from_mins(15);

impl Carried for InvitationId {
    const BEGINS: &'static str = "dwi_";
}

/// Somebody to be invited. No `Debug`: the address is a person's.
pub struct NewAgent {
    /// The address, by which the agent signs in.
    pub address: String,
    /// What the agent's work will be; at least one role.
    pub roles: Roles,
    /// In which language the product speaks to the agent until the agent chooses.
    pub locale: Locale,
}

/// Somebody who was invited. The link cannot be printed by accident.
pub struct Invited {
    /// The agent.
    pub agent: AgentId,
    /// The secret part of the link, for [`super::Settings::link`]. It is nowhere else.
    pub text: Zeroizing<String>,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

/// What an invitation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationKind {
    /// Somebody with the right to do so invited the agent.
    Invited,
    /// The agent used a recovery code.
    Recovered,
}

impl InvitationKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Recovered => "recovered",
        }
    }

    const fn lasts(self) -> Duration {
        match self {
            Self::Invited => INVITED_FOR,
            Self::Recovered => RECOVERED_FOR,
        }
    }
}

/// What the bearer of a link is shown. No `Debug`: it names a person.
pub struct Invitation {
    /// Who invites.
    pub organisation: Organisation,
    /// Who is invited.
    pub agent: Agent,
    /// What for.
    pub kind: InvitationKind,
    /// Until when the link is good.
    pub expires_at: Timestamp,
    pub(super) row: InvitationRow,
}

/// An invitation that is good once it is stored.
pub(super) struct NewInvitation {
    pub(super) text: Zeroizing<String>,
    pub(super) row: InvitationRow,
}

impl NewInvitation {
    pub(super) fn invited(self) -> Invited {
        Invited { agent: self.row.agent, text: self.text, expires_at: self.row.expires_at }
    }
}

impl Identity {
    /// Invites a new agent; [`Error::AddressTaken`] when one has the address already.
    pub async fn invite(&self, organisation: OrganisationId, actor: Actor, new: NewAgent) -> Result<Invited, Error> {
        let address = Normalised::email(&new.address).ok_or(Error::AgentAddress)?;
        if new.roles.is_empty() {
            return Err(Error::NoRole);
        }
        let keys = self.organisation_keys(organisation).await?;
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let agent = AgentId::new(now, entropy);
        let row = NewAgentRow {
            id: agent,
            roles: new.roles,
            email_index: self.vault.blind(organisation, Index::AgentEmail, address.normalised().as_bytes())?,
            email_sealed: keys.seal(Column::AgentEmail, agent.bytes(), address.written().as_bytes(), entropy)?,
            language: new.locale,
        };
        let invitation = self.new_invitation(organisation, agent, InvitationKind::Invited);
        let stored = invitation.row.clone();
        let entry = Entry::new(Action::AgentInvited, actor, now).object(agent).detail(new.roles.to_string());
        let entries = [self.audit.prepare(&keys, &entry)?];
        let committed = self
            .context
            .db
            .write("identity.invite", move |tx| {
                if store::count_agents(tx, organisation)? >= AGENTS as u64 {
                    return Err(Error::TooManyAgents);
                }
                store::insert_agent(tx, organisation, &row, now)?;
                store::replace_invitation(tx, organisation, &stored, now)?;
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await;
        match committed {
            Err(Error::Database(db::Error::Unique)) => Err(Error::AddressTaken),
            Err(error) => Err(error),
            Ok(()) => Ok(invitation.invited()),
        }
    }

    /// Invites an agent again, who lost what to sign in with or was disabled. Passkeys, password,
    /// recovery codes and sessions end at once; the agent is told at the next sign-in.
    pub async fn invite_again(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        agent: AgentId,
    ) -> Result<Invited, Error> {
        let (keys, now) = (self.organisation_keys(organisation).await?, self.context.clock.now());
        let invitation = self.new_invitation(organisation, agent, InvitationKind::Invited);
        let stored = invitation.row.clone();
        let notice = self.new_notice(agent, NoticeKind::InvitedAgain);
        let entry = Entry::new(Action::AgentInvited, actor, now).object(agent).detail("again");
        let entries = [self.audit.prepare(&keys, &entry)?];
        let committed = self
            .context
            .db
            .write("identity.invite_again", move |tx| {
                store::hold_organisation(tx, organisation)?;
                let known = store::agent(tx, organisation, agent)?.ok_or(Error::NoAgent)?;
                // Somebody else must be able to help when the link is lost, but the operator always is.
                if actor != Actor::Operator && known.state == AgentState::Active {
                    keep_an_administrator(tx, organisation, agent, known.roles)?;
                }
                store::remove_means(tx, organisation, agent)?;
                store::end_all_sessions(tx, organisation, agent)?;
                store::set_state(tx, organisation, agent, AgentState::Invited)?;
                store::replace_invitation(tx, organisation, &stored, now)?;
                if known.state != AgentState::Invited {
                    store::insert_notice(tx, organisation, &notice)?;
                }
                Ok(Audit::append(tx, organisation, &entries)?)
            })
            .await;
        // Also after an error: the commit may have happened unheard.
        self.forget_sessions(organisation, agent);
        committed.map(|()| invitation.invited())
    }

    /// What a link opens; none when it was used, replaced, is too old or never was one.
    pub async fn invitation(&self, text: &str) -> Result<Option<Invitation>, Error> {
        let Some(secret) = SecretText::<InvitationId>::parse(text) else { return Ok(None) };
        let (organisation, id, now) = (secret.organisation(), secret.id(), self.context.clock.now());
        let vault = self.vault.clone();
        let found = self
            .context
            .db
            .read("identity.invitation", move |tx| {
                let Some(row) = store::invitation(tx, organisation, id)? else { return Ok::<_, Error>(None) };
                let house = store::organisation(tx, organisation)?;
                let agent = store::agent(tx, organisation, row.agent)?;
                let keys = vault.keys(tx, organisation, organisation.into())?;
                Ok(house.zip(agent).zip(keys).map(|known| (row, known)))
            })
            .await?;
        let Some((row, ((organisation, known), keys))) = found else { return Ok(None) };
        if !same(&row.hash, &secret.hash()) || row.expires_at <= now || known.state == AgentState::Disabled {
            return Ok(None);
        }
        let kind =
            [InvitationKind::Invited, InvitationKind::Recovered].into_iter().find(|kind| kind.word() == row.kind);
        let Some(kind) = kind else { return Ok(None) };
        let expires_at = row.expires_at;
        Ok(Some(Invitation { organisation, agent: agent::opened(&keys, &known)?, kind, expires_at, row }))
    }

    pub(super) fn new_invitation(
        &self,
        organisation: OrganisationId,
        agent: AgentId,
        kind: InvitationKind,
    ) -> NewInvitation {
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let id = InvitationId::new(now, entropy);
        let secret = SecretText::generate(organisation, id, entropy);
        let expires_at = after(now, kind.lasts());
        let row = InvitationRow { id, agent, kind: kind.word().to_owned(), hash: secret.hash(), expires_at };
        NewInvitation { text: secret.text(), row }
    }
}

/// Refuses to take away the last agent who may administer the organisation and can come in.
pub(super) fn keep_an_administrator(
    tx: &mut db::Tx<'_>,
    organisation: OrganisationId,
    agent: AgentId,
    roles: Roles,
) -> Result<(), Error> {
    if !roles.has(Role::Administrator) {
        return Ok(());
    }
    match store::others_with_role(tx, organisation, Role::Administrator, AgentState::Active, agent)? {
        0 => Err(Error::LastAdministrator),
        _ => Ok(()),
    }
}
