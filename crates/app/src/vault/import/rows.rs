//! Rows of a CSV file (RFC 4180, and what spreadsheets make of it), one at a time and bounded.

use std::io::{BufRead as _, BufReader, ErrorKind, Read};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};

use super::super::details::Details;
use super::ImportError;

/// The longest row, in bytes. A quote that is never closed would otherwise read the whole file.
const ROW_BYTES: usize = 1024 * 1024;
/// Columns of a file.
const COLUMNS: usize = 1_000;
/// Bytes in which the first line is looked for.
const HEADING_BYTES: usize = 64 * 1024;

/// A row that waits to be stored.
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) details: Details,
}

/// The rows below the heading.
pub(super) struct Rows<R: Read> {
    reader: Reader<Bounded<BufReader<R>>>,
    heading: StringRecord,
    read: u64,
}

impl<R: Read> Rows<R> {
    /// Reads the heading, and by it guesses the sign between the columns.
    pub(super) fn new(source: R) -> Result<Self, ImportError> {
        let mut source = BufReader::with_capacity(HEADING_BYTES, source);
        let delimiter = delimiter(source.fill_buf()?);
        let bounded = Bounded { source, since_row: 0 };
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(bounded);
        let mut heading = ByteRecord::new();
        if !reader.read_byte_record(&mut heading).map_err(|error| unreadable(0, error))? || heading.len() > COLUMNS {
            return Err(ImportError::Heading);
        }
        let heading = StringRecord::from_byte_record(heading).map_err(|_| ImportError::Heading)?;
        Ok(Self { reader, heading, read: 0 })
    }

    pub(super) const fn heading(&self) -> &StringRecord {
        &self.heading
    }

    /// The next row with its number, or the reason why it is none.
    #[allow(clippy::type_complexity, reason = "end of file, broken file, row number and broken row are four things")]
    pub(super) fn next_row(&mut self) -> Result<Option<(u64, Result<StringRecord, String>)>, ImportError> {
        self.reader.get_mut().since_row = 0;
        let mut row = ByteRecord::new();
        if !self.reader.read_byte_record(&mut row).map_err(|error| unreadable(self.read + 1, error))? {
            return Ok(None);
        }
        self.read += 1;
        let columns = self.heading.len();
        let row = if row.len() == columns {
            StringRecord::from_byte_record(row).map_err(|_| "it is not UTF-8: save the file as CSV in UTF-8".to_owned())
        } else {
            Err(format!("it has {} columns where the first line names {columns}", row.len()))
        };
        Ok(Some((self.read, row)))
    }
}

/// The sign that the first line has most, outside quotes.
fn delimiter(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in start.iter().take_while(|byte| **byte != b'\n') {
        quoted ^= *byte == b'"';
        for (sign, count) in &mut counts {
            *count += usize::from(!quoted && byte == sign);
        }
    }
    // The first of equals, which is the comma.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| sign)
}

fn unreadable(row: u64, error: csv::Error) -> ImportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() != ErrorKind::FileTooLarge => ImportError::Io(error),
        _ => ImportError::Row { row },
    }
}

/// A reader that ends with an error when one row takes too much.
struct Bounded<R> {
    source: R,
    since_row: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_row > ROW_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let read = self.source.read(buffer)?;
        self.since_row += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut rows = Rows::new(text).unwrap();
        std::iter::from_fn(|| rows.next_row().unwrap())
            .map(|(number, row)| (number, row.map(|row| row.iter().map(str::to_owned).collect())))
            .collect()
    }

    #[test]
    fn spreadsheets_in_every_country_are_read() {
        for text in [
            "name,email\r\nMaija,m@x.example\r\n",
            "\u{feff}name;email\nMaija;m@x.example\n",
            "name\temail\nMaija\tm@x.example",
            "\"name\",\"email;a,b\"\n\"Maija\",m@x.example\n",
        ] {
            let rows = all(text.as_bytes());
            assert_eq!(rows, [(1, Ok(vec!["Maija".to_owned(), "m@x.example".to_owned()]))], "{text}");
        }
        assert_eq!(Rows::new(&b"\xEF\xBB\xBFname,x\n"[..]).unwrap().heading().get(0), Some("name"));
    }

    #[test]
    fn a_broken_row_is_told_without_its_values() {
        let rows = all(b"name,email\nM\xFCller,m@x.example\nshort\nMaija,m@x.example\n");
        let reasons: Vec<_> = rows.iter().filter_map(|(number, row)| Some((*number, row.as_ref().err()?))).collect();
        assert_eq!(reasons.len(), 2);
        assert_eq!((reasons[0].0, reasons[1].0), (1, 2));
        assert!(!reasons.iter().any(|(_, reason)| reason.contains("ller") || reason.contains("short")));
        assert!(rows[2].1.is_ok(), "the next row is not lost");
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_swallow_the_file() {
        let text = format!("email\n\"{}", "never closed\n".repeat(400_000));
        let mut rows = Rows::new(text.as_bytes()).unwrap();
        assert!(matches!(rows.next_row(), Err(ImportError::Row { row: 1 })));
    }

    #[test]
    fn a_file_of_another_charset_is_refused() {
        assert!(matches!(Rows::new(&b"Stra\xDFe,x\n"[..]), Err(ImportError::Heading)));
        let utf16: Vec<u8> = "\u{feff}name,email\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(matches!(Rows::new(&utf16[..]), Err(ImportError::Heading)));
        assert!(matches!(Rows::new(&b""[..]), Err(ImportError::Heading)));
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            if let Ok(mut rows) = Rows::new(&bytes[..]) {
                let mut count = 0;
                while let Ok(Some(_)) = rows.next_row() {
                    count += 1;
                }
                prop_assert!(count <= bytes.len());
            }
        }
    }
}
