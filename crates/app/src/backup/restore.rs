//! Bringing a backup back: only where nothing is, all of it or nothing, and never without what was
//! erased since. The rows and the erasures made again commit in one transaction.

use std::sync::Arc;

use db::Tx;
use db::copy::{Portable, Table, tables};
use kernel::{OrganisationId, Timestamp, fail_point};

use super::{Backup, Error, Manifest, Places, Progress, blobs, blocking, is_keys};
use crate::Actor;
use crate::audit::Announced;
use crate::vault::{Returned, Since};

/// A restore that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// Rows brought back, before erasures were made again.
    pub rows: u64,
    /// Blobs brought back.
    pub blobs: u64,
    /// Customers who were erased since the backup, and are again.
    pub erased: u64,
    /// Customers of whom nothing opens any more, because a rotation since has destroyed the key that
    /// wraps theirs: given up as if they were erased.
    pub lost: u64,
    /// Organisations for whose own keys the same holds. They have new ones; what the old ones sealed
    /// (agents' addresses, mail in quarantine, the log's entries about the organisation) stays closed.
    pub organisations_lost: Vec<OrganisationId>,
}

/// Everything that the transaction needs.
struct Plan {
    places: Places,
    manifest: Manifest,
    since: Vec<(OrganisationId, Since)>,
    actor: Actor,
    now: Timestamp,
    progress: Progress,
}

impl Backup {
    /// Fills this empty database and blob store from a backup. Nothing may serve before it returns.
    ///
    /// The keyring is the present one, which knows what was erased since; the log that comes back is
    /// announced to be older than the last checkpoint.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::NoBackup`], [`Error::Manifest`], [`Error::Schema`],
    /// [`Error::Changed`], [`Error::OtherKeyring`], and [`crate::vault::Error::OlderKeyring`]: nothing was
    /// restored. After any of them the database is still empty; what was copied into the blob store
    /// is to be removed.
    pub async fn restore(&self, places: &Places, actor: Actor, progress: Progress) -> Result<Restored, Error> {
        let from = places.clone();
        let manifest = blocking(move || {
            let manifest = Manifest::read(&from)?;
            manifest.check_files(&from)?;
            Ok(manifest)
        })
        .await?;
        let since = self.look_before(&manifest).await?;
        let (from, store, told) = (places.clone(), self.context.blobs.clone(), Arc::clone(&progress));
        let total = manifest.blobs;
        let copied = blocking(move || blobs::copy_back(&from, &store, total, &told)).await?;
        fail_point::pass("backup.restore.blobs");
        let now = self.context.clock.now();
        let plan = Plan { places: places.clone(), manifest: manifest.clone(), since, actor, now, progress };
        let backup = self.clone();
        let (rows, returned) = self.context.db.write("backup.restore", move |tx| backup.fill_in(tx, &plan)).await?;
        fail_point::pass("backup.restore.durable");
        self.settle(&returned).await?;
        let count = |of: fn(&Returned) -> usize| returned.iter().map(|(_, returned)| of(returned) as u64).sum();
        Ok(Restored {
            manifest,
            rows,
            blobs: copied,
            erased: count(|returned| returned.erased.len()),
            lost: count(|returned| returned.lost.len()),
            organisations_lost: returned
                .iter()
                .filter(|(_, returned)| returned.organisation_lost)
                .map(|(organisation, _)| *organisation)
                .collect(),
        })
    }

    /// Refuses a target that is not empty and a keyring that is not the backup's.
    async fn look_before(&self, manifest: &Manifest) -> Result<Vec<(OrganisationId, Since)>, Error> {
        let store = self.context.blobs.clone();
        if !blocking(move || blobs::is_empty(&store)).await? {
            return Err(Error::NotEmpty(self.context.blobs.display().to_string()));
        }
        self.context.db.read("backup.is_empty", check_empty).await?;
        let known = self.context.keyring.organisations();
        let mut since = Vec::with_capacity(manifest.organisations.len());
        for log in &manifest.organisations {
            if !known.contains(&log.organisation) {
                return Err(Error::OtherKeyring(log.organisation));
            }
            since.push((log.organisation, self.vault.since_backup(log.organisation).await?));
        }
        Ok(since)
    }

    fn fill_in(&self, tx: &mut Tx<'_>, plan: &Plan) -> Result<(u64, Vec<(OrganisationId, Returned)>), Error> {
        check_empty(tx)?;
        let rows = load(tx, plan)?;
        let detail = format!("made at {}, {rows} rows", plan.manifest.created_at.micros());
        let mut returned = Vec::with_capacity(plan.since.len());
        for (organisation, since) in &plan.since {
            let settled = (plan.actor, detail.as_str(), plan.now);
            returned.push((*organisation, self.vault.settle_restored(tx, &self.audit, *organisation, since, settled)?));
        }
        Ok((rows, returned))
    }

    /// What follows from the rows that are there now.
    async fn settle(&self, returned: &[(OrganisationId, Returned)]) -> Result<(), Error> {
        for (organisation, returned) in returned {
            self.audit.check_start(*organisation, Announced::Restore).await?;
            self.vault.forget_returned(*organisation, returned);
            self.channels.remove_due_blobs(*organisation).await?;
        }
        Ok(self.context.db.scrub().await?)
    }
}

fn check_empty(tx: &mut Tx<'_>) -> Result<(), Error> {
    for table in tables()? {
        if !table.is_empty(tx)? {
            return Err(Error::NotEmpty(format!("the table {}", table.name())));
        }
    }
    Ok(())
}

/// Copies every table, each after those that it refers to.
fn load(tx: &mut Tx<'_>, plan: &Plan) -> Result<u64, Error> {
    let data = Portable::open(&plan.places.data_file())?;
    let keys = Portable::open(&plan.places.keys_file())?;
    let total = plan.manifest.tables.values().sum();
    let mut done = 0;
    for table in tables()? {
        let file = if is_keys(table) { &keys } else { &data };
        let before = done;
        let mut told = |more: u64| {
            done += more;
            (plan.progress)("rows", done, Some(total));
        };
        table.copy(&mut file.tx(), tx, &mut told)?;
        check_count(plan, table, done - before)?;
    }
    Ok(done)
}

fn check_count(plan: &Plan, table: &Table, found: u64) -> Result<(), Error> {
    let file = if is_keys(table) { plan.places.keys_file() } else { plan.places.data_file() };
    let expected = plan.manifest.tables.get(table.name()).copied();
    if expected == Some(found) { Ok(()) } else { Err(Error::Changed(file)) }
}
