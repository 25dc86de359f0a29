//! Adding, listing, pausing and removing mailboxes, each change with its audit entry in the same
//! transaction. The secret goes in and never comes out.

use std::sync::Arc;

use db::{Change, Tx};
use kernel::{Id, MailboxId, OrganisationId};
use zeroize::Zeroizing;

use super::settings::{LogIn, MAILBOXES, Mailbox, NewMailbox, checked_secret};
use super::store::{self, MailboxRow};
use super::{CHANGE, MailboxState, Refusal};
use crate::Actor;
use crate::audit::{Action, Audit, Entry, Prepared};
use crate::channels::{Channels, Error};
use crate::vault::{Column, SubjectKeys};

impl Channels {
    /// Adds a mailbox; it is read from now on wherever the product serves. It is not tried first:
    /// see [`Channels::try_mailbox`].
    pub async fn add_mailbox(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        new: NewMailbox,
    ) -> Result<MailboxId, Error> {
        let new = new.checked()?;
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let keys = self.organisation_keys(organisation).await?;
        let id = MailboxId::new(now, entropy);
        let row = MailboxRow {
            id,
            user_sealed: keys.seal(Column::MailboxUser, id.bytes(), new.log_in.user.as_bytes(), entropy)?,
            secret_sealed: keys.seal(Column::MailboxSecret, id.bytes(), new.log_in.secret.as_bytes(), entropy)?,
            method: new.log_in.method,
            name: new.name,
            server: new.server,
            folder: new.folder,
            put_away: new.put_away,
            since: new.since,
            revision: 1,
            state: MailboxState::new(),
            created_at: now,
        };
        let detail = format!("{}:{}", row.server.host, row.server.port);
        let entries =
            [self.audit.prepare(&keys, &Entry::new(Action::MailboxAdded, actor, now).object(id).detail(detail))?];
        self.context
            .db
            .write("channels.add_mailbox", move |tx| {
                if store::count(tx, organisation)? >= MAILBOXES as u64 {
                    return Err(Refusal::TooMany.into());
                }
                store::insert(tx, organisation, &row)?;
                changed(tx, organisation, id, &entries)
            })
            .await?;
        Ok(id)
    }

    /// All mailboxes, the oldest first, with how their reading goes.
    pub async fn mailboxes(&self, organisation: OrganisationId) -> Result<Vec<Mailbox>, Error> {
        let keys = self.organisation_keys(organisation).await?;
        let rows = self
            .context
            .db
            .read("channels.mailboxes", move |tx| Ok::<_, Error>(store::list(tx, organisation)?))
            .await?;
        rows.into_iter().map(|row| mailbox(&keys, row)).collect()
    }

    /// Stops or resumes the reading of a mailbox; one that is so already stays so, without an entry.
    pub async fn pause_mailbox(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        id: MailboxId,
        paused: bool,
    ) -> Result<(), Error> {
        let word = if paused { "paused" } else { "resumed" };
        let entries = self.mailbox_entry(organisation, Action::MailboxChanged, actor, id, Some(word)).await?;
        self.context
            .db
            .write("channels.pause_mailbox", move |tx| {
                if store::pause(tx, organisation, id, paused)? {
                    return changed(tx, organisation, id, &entries);
                }
                store::one(tx, organisation, id)?.map(drop).ok_or_else(|| Refusal::NoMailbox.into())
            })
            .await
    }

    /// Gives a mailbox another password or token; it is used at once.
    pub async fn set_mailbox_secret(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        id: MailboxId,
        secret: &str,
    ) -> Result<(), Error> {
        checked_secret(secret)?;
        let keys = self.organisation_keys(organisation).await?;
        let sealed = keys.seal(Column::MailboxSecret, id.bytes(), secret.as_bytes(), &*self.context.entropy)?;
        let entries = self.mailbox_entry(organisation, Action::MailboxChanged, actor, id, Some("secret")).await?;
        self.context
            .db
            .write("channels.set_mailbox_secret", move |tx| {
                if !store::set_secret(tx, organisation, id, &sealed)? {
                    return Err(Refusal::NoMailbox.into());
                }
                changed(tx, organisation, id, &entries)
            })
            .await
    }

    /// Removes a mailbox with its secret. What was taken in stays, and so does what lies on the server.
    pub async fn remove_mailbox(&self, organisation: OrganisationId, actor: Actor, id: MailboxId) -> Result<(), Error> {
        let entries = self.mailbox_entry(organisation, Action::MailboxRemoved, actor, id, None).await?;
        self.context
            .db
            .write("channels.remove_mailbox", move |tx| {
                if !store::remove(tx, organisation, id)? {
                    return Err(Refusal::NoMailbox.into());
                }
                changed(tx, organisation, id, &entries)
            })
            .await
    }

    async fn mailbox_entry(
        &self,
        organisation: OrganisationId,
        action: Action,
        actor: Actor,
        id: MailboxId,
        detail: Option<&str>,
    ) -> Result<[Prepared; 1], Error> {
        let keys = self.organisation_keys(organisation).await?;
        let entry = Entry::new(action, actor, self.context.clock.now()).object(id);
        let entry = if let Some(detail) = detail { entry.detail(detail) } else { entry };
        Ok([self.audit.prepare(&keys, &entry)?])
    }

    pub(super) async fn organisation_keys(&self, organisation: OrganisationId) -> Result<Arc<SubjectKeys>, Error> {
        let vault = self.vault.clone();
        self.context
            .db
            .read("channels.organisation_keys", move |tx| vault.keys(tx, organisation, organisation.into()))
            .await?
            .ok_or(Error::Stale)
    }

    /// One mailbox's settings with its opened secret, for the one who reads it.
    pub(super) async fn open_mailbox(
        &self,
        organisation: OrganisationId,
        id: MailboxId,
    ) -> Result<(MailboxRow, LogIn), Error> {
        let keys = self.organisation_keys(organisation).await?;
        let row = self
            .context
            .db
            .read("channels.open_mailbox", move |tx| Ok::<_, Error>(store::one(tx, organisation, id)?))
            .await?
            .ok_or(Refusal::NoMailbox)?;
        let secret = opened(&keys, Column::MailboxSecret, &row, &row.secret_sealed)?;
        let user = opened(&keys, Column::MailboxUser, &row, &row.user_sealed)?;
        let log_in = LogIn { user: (*user).clone(), secret, method: row.method };
        Ok((row, log_in))
    }
}

/// Writes the entry of a change and announces it.
fn changed(tx: &mut Tx<'_>, organisation: OrganisationId, id: MailboxId, entries: &[Prepared]) -> Result<(), Error> {
    Audit::append(tx, organisation, entries)?;
    tx.announce(Change { organisation, kind: CHANGE, id: *id.bytes() });
    Ok(())
}

fn mailbox(keys: &SubjectKeys, row: MailboxRow) -> Result<Mailbox, Error> {
    let user = opened(keys, Column::MailboxUser, &row, &row.user_sealed)?;
    Ok(Mailbox {
        id: row.id,
        name: row.name,
        server: row.server,
        user: (*user).clone(),
        method: row.method,
        folder: row.folder,
        put_away: row.put_away,
        since: row.since,
        state: row.state,
        created_at: row.created_at,
    })
}

fn opened(keys: &SubjectKeys, column: Column, row: &MailboxRow, sealed: &[u8]) -> Result<Zeroizing<String>, Error> {
    let bytes = keys.open(column, row.id.bytes(), sealed)?;
    // What was sealed was a text.
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}
