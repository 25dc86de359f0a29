//! Mail folders in one file (mbox, RFC 4155, with the mboxrd way of quoting): one mail at a time.
//! Never holds more than one mail, and never trusts `Content-Length`.

use std::io::{self, BufRead};

use kernel::limits;

/// One mail of a folder, or the place of one that is too large to be taken in.
#[derive(PartialEq, Eq)]
pub enum Entry {
    /// A mail: where its `From ` line starts in the file, and its bytes without that line.
    Mail {
        /// Bytes from the start of the file.
        offset: u64,
        /// The raw message, its line ends as they were.
        raw: Vec<u8>,
    },
    /// A mail of more than [`limits::MAIL_BYTES`], skipped.
    TooLarge {
        /// Bytes from the start of the file.
        offset: u64,
        /// Bytes of the raw message.
        size: u64,
    },
}

/// Why a folder cannot be read (further).
#[derive(Debug, thiserror::Error)]
pub enum MboxError {
    /// The file does not start with a `From ` line.
    #[error("this is not an mbox file: it does not start with a \"From \" line; give single mails as .eml files")]
    NotMbox,
    /// The file cannot be read.
    #[error("reading the mbox file failed: {0}")]
    Read(#[from] io::Error),
}

/// The mails of a folder, in order. After an error nothing more comes.
pub struct Mbox<R> {
    source: R,
    /// Bytes taken from the source.
    position: u64,
    /// The line that was read last, up to [`LINE_BYTES`] of it.
    line: Vec<u8>,
    /// The line read last is the start of a line, not the middle of a long one.
    line_start: bool,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Start,
    /// Behind a `From ` line that starts here.
    Inside(u64),
    Done,
}

/// Bytes of a line that are looked at at one time; longer lines come in pieces.
const LINE_BYTES: usize = 64 * 1024;

impl<R: BufRead> Mbox<R> {
    /// Reads a folder from its start.
    pub fn new(source: R) -> Self {
        Self { source, position: 0, line: Vec::new(), line_start: true, state: State::Start }
    }

    fn advance(&mut self) -> Result<Option<Entry>, MboxError> {
        let offset = match self.state {
            State::Done => return Ok(None),
            State::Inside(offset) => offset,
            State::Start => match self.first_mail()? {
                Some(offset) => offset,
                None => return Ok(None),
            },
        };
        self.mail(offset)
    }

    /// Finds the first `From ` line; blank lines may stand before it.
    fn first_mail(&mut self) -> Result<Option<u64>, MboxError> {
        loop {
            let offset = self.position;
            if !self.read_line()? {
                self.state = State::Done;
                return Ok(None);
            }
            if self.line.starts_with(b"From ") {
                self.skip_line()?;
                return Ok(Some(offset));
            }
            if !is_blank(&self.line) {
                return Err(MboxError::NotMbox);
            }
        }
    }

    /// Reads up to the next `From ` line that follows a blank one, or to the end.
    fn mail(&mut self, offset: u64) -> Result<Option<Entry>, MboxError> {
        let mut mail = Gathered::default();
        let mut blank: Option<Vec<u8>> = Some(Vec::new());
        self.state = State::Done;
        loop {
            let start = self.position;
            if !self.read_line()? {
                break;
            }
            if self.line_start && blank.is_some() && self.line.starts_with(b"From ") {
                self.skip_line()?;
                self.state = State::Inside(start);
                break;
            }
            if let Some(held) = blank.take() {
                mail.push(&held);
            }
            if self.line_start && is_blank(&self.line) {
                blank = Some(std::mem::take(&mut self.line));
            } else if self.line_start && is_quoted_from(&self.line) {
                mail.push(self.line.get(1..).unwrap_or_default());
            } else {
                mail.push(&self.line);
            }
        }
        Ok(Some(mail.into_entry(offset)))
    }

    /// Reads one line, or the next piece of a long one; `false` at the end of the file.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line_start = self.line_start_next();
        self.line.clear();
        while self.line.len() < LINE_BYTES {
            let ready = match self.source.fill_buf() {
                Ok(ready) => ready,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let room = ready.get(..LINE_BYTES - self.line.len()).unwrap_or(ready);
            let end = room.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
            let taken = room.get(..end.unwrap_or(room.len())).unwrap_or(room);
            let count = taken.len();
            self.line.extend_from_slice(taken);
            self.source.consume(count);
            self.position += u64::try_from(count).unwrap_or(u64::MAX);
            if count == 0 || end.is_some() {
                break;
            }
        }
        Ok(!self.line.is_empty())
    }

    fn line_start_next(&self) -> bool {
        // A blank line was handed on, which leaves the buffer empty: that was a whole line too.
        self.line.is_empty() || self.line.ends_with(b"\n")
    }

