//! One mail on its way through one session: who takes it is written down recipient by recipient.
//!
//! `sending` is durable before the text is handed over. Whatever dies after that leaves a doubt, and
//! a doubt is sent again under the same Message-ID.

use std::sync::Arc;
use std::time::Duration;

use db::Tx;
use kernel::{Id as _, MessageId, OrganisationId, Timestamp, fail_point};

use super::delivery::{DeliveryState, Envelope, RecipientState};
use super::mail_server::own_name;
use super::round::{Lane, TURN, pause};
use super::smtp::{Kind, Session, Stage, Trouble};
use super::store::{self, MailRow};
use super::{PATIENCE, Refused, letter, smtp};
use crate::Actor;
use crate::audit::{self, Action, Audit, Entry};
use crate::channels::{Channels, Error};
use crate::desk::{Desk, MessageContent};
use crate::vault::{Column, SubjectKeys};

/// The first and the longest pause before a mail is tried again.
const MAIL_PAUSE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// What became of one mail in this round.
pub(super) enum Outcome {
    Sent,
    Failed,
    PutOff,
    /// It was taken back, or its customer erased.
    Gone,
    /// The server cannot be used; the mail is as it was.
    Unusable(Trouble),
}

/// A mail opened for sending.
struct Job {
    row: MailRow,
    envelope: Envelope,
    content: MessageContent,
    keys: Arc<SubjectKeys>,
}

/// How handing over ended.
enum Handed {
    /// The server was asked for every recipient, and took the text if it took any of them.
    Through,
    /// It was taken back meanwhile.
    Gone,
    Stopped(Trouble),
}

impl Channels {
    /// Brings one mail on its way. One that cannot be put together waits, and the others go on.
    pub(super) async fn deliver(
        &self,
        organisation: OrganisationId,
        lane: &Lane,
        session: &mut Option<Session>,
        (message, holder): (MessageId, &[u8; 16]),
    ) -> Result<Outcome, Error> {
        match self.try_to_deliver(organisation, lane, session, (message, holder)).await {
            Err(error) if !matches!(error, Error::Database(_) | Error::Stale) => {
                tracing::error!(%organisation, %message, %error, "a mail cannot be put together");
                metrics::counter!("doorward_mail_out", "outcome" => "broken").increment(1);
                self.set_aside(organisation, message).await
            }
            done => done,
        }
    }

    async fn try_to_deliver(
        &self,
        organisation: OrganisationId,
        lane: &Lane,
        session: &mut Option<Session>,
        (message, holder): (MessageId, &[u8; 16]),
    ) -> Result<Outcome, Error> {
        let Some(mut job) = self.job(organisation, message).await? else { return Ok(Outcome::Gone) };
        let now = self.context.clock.now();
        if job.row.state == DeliveryState::Sending {
            // Whoever handed it over died before the answer was written down.
            job.row.doubts += 1;
            job.row.state = DeliveryState::Queued;
        }
        if now.since(job.row.created_at) > PATIENCE {
            let words = job.envelope.trouble.clone().map_or_else(|| NOT_IN_TIME.to_owned(), |(_, words)| words);
            job.refuse_all(&words);
            return self.settle(organisation, job, now).await;
        }
        let wire = self.wire(organisation, &job).await?;
        let own = lane.own.iter().find(|own| own.id == job.row.own_address).ok_or(Refused::UnknownOwnAddress)?;
        let from = if job.envelope.automatic { String::new() } else { own.details.on_the_wire()? };
        loop {
            let is_fresh = session.is_none();
            if is_fresh {
                match Session::open(&lane.server, &own_name(&own.details.address), &mut |_| ()).await {
                    Ok(open) => *session = Some(open),
                    Err(trouble) => return Ok(Outcome::Unusable(trouble)),
                }
                if lane.failures > 0 {
                    self.tell_server(organisation, lane.scope, (0, None)).await?;
                }
            }
            let Some(open) = session.as_mut() else { continue };
            let handed = self.hand_over(organisation, open, &mut job, (&from, &wire), holder).await?;
            let is_over = match &handed {
                Handed::Through => job.envelope.waiting().next().is_some() && !open.reset().await,
                Handed::Gone => !open.reset().await,
                Handed::Stopped(trouble) => trouble.kind == Kind::Lost || !open.reset().await,
            };
            if is_over {
                *session = None;
            }
            match handed {
                Handed::Gone => return Ok(Outcome::Gone),
                // A session that was kept open may have been closed meanwhile, which is nobody's fault.
                Handed::Stopped(trouble)
                    if !is_fresh && trouble.kind == Kind::Lost && trouble.stage == Stage::Sender => {}
                Handed::Stopped(trouble) => {
                    job.row.doubts += u64::from(trouble.is_doubtful());
                    if trouble.kind == Kind::Permanent {
                        job.refuse_all(&trouble.words);
                    }
                    job.envelope.trouble = Some((trouble.stage, trouble.words));
                    return self.settle(organisation, job, now).await;
                }
                Handed::Through => return self.settle(organisation, job, now).await,
            }
        }
    }

