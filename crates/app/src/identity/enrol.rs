//! Enrolling: from a link to an account with a name and something to sign in with. Everything is
//! stored in one transaction that uses the link up.

use std::sync::Arc;

use kernel::{AgentId, CeremonyId, Id, Locale, OrganisationId, SessionId};
use zeroize::Zeroizing;

use super::invite::{Invitation, InvitationKind};
use super::means::{BegunTotp, Means, Proven};
use super::notice::NoticeKind;
use super::passkey::Begun;
use super::session::{self, Strength};
use super::store::{self, NewSessionRow, NoticeRow};
use super::visitor::Visitor;
use super::{AgentState, DISPLAY_NAME_CHARS, Error, Identity};
use crate::Actor;
use crate::audit::{Action, Audit, Entry, Prepared};
use crate::vault::{Column, SubjectKeys};

/// What an agent says when enrolling. No `Debug`: it holds a name and secrets.
pub struct Enrolment {
    /// How colleagues will see the agent: 1 to [`DISPLAY_NAME_CHARS`] characters on one line.
    pub name: String,
    /// In which language the product speaks to the agent.
    pub locale: Locale,
    /// What the agent will sign in with.
    pub means: Means,
}

/// Somebody who has just signed in. The texts cannot be printed by accident.
pub struct NewSession {
    /// Whose.
    pub organisation: OrganisationId,
    /// Who.
    pub agent: AgentId,
    /// The session.
    pub session: SessionId,
    /// The session's cookie. It is nowhere else.
    pub cookie: Zeroizing<String>,
    /// The cookie that makes this a known device; it opens nothing.
    pub device: Zeroizing<String>,
}

/// Somebody who has just enrolled.
pub struct Enrolled {
    /// The agent is signed in.
    pub session: NewSession,
    /// Ten ways back in, each good once, shown once.
    pub recovery_codes: Vec<Zeroizing<String>>,
}

/// Everything that is made outside the transaction.
struct Preparation {
    name_sealed: Vec<u8>,
    locale: Locale,
    proven: Proven,
    codes: Vec<[u8; 32]>,
    session: NewSessionRow,
    notice: Option<NoticeRow>,
    entries: Vec<Prepared>,
}

impl Identity {
    /// Begins making a passkey for the bearer of a link.
    pub async fn begin_enrolment_passkey(&self, link: &str) -> Result<Begun, Error> {
        let (invitation, keys) = self.opened_link(link).await?;
        self.begin_passkey_of(&keys, &invitation.agent).await
    }

    /// Makes the secret of an authenticator app for the bearer of a link.
    pub async fn begin_enrolment_totp(&self, link: &str) -> Result<BegunTotp, Error> {
        let (invitation, keys) = self.opened_link(link).await?;
        self.begin_totp_of(&keys, &invitation.organisation, &invitation.agent).await
    }

    /// The same secret once more, after a first try that went wrong.
    pub async fn resume_enrolment_totp(&self, link: &str, ceremony: CeremonyId) -> Result<BegunTotp, Error> {
        let (invitation, keys) = self.opened_link(link).await?;
        self.resume_totp_of(&keys, &invitation.organisation, &invitation.agent, ceremony).await
    }

    /// Enrols the bearer of a link; [`Error::LinkOver`] when it was used meanwhile.
    pub async fn enrol(&self, link: &str, wish: Enrolment, visitor: &Visitor) -> Result<Enrolled, Error> {
        let (invitation, keys) = self.opened_link(link).await?;
        let (organisation, agent) = (invitation.organisation.id, invitation.agent.id);
        let name = checked_display_name(&wish.name)?;
        let proven = self.prove(&keys, &invitation.agent, wish.means).await?;
        let strength = match proven {
            Proven::Passkey(..) => Strength::Passkey,
            Proven::Password(..) => Strength::Password,
        };
        let session = self.prepare_session(&keys, agent, strength, visitor)?;
        let device = self.new_device(organisation, agent)?;
        let codes = self.new_recovery_codes(organisation, agent)?;
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let (new_session, actor) = (session.row.id, Actor::Agent(agent));
        let said = [
            Entry::new(Action::AgentEnrolled, actor, now).object(agent),
            Entry::new(proven.action(), actor, now).object(agent),
            Entry::new(Action::RecoveryRenewed, actor, now).object(agent),
            Entry::new(Action::SignedIn, actor, now).object(new_session).detail(strength.word()),
        ];
        let added = match proven {
            Proven::Passkey(..) => NoticeKind::PasskeyAdded,
            Proven::Password(..) => NoticeKind::PasswordChanged,
        };
        let prepared = Preparation {
            name_sealed: keys.seal(Column::AgentName, agent.bytes(), name.as_bytes(), entropy)?,
            locale: wish.locale,
            proven,
            codes: codes.hashes,
            session: session.row,
            // Whoever got in with a recovery code is told what came of it, and so is the rightful owner.
            notice: (invitation.kind == InvitationKind::Recovered).then(|| self.new_notice(agent, added)),
            entries: said.iter().map(|entry| self.audit.prepare(&keys, entry)).collect::<Result<_, _>>()?,
        };
        let committed = self
            .context
            .db
            .write("identity.enrol", move |tx| {
                if !store::use_invitation(tx, organisation, &invitation.row, now)? {
                    return Err(Error::LinkOver);
                }
                commit(tx, organisation, agent, &prepared)
            })
            .await;
        self.forget_sessions(organisation, agent);
        committed.map_err(taken_credential)?;
        let session = NewSession { organisation, agent, session: new_session, cookie: session.text, device };
        Ok(Enrolled { session, recovery_codes: codes.texts })
    }

    async fn opened_link(&self, link: &str) -> Result<(Invitation, Arc<SubjectKeys>), Error> {
        let invitation = self.invitation(link).await?.ok_or(Error::LinkOver)?;
        let keys = self.organisation_keys(invitation.organisation.id).await?;
        Ok((invitation, keys))
    }
}

fn commit(tx: &mut db::Tx<'_>, organisation: OrganisationId, agent: AgentId, new: &Preparation) -> Result<(), Error> {
    store::set_state(tx, organisation, agent, AgentState::Active)?;
    store::set_profile(tx, (organisation, agent), &new.name_sealed, new.locale)?;
    new.proven.store(tx, organisation, agent)?;
    store::replace_recovery_codes(tx, organisation, agent, &new.codes)?;
    session::begin(tx, organisation, &new.session)?;
    if let Some(notice) = &new.notice {
        store::insert_notice(tx, organisation, notice)?;
    }
    Ok(Audit::append(tx, organisation, &new.entries)?)
}

/// The only unique keys are of credentials: two accounts cannot share one.
pub(super) fn taken_credential(error: Error) -> Error {
    if matches!(error, Error::Database(db::Error::Unique)) { Error::PasskeyRefused } else { error }
}

/// A name without the blanks around it, that can be shown in one line.
pub(super) fn checked_display_name(name: &str) -> Result<Zeroizing<String>, Error> {
    let name = name.trim();
    let chars = name.chars().count();
    let hidden = |sign: char| {
        sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if chars == 0 || chars > DISPLAY_NAME_CHARS || name.chars().any(hidden) {
        return Err(Error::DisplayName);
    }
    Ok(Zeroizing::new(name.to_owned()))
}
