//! Finding mail in what a user names: single files, folders (Maildir too), mboxes, standard input.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use kernel::limits::MAIL_BYTES;

use crate::exit::{Failure, Kind};
use crate::operations::{MboxEntry, Product};

/// Depth of folders that is looked into.
const FOLDER_DEPTH: usize = 32;
/// How a file begins that holds many mails.
const MBOX_START: &[u8] = b"From ";

/// What a place gave.
pub(super) enum Found {
    /// A mail, and where it lay.
    Mail(String, Vec<u8>),
    /// Something that is no mail or cannot be read: where, and why.
    Refused(String, Failure),
}

/// The files that the user's paths mean, in order, and how many others lay beside them.
#[derive(Default)]
pub(super) struct MailFiles {
    pub(super) files: Vec<PathBuf>,
    pub(super) passed_over: u64,
}

impl MailFiles {
    /// Looks into folders; a file that is named is taken whatever its name.
    pub(super) fn find(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut found = Self::default();
        for path in paths {
            if path.is_dir() {
                found.look_into(path, 0)?;
            } else {
                found.files.push(path.clone());
            }
        }
        Ok(found)
    }

    fn look_into(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::io(format_args!("cannot look into {}", folder.display()), &error);
        if depth >= FOLDER_DEPTH {
            return Err(Failure::new(
                Kind::Data,
                format_args!("{} lies more than {FOLDER_DEPTH} folders deep: import it by itself", folder.display()),
            ));
        }
        let mut entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let maildir = matches!(folder.file_name().and_then(|name| name.to_str()), Some("cur" | "new"));
        for entry in entries {
            let kind = entry.file_type().map_err(failed)?;
            let path = entry.path();
            if kind.is_dir() {
                self.look_into(&path, depth + 1)?;
            } else if kind.is_file() && (maildir || has_mail_name(&path)) {
                self.files.push(path);
            } else {
                self.passed_over += 1;
            }
        }
        Ok(())
    }
}

fn has_mail_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["eml", "mbox", "mbx"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Reads every mail of the files, `-` being standard input. Stops at the first failure of `each`.
pub(super) fn read_all(
    files: &[PathBuf],
    product: &dyn Product,
    each: &mut dyn FnMut(Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for path in files {
        if path.as_os_str() == "-" {
            read_one("standard input", &mut std::io::stdin().lock(), product, each)?;
            continue;
        }
        let place = path.display().to_string();
        match File::open(path) {
            Ok(file) => read_one(&place, &mut BufReader::with_capacity(64 * 1024, file), product, each)?,
            Err(error) => each(Found::Refused(place, Failure::io("cannot open it", &error)))?,
        }
    }
    Ok(())
}

fn read_one(
    place: &str,
    reader: &mut dyn BufRead,
    product: &dyn Product,
    each: &mut dyn FnMut(Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let too_large = || Failure::new(Kind::Data, format_args!("the mail is too large: the limit is {MAIL_BYTES} bytes"));
    let is_mbox = match reader.fill_buf() {
        Ok(start) => start.starts_with(MBOX_START),
        Err(error) => return each(Found::Refused(place.to_owned(), Failure::io("cannot read it", &error))),
    };
    if is_mbox {
        let mut number = 0u64;
        return product.split_mbox(reader, &mut |entry| {
            number += 1;
            let place = format!("{place}, mail {number}");
            each(match entry {
                MboxEntry::Mail(mail) => Found::Mail(place, mail),
                MboxEntry::TooLarge { .. } => Found::Refused(place, too_large()),
            })
        });
    }
    let mut mail = Vec::new();
    let read = reader.take(MAIL_BYTES as u64 + 1).read_to_end(&mut mail);
    each(match read {
        Err(error) => Found::Refused(place.to_owned(), Failure::io("cannot read it", &error)),
        Ok(0) => Found::Refused(place.to_owned(), Failure::new(Kind::Data, "the file is empty")),
        Ok(_) if mail.len() > MAIL_BYTES => Found::Refused(place.to_owned(), too_large()),
        Ok(_) => Found::Mail(place.to_owned(), mail),
    })
}
