//! Who is signed in: a cookie's text against the hash that the database keeps. Nothing that lies in
//! the database can be used as a cookie.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use db::Tx;
use kernel::{AgentId, Id, Locale, OrganisationId, SessionId, Timestamp};
use zeroize::Zeroizing;

use super::agent;
use super::store::{self, NewSessionRow, SessionRow};
use super::visitor::Visitor;
use super::{AgentState, Error, Identity, Roles};
use crate::secret_text::{Carried, SecretText, same};
use crate::vault::{Column, SubjectKeys};

/// A session that was not used for so long has ended.
pub const IDLE: Duration = Duration::from_mins(30);
/// No session lives longer.
pub const LONGEST: Duration = Duration::from_hours(12);
/// Sessions of one agent at one time; a further one ends the oldest.
pub const SESSIONS: usize = 20;
/// How much later than its last use a session may be written down as used.
const NOTED: Duration = Duration::from_mins(1);

impl Carried for SessionId {
    const BEGINS: &'static str = "dws_";
}

/// What an agent signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strength {
    /// A passkey: it cannot be told to somebody else, and it asked for its holder.
    Passkey,
    /// A password and a one-time password.
    Password,
}

impl Strength {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Password => "password",
        }
    }
}

/// A word that is no strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("somebody signs in with a passkey or a password")]
pub struct UnknownStrength;

impl FromStr for Strength {
    type Err = UnknownStrength;

    fn from_str(word: &str) -> Result<Self, UnknownStrength> {
        [Self::Passkey, Self::Password].into_iter().find(|strength| strength.word() == word).ok_or(UnknownStrength)
    }
}

/// Somebody who is signed in. No `Debug`: the name is a person's.
#[derive(Clone)]
pub struct SignedIn {
    /// The only organisation that the session reaches.
    pub organisation: OrganisationId,
    /// Who.
    pub agent: AgentId,
    /// The session, whose id is no secret.
    pub session: SessionId,
    /// What the agent's work is.
    pub roles: Roles,
    /// How colleagues see the agent.
    pub name: String,
    /// In which language the product speaks to the agent.
    pub locale: Locale,
    /// What the agent signed in with.
    pub strength: Strength,
    /// When.
    pub signed_in_at: Timestamp,
}

/// A session that begins with the transaction that stores it.
pub(super) struct PreparedSession {
    pub(super) text: Zeroizing<String>,
    pub(super) row: NewSessionRow,
}

impl Identity {
    /// Who bears a session's cookie; none when its text is not of a session that lives.
    ///
    /// A session ends 30 minutes after its last use and 12 hours after it began. One that was ended is
    /// refused here from the end on, and by other processes within five seconds.
    pub async fn session(&self, cookie: &str) -> Result<Option<SignedIn>, Error> {
        let Some(secret) = SecretText::<SessionId>::parse(cookie) else { return Ok(None) };
        let (organisation, session, hash) = (secret.organisation(), secret.id(), secret.hash());
        let now = self.context.clock.now();
        let (believed, asked) = {
            let mut recent = self.recent();
            (recent.good(session, now), recent.generation())
        };
        if let Some((known, signed_in)) = believed
            && same(&known, &hash)
            && signed_in.organisation == organisation
        {
            return Ok(Some(signed_in));
        }
        let vault = self.vault.clone();
        let found = self
            .context
            .db
            .read("identity.session", move |tx| {
                let Some(row) = store::session(tx, organisation, session)? else { return Ok::<_, Error>(None) };
                Ok(vault.keys(tx, organisation, organisation.into())?.map(|keys| (row, keys)))
            })
            .await?;
        let Some((row, keys)) = found else { return Ok(None) };
        if !same(&row.hash, &hash) || !lives(&row, now) {
            return Ok(None);
        }
        if since(row.seen_at, now) >= NOTED {
            self.context
                .db
                .write("identity.seen", move |tx| Ok::<_, Error>(store::seen(tx, organisation, session, now)?))
                .await?;
        }
        let signed_in = signed_in(organisation, session, &row, &keys)?;
        self.recent().remember(hash, &signed_in, (asked, now));
        Ok(Some(signed_in))
    }

    /// A new session with a secret of its own, whatever the browser carried before.
    pub(super) fn prepare_session(
        &self,
        keys: &SubjectKeys,
        agent: AgentId,
        strength: Strength,
        visitor: &Visitor,
    ) -> Result<PreparedSession, Error> {
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let id = SessionId::new(now, entropy);
        let secret = SecretText::generate(keys.organisation(), id, entropy);
        let place_sealed = keys.seal(Column::SessionPlace, id.bytes(), &visitor.place().bytes(), entropy)?;
        let row = NewSessionRow { id, agent, hash: secret.hash(), strength, place_sealed, at: now };
        Ok(PreparedSession { text: secret.text(), row })
    }
}

/// Stores a session that begins; what nobody can use any more goes, and the agent's oldest beyond
/// [`SESSIONS`].
pub(super) fn begin(tx: &mut Tx<'_>, organisation: OrganisationId, new: &NewSessionRow) -> Result<(), Error> {
    store::end_old_sessions(tx, organisation, before(new.at, LONGEST))?;
    for oldest in store::sessions(tx, organisation, new.agent)?.iter().skip(SESSIONS - 1) {
        store::end_session(tx, organisation, new.agent, oldest.id)?;
    }
    Ok(store::insert_session(tx, organisation, new)?)
}

fn lives(row: &SessionRow, now: Timestamp) -> bool {
    // A clock that was set back makes the time since then nothing, and the absolute end is kept.
    row.agent.state == AgentState::Active && since(row.signed_in_at, now) < LONGEST && since(row.seen_at, now) < IDLE
}

fn signed_in(
    organisation: OrganisationId,
    session: SessionId,
    row: &SessionRow,
    keys: &Arc<SubjectKeys>,
) -> Result<SignedIn, Error> {
    let agent = agent::opened(keys, &row.agent)?;
    Ok(SignedIn {
        organisation,
        agent: agent.id,
        session,
        roles: agent.roles,
        name: agent.name.to_string(),
        locale: agent.locale,
        strength: row.strength,
        signed_in_at: row.signed_in_at,
    })
}

/// The time between two moments; nothing when the later one comes first.
pub(super) fn since(then: Timestamp, now: Timestamp) -> Duration {
    if now > then { now.since(then) } else { Duration::ZERO }
}

/// The moment a while ago.
pub(super) const fn before(now: Timestamp, ago: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_sub(micros(ago)))
}

/// The moment in a while.
pub(super) const fn after(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(micros(time)))
}

const fn micros(time: Duration) -> i64 {
    // The times here are hours and days.
    time.as_secs().cast_signed().saturating_mul(1_000_000)
}
