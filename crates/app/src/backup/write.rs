//! Making a backup of a running product: one unchanging view of the rows, then the blobs that they
//! name, and last the manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use db::Tx;
use db::copy::{Portable, Table, tables};
use kernel::{OrganisationId, Timestamp, fail_point};

use super::durable_file::{self, Fingerprint};
use super::{Backup, Error, FORMAT, Manifest, OrganisationLog, Places, Progress, blobs, blocking, io, is_keys, schema};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};

/// A backup that is whole and on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it holds.
    pub manifest: Manifest,
    /// Files written.
    pub files: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Blobs that were gone when their turn came: their rows were removed meanwhile.
    pub missing_blobs: u64,
}

struct Rows {
    organisations: Vec<OrganisationLog>,
    tables: BTreeMap<String, u64>,
}

impl Backup {
    /// Writes everything as it is at this moment into two folders that do not exist yet. The product
    /// goes on meanwhile. What was begun and not finished is removed again.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Together`], [`Error::Io`].
    pub async fn write(&self, places: &Places, actor: Actor, progress: Progress) -> Result<Written, Error> {
        if places.data.starts_with(&places.keys) || places.keys.starts_with(&places.data) {
            return Err(Error::Together);
        }
        make_folder(&places.data)?;
        if let Err(error) = make_folder(&places.keys) {
            remove(&places.data);
            return Err(error);
        }
        let written = self.fill(places, actor, progress).await;
        if written.is_err() {
            remove(&places.data);
            remove(&places.keys);
        }
        written
    }

    async fn fill(&self, places: &Places, actor: Actor, progress: Progress) -> Result<Written, Error> {
        let now = self.context.clock.now();
        let organisations = self.context.keyring.organisations();
        let (to, told, logs) = (places.clone(), Arc::clone(&progress), organisations.clone());
        let rows = self.context.db.snapshot("backup.write", move |tx| copy_rows(tx, &to, &logs, &told)).await?;
        fail_point::pass("backup.write.rows");
        let (to, store) = (places.clone(), self.context.blobs.clone());
        let copied = blocking(move || blobs::copy_out(&store, &to, &progress)).await?;
        fail_point::pass("backup.write.blobs");
        let manifest = Manifest {
            format: FORMAT,
            schema: schema(),
            created_at: now,
            organisations: rows.organisations,
            tables: rows.tables,
            blobs: copied.copied,
            data_file: fingerprint(places.data_file()).await?,
            keys_file: fingerprint(places.keys_file()).await?,
            blob_list: fingerprint(places.blob_list()).await?,
        };
        for organisation in organisations {
            self.put_on_record(organisation, actor, now).await?;
        }
        let (to, finished) = (places.clone(), manifest.clone());
        blocking(move || finished.write(&to)).await?;
        fail_point::pass("backup.write.manifest");
        let rows_and_lists = [&manifest.data_file, &manifest.keys_file, &manifest.blob_list];
        let bytes = copied.bytes + rows_and_lists.iter().map(|file| file.bytes).sum::<u64>();
        // The manifest is one more.
        let files = copied.copied + rows_and_lists.len() as u64 + 1;
        Ok(Written { manifest, files, bytes, missing_blobs: copied.missing })
    }

    /// The entry comes before the manifest: without it, there is no backup.
    async fn put_on_record(&self, organisation: OrganisationId, actor: Actor, now: Timestamp) -> Result<(), Error> {
        let (vault, audit) = (self.vault.clone(), self.audit.clone());
        self.context
            .db
            .write("backup.made", move |tx| {
                // An organisation without keys has nothing in this database.
                let Some(keys) = vault.keys(tx, organisation, organisation.into())? else { return Ok(()) };
                let entry = audit.prepare(&keys, &Entry::new(Action::BackupMade, actor, now))?;
                Ok::<_, Error>(Audit::append(tx, organisation, &[entry])?)
            })
            .await
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    match durable_file::make_folder(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::Exists(path.to_owned())),
        made => made.map_err(io(path)),
    }
}

/// Removes a folder of ours that did not become a backup.
fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(folder = %folder.display(), %error, "an unfinished backup could not be removed");
    }
}

async fn fingerprint(path: std::path::PathBuf) -> Result<Fingerprint, Error> {
    blocking(move || durable_file::fingerprint(&path).map_err(io(&path))).await
}

/// Copies every table of one view of the data, the wrapped keys into a file of their own.
fn copy_rows(
    tx: &mut Tx<'_>,
    places: &Places,
    organisations: &[OrganisationId],
    progress: &Progress,
) -> Result<Rows, Error> {
    let tables = tables()?;
    let mut total = 0;
    for table in tables {
        total += table.count(tx)?;
    }
    let mut done = 0;
    let mut counts = BTreeMap::new();
    let mut told = |more| {
        done += more;
        progress("rows", done, Some(total));
    };
    let (keys, data): (Vec<_>, Vec<_>) = tables.iter().partition(|table| is_keys(table));
    for (path, tables) in [(places.data_file(), data), (places.keys_file(), keys)] {
        counts.extend(copy_tables(tx, &path, &tables, &mut told)?);
    }
    let mut logs = Vec::with_capacity(organisations.len());
    for organisation in organisations.iter().copied() {
        let (size, checkpoint) = Audit::end(tx, organisation)?;
        logs.push(OrganisationLog { organisation, size, checkpoint });
    }
    Ok(Rows { organisations: logs, tables: counts })
}

fn copy_tables(
    tx: &mut Tx<'_>,
    path: &Path,
    tables: &[&'static Table],
    told: &mut dyn FnMut(u64),
) -> Result<Vec<(String, u64)>, Error> {
    let (_, unfinished) = durable_file::begin(path).map_err(io(path))?;
    let file = Portable::create(&unfinished, tables)?;
    let mut counts = Vec::with_capacity(tables.len());
    for table in tables {
        counts.push((table.name().to_owned(), table.copy(tx, &mut file.tx(), told)?));
    }
    file.finish()?;
    durable_file::finish(&unfinished, path).map_err(io(path))?;
    Ok(counts)
}
