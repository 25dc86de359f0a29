//! Passwords that others lost already: a sorted file of SHA-1 hashes that the operator supplies,
//! searched on the disk. Nothing is asked of anybody outside this machine.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::digest;

use super::Error;

/// Hex digits of a SHA-1.
const DIGITS: usize = 40;
/// Bytes of a line that are looked at.
const LINE_BYTES: u64 = 128;
/// Steps of a search: enough for a file of any size.
const STEPS: usize = 64;

/// The operator's list.
#[derive(Clone)]
pub(super) struct BreachedPasswords(Arc<PathBuf>);

impl BreachedPasswords {
    /// Looks whether there is such a list and its first line is one of it.
    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let list = Self(Arc::new(path));
        let mut file = BufReader::new(File::open(&*list.0).map_err(Error::BreachedList)?);
        let first = line(&mut file).map_err(Error::BreachedList)?;
        if first.as_deref().and_then(hash_of).is_none() {
            let malformed = std::io::Error::new(std::io::ErrorKind::InvalidData, "its first line is no SHA-1 in hex");
            return Err(Error::BreachedList(malformed));
        }
        Ok(list)
    }

    /// Whether a password is on the list.
    pub(super) fn has(&self, password: &str) -> Result<bool, Error> {
        self.find(&sha1(password)).map_err(Error::BreachedList)
    }

    /// Halves the file until the line is found: `low` is where a line begins, `high` behind one.
    fn find(&self, wanted: &str) -> std::io::Result<bool> {
        let file = File::open(&*self.0)?;
        let (mut low, mut high) = (0, file.metadata()?.len());
        let mut file = BufReader::with_capacity(512, file);
        for _ in 0..STEPS {
            if low >= high {
                return Ok(false);
            }
            let middle = low + (high - low) / 2;
            let begins = line_begin(&mut file, middle, low)?;
            file.seek(SeekFrom::Start(begins))?;
            let Some(found) = line(&mut file)? else { return Ok(false) };
            let ends = begins + found.len() as u64;
            match hash_of(&found).map(|hash| hash.as_str().cmp(wanted)) {
                Some(std::cmp::Ordering::Equal) => return Ok(true),
                Some(std::cmp::Ordering::Less) => low = ends,
                Some(std::cmp::Ordering::Greater) => high = begins,
                None => {
                    let place = format!("the line at byte {begins} is no SHA-1 in hex");
                    return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, place));
                }
            }
        }
        Ok(false)
    }
}

/// Where the line around a place begins, not before `low`, where one begins.
fn line_begin(file: &mut BufReader<File>, place: u64, low: u64) -> std::io::Result<u64> {
    let start = low.max(place.saturating_sub(LINE_BYTES));
    file.seek(SeekFrom::Start(start))?;
    let mut begins = start;
    let mut at = start;
    while at < place {
        let bytes = file.fill_buf()?;
        let Some(byte) = bytes.first().copied() else { break };
        file.consume(1);
        at += 1;
        if byte == b'\n' {
            begins = at;
        }
    }
    Ok(begins)
}

/// The next line with its end, cut at [`LINE_BYTES`]; none at the end of the file.
fn line(file: &mut BufReader<File>) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    file.take(LINE_BYTES).read_until(b'\n', &mut bytes)?;
    Ok((!bytes.is_empty()).then_some(bytes))
}

/// As the list writes it.
fn sha1(password: &str) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(DIGITS), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02X}");
        digits
    })
}

fn hash_of(line: &[u8]) -> Option<String> {
    let digits = line.get(..DIGITS)?;
    let ends = line.get(DIGITS).is_none_or(|next| matches!(next, b':' | b'\r' | b'\n'));
    (ends && digits.iter().all(u8::is_ascii_hexdigit)).then(|| String::from_utf8_lossy(digits).to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn list(text: &str) -> (tempfile::NamedTempFile, Result<BreachedPasswords, Error>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let opened = BreachedPasswords::open(file.path().to_owned());
        (file, opened)
    }

    fn line_of(password: &str, tail: &str) -> String {
        format!("{}{tail}", sha1(password))
    }

    #[test]
    fn every_line_of_a_list_is_found_and_nothing_else() {
        for (tail, count) in [(":3\r\n", 1), (":12345\n", 2), ("\n", 257), (":1\n", 1_000)] {
            let known: Vec<String> = (0..count).map(|number| format!("known-{number}")).collect();
            let mut lines: Vec<String> = known.iter().map(|password| line_of(password, tail)).collect();
            lines.sort();
            let (_file, opened) = list(&lines.concat());
            let opened = opened.unwrap();
            assert_eq!(sha1("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
            for password in &known {
                assert!(opened.has(password).unwrap(), "{password} of {count}");
            }
            for number in 0..50 {
                assert!(!opened.has(&format!("other-{number}")).unwrap());
            }
        }
    }

    #[test]
    fn a_file_that_is_no_list_is_refused_when_it_is_named_and_when_it_is_read() {
        assert!(matches!(list("password\n123456\n").1, Err(Error::BreachedList(_))));
        let (_file, opened) = list(&format!("{}rubbish\n{}", line_of("a", "\n"), "rubbish\n".repeat(100)));
        assert!(opened.unwrap().has("anything").is_err());
    }
}
