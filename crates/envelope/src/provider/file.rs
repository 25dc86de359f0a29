//! A root key in a file that only its owner can read. Created once, never overwritten.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Entropy;
use zeroize::Zeroizing;

use super::environment::key_from_text;
use super::root_key::RootKey;
use crate::{InstanceId, KeyProvider, ProviderError, SecretKey};

const TAG: &str = "doorward-root-key-1";
/// Bytes of a key file that are read.
const FILE_BYTES: u64 = 4_096;
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// A root key that was read from a file: one line of format tag, instance and key in base64.
pub struct FileProvider {
    root: RootKey,
    instance: InstanceId,
}

/// What is wrong with the permissions of a key file or the folder it is in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermissionFinding {
    /// Others may read or change the file; it is not opened until that is mended.
    #[error("others can read {path} (mode {mode:04o}): run chmod 600 on it")]
    FileOpenToOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may replace the file.
    #[error("others can replace files in {path} (mode {mode:04o}): run chmod 700 on it")]
    FolderOpenToOthers {
        /// The folder of the key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl FileProvider {
    /// Makes a fresh root key and its file (mode 0600), and the folder (0700) where it is missing.
    /// The file and its name are on the disk when this returns.
    ///
    /// # Errors
    /// [`ProviderError::Exists`] when anything stands at the path; [`ProviderError::Io`].
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, ProviderError> {
        let folder = folder_of(path);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| failed(folder, source))?;
        let instance = InstanceId::generate(entropy);
        let secret = SecretKey::generate(entropy);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(OWNER_ONLY)
            .open(path)
            .map_err(|source| failed(path, source))?;
        let encoded = Zeroizing::new(STANDARD.encode(secret.expose()));
        let line = Zeroizing::new(format!("{TAG} {instance} {}\n", *encoded));
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| File::open(folder)?.sync_all()).map_err(|source| failed(path, source))?;
        Ok(Self { root: RootKey::new(&secret), instance })
    }

    /// Reads a root key that [`FileProvider::create`] made.
    ///
    /// # Errors
    /// [`ProviderError::Permissions`] when others can read it, [`ProviderError::Missing`],
    /// [`ProviderError::Malformed`], [`ProviderError::Io`].
    pub fn open(path: &Path) -> Result<Self, ProviderError> {
        let file = File::open(path).map_err(|source| failed(path, source))?;
        let mode = file.metadata().map_err(|source| failed(path, source))?.permissions().mode() & 0o7777;
        if mode & OTHERS != 0 {
            return Err(ProviderError::Permissions { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(256));
        file.take(FILE_BYTES).read_to_string(&mut text).map_err(|source| failed(path, source))?;
        if text.is_empty() {
            return Err(ProviderError::Malformed(
                "the root key file is empty, so nothing was sealed with it: remove it and begin again",
            ));
        }
        parse(&text)
    }

    /// What `doctor` has to say about the permissions of a key file and its folder.
    ///
    /// # Errors
    /// [`ProviderError::Missing`] or [`ProviderError::Io`] when they cannot be looked at.
    pub fn permission_findings(path: &Path) -> Result<Vec<PermissionFinding>, ProviderError> {
        let mode_of = |path: &Path| {
            let metadata = path.metadata().map_err(|source| failed(path, source))?;
            Ok::<_, ProviderError>(metadata.permissions().mode() & 0o7777)
        };
        let folder = folder_of(path);
        let (file_mode, folder_mode) = (mode_of(path)?, mode_of(folder)?);
        let mut findings = Vec::new();
        if file_mode & OTHERS != 0 {
            findings.push(PermissionFinding::FileOpenToOthers { path: path.to_owned(), mode: file_mode });
        }
        // In a folder with the sticky bit, others may add files but not replace this one.
        if folder_mode & OTHERS_WRITE != 0 && folder_mode & STICKY == 0 {
            findings.push(PermissionFinding::FolderOpenToOthers { path: folder.to_owned(), mode: folder_mode });
        }
        Ok(findings)
    }
}

impl KeyProvider for FileProvider {
    fn name(&self) -> &'static str {
        "file"
    }

    fn instance(&self) -> Option<InstanceId> {
        Some(self.instance)
    }

    fn wrap(&self, context: &[u8], key: &SecretKey, entropy: &dyn Entropy) -> Result<Vec<u8>, ProviderError> {
        Ok(self.root.wrap(context, key, entropy))
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretKey, ProviderError> {
        self.root.unwrap(context, wrapped)
    }
}

fn parse(text: &str) -> Result<FileProvider, ProviderError> {
    let mut words = text.split_ascii_whitespace();
    let (Some(TAG), Some(instance), Some(key), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err(ProviderError::Malformed("this is not a root key file: it begins with doorward-root-key-1"));
    };
    let instance = instance
        .parse()
        .map_err(|_| ProviderError::Malformed("the root key file names no instance: restore it from its copy"))?;
    let secret = key_from_text(key)?;
    Ok(FileProvider { root: RootKey::new(&secret), instance })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn failed(path: &Path, source: io::Error) -> ProviderError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::AlreadyExists => ProviderError::Exists { path },
        io::ErrorKind::NotFound => ProviderError::Missing { path },
        _ => ProviderError::Io { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemEntropy;
    use std::fs;

    #[test]
    fn a_key_file_opens_again_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/root.key");
        let made = FileProvider::create(&path, &SystemEntropy).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(FileProvider::permission_findings(&path).unwrap(), []);

        let opened = FileProvider::open(&path).unwrap();
        assert_eq!(opened.instance(), made.instance());
        let key = SecretKey::generate(&SystemEntropy);
        let wrapped = made.wrap(b"context", &key, &SystemEntropy).unwrap();
        assert_eq!(opened.unwrap(b"context", &wrapped).unwrap().expose(), key.expose());
        assert!(matches!(opened.unwrap(b"another", &wrapped), Err(ProviderError::WrongKey)));
    }

    #[test]
    fn whatever_stands_at_the_path_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        FileProvider::create(&path, &SystemEntropy).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(FileProvider::create(&path, &SystemEntropy), Err(ProviderError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);

        let dangling = folder.path().join("link.key");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &dangling).unwrap();
        assert!(matches!(FileProvider::create(&dangling, &SystemEntropy), Err(ProviderError::Exists { .. })));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        FileProvider::create(&path, &SystemEntropy).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o770)).unwrap();
        assert!(matches!(FileProvider::open(&path), Err(ProviderError::Permissions { mode: 0o640, .. })));
        assert_eq!(
            FileProvider::permission_findings(&path).unwrap(),
            [
                PermissionFinding::FileOpenToOthers { path: path.clone(), mode: 0o640 },
                PermissionFinding::FolderOpenToOthers { path: folder.path().to_owned(), mode: 0o770 },
            ]
        );
    }

    #[test]
    fn other_files_are_not_taken_for_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        assert!(matches!(FileProvider::open(&path), Err(ProviderError::Missing { .. })));
        let key = STANDARD.encode([9; 32]);
        for text in [String::new(), key.clone(), format!("doorward-root-key-1 0123 {key}"), "\u{0}".repeat(9_000)] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            assert!(matches!(FileProvider::open(&path), Err(ProviderError::Malformed(_))));
        }
    }
}
