//! The keyring's file: read and rewritten under a lock, replaced whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::limits::OWNER_WAIT;
use kernel::{OrganisationId, fail_point};
use zeroize::Zeroizing;

use super::document::Document;
use super::{CHECKPOINT_BYTES, KeyringError};

/// Bytes of a keyring file: some thousands of organisations.
const KEYRING_BYTES: usize = 16 * 1024 * 1024;
pub(super) const OWNER_ONLY: u32 = 0o600;
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// Whether the bytes of the file that is replaced are overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Erase {
    Yes,
    No,
}

/// Where a test may make the process die while a file is replaced.
struct FailPoints {
    write: &'static str,
    fsync: &'static str,
    rename: &'static str,
}

const KEYRING_POINTS: FailPoints =
    FailPoints { write: "envelope.keyring.write", fsync: "envelope.keyring.fsync", rename: "envelope.keyring.rename" };
const CHECKPOINT_POINTS: FailPoints = FailPoints {
    write: "envelope.checkpoint.write",
    fsync: "envelope.checkpoint.fsync",
    rename: "envelope.checkpoint.rename",
};

pub(super) struct Storage {
    path: PathBuf,
}

/// The file while its lock is held: by this one alone, or by several that only read.
pub(super) struct Locked<'a> {
    path: &'a Path,
    _lock: File,
}

impl Storage {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the folder (0700) where it is missing.
    pub(super) fn in_new_folder(path: &Path) -> Result<Self, KeyringError> {
        let folder = folder_of(path);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| failed(folder, source))?;
        Ok(Self::new(path))
    }

    /// Waits until nobody else has the lock, [`OWNER_WAIT`] at most.
    pub(super) fn locked_alone(&self) -> Result<Locked<'_>, KeyringError> {
        self.lock(File::try_lock)
    }

    /// Waits until nobody rewrites the file, [`OWNER_WAIT`] at most.
    pub(super) fn locked(&self) -> Result<Locked<'_>, KeyringError> {
        self.lock(File::try_lock_shared)
    }

    fn lock(&self, acquire: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Locked<'_>, KeyringError> {
        let path = beside(&self.path, ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(OWNER_ONLY)
            .open(&path)
            .map_err(|source| failed(&self.path, source))?;
        let mut waited = Duration::ZERO;
        loop {
            match acquire(&file) {
                Ok(()) => return Ok(Locked { path: &self.path, _lock: file }),
                Err(TryLockError::WouldBlock) if waited < OWNER_WAIT => {
                    std::thread::sleep(LOCK_RETRY);
                    waited += LOCK_RETRY;
                }
                Err(TryLockError::WouldBlock) => return Err(KeyringError::Busy { path: self.path.clone() }),
                Err(TryLockError::Error(source)) => return Err(KeyringError::Io { path, source }),
            }
        }
    }
}

impl Locked<'_> {
    pub(super) fn read(&self) -> Result<Document, KeyringError> {
        let text = read_bounded(self.path, KEYRING_BYTES).map_err(|source| failed(self.path, source))?;
        text.and_then(|text| Document::parse(&text)).ok_or_else(|| self.malformed())
    }

    /// The bytes of the file, which must be a keyring.
    pub(super) fn copy(&self) -> Result<Vec<u8>, KeyringError> {
        let text = read_bounded(self.path, KEYRING_BYTES).map_err(|source| failed(self.path, source))?;
        let whole = text.filter(|text| Document::parse(text).is_some());
        whole.map(|text| text.to_vec()).ok_or_else(|| self.malformed())
    }

    /// Writes the first form of the file; refuses where anything stands.
    pub(super) fn create(&self, document: &Document) -> Result<(), KeyringError> {
        if fs::symlink_metadata(self.path).is_ok() {
            return Err(KeyringError::Exists { path: self.path.to_owned() });
        }
        self.replace(document, Erase::No)
    }

    /// Puts a new form in the file's place. The old one stays until the new one is on the disk.
    pub(super) fn replace(&self, document: &Document, erase: Erase) -> Result<(), KeyringError> {
        let text = Zeroizing::new(serde_json::to_vec_pretty(document).map_err(|_| self.malformed())?);
        if text.len() > KEYRING_BYTES {
            return Err(self.malformed());
        }
        let old = match erase {
            Erase::Yes => Some(OpenOptions::new().write(true).open(self.path)),
            Erase::No => None,
        };
        let old = old.transpose().map_err(|source| failed(self.path, source))?;
        replace_file(self.path, &text, &KEYRING_POINTS).map_err(|source| failed(self.path, source))?;
        old.map_or(Ok(()), overwrite).map_err(|source| failed(self.path, source))
    }

    pub(super) fn read_checkpoint(&self, organisation: OrganisationId) -> Result<Option<String>, KeyringError> {
        let path = self.checkpoint_path(organisation);
        match read_bounded(&path, CHECKPOINT_BYTES) {
            Ok(Some(text)) => String::from_utf8(text.to_vec()).map(Some).map_err(|_| KeyringError::Malformed { path }),
            Ok(None) => Err(KeyringError::CheckpointTooLong),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyringError::Io { path, source }),
        }
    }

    pub(super) fn write_checkpoint(&self, organisation: OrganisationId, text: &str) -> Result<(), KeyringError> {
        let path = self.checkpoint_path(organisation);
        replace_file(&path, text.as_bytes(), &CHECKPOINT_POINTS).map_err(|source| KeyringError::Io { path, source })
    }

    /// Where the keyring lies.
    pub(super) const fn path(&self) -> &Path {
        self.path
    }

    fn malformed(&self) -> KeyringError {
        KeyringError::Malformed { path: self.path.to_owned() }
    }

    fn checkpoint_path(&self, organisation: OrganisationId) -> PathBuf {
        beside(self.path, &format!(".checkpoint.{organisation}"))
    }
}

/// `None` when the file is longer than `limit`.
fn read_bounded(path: &Path, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = File::open(path)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

fn replace_file(path: &Path, bytes: &[u8], points: &FailPoints) -> io::Result<()> {
    let fresh = beside(path, ".new");
    // A crash may have left one behind; the lock says that nobody is writing it now.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&fresh)?;
    file.write_all(bytes)?;
    fail_point::pass(points.write);
    file.sync_all()?;
    fail_point::pass(points.fsync);
    fs::rename(&fresh, path)?;
    fail_point::pass(points.rename);
    File::open(folder_of(path))?.sync_all()
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Overwrites a file that has lost its name.
fn overwrite(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(path: &Path, source: io::Error) -> KeyringError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => KeyringError::Missing { path },
        _ => KeyringError::Io { path, source },
    }
}
