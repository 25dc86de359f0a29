//! How much there is in each state, for the views of the desk: exact while it is little, and a
//! bound beyond, so that counting a long archive costs no more than counting a short one.

use std::fmt;

use crate::access::Permit;
use crate::access::action::ListConversations;

use super::list::Assignee;
use super::state::State;
use super::store::{self, Path};
use super::{Desk, Error};

/// Conversations that are counted one by one; beyond, the number is "1000+".
pub const COUNTED: u64 = 1_000;

/// How many, up to [`COUNTED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(u64);

impl Count {
    /// The number, [`COUNTED`] at most.
    pub const fn number(self) -> u64 {
        if self.0 > COUNTED { COUNTED } else { self.0 }
    }

    /// Whether there are more than the number.
    pub const fn is_more(self) -> bool {
        self.0 > COUNTED
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number(), if self.is_more() { "+" } else { "" })
    }
}

/// How many there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([Count; State::ALL.len()]);

impl Counts {
    /// How many there are in one state.
    pub fn of(&self, state: State) -> Count {
        let pairs = State::ALL.into_iter().zip(self.0);
        pairs.into_iter().find(|(known, _)| *known == state).map(|(_, count)| count).unwrap_or_default()
    }
}

impl Desk {
    /// How many conversations there are in each state, of those that anybody, nobody or one agent
    /// works on.
    pub async fn counts(&self, permit: &Permit<ListConversations>, assignee: Assignee) -> Result<Counts, Error> {
        let organisation = permit.organisation();
        permit.in_force(self.context.clock.now())?;
        let read = move |tx: &mut db::Tx<'_>| {
            let path = match assignee {
                Assignee::Any => Path::Anybody,
                Assignee::Nobody => Path::Unassigned,
                Assignee::Agent(agent) => Path::Agent(agent),
            };
            let bound = usize::try_from(COUNTED).unwrap_or(usize::MAX).saturating_add(1);
            let found = store::counts(tx, organisation, &path, bound)?;
            Ok::<_, Error>(Counts(State::ALL.map(|state| {
                Count(found.iter().filter(|(counted, _)| *counted == state).map(|(_, count)| count).sum())
            })))
        };
        self.context.db.read("desk.counts", read).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_the_bound_says_so() {
        assert_eq!(Count(1_000).to_string(), "1000");
        assert_eq!(Count(1_001).to_string(), "1000+");
    }
}
