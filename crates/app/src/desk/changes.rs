//! The change feed of conversations: what moves is announced, and who missed something asks for
//! what changed since. An announcement says which conversation moved, never what it says.

use std::time::Duration;

use db::{Announcement, Changes};
use kernel::{ConversationId, Id, OrganisationId, Timestamp, limits};

use super::cursor::{Cursor, Order};
use super::{Desk, Error, store};

/// The kind under which the desk announces.
pub(super) const KIND: &str = "conversation";

/// What a listener hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This conversation came to be, moved, or was absorbed by another.
    Moved(ConversationId),
    /// Some announcements were lost: ask [`Desk::changed_since`] from the last one that was heard.
    Gap,
}

/// A listener's end of one organisation's feed.
#[derive(Debug)]
pub struct ConversationChanges {
    organisation: OrganisationId,
    changes: Changes,
}

impl ConversationChanges {
    /// The next thing that happens; nothing once the database is closed. Safe to cancel.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            match self.changes.next().await? {
                Announcement::Gap => return Some(Heard::Gap),
                Announcement::Changed(change) if change.organisation == self.organisation && change.kind == KIND => {
                    return Some(Heard::Moved(ConversationId::from_bytes(change.id)));
                }
                Announcement::Changed(_) => {}
            }
        }
    }
}

/// A page of what changed, the earliest change first. One that was absorbed is not named any
/// more, but the one that took it in is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which conversations, and when each last changed.
    pub conversations: Vec<(ConversationId, Timestamp)>,
    /// Where the next page begins; none when there is no more.
    pub next: Option<Cursor>,
}

impl Desk {
    /// What moves in one organisation from now on, in this process and in others.
    pub fn changes(&self, organisation: OrganisationId) -> ConversationChanges {
        ConversationChanges { organisation, changes: self.context.db.changes() }
    }

    /// What changed since a time, a page of [`limits::PAGE_ROWS`]. On PostgreSQL commits become
    /// visible out of order, so the time before `since` is read again for the length of `overlap`,
    /// which must be longer than a transaction takes; the listener takes what it knows already in
    /// its stride. Further pages begin at `next`.
    pub async fn changed_since(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
        overlap: Duration,
        next: Option<Cursor>,
    ) -> Result<Changed, Error> {
        let beginning = Cursor { at: since.minus(overlap), ..Cursor::start(Order::OldestFirst) };
        let after = Cursor::within(Some(next.unwrap_or(beginning)), Order::OldestFirst)?;
        let read = move |tx: &mut db::Tx<'_>| store::changed(tx, organisation, &after, limits::PAGE_ROWS + 1);
        let mut found = self.context.db.read("desk.changed_since", read).await?;
        let is_more = found.len() > limits::PAGE_ROWS;
        found.truncate(limits::PAGE_ROWS);
        let last = found.last().filter(|_| is_more);
        let next = last.map(|(at, id)| Cursor { order: Order::OldestFirst, at: *at, id: *id.bytes() });
        Ok(Changed { conversations: found.into_iter().map(|(at, id)| (id, at)).collect(), next })
    }
}
