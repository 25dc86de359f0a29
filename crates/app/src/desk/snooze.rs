//! Putting a conversation off until a time, and waking it when that has come.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{ConversationId, OrganisationId, Timestamp};

use super::event::EventKind;
use super::step::{By, Decided};
use super::{Desk, Error, Standing, Step, store};
use crate::access::Permit;
use crate::access::action::MoveConversation;

/// The longest sleep: what is put off for longer is a promise for a calendar.
pub const LONGEST_SNOOZE: Duration = Duration::from_hours(2 * 366 * 24);
/// Conversations that wake at a time; they share commits.
const WAKING: usize = 64;

impl Desk {
    /// Puts a conversation off until a time ahead, [`LONGEST_SNOOZE`] from now at most. One that
    /// sleeps already gets the new time.
    pub async fn snooze(&self, permit: &Permit<MoveConversation>, until: Timestamp) -> Result<(), Error> {
        let done = self.step("desk.snooze", By::permit(permit), |seen, now| {
            if until <= now || until > now.plus(LONGEST_SNOOZE) {
                return Err(Error::SnoozeTime);
            }
            let to = Standing {
                state: seen.standing.state.after(Step::Snooze)?,
                snoozed_until: Some(until),
                ..seen.standing
            };
            Ok(Some(Decided::moved(to, EventKind::Snoozed, until.micros().to_string())))
        });
        done.await.map(drop)
    }

    /// Wakes every conversation whose time has come and returns how many; for a timer. One that
    /// cannot be woken is logged and does not keep the others asleep.
    pub async fn wake_due(&self, organisation: OrganisationId) -> Result<usize, Error> {
        let mut woken = 0;
        loop {
            let now = self.context.clock.now();
            let read = move |tx: &mut db::Tx<'_>| store::due(tx, organisation, now, WAKING);
            let due: Vec<ConversationId> = self.context.db.read("desk.due", read).await?;
            let outcomes = join_all(due.iter().map(|id| self.wake(organisation, *id))).await;
            let done = outcomes.iter().filter(|woke| **woke).count();
            woken += done;
            // Without progress, asking again would give the same ones again.
            if due.len() < WAKING || done == 0 {
                return Ok(woken);
            }
        }
    }

    async fn wake(&self, organisation: OrganisationId, conversation: ConversationId) -> bool {
        let woke = self.step("desk.wake", By::system(organisation, conversation), |seen, now| {
            // Somebody may have put it off again, or ended its sleep, since it was found.
            if seen.standing.snoozed_until.is_none_or(|until| until > now) {
                return Ok(None);
            }
            let state = seen.standing.state.after(Step::Wake)?;
            let to = Standing { state, snoozed_until: None, ..seen.standing };
            Ok(Some(Decided::moved(to, EventKind::Woken, "")))
        });
        woke.await.unwrap_or_else(|error| {
            tracing::warn!(%conversation, %error, "a conversation could not be woken");
            false
        })
    }
}
