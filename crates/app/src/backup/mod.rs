//! Backups: everything as it was at one moment, in files that go back into either engine. Data and
//! wrapped keys lie apart, and neither opens anything without the keyring, which is in no backup.

mod blobs;
mod durable_file;
mod error;
mod manifest;
mod restore;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Context;
use crate::audit::Audit;
use crate::channels::Channels;
use crate::vault::{self, Vault};

pub use error::Error;
pub use manifest::{Manifest, OrganisationLog};
pub use restore::Restored;
pub use write::Written;

/// The version of the files' layout.
const FORMAT: u32 = 1;
/// Every table but the wrapped keys.
const DATA_FILE: &str = "data.sqlite";
/// The wrapped keys.
const KEYS_FILE: &str = "keys.sqlite";
/// Large sealed files.
const BLOBS_FOLDER: &str = "blobs";
/// The names, sizes and hashes of those.
const BLOB_LIST: &str = "blobs.list";
/// Written last: a folder without it is no backup.
const MANIFEST_FILE: &str = "manifest.json";

/// Hears what is being done, how many pieces of it are done, and how many there are in all where
/// that is known.
pub type Progress = Arc<dyn Fn(&str, u64, Option<u64>) + Send + Sync>;

/// The two folders of a backup, to be kept in different places.
#[derive(Clone, Debug)]
pub struct Places {
    /// Everything but the wrapped keys.
    pub data: PathBuf,
    /// The wrapped keys, kept no longer than the deadline of erasures.
    pub keys: PathBuf,
}

impl Places {
    fn data_file(&self) -> PathBuf {
        self.data.join(DATA_FILE)
    }

    fn keys_file(&self) -> PathBuf {
        self.keys.join(KEYS_FILE)
    }

    fn blobs(&self) -> PathBuf {
        self.data.join(BLOBS_FOLDER)
    }

    fn blob_list(&self) -> PathBuf {
        self.data.join(BLOB_LIST)
    }

    fn manifest(&self) -> PathBuf {
        self.data.join(MANIFEST_FILE)
    }
}

/// Makes backups and brings them back.
#[derive(Clone)]
pub struct Backup {
    context: Arc<Context>,
    vault: Vault,
    audit: Audit,
    channels: Channels,
}

impl Backup {
    pub(crate) const fn new(context: Arc<Context>, vault: Vault, audit: Audit, channels: Channels) -> Self {
        Self { context, vault, audit, channels }
    }
}

fn is_keys(table: &db::copy::Table) -> bool {
    table.name() == vault::KEYS_TABLE
}

/// The number of the last schema upgrade that this program has.
fn schema() -> i64 {
    db::migrate::ALL.last().map_or(0, |migration| migration.number)
}

/// Runs what waits for a disk beside the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let stopped = |_| Error::Database(db::Error::Panicked("backup"));
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}
