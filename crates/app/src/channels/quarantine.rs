//! Mail that cannot be understood: kept whole and sealed under the organisation's own key, with
//! its reason, until somebody looks at it or a better reader lets it in.

use bytes::Bytes;
use envelope::chunked::FileKey;
use kernel::{Id, OrganisationId, QuarantineId, Timestamp, limits};
use zeroize::Zeroizing;

use super::blobs::Stored;
use super::store::{QuarantineContent, QuarantineRow};
use super::{Arrival, Channels, Error, Outcome, receive, store};
use crate::Actor;
use crate::access::Permit;
use crate::access::action::{ListQuarantine, ReadQuarantine, ReleaseQuarantine};
use crate::audit::{Action, Audit, Entry};
use crate::vault::Column;

/// A mail in quarantine, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Quarantined {
    /// Its id.
    pub id: QuarantineId,
    /// Why it could not be understood.
    pub reason: String,
    /// Bytes of the raw mail.
    pub size: u64,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was let in after all.
    pub released_at: Option<Timestamp>,
}

/// A mail in quarantine with its raw bytes. Personal: neither printed nor serialised.
pub struct QuarantinedMail {
    /// What lists show.
    pub about: Quarantined,
    /// The raw mail.
    pub raw: Zeroizing<Vec<u8>>,
}

impl From<QuarantineRow> for Quarantined {
    fn from(row: QuarantineRow) -> Self {
        let QuarantineRow { id, reason, size, received_at, released_at } = row;
        Self { id, reason, size, received_at, released_at }
    }
}

impl Channels {
    /// Seals a mail as it came and keeps it with the reason.
    pub(super) async fn quarantine(
        &self,
        organisation: OrganisationId,
        arrival: &Arrival,
        reason: &str,
    ) -> Result<Outcome, Error> {
        let entropy = &*self.context.entropy;
        let now = self.context.clock.now();
        let (reference, identity) = self.unread_hashes(organisation, &arrival.raw)?;
        let vault = self.vault.clone();
        let keys = self
            .context
            .db
            .read("channels.organisation_keys", move |tx| vault.keys(tx, organisation, organisation.into()))
            .await?
            .ok_or(Error::Stale)?;
        let id = QuarantineId::new(now, entropy);
        let file = FileKey::generate(entropy);
        let stored = self.blobs.put(&file, id.bytes(), &arrival.raw, entropy).await?;
        let blob = stored.name;
        let row = QuarantineRow {
            id,
            reason: reason.to_owned(),
            size: arrival.raw.len() as u64,
            received_at: now,
            released_at: None,
        };
        let content = QuarantineContent {
            key_sealed: keys.seal_file_key(Column::QuarantineKey, id.bytes(), &file, entropy)?,
            content: stored.content,
            blob_name: stored.name,
        };
        let entry = Entry::new(Action::MailQuarantined, arrival.actor, now).object(id).detail(reason);
        let entry = [self.audit.prepare(&keys, &entry)?];
        let outcome = self
            .context
            .db
            .write("channels.quarantine", move |tx| {
                let arrival = store::insert_arrival(tx, organisation, (&reference, &identity), None, Some(id))?;
                if tx.answer_opt(arrival)?.is_none() {
                    return Ok::<_, Error>(Outcome::Duplicate);
                }
                store::insert_quarantine(tx, organisation, &row, &content)?;
                Audit::append(tx, organisation, &entry)?;
                Ok(Outcome::Quarantined(id))
            })
            .await;
        // After an error the commit may stand all the same, and then the blob is needed; without it the
        // blob is sealed under a key that was never stored, so leaving it behind tells nothing.
        if let (Some(name), Ok(Outcome::Duplicate)) = (blob, &outcome) {
            let _ = self.blobs.remove(&name).await;
        }
        outcome
    }

    /// What lies in quarantine, newest first, after a given id.
    pub async fn quarantined(
        &self,
        permit: &Permit<ListQuarantine>,
        before: Option<QuarantineId>,
        limit: usize,
    ) -> Result<Vec<Quarantined>, Error> {
        permit.in_force(self.context.clock.now())?;
        let organisation = permit.organisation();
        let before = before.unwrap_or_else(|| QuarantineId::from_bytes([0xFF; 16]));
        let limit = limit.min(limits::PAGE_ROWS);
        let rows = self
            .context
            .db
            .read("channels.quarantined", move |tx| {
                Ok::<_, Error>(store::list_quarantine(tx, organisation, before, limit)?)
            })
            .await?;
        Ok(rows.into_iter().map(Quarantined::from).collect())
    }