    /// A mail that waits, opened; none when it does not wait any more.
    async fn job(&self, organisation: OrganisationId, message: MessageId) -> Result<Option<Job>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let Some(row) = store::mail(tx, organisation, message, false)?.filter(|row| row.due_at.is_some()) else {
                return Ok(None);
            };
            let said = Desk::said(tx, organisation, row.conversation, message)?;
            let keys = channels.vault.keys(tx, organisation, row.customer.into())?;
            let document = said.and_then(|said| said.sealed);
            let (Some(keys), Some(document), Some(sealed)) = (keys, document, &row.sealed) else {
                return Err(Error::Out(Refused::Erased));
            };
            let envelope = serde_json::from_slice(&keys.open(Column::OutgoingMail, message.bytes(), sealed)?)?;
            let content = serde_json::from_slice(&keys.open(Column::Message, message.bytes(), &document)?)?;
            Ok::<_, Error>(Some(Job { row, envelope, content, keys }))
        };
        self.context.db.read("channels.mail_to_send", read).await
    }

    /// The mail as it travels.
    async fn wire(&self, organisation: OrganisationId, job: &Job) -> Result<Vec<u8>, Error> {
        let files = self.opened_files(organisation, job.row.message).await?;
        let (content, envelope) = (job.content.clone(), job.envelope.clone());
        let (written, context) = (job.row.created_at, Arc::clone(&self.context));
        // Encoding large files would hold the other tasks of this thread up.
        let made = tokio::task::spawn_blocking(move || {
            smtp::dotted(&letter::write(&content, &envelope, &files, written, &*context.entropy))
        });
        made.await.map_err(|_| Error::Died)
    }

    async fn hand_over(
        &self,
        organisation: OrganisationId,
        session: &mut Session,
        job: &mut Job,
        (from, wire): (&str, &[u8]),
        holder: &[u8; 16],
    ) -> Result<Handed, Error> {
        if let Err(trouble) = session.sender(from, wire.len()).await {
            return Ok(Handed::Stopped(trouble));
        }
        let mut taken = Vec::new();
        let waiting = job.envelope.recipients.iter_mut().filter(|one| one.state == RecipientState::Waiting);
        for recipient in waiting {
            match session.recipient(&recipient.address).await {
                Ok(()) => taken.push(recipient),
                Err(trouble) if trouble.kind == Kind::Lost => return Ok(Handed::Stopped(trouble)),
                Err(trouble) => {
                    if trouble.kind == Kind::Permanent {
                        recipient.state = RecipientState::Refused;
                    }
                    recipient.words = Some(trouble.words.clone());
                    job.envelope.trouble = Some((trouble.stage, trouble.words));
                }
            }
        }
        if taken.is_empty() {
            return Ok(Handed::Through);
        }
        if !self.mark_sending(organisation, &job.row, holder).await? {
            return Ok(Handed::Gone);
        }
        job.row.state = DeliveryState::Sending;
        fail_point::pass("channels.mail_out.sending");
        if let Err(trouble) = session.data().await {
            return Ok(Handed::Stopped(trouble));
        }
        match session.text(wire).await {
            Ok(words) => {
                fail_point::pass("channels.mail_out.taken");
                for recipient in taken {
                    recipient.state = RecipientState::Accepted;
                    recipient.words = Some(words.clone());
                }
                Ok(Handed::Through)
            }
            Err(trouble) => Ok(Handed::Stopped(trouble)),
        }
    }

    /// Writes down that the text is about to be handed over; false when it must not be.
    async fn mark_sending(
        &self,
        organisation: OrganisationId,
        row: &MailRow,
        holder: &[u8; 16],
    ) -> Result<bool, Error> {
        let (mut row, now, holder) = (row.clone(), self.context.clock.now(), *holder);
        row.state = DeliveryState::Sending;
        let write = move |tx: &mut Tx<'_>| {
            let there = store::mail(tx, organisation, row.message, true)?;
            if there.is_none_or(|there| there.due_at.is_none() || there.sealed.is_none()) {
                return Ok(false);
            }
            if !store::keep_turn(tx, organisation, &holder, now.plus(TURN))? {
                return Err(Error::Stale);
            }
            store::move_mail(tx, organisation, &row, now)?;
            Desk::touch(tx, organisation, row.conversation, now)?;
            Ok::<_, Error>(true)
        };
        self.context.db.write("channels.mark_sending", write).await
    }

    /// Has a mail wait for the longest pause.
    async fn set_aside(&self, organisation: OrganisationId, message: MessageId) -> Result<Outcome, Error> {
        let now = self.context.clock.now();
        let write = move |tx: &mut Tx<'_>| {
            let Some(mut row) = store::mail(tx, organisation, message, true)?.filter(|row| row.due_at.is_some()) else {
                return Ok(());
            };
            (row.tries, row.due_at) = (row.tries + 1, Some(now.plus(MAIL_PAUSE.1)));
            Ok::<_, Error>(store::move_mail(tx, organisation, &row, now)?)
        };
        self.context.db.write("channels.set_aside", write).await.map(|()| Outcome::PutOff)
    }

    /// Writes down where the mail stands after a try.
    async fn settle(&self, organisation: OrganisationId, job: Job, now: Timestamp) -> Result<Outcome, Error> {
        let Job { mut row, mut envelope, keys, .. } = job;
        let waits = envelope.waiting().next().is_some();
        let is_refused = envelope.recipients.iter().any(|one| one.state == RecipientState::Refused);
        row.tries += 1;
        let outcome = if waits {
            row.state = DeliveryState::Queued;
            row.due_at = Some(now.plus(pause(MAIL_PAUSE, row.tries, &*self.context.entropy)));
            Outcome::PutOff
        } else {
            row.due_at = None;
            row.state = if is_refused { DeliveryState::Failed } else { DeliveryState::Sent };
            if is_refused {
                Outcome::Failed
            } else {
                envelope.trouble = None;
                Outcome::Sent
            }
        };
        count(&outcome, row.doubts);
        let document = serde_json::to_vec(&envelope)?;
        row.sealed = Some(keys.seal(Column::OutgoingMail, row.message.bytes(), &document, &*self.context.entropy)?);
        let entries = self.told(&row, &keys, now)?;
        let write = move |tx: &mut Tx<'_>| {
            let there = store::mail(tx, organisation, row.message, true)?;
            if there.is_none_or(|there| there.sealed.is_none()) {
                return Ok(());
            }
            store::move_mail(tx, organisation, &row, now)?;
            Desk::touch(tx, organisation, row.conversation, now)?;
            Ok::<_, Error>(Audit::append(tx, organisation, &entries)?)
        };
        self.context.db.write("channels.settle", write).await.map(|()| outcome)
    }

    /// What the log tells of a mail that is done.
    fn told(&self, row: &MailRow, keys: &SubjectKeys, now: Timestamp) -> Result<Vec<audit::Prepared>, Error> {
        let action = match row.state {
            DeliveryState::Sent => Action::MessageSent,
            DeliveryState::Failed => Action::MessageFailed,
            DeliveryState::Held | DeliveryState::Queued | DeliveryState::Sending => return Ok(Vec::new()),
        };
        let entry = Entry::new(action, Actor::System, now).conversation(row.conversation).object(row.message);
        let entry = if row.doubts > 0 { entry.detail("perhaps more than once") } else { entry };
        Ok(vec![self.audit.prepare(keys, &entry)?])
    }
}

/// What a mail that was tried for too long is told when no server had words for it.
const NOT_IN_TIME: &str = "no mail server took it in three days";

impl Job {
    fn refuse_all(&mut self, words: &str) {
        for recipient in self.envelope.recipients.iter_mut().filter(|one| one.state == RecipientState::Waiting) {
            recipient.state = RecipientState::Refused;
            recipient.words = Some(words.to_owned());
        }
    }
}

fn count(outcome: &Outcome, doubts: u64) {
    let word = match outcome {
        Outcome::Sent if doubts > 0 => "sent_perhaps_twice",
        Outcome::Sent => "sent",
        Outcome::Failed => "failed",
        Outcome::PutOff => "put_off",
        Outcome::Gone | Outcome::Unusable(_) => return,
    };
    metrics::counter!("doorward_mail_out", "outcome" => word).increment(1);
}
