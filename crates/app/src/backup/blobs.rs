//! Large sealed files: copied under the names that the rows know them by, each with its hash in one
//! list, whose own hash stands in the manifest.

use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use db::copy::{Portable, tables};

use super::durable_file::{self, Fingerprint, hex};
use super::{Error, Places, Progress, io};
use crate::channels;

/// The column by which rows name their blob.
const COLUMN: &str = "blob_name";
/// Bytes of a line of the list: name, size, hash.
const LINE_BYTES: u64 = 256;

/// What was copied out.
pub(super) struct CopiedBlobs {
    pub(super) copied: u64,
    pub(super) bytes: u64,
    /// Blobs that were gone: their rows were removed while the backup was being made.
    pub(super) missing: u64,
}

/// Copies every blob that a row of the backup names.
pub(super) fn copy_out(store: &Path, places: &Places, progress: &Progress) -> Result<CopiedBlobs, Error> {
    let target = places.blobs();
    durable_file::make_folder(&target).map_err(io(&target))?;
    let list_path = places.blob_list();
    let (list, unfinished) = durable_file::begin(&list_path).map_err(io(&list_path))?;
    let mut list = BufWriter::new(list);
    let mut done = CopiedBlobs { copied: 0, bytes: 0, missing: 0 };
    for_each_name(places, &mut |name| {
        let (from, to) = (store.join(channels::blob_path(name)), target.join(channels::blob_path(name)));
        make_folder_of(&to)?;
        match durable_file::copy(&from, &to) {
            Ok(Fingerprint { bytes, sha256 }) => {
                writeln!(list, "{} {bytes} {sha256}", hex(name)).map_err(io(&list_path))?;
                done.copied += 1;
                done.bytes += bytes;
                progress("blobs", done.copied, None);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => done.missing += 1,
            Err(source) => return Err(Error::Io { path: from, source }),
        }
        Ok(())
    })?;
    list.flush().map_err(io(&list_path))?;
    sync_folders(&target)?;
    durable_file::finish(&unfinished, &list_path).map_err(io(&list_path))?;
    Ok(done)
}

/// Copies every blob of the list back into an empty store, and checks each.
pub(super) fn copy_back(places: &Places, store: &Path, total: u64, progress: &Progress) -> Result<u64, Error> {
    let list_path = places.blob_list();
    let mut list = BufReader::new(File::open(&list_path).map_err(io(&list_path))?);
    let mut copied = 0;
    let mut line = String::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut list, LINE_BYTES).read_line(&mut line).map_err(io(&list_path))?;
        if read == 0 {
            sync_folders(store)?;
            return Ok(copied);
        }
        let (name, expected) = parse(&line).ok_or_else(|| Error::Changed(list_path.clone()))?;
        let (from, to) = (places.blobs().join(channels::blob_path(&name)), store.join(channels::blob_path(&name)));
        make_folder_of(&to)?;
        if durable_file::copy(&from, &to).map_err(io(&from))? != expected {
            return Err(Error::Changed(from));
        }
        copied += 1;
        progress("blobs", copied, Some(total));
    }
}

/// Whether a blob store holds nothing at all; one that is not there yet is made (0700).
pub(super) fn is_empty(store: &Path) -> Result<bool, Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(store).map_err(io(store))?;
    Ok(fs::read_dir(store).map_err(io(store))?.next().is_none())
}

fn for_each_name(places: &Places, each: &mut dyn FnMut(&[u8; 16]) -> Result<(), Error>) -> Result<(), Error> {
    let file = Portable::open(&places.data_file())?;
    for table in tables()?.iter().filter(|table| table.name() != channels::REMOVALS_TABLE) {
        let Some(column) = table.column(COLUMN) else { continue };
        // A failure here is not one of the file, and is handed over beside it.
        let mut failed = Ok(());
        let read = table.for_each(&mut file.tx(), |row| {
            if let Some(name) = row.opt_blob(column)?
                && let Ok(name) = <[u8; 16]>::try_from(name)
                && failed.is_ok()
            {
                failed = each(&name);
            }
            Ok(())
        });
        failed?;
        read?;
    }
    Ok(())
}

fn make_folder_of(path: &Path) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))
}

/// Makes the names in a store's folders durable, once for all of them.
fn sync_folders(store: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(store).map_err(io(store))? {
        let path = entry.map_err(io(store))?.path();
        if path.is_dir() {
            File::open(&path).and_then(|folder| folder.sync_all()).map_err(io(&path))?;
        }
    }
    File::open(store).and_then(|folder| folder.sync_all()).map_err(io(store))
}

fn parse(line: &str) -> Option<([u8; 16], Fingerprint)> {
    let mut words = line.strip_suffix('\n')?.split(' ');
    let (name, bytes, sha256) = (words.next()?, words.next()?, words.next()?);
    let is_name = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_name || words.next().is_some() {
        return None;
    }
    let name = u128::from_str_radix(name, 16).ok()?.to_be_bytes();
    Some((name, Fingerprint { bytes: bytes.parse().ok()?, sha256: sha256.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_line_is_a_blob_or_nothing(line in "[0-9a-fx+]{31,33} [0-9x+]{1,3} [0-9a-f ]{0,3}\n?") {
            if let Some((name, fingerprint)) = parse(&line) {
                prop_assert_eq!(line[..32].to_lowercase(), hex(&name));
                let end = format!("{}\n", fingerprint.sha256);
                prop_assert!(line.ends_with(&end));
            }
        }

        #[test]
        fn a_line_reads_as_it_is_written(name: [u8; 16], bytes: u64) {
            let sha256 = hex(&[7; 32]);
            let read = parse(&format!("{} {bytes} {sha256}\n", hex(&name)));
            prop_assert_eq!(read, Some((name, Fingerprint { bytes, sha256 })));
        }
    }
}
