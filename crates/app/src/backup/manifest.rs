//! The manifest: what a backup holds, so that a restore knows whether it is whole and its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};

use kernel::{OrganisationId, Timestamp};

use super::durable_file::{self, Fingerprint};
use super::{Error, FORMAT, Places, io, schema};

/// Bytes of a manifest that are read: some ten thousand organisations.
const MANIFEST_BYTES: u64 = 16 * 1024 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// The version of the files' layout.
    pub format: u32,
    /// The schema's number.
    pub schema: i64,
    /// The moment that the backup shows.
    pub created_at: Timestamp,
    /// Where each organisation's audit log stood.
    pub organisations: Vec<OrganisationLog>,
    /// Rows of each table.
    pub tables: BTreeMap<String, u64>,
    /// Blobs in the list.
    pub blobs: u64,
    pub(super) data_file: Fingerprint,
    pub(super) keys_file: Fingerprint,
    pub(super) blob_list: Fingerprint,
}

/// Where an audit log stood.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OrganisationLog {
    /// Whose log.
    pub organisation: OrganisationId,
    /// Entries in it.
    pub size: u64,
    /// Its last signed checkpoint.
    pub checkpoint: Option<String>,
}

impl Manifest {
    /// Reads the manifest of a finished backup that this program can restore.
    pub fn read(places: &Places) -> Result<Self, Error> {
        let path = places.manifest();
        let file = match File::open(&path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(Error::NoBackup(places.data.clone()));
            }
            file => file.map_err(io(&path))?,
        };
        let mut text = Vec::new();
        file.take(MANIFEST_BYTES).read_to_end(&mut text).map_err(io(&path))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| Error::Manifest(path.clone()))?;
        if manifest.format != FORMAT {
            return Err(Error::Manifest(path));
        }
        if manifest.schema != schema() {
            return Err(Error::Schema { found: manifest.schema, known: schema() });
        }
        Ok(manifest)
    }

    /// Writes it, which makes the backup one.
    pub(super) fn write(&self, places: &Places) -> Result<(), Error> {
        let path = places.manifest();
        // Only maps with keys that are no strings fail, and there are none.
        let text = serde_json::to_vec_pretty(self).map_err(|_| Error::Manifest(path.clone()))?;
        durable_file::write(&path, &text).map_err(io(&path))
    }

    /// Checks that the files are those that were written with it.
    pub(super) fn check_files(&self, places: &Places) -> Result<(), Error> {
        let files = [
            (places.data_file(), &self.data_file),
            (places.keys_file(), &self.keys_file),
            (places.blob_list(), &self.blob_list),
        ];
        for (path, expected) in files {
            if durable_file::fingerprint(&path).map_err(io(&path))? != *expected {
                return Err(Error::Changed(path));
            }
        }
        Ok(())
    }
}
