//! Files of messages: sealed in chunks under a key of their own, small ones in the database,
//! large ones in the blob store under a random name.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use envelope::chunked::{self, FileKey};
use kernel::{Entropy, fail_point, limits};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use zeroize::Zeroizing;

use super::Error;

/// Where large sealed files lie.
#[derive(Clone)]
pub(super) struct Blobs {
    store: Arc<dyn ObjectStore>,
}

/// Where one sealed file lies.
pub(super) struct Stored {
    /// The sealed chunks, when they are small enough for the database.
    pub(super) content: Option<Vec<u8>>,
    /// The random name in the blob store otherwise.
    pub(super) name: Option<[u8; 16]>,
}

impl Blobs {
    /// A folder of this machine, made for its user alone when it is not there; a written blob is on
    /// the disk before it counts.
    pub(super) fn local(folder: &FilePath) -> Result<Self, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::BlobFolder)?;
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)) })
    }

    /// Seals a file and puts it where its size belongs. `place` binds it to its row.
    pub(super) async fn put(
        &self,
        key: &FileKey,
        place: &[u8; 16],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Stored, Error> {
        let sealed = chunked::seal(key, place, plaintext, entropy);
        if sealed.len() <= limits::INLINE_BLOB_BYTES {
            return Ok(Stored { content: Some(sealed), name: None });
        }
        let name: [u8; 16] = entropy.array();
        fail_point::pass("channels.blob.write");
        self.store.put(&path(&name), Bytes::from(sealed).into()).await?;
        fail_point::pass("channels.blob.written");
        Ok(Stored { content: None, name: Some(name) })
    }

    /// Fetches and opens a file.
    pub(super) async fn get(
        &self,
        key: &FileKey,
        place: &[u8; 16],
        stored: Stored,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let sealed = match stored {
            Stored { content: Some(content), .. } => Bytes::from(content),
            Stored { content: None, name: Some(name) } => self.store.get(&path(&name)).await?.bytes().await?,
            Stored { content: None, name: None } => return Err(Error::Vault(crate::vault::Error::Erased)),
        };
        chunked::open(key, place, &sealed).map_err(|error| Error::Vault(error.into()))
    }

    /// Removes a blob; one that is gone already is no error.
    pub(super) async fn remove(&self, name: &[u8; 16]) -> Result<(), Error> {
        match self.store.delete(&path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Where a blob lies within its store's folder, for those who copy the folder's files.
pub(crate) fn file_path(name: &[u8; 16]) -> PathBuf {
    PathBuf::from(String::from(path(name)))
}

/// Two levels of folders, so that none grows too wide.
fn path(name: &[u8; 16]) -> Path {
    let text = name.iter().fold(String::with_capacity(32), |mut text, byte| {
        use std::fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let (folder, rest) = text.split_at(2);
    Path::from_iter([folder, rest])
}
