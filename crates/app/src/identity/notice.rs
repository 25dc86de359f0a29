//! What an agent is told about the own account: at the next sign-in, and by mail from whoever sends
//! it. A notice holds nothing but what happened and when.

use kernel::{AgentId, Id, NoticeId, OrganisationId, Timestamp};

use super::session::SignedIn;
use super::store::{self, NoticeRow};
use super::{Error, Identity};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What happened to an account.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum NoticeKind {
            $($(#[$doc])* $name,)*
        }

        impl NoticeKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stored word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// An administrator invited the agent again, and what was there to sign in with is gone.
    InvitedAgain = "invited-again";
    /// A recovery code was used.
    RecoveryUsed = "recovery-used";
    /// There is one more passkey.
    PasskeyAdded = "passkey-added";
    /// There is one passkey less.
    PasskeyRemoved = "passkey-removed";
    /// The password is another one.
    PasswordChanged = "password-changed";
}

/// Something that an agent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// Whom it concerns.
    pub agent: AgentId,
    /// What happened.
    pub kind: NoticeKind,
    /// When.
    pub at: Timestamp,
}

impl Identity {
    /// What the agent has not seen yet, the oldest first, up to [`super::NOTICES`].
    pub async fn notices(&self, of: &SignedIn) -> Result<Vec<Notice>, Error> {
        let (organisation, agent) = (of.organisation, of.agent);
        let rows = self
            .context
            .db
            .read("identity.notices", move |tx| Ok::<_, Error>(store::unseen_notices(tx, organisation, agent)?))
            .await?;
        Ok(rows.iter().filter_map(shown).collect())
    }

    /// The agent has seen a notice; it is not shown again.
    pub async fn see_notice(&self, by: &SignedIn, notice: NoticeId) -> Result<(), Error> {
        let (whose, now) = ((by.organisation, by.agent), self.context.clock.now());
        self.context
            .db
            .write("identity.see_notice", move |tx| {
                store::see_notice(tx, whose, notice, now)?;
                Ok(())
            })
            .await
    }

    /// What was not mailed yet, the oldest first, up to [`super::NOTICES`]: for the sender of mail.
    pub async fn unmailed_notices(&self, organisation: OrganisationId) -> Result<Vec<Notice>, Error> {
        let rows = self
            .context
            .db
            .read("identity.unmailed_notices", move |tx| Ok::<_, Error>(store::unmailed_notices(tx, organisation)?))
            .await?;
        Ok(rows.iter().filter_map(shown).collect())
    }

    /// Whether a notice is marked as mailed by this: for the transaction that queues its mail.
    pub fn mail_notice(
        tx: &mut db::Tx<'_>,
        organisation: OrganisationId,
        notice: NoticeId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Ok(store::mail_notice(tx, organisation, notice, now)? == 1)
    }

    /// A notice for the transaction in which it happens.
    pub(super) fn new_notice(&self, agent: AgentId, kind: NoticeKind) -> NoticeRow {
        let now = self.context.clock.now();
        NoticeRow { id: NoticeId::new(now, &*self.context.entropy), agent, kind: kind.word().to_owned(), at: now }
    }
}

/// None for a kind that a later version wrote.
fn shown(row: &NoticeRow) -> Option<Notice> {
    let kind = NoticeKind::ALL.iter().copied().find(|kind| kind.word() == row.kind)?;
    Some(Notice { id: row.id, agent: row.agent, kind, at: row.at })
}
