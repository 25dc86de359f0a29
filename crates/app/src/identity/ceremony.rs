//! What lies between the two halves of setting up or using a passkey or a one-time password: kept on
//! the server, sealed, for ten minutes, and good once.

use std::time::Duration;

use db::Tx;
use kernel::{AgentId, CeremonyId, Id, OrganisationId};
use zeroize::Zeroizing;

use super::session::after;
use super::store::{self, CeremonyRow};
use super::{Error, Identity};
use crate::vault::{Column, SubjectKeys};

/// How long somebody may take for the second half.
pub const CEREMONY: Duration = Duration::from_mins(10);
/// Ceremonies of one organisation at one time.
const CEREMONIES: u64 = 10_000;

/// What a ceremony is about; the word is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A passkey is being made.
    Register,
    /// Somebody signs in with a passkey.
    SignIn,
    /// An authenticator app is being set up.
    Totp,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
            Self::Totp => "totp",
        }
    }
}

impl Identity {
    /// Keeps the state of a ceremony that begins.
    pub(super) async fn begin_ceremony(
        &self,
        keys: &SubjectKeys,
        agent: Option<AgentId>,
        kind: Kind,
        state: &[u8],
    ) -> Result<CeremonyId, Error> {
        let (now, entropy, organisation) = (self.context.clock.now(), &*self.context.entropy, keys.organisation());
        let id = CeremonyId::new(now, entropy);
        let state_sealed = keys.seal(Column::Ceremony, id.bytes(), state, entropy)?;
        let row = CeremonyRow { agent, kind: kind.word().to_owned(), state_sealed };
        self.context
            .db
            .write("identity.begin_ceremony", move |tx| {
                store::end_old_ceremonies(tx, organisation, now)?;
                if store::count_ceremonies(tx, organisation)? >= CEREMONIES {
                    return Err(Error::Overloaded);
                }
                Ok(store::insert_ceremony(tx, organisation, id, &row, after(now, CEREMONY))?)
            })
            .await?;
        Ok(id)
    }

    /// The state of a ceremony of this agent and kind; [`Error::CeremonyOver`] when there is none.
    /// It is not over by this: the transaction that uses it calls [`end`].
    pub(super) async fn ceremony(
        &self,
        keys: &SubjectKeys,
        agent: Option<AgentId>,
        kind: Kind,
        id: CeremonyId,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (organisation, now) = (keys.organisation(), self.context.clock.now());
        let row = self
            .context
            .db
            .read("identity.ceremony", move |tx| Ok::<_, Error>(store::ceremony(tx, organisation, id, now)?))
            .await?;
        let row = row.filter(|row| row.agent == agent && row.kind == kind.word()).ok_or(Error::CeremonyOver)?;
        Ok(keys.open(Column::Ceremony, id.bytes(), &row.state_sealed)?)
    }
}

/// Ends a ceremony in the transaction that uses it; [`Error::CeremonyOver`] when another was quicker.
pub(super) fn end(tx: &mut Tx<'_>, organisation: OrganisationId, id: CeremonyId) -> Result<(), Error> {
    if store::end_ceremony(tx, organisation, id)? { Ok(()) } else { Err(Error::CeremonyOver) }
}