    /// Skips what a long line still holds.
    fn skip_line(&mut self) -> io::Result<()> {
        while !self.line.ends_with(b"\n") {
            if !self.read_line()? {
                break;
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = Result<Entry, MboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.advance();
        if entry.is_err() {
            self.state = State::Done;
        }
        entry.transpose()
    }
}

/// The bytes of a mail while they fit, and their number when they do not.
#[derive(Default)]
struct Gathered {
    raw: Vec<u8>,
    size: u64,
}

impl Gathered {
    fn push(&mut self, bytes: &[u8]) {
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.fits() {
            self.raw.extend_from_slice(bytes);
        } else {
            self.raw = Vec::new();
        }
    }

    fn fits(&self) -> bool {
        usize::try_from(self.size).is_ok_and(|size| size <= limits::MAIL_BYTES)
    }

    fn into_entry(self, offset: u64) -> Entry {
        if self.fits() { Entry::Mail { offset, raw: self.raw } } else { Entry::TooLarge { offset, size: self.size } }
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// `>From `, `>>From `: a line of the mail that would have looked like a separator.
fn is_quoted_from(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|&&byte| byte == b'>').count();
    marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mails(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
        // A tiny buffer: lines and separators fall on its borders all the time.
        Mbox::new(io::BufReader::with_capacity(7, file))
            .map(|entry| match entry.unwrap() {
                Entry::Mail { offset, raw } => (offset, raw),
                Entry::TooLarge { .. } => panic!("too large"),
            })
            .collect()
    }

    #[test]
    fn mails_come_one_by_one_with_their_places() {
        let file = b"From a@x Mon Mar  2 07:00:00 2026\nSubject: 1\n\nOne\n\nFrom b@x Mon Mar  2 07:00:00 2026\nSubject: 2\n\nTwo\n\n\n";
        let found = mails(file);
        assert_eq!(found[0], (0, b"Subject: 1\n\nOne\n".to_vec()));
        assert_eq!(found[1].1, b"Subject: 2\n\nTwo\n\n");
        assert!(file[usize::try_from(found[1].0).unwrap()..].starts_with(b"From b@x"));
    }

    #[test]
    fn a_from_in_the_text_is_no_separator() {
        let file = b"From a@x\nSubject: 1\n\nHello\nFrom here on\n\n>From quoted\n>>From twice\n> From not\n";
        assert_eq!(
            mails(file),
            [(0, b"Subject: 1\n\nHello\nFrom here on\n\nFrom quoted\n>From twice\n> From not\n".to_vec())]
        );
    }

    #[test]
    fn windows_line_ends_stay() {
        assert_eq!(
            mails(b"From a@x\r\nSubject: 1\r\n\r\nOne\r\n\r\nFrom b\r\nSubject: 2\r\n")[0].1,
            b"Subject: 1\r\n\r\nOne\r\n"
        );
    }

    #[test]
    fn a_file_that_is_no_folder_is_refused() {
        assert!(matches!(Mbox::new(&b"Subject: 1\n\nOne"[..]).next(), Some(Err(MboxError::NotMbox))));
        assert!(Mbox::new(&b""[..]).next().is_none());
    }

    #[test]
    fn an_oversize_mail_is_skipped_and_the_next_one_comes() {
        let mut file = b"From a@x\nSubject: big\n\n".to_vec();
        file.resize(file.len() + limits::MAIL_BYTES, b'x');
        file.extend_from_slice(b"\n\nFrom b@x\nSubject: 2\n\nTwo\n");
        let entries: Vec<Entry> = Mbox::new(&file[..]).map(Result::unwrap).collect();
        assert!(matches!(&entries[0], Entry::TooLarge { offset: 0, size } if *size > limits::MAIL_BYTES as u64));
        assert!(matches!(&entries[1], Entry::Mail { raw, .. } if raw == b"Subject: 2\n\nTwo\n"));
    }

    #[test]
    fn the_middle_of_a_long_line_is_no_separator() {
        let mut file = b"From a@x\n\n".to_vec();
        file.resize(file.len() + LINE_BYTES, b'x');
        file.extend_from_slice(b"From b@x\n");
        assert_eq!(mails(&file).len(), 1);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(bodies in prop::collection::vec("(From |>From |>>From |x|\n){0,20}", 1..5)) {
            let mut file = Vec::new();
            let mut written = Vec::new();
            for body in &bodies {
                let mail = format!("Subject: x\n\n{body}\n");
                file.extend_from_slice(b"From a@x\n");
                for line in mail.split_inclusive('\n') {
                    if line.trim_start_matches('>').starts_with("From ") {
                        file.push(b'>');
                    }
                    file.extend_from_slice(line.as_bytes());
                }
                file.push(b'\n');
                written.push(mail.into_bytes());
            }
            let read: Vec<Vec<u8>> = mails(&file).into_iter().map(|(_, raw)| raw).collect();
            prop_assert_eq!(read, written);
        }
    }
}
