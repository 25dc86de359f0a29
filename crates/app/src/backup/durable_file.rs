//! Files that only their owner reads, that are on the disk when they have their name, and whose
//! SHA-256 is known.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fingerprint {
    /// Its size.
    pub(super) bytes: u64,
    /// SHA-256 (FIPS 180-4) in hexadecimal digits.
    pub(super) sha256: String,
}

/// Makes a folder (0700) that does not exist; those above it must.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes an empty file (0600) under a name that says that it is not finished.
pub(super) fn begin(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let unfinished = PathBuf::from(name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    Ok((file, unfinished))
}

/// Gives a written file its name once it is on the disk.
pub(super) fn finish(unfinished: &Path, path: &Path) -> io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    fs::rename(unfinished, path)?;
    sync_folder_of(path)
}

/// Writes a whole file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (mut file, unfinished) = begin(path)?;
    file.write_all(bytes)?;
    finish(&unfinished, path)
}

/// Makes names in a file's folder durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Copies a file into a new one (0600) that is on the disk when this returns. The folder's names are
/// for the caller to make durable.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<Fingerprint> {
    let source = File::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let fingerprint = read_all(source, |bytes| target.write_all(bytes))?;
    target.sync_all()?;
    Ok(fingerprint)
}

/// Reads a file and tells what it is.
pub(super) fn fingerprint(path: &Path) -> io::Result<Fingerprint> {
    read_all(File::open(path)?, |_| Ok(()))
}

fn read_all(mut source: impl Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Fingerprint> {
    let mut hash = Context::new(&SHA256);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let read = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            return Ok(Fingerprint { bytes, sha256: hex(hash.finish().as_ref()) });
        };
        hash.update(part);
        each(part)?;
        bytes += read as u64;
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
