//! One mail's way from its folder: fetched, made durable here, and only then put away there. What
//! its server will not give, or what is too large, is left alone, and the others go on.

use bytes::Bytes;
use kernel::{Timestamp, limits};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::KEYWORD;
use super::imap::{Body, Cause, Stage, Trouble};
use super::round::Round;
use super::settings::PutAway;
use crate::Actor;
use crate::channels::{Arrival, Client, Outcome};

/// So many mails one after another that cannot be stored are no fault of theirs.
const NOT_STORED: u32 = 3;

/// What a mail must be like to be taken in, as a search key (RFC 3501, 6.4.4).
pub(super) fn condition(put_away: &PutAway, keywords: bool, since: Option<Timestamp>) -> String {
    let mut condition = String::from("UNDELETED");
    if *put_away == PutAway::Mark && keywords {
        condition.push_str(" UNKEYWORD ");
        condition.push_str(KEYWORD);
    }
    if let Some(day) = since.and_then(|since| jiff::Timestamp::from_microsecond(since.micros()).ok()) {
        condition.push_str(&day.strftime(" SINCE %-d-%b-%Y").to_string());
    }
    condition
}

impl Round<'_> {
    /// Takes one mail in and puts it away. An error means that the connection is of no further use.
    pub(super) async fn take(&mut self, uid: u32, size: u64) -> Result<(), Trouble> {
        if size > limits::MAIL_BYTES as u64 {
            self.leave(uid, "it is too large");
            return Ok(());
        }
        let _room = room_for(self.room, size).await;
        let raw = match self.imap.body(uid, limits::MAIL_BYTES).await {
            Ok(Some(Body::Whole(raw))) => raw,
            Ok(Some(Body::TooLarge(_))) => {
                self.leave(uid, "it is too large");
                return Ok(());
            }
            Ok(None) => {
                self.memory.finish(uid);
                return Ok(());
            }
            Err(trouble) if matches!(trouble.cause, Cause::Refused(_)) => {
                if self.memory.refuse(uid) {
                    self.leave(uid, "its server does not give it");
                } else {
                    self.tally.trouble = Some(trouble);
                }
                return Ok(());
            }
            Err(trouble) => {
                self.memory.put_last(uid);
                return Err(trouble);
            }
        };
        match self.store(raw).await {
            Ok(outcome) => {
                metrics::counter!("doorward_mailbox_mails", "outcome" => word(outcome)).increment(1);
                self.tally.not_stored = 0;
                self.tally.taken += u64::from(outcome != Outcome::Duplicate);
                self.memory.take(uid);
                self.put_away(uid).await
            }
            Err(words) => self.not_stored(uid, words),
        }
    }

    /// Makes a mail durable. It runs in a task of its own, so that a fault in it ends nothing else.
    async fn store(&self, raw: Bytes) -> Result<Outcome, String> {
        let (channels, organisation) = (self.channels.clone(), self.hold.organisation);
        let arrival = Arrival { raw, client: Client::default(), actor: Actor::System, authenticate: true };
        let stored = tokio::spawn(async move { channels.receive(organisation, arrival).await });
        match stored.await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("a fault of this program".to_owned()),
        }
    }

    fn not_stored(&mut self, uid: u32, words: String) -> Result<(), Trouble> {
        metrics::counter!("doorward_mailbox_mails", "outcome" => "not-stored").increment(1);
        self.memory.put_last(uid);
        self.tally.not_stored += 1;
        let trouble = Trouble::new(Stage::Fetch, Cause::NotStored(words));
        if self.tally.not_stored >= NOT_STORED {
            self.tally.not_stored = 0;
            return Err(trouble);
        }
        self.tally.trouble = Some(trouble);
        Ok(())
    }

    /// Moves or marks a mail that is durable here. When the server refuses, it is tried again later,
    /// and the mail is not fetched again.
    pub(super) async fn put_away(&mut self, uid: u32) -> Result<(), Trouble> {
        let done = match &self.row.put_away {
            PutAway::Move(to) => self.move_to(uid, to).await,
            PutAway::Mark if self.folder.keywords => self.imap.mark(uid, &format!("\\Seen {KEYWORD}")).await,
            PutAway::Mark => self.imap.mark(uid, "\\Seen").await,
        };
        match done {
            Ok(()) => self.memory.finish(uid),
            Err(trouble) if matches!(trouble.cause, Cause::Refused(_)) => self.tally.trouble = Some(trouble),
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }

    /// Moves a mail, making the folder when it is missing (RFC 3501, 7.1: TRYCREATE).
    async fn move_to(&mut self, uid: u32, to: &str) -> Result<(), Trouble> {
        match self.imap.move_to(uid, to).await {
            Err(Trouble { cause: Cause::Refused(Some(code)), .. }) if code == "TRYCREATE" => {
                self.imap.make_folder(to).await?;
                self.imap.move_to(uid, to).await
            }
            done => done,
        }
    }

    /// Leaves a mail where it is, for good, and says so once.
    fn leave(&mut self, uid: u32, why: &'static str) {
        metrics::counter!("doorward_mailbox_left_alone").increment(1);
        tracing::warn!(mailbox = %self.hold.mailbox, uid, why, "a mail is left alone on its server");
        self.tally.left_alone += 1;
        self.memory.finish(uid);
    }
}

/// Room for a mail that is not small, among those of all mailboxes.
async fn room_for(room: &Semaphore, size: u64) -> Option<SemaphorePermit<'_>> {
    if size <= limits::LARGE_BODY_BYTES as u64 {
        return None;
    }
    // It is never closed.
    room.acquire().await.ok()
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Received { .. } => "received",
        Outcome::Appended { .. } => "appended",
        Outcome::Quarantined(_) => "quarantined",
        Outcome::Duplicate => "duplicate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_marked_or_is_too_old_is_not_looked_for() {
        let moved = PutAway::Move("Done".to_owned());
        assert_eq!(condition(&moved, true, None), "UNDELETED");
        assert_eq!(condition(&PutAway::Mark, true, None), "UNDELETED UNKEYWORD Doorward");
        assert_eq!(condition(&PutAway::Mark, false, None), "UNDELETED");
        let day = Timestamp::from_seconds(1_772_434_800);
        assert_eq!(condition(&moved, true, Some(day)), "UNDELETED SINCE 2-Mar-2026");
    }
}
