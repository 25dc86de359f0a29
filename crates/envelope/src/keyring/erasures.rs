//! Who was erased: one line for each, in a file of its own beside the keyring. Only appended to, so
//! that the hundred thousandth erasure costs no more than the first.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kernel::{OrganisationId, fail_point};

use super::KeyringError;
use super::storage::{Locked, OWNER_ONLY, beside, folder_of};
use crate::SubjectId;

/// The subject as 32 hexadecimal digits, a space, microseconds in 20 places, a line feed.
const LINE_BYTES: usize = SUBJECT_DIGITS + 1 + TIME_DIGITS + 1;
const SUBJECT_DIGITS: usize = 32;
const TIME_DIGITS: usize = 20;

impl Locked<'_> {
    /// Adds lines that are on the disk when this returns.
    pub(super) fn append_erasures(
        &self,
        organisation: OrganisationId,
        subjects: &[SubjectId],
        at: i64,
    ) -> Result<(), KeyringError> {
        let path = self.erasures_path(organisation);
        append(&path, &lines(subjects, at)).map_err(|source| KeyringError::Io { path, source })
    }

    pub(super) fn read_erasures(&self, organisation: OrganisationId) -> Result<Vec<(SubjectId, i64)>, KeyringError> {
        let path = self.erasures_path(organisation);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(KeyringError::Io { path, source }),
        };
        let mut erased = Vec::new();
        let mut reader = BufReader::new(file);
        let mut line = Vec::with_capacity(LINE_BYTES);
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, LINE_BYTES as u64).read_until(b'\n', &mut line);
            match read {
                Ok(0) => return Ok(erased),
                // The end of an append that never returned: its erasure was not acknowledged.
                Ok(short) if short < LINE_BYTES && line.last() != Some(&b'\n') => return Ok(erased),
                Ok(_) => erased.push(parse(&line).ok_or_else(|| KeyringError::Malformed { path: path.clone() })?),
                Err(source) => return Err(KeyringError::Io { path, source }),
            }
        }
    }

    fn erasures_path(&self, organisation: OrganisationId) -> PathBuf {
        beside(self.path(), &format!(".erasures.{organisation}"))
    }
}

fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(OWNER_ONLY).open(path)?;
    let length = file.metadata()?.len();
    let whole = length - length % LINE_BYTES as u64;
    if whole < length {
        // A crash cut an earlier append short.
        file.set_len(whole)?;
    }
    file.write_all(lines.as_bytes())?;
    fail_point::pass("envelope.erasure.write");
    file.sync_all()?;
    if length == 0 {
        File::open(folder_of(path))?.sync_all()?;
    }
    fail_point::pass("envelope.erasure.fsync");
    Ok(())
}

fn lines(subjects: &[SubjectId], at: i64) -> String {
    let mut lines = String::with_capacity(subjects.len() * LINE_BYTES);
    for subject in subjects {
        let number = u128::from_be_bytes(*subject.bytes());
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{number:0SUBJECT_DIGITS$x} {at:0TIME_DIGITS$}");
    }
    lines
}

fn parse(line: &[u8]) -> Option<(SubjectId, i64)> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (subject, at) = text.split_once(' ')?;
    // A number's parser alone would take a sign or fewer digits.
    if subject.len() != SUBJECT_DIGITS
        || !subject.bytes().all(|byte| byte.is_ascii_hexdigit())
        || at.len() != TIME_DIGITS
    {
        return None;
    }
    let subject = u128::from_str_radix(subject, 16).ok()?;
    Some((SubjectId::from_bytes(subject.to_be_bytes()), at.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_reads_as_it_is_written(subject: [u8; 16], at: i64) {
            let subject = SubjectId::from_bytes(subject);
            let line = lines(&[subject], at);
            prop_assert_eq!(line.len(), LINE_BYTES);
            prop_assert_eq!(parse(line.as_bytes()), Some((subject, at)));
        }

        #[test]
        fn any_bytes_are_a_line_or_nothing(line: Vec<u8>) {
            if let Some((subject, at)) = parse(&line) {
                prop_assert_eq!(lines(&[subject], at).to_lowercase().len(), line.len());
            }
        }
    }
}
