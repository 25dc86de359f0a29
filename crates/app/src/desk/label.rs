//! Labels: words of the organisation that conversations carry, made when they are first used.

use kernel::{Id, LabelId};

use super::event::EventKind;
use super::step::{Also, By, Decided};
use super::{Desk, Error, store};
use crate::access::Permit;
use crate::access::action::{ListConversations, MoveConversation};

/// Characters of a label's name.
pub const LABEL_CHARS: usize = 60;
/// Labels that one conversation carries at most.
pub const CONVERSATION_LABELS: usize = 30;
/// Labels that one organisation has at most.
pub const ORGANISATION_LABELS: usize = 1_000;

impl Desk {
    /// Puts a label on a conversation; one that is there stays. Spaces around the name and runs
    /// of them in it do not count.
    pub async fn label(&self, permit: &Permit<MoveConversation>, name: &str) -> Result<(), Error> {
        let name = label_name(name)?;
        let done = self.step("desk.label", By::permit(permit), |seen, now| {
            if seen.labels.contains(&name) {
                return Ok(None);
            }
            if seen.labels.len() >= CONVERSATION_LABELS {
                return Err(Error::TooManyLabels);
            }
            let mut decided = Decided::moved(seen.standing, EventKind::Labelled, name.clone());
            decided.also = Also::Label { fresh: LabelId::new(now, &*self.context.entropy), name: name.clone() };
            Ok(Some(decided))
        });
        done.await.map(drop)
    }

    /// Takes a label off a conversation; one that is not there stays away.
    pub async fn unlabel(&self, permit: &Permit<MoveConversation>, name: &str) -> Result<(), Error> {
        let name = label_name(name)?;
        let done = self.step("desk.unlabel", By::permit(permit), |seen, _| {
            if !seen.labels.contains(&name) {
                return Ok(None);
            }
            let mut decided = Decided::moved(seen.standing, EventKind::Unlabelled, name.clone());
            decided.also = Also::Unlabel { name: name.clone() };
            Ok(Some(decided))
        });
        done.await.map(drop)
    }

    /// The names of all labels of an organisation, [`ORGANISATION_LABELS`] at most.
    pub async fn labels(&self, permit: &Permit<ListConversations>) -> Result<Vec<String>, Error> {
        let organisation = permit.organisation();
        permit.in_force(self.context.clock.now())?;
        Ok(self.context.db.read("desk.labels", move |tx| store::labels(tx, organisation)).await?)
    }
}

/// The name as it is stored.
pub(super) fn label_name(given: &str) -> Result<String, Error> {
    // Four bytes are the longest character: what is longer is refused before it is copied.
    if given.len() > LABEL_CHARS * 4 || given.chars().any(char::is_control) {
        return Err(Error::LabelName);
    }
    let name = given.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = name.chars().count();
    if (1..=LABEL_CHARS).contains(&length) { Ok(name) } else { Err(Error::LabelName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert_eq!(label_name("  late   delivery ").unwrap(), "late delivery");
        assert_eq!(label_name(&"ä".repeat(LABEL_CHARS)).unwrap().chars().count(), LABEL_CHARS);
        for refused in ["", "   ", "two\nlines", "tab\there", &"x".repeat(LABEL_CHARS + 1), &"x".repeat(100_000)] {
            assert!(matches!(label_name(refused), Err(Error::LabelName)), "{refused:.20?}");
        }
    }
}
