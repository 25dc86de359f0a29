//! Who else looks at a conversation, and who is writing: known to this process alone, in memory, for
//! as long as a page of theirs is open. It is a courtesy and decides nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::identity::SignedIn;
use kernel::{AgentId, ConversationId, OrganisationId, SessionId, Timestamp};
use tokio::sync::broadcast;

/// Sessions whose place is known; further ones look unseen.
const LOOKERS: usize = 10_000;
/// Changes that wait for a slow listener.
const WAITING: usize = 256;
/// How long after a key somebody counts as writing.
const WRITES: Duration = Duration::from_secs(6);

/// Where somebody moved.
pub(crate) type Moved = (OrganisationId, ConversationId);

/// The lookers of this process.
#[derive(Clone)]
pub(crate) struct Presence {
    lookers: Arc<Mutex<HashMap<SessionId, Looker>>>,
    moved: broadcast::Sender<Moved>,
}

struct Looker {
    organisation: OrganisationId,
    agent: AgentId,
    name: String,
    at: Option<ConversationId>,
    writes_until: Timestamp,
    /// Pages of this session that are open.
    pages: usize,
}

/// Another agent at the same conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) name: String,
    pub(crate) writes: bool,
}

/// An open page; when the last one of a session goes, nobody looks any more.
pub(crate) struct OpenPage {
    presence: Presence,
    session: SessionId,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self { lookers: Arc::default(), moved: broadcast::channel(WAITING).0 }
    }

    /// What moves from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Moved> {
        self.moved.subscribe()
    }

    /// A page of a session is open until the value is dropped.
    pub(crate) fn page(&self, me: &SignedIn) -> OpenPage {
        let at = self.with(me, |looker| {
            looker.pages += 1;
            looker.at
        });
        // A page is read before its stream begins: only now somebody looks.
        if let Some(at) = at.flatten() {
            self.tell(me.organisation, at);
        }
        OpenPage { presence: self.clone(), session: me.session }
    }

    /// Somebody opened a conversation, or none.
    pub(crate) fn look(&self, me: &SignedIn, at: Option<ConversationId>) {
        let before = self.with(me, |looker| std::mem::replace(&mut looker.at, at)).flatten();
        if before != at {
            for conversation in [before, at].into_iter().flatten() {
                self.tell(me.organisation, conversation);
            }
        }
    }

    /// Somebody typed.
    pub(crate) fn write(&self, me: &SignedIn, at: ConversationId, now: Timestamp) {
        self.with(me, |looker| {
            looker.at = Some(at);
            looker.writes_until = now.plus(WRITES);
        });
        self.tell(me.organisation, at);
    }

    /// Where a session's page is.
    pub(crate) fn place(&self, me: &SignedIn) -> Option<ConversationId> {
        self.lookers().get(&me.session)?.at
    }

    /// Who else looks, each agent once, by name.
    pub(crate) fn others(&self, me: &SignedIn, at: ConversationId, now: Timestamp) -> Vec<Other> {
        let lookers = self.lookers();
        let there = lookers.values().filter(|looker| {
            looker.organisation == me.organisation
                && looker.at == Some(at)
                && looker.agent != me.agent
                && looker.pages > 0
        });
        let mut others: HashMap<AgentId, Other> = HashMap::new();
        for looker in there {
            let other =
                others.entry(looker.agent).or_insert_with(|| Other { name: looker.name.clone(), writes: false });
            other.writes |= looker.writes_until > now;
        }
        let mut others: Vec<Other> = others.into_values().collect();
        others.sort_by(|one, two| (!one.writes, &one.name).cmp(&(!two.writes, &two.name)));
        others
    }

    fn with<T>(&self, me: &SignedIn, change: impl FnOnce(&mut Looker) -> T) -> Option<T> {
        let mut lookers = self.lookers();
        if lookers.len() >= LOOKERS && !lookers.contains_key(&me.session) {
            return None;
        }
        let looker = lookers.entry(me.session).or_insert_with(|| Looker {
            organisation: me.organisation,
            agent: me.agent,
            name: me.name.clone(),
            at: None,
            writes_until: Timestamp::EPOCH,
            pages: 0,
        });
        Some(change(looker))
    }

    fn tell(&self, organisation: OrganisationId, conversation: ConversationId) {
        // Nobody listening is no error.
        let _ = self.moved.send((organisation, conversation));
    }

    fn lookers(&self) -> MutexGuard<'_, HashMap<SessionId, Looker>> {
        self.lookers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        let mut lookers = self.presence.lookers();
        let Some(looker) = lookers.get_mut(&self.session) else { return };
        looker.pages = looker.pages.saturating_sub(1);
        if looker.pages > 0 {
            return;
        }
        let gone = lookers.remove(&self.session);
        drop(lookers);
        if let Some(Looker { organisation, at: Some(at), .. }) = gone {
            self.presence.tell(organisation, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::identity::{Roles, Strength};
    use kernel::{Id as _, Locale};

    fn somebody(number: u8, name: &str) -> SignedIn {
        SignedIn {
            organisation: OrganisationId::from_bytes([1; 16]),
            agent: AgentId::from_bytes([number; 16]),
            session: SessionId::from_bytes([number; 16]),
            roles: Roles::NONE,
            name: name.to_owned(),
            locale: Locale::En,
            strength: Strength::Passkey,
            signed_in_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn others_are_seen_while_their_page_is_open_and_oneself_never() {
        let (presence, now) = (Presence::new(), Timestamp::from_seconds(100));
        let (aino, lena) = (somebody(2, "Aino"), somebody(3, "Lena"));
        let there = ConversationId::from_bytes([9; 16]);
        let (_page, other) = (presence.page(&aino), presence.page(&lena));
        presence.look(&aino, Some(there));
        presence.look(&lena, Some(there));
        assert_eq!(presence.others(&aino, there, now), [Other { name: "Lena".to_owned(), writes: false }]);
        presence.write(&lena, there, now);
        assert!(presence.others(&aino, there, now)[0].writes);
        assert!(!presence.others(&aino, there, now.plus(Duration::from_secs(7)))[0].writes);
        drop(other);
        assert_eq!(presence.others(&aino, there, now), []);
    }

    #[test]
    fn another_organisation_is_another_house() {
        let (presence, now) = (Presence::new(), Timestamp::from_seconds(100));
        let aino = somebody(2, "Aino");
        let stranger = SignedIn { organisation: OrganisationId::from_bytes([7; 16]), ..somebody(4, "Max") };
        let there = ConversationId::from_bytes([9; 16]);
        let _pages = (presence.page(&aino), presence.page(&stranger));
        presence.look(&stranger, Some(there));
        assert_eq!(presence.others(&aino, there, now), []);
    }
}
