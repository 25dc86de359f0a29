//! Where an agent is signed in, and ending it: one session, or all but the one that asks.

use kernel::{Id, OrganisationId, SessionId, Timestamp};

use super::session::{IDLE, LONGEST, SignedIn, Strength, since};
use super::store;
use super::visitor::Place;
use super::{Error, Identity};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::vault::Column;

/// One place where an agent is signed in. No `Debug`: source and browser are a person's.
pub struct Session {
    /// Its id, which is no secret.
    pub id: SessionId,
    /// What the agent signed in with.
    pub strength: Strength,
    /// The network address that the agent signed in from; empty when it was not known.
    pub source: String,
    /// How the browser named itself.
    pub user_agent: String,
    /// When the agent signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_own: bool,
}

impl Identity {
    /// Where an agent is signed in, the newest first.
    pub async fn sessions(&self, of: &SignedIn) -> Result<Vec<Session>, Error> {
        let (organisation, agent, own) = (of.organisation, of.agent, of.session);
        let (keys, now) = (self.organisation_keys(organisation).await?, self.context.clock.now());
        let rows = self
            .context
            .db
            .read("identity.sessions", move |tx| Ok::<_, Error>(store::sessions(tx, organisation, agent)?))
            .await?;
        let living =
            rows.into_iter().filter(|row| since(row.signed_in_at, now) < LONGEST && since(row.seen_at, now) < IDLE);
        living
            .map(|row| {
                let mut place = Place::read(&keys.open(Column::SessionPlace, row.id.bytes(), &row.place_sealed)?);
                Ok(Session {
                    id: row.id,
                    strength: row.strength,
                    source: std::mem::take(&mut place.source),
                    user_agent: std::mem::take(&mut place.user_agent),
                    signed_in_at: row.signed_in_at,
                    seen_at: row.seen_at,
                    is_own: row.id == own,
                })
            })
            .collect()
    }

    /// Ends a session of the agent who asks, be it the own one. Ending what has ended is no error.
    pub async fn end_session(&self, by: &SignedIn, session: SessionId) -> Result<(), Error> {
        let (organisation, agent, now) = (by.organisation, by.agent, self.context.clock.now());
        let keys = self.organisation_keys(organisation).await?;
        let entry = Entry::new(Action::SessionEnded, Actor::Agent(agent), now).object(session);
        let entries = [self.audit.prepare(&keys, &entry)?];
        let ended = self
            .context
            .db
            .write("identity.end_session", move |tx| {
                if store::end_session(tx, organisation, agent, session)? {
                    Audit::append(tx, organisation, &entries)?;
                }
                Ok(())
            })
            .await;
        // Also after an error: the commit may have happened unheard.
        self.forget_sessions(organisation, by.agent);
        ended
    }

    /// Ends all sessions of the agent who asks but the one that asks; says how many there were.
    pub async fn end_other_sessions(&self, by: &SignedIn) -> Result<u64, Error> {
        let (organisation, agent, kept) = (by.organisation, by.agent, by.session);
        let keys = self.organisation_keys(organisation).await?;
        let entry = Entry::new(Action::SessionEnded, Actor::Agent(agent), self.context.clock.now())
            .object(agent)
            .detail("all others");
        let entries = [self.audit.prepare(&keys, &entry)?];
        let ended = self
            .context
            .db
            .write("identity.end_other_sessions", move |tx| {
                let ended = store::end_other_sessions(tx, organisation, agent, kept)?;
                if ended > 0 {
                    Audit::append(tx, organisation, &entries)?;
                }
                Ok(ended)
            })
            .await;
        self.forget_sessions(organisation, by.agent);
        ended
    }

    /// From here on no session of the agent is believed without asking the database.
    pub(super) fn forget_sessions(&self, organisation: OrganisationId, agent: kernel::AgentId) {
        self.recent().forget(organisation, agent);
    }
}