    /// Opens a mail in quarantine; the look is in the log before it is answered.
    pub async fn open_quarantined(&self, permit: &Permit<ReadQuarantine>) -> Result<QuarantinedMail, Error> {
        permit.in_force(self.context.clock.now())?;
        self.open_sealed(permit.organisation(), *permit.resource(), permit.actor()).await
    }

    async fn open_sealed(
        &self,
        organisation: OrganisationId,
        id: QuarantineId,
        actor: Actor,
    ) -> Result<QuarantinedMail, Error> {
        let now = self.context.clock.now();
        let (keys, (row, content)) = self.sealed_quarantine(organisation, id).await?;
        let entry = [self.audit.prepare(&keys, &Entry::new(Action::QuarantineRead, actor, now).object(id))?];
        self.context.db.write("channels.quarantine_read", move |tx| Audit::append(tx, organisation, &entry)).await?;
        if row.released_at.is_some() {
            return Err(Error::Released);
        }
        let file = keys.open_file_key(Column::QuarantineKey, id.bytes(), &content.key_sealed)?;
        let stored = Stored { content: content.content, name: content.blob_name };
        let raw = self.blobs.get(&file, id.bytes(), stored).await?;
        Ok(QuarantinedMail { about: row.into(), raw })
    }

    async fn sealed_quarantine(
        &self,
        organisation: OrganisationId,
        id: QuarantineId,
    ) -> Result<(std::sync::Arc<crate::vault::SubjectKeys>, (QuarantineRow, QuarantineContent)), Error> {
        let vault = self.vault.clone();
        self.context
            .db
            .read("channels.sealed_quarantine", move |tx| {
                let found = store::quarantine(tx, organisation, id)?.ok_or(Error::NotQuarantined)?;
                let keys = vault.keys(tx, organisation, organisation.into())?.ok_or(Error::Stale)?;
                Ok::<_, Error>((keys, found))
            })
            .await
    }

    /// Tries a mail again, for instance with a newer version; it leaves quarantine when it reads.
    /// Whoever lets it out sees nothing of it.
    pub async fn release(&self, permit: &Permit<ReleaseQuarantine>) -> Result<Outcome, Error> {
        permit.in_force(self.context.clock.now())?;
        let (organisation, id, actor) = (permit.organisation(), *permit.resource(), permit.actor());
        let opened = self.open_sealed(organisation, id, actor).await?;
        let raw = Bytes::copy_from_slice(&opened.raw);
        let mail = receive::read(raw.clone()).await.map_err(Error::StillUnreadable)?;
        let arrival = Arrival { raw, client: super::Client::default(), actor, authenticate: false };
        let outcome = self.store_mail(organisation, arrival, mail).await?;
        self.mark_released(organisation, id, actor).await?;
        Ok(outcome)
    }

    async fn mark_released(&self, organisation: OrganisationId, id: QuarantineId, actor: Actor) -> Result<(), Error> {
        let now = self.context.clock.now();
        let (keys, (_, content)) = self.sealed_quarantine(organisation, id).await?;
        let entry = [self.audit.prepare(&keys, &Entry::new(Action::MailReleased, actor, now).object(id))?];
        self.context
            .db
            .write("channels.release", move |tx| {
                if !store::release(tx, organisation, id, now)? {
                    return Err(Error::Released);
                }
                if let Some(name) = &content.blob_name {
                    store::insert_removal(tx, organisation, name, now)?;
                }
                store::forget_arrival(tx, organisation, id)?;
                Ok::<_, Error>(Audit::append(tx, organisation, &entry)?)
            })
            .await?;
        self.remove_due_blobs(organisation).await.map(drop)
    }

    /// Removes blobs whose rows are gone; what fails stays due. Returns how many went.
    pub async fn remove_due_blobs(&self, organisation: OrganisationId) -> Result<usize, Error> {
        let now = self.context.clock.now();
        let mut removed = 0;
        loop {
            let due = self
                .context
                .db
                .read("channels.due_removals", move |tx| {
                    Ok::<_, Error>(store::due_removals(tx, organisation, now, limits::PAGE_ROWS)?)
                })
                .await?;
            if due.is_empty() {
                return Ok(removed);
            }
            for name in due {
                self.blobs.remove(&name).await?;
                self.context
                    .db
                    .write("channels.removal_done", move |tx| {
                        Ok::<_, Error>(store::removal_done(tx, organisation, &name)?)
                    })
                    .await?;
                removed += 1;
            }
        }
    }
}
