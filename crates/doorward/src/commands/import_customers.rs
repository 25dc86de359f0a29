//! `doorward import customers`: customers from a CSV file, in chunks.
//!
//! Safe to run again: a customer that is known is recognised by the contact points. A rejected
//! row is told by its line and the reason, never by its values.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use clap::Args;
use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use serde::Serialize;

use super::Context;
use crate::exit::{Failure, Kind};
use crate::operations::{CustomersImported, Operation, Rejection};
use crate::output::Output;
use crate::progress::{Bar, Progress};
use crate::reach::Reached;

/// Rows in one chunk; a chunk is taken in whole or not at all.
const CHUNK_ROWS: usize = 500;
/// Bytes after which a chunk is closed.
const CHUNK_BYTES: usize = 512 * 1024;
/// The longest row, in bytes. A quote that is never closed would otherwise read the whole file.
const ROW_BYTES: usize = 1024 * 1024;
/// Rejected rows after which the import stops: the mapping is wrong, not the rows.
const REJECTED_ROWS: usize = 100_000;
/// Rejected rows that are printed for people.
const PRINTED_ROWS: usize = 20;

#[derive(Args)]
#[command(after_help = "Example:\n  doorward import customers --map email=E-mail --dry-run customers.csv\n\n\
    The first line names the columns. The names and labels of fields, and the usual headings in\n\
    English, German, Finnish, Polish and Russian, are understood without --map.\n\n\
    Rejected rows do not stop the others: exit code 0 when at least one row was taken or there was\n\
    none, 65 when all were rejected.")]
pub(crate) struct ImportCustomersArguments {
    /// CSV file in UTF-8
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which column holds a field; may be given many times
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = mapping)]
    mappings: Vec<(String, String)>,
    /// A column that is not wanted; may be given many times
    #[arg(long = "ignore", value_name = "COLUMN")]
    ignored: Vec<String>,
    /// Sign between the columns [default: the one of , ; and tab that the first line has most]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<char>,
    /// Check every row and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Write every rejected row (line, reason) to this CSV file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

fn mapping(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, column)) if !field.is_empty() && !column.is_empty() => Ok((field.to_owned(), column.to_owned())),
        _ => Err("give FIELD=COLUMN, as in email=E-mail".to_owned()),
    }
}

/// The result, as it is printed.
#[derive(Serialize)]
struct Report {
    dry_run: bool,
    rows: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    rejected: Vec<Rejection>,
}

pub(crate) async fn run(context: &Context, arguments: ImportCustomersArguments) -> Result<(), Failure> {
    let rows = Rows::open(&arguments.file, arguments.delimiter)?;
    let mapped = arguments.mappings.into_iter().map(|(field, column)| (column, field));
    let ignored = arguments.ignored.into_iter().map(|column| (column, "-".to_owned()));
    let columns: Vec<(String, String)> = mapped.chain(ignored).collect();
    let reached = context.reach().await?;
    let imported = import(&reached, rows, &columns, arguments.dry_run).await;
    reached.finish().await?;
    let report = imported?;
    if let Some(path) = &arguments.report {
        write_report(path, &report.rejected)?;
    }
    context.output.answer(&report, print_report)?;
    if report.took_nothing() {
        return Err(Failure::new(Kind::Data, "every row was rejected: look at --map and at the reasons above"));
    }
    Ok(())
}

impl Report {
    /// Rows there were, and each was rejected: the file or the mapping is wrong, not the rows.
    fn took_nothing(&self) -> bool {
        self.rows > 0 && self.rejected.len() as u64 >= self.rows
    }
}

async fn import(
    reached: &Reached,
    mut rows: Rows,
    columns: &[(String, String)],
    dry_run: bool,
) -> Result<Report, Failure> {
    let bar = Bar::new();
    let mut report = Report { dry_run, rows: 0, created: 0, updated: 0, unchanged: 0, rejected: Vec::new() };
    while let Some(chunk) = rows.next_chunk()? {
        report.rows += chunk.lines.len() as u64 + chunk.rejected.len() as u64;
        report.rejected.extend(chunk.rejected);
        if !chunk.lines.is_empty() {
            let operation = Operation::ImportCustomers { columns: columns.to_vec(), dry_run };
            let answer: CustomersImported = reached.ask(operation, chunk.body, &mut |_| {}).await?;
            report.created += answer.created;
            report.updated += answer.updated;
            report.unchanged += answer.unchanged;
            report.rejected.extend(answer.rejected.into_iter().map(|rejection| {
                let index = usize::try_from(rejection.row.saturating_sub(1)).unwrap_or(usize::MAX);
                Rejection { row: chunk.lines.get(index).copied().unwrap_or(rejection.row), ..rejection }
            }));
        }
        if report.rejected.len() > REJECTED_ROWS {
            let message = format!("more than {REJECTED_ROWS} rows were rejected: look at --map and --delimiter");
            return Err(Failure::new(Kind::Data, message));
        }
        bar.show(&Progress { stage: "customers".to_owned(), done: report.rows, total: None });
    }
    report.rejected.sort_by_key(|rejection| rejection.row);
    Ok(report)
}

fn print_report(output: &Output, report: &Report) -> Result<(), Failure> {
    let kept = if report.dry_run { " (nothing was kept: this was a dry run)" } else { "" };
    output.line(format_args!(
        "{} rows: {} new, {} changed, {} as before, {} rejected{kept}",
        report.rows,
        report.created,
        report.updated,
        report.unchanged,
        report.rejected.len()
    ))?;
    for rejection in report.rejected.iter().take(PRINTED_ROWS) {
        output.line(format_args!("line {}: {}", rejection.row, rejection.reason))?;
    }
    match report.rejected.len().checked_sub(PRINTED_ROWS) {
        Some(more) if more > 0 => output.line(format_args!("… {more} more: --report FILE writes them all")),
        _ => Ok(()),
    }
}

fn write_report(path: &Path, rejected: &[Rejection]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(format_args!("cannot write {}", path.display()), &error);
    let mut file = std::io::BufWriter::new(File::create(path).map_err(failed)?);
    let mut writer = WriterBuilder::new().from_writer(&mut file);
    writer
        .write_record(["line", "reason"])
        .and_then(|()| rejected.iter().try_for_each(|row| writer.write_record([&row.row.to_string(), &row.reason])))
        .and_then(|()| writer.flush().map_err(csv::Error::from))
        .map_err(|error| Failure::new(Kind::Io, format_args!("cannot write {}: {error}", path.display())))?;
    drop(writer);
    file.flush().map_err(failed)
}

/// Some rows of the file as a CSV of their own, with the header.
struct Chunk {
    body: Bytes,
    /// Line in the file of each row of the body.
    lines: Vec<u64>,
    /// Rows that never were rows.
    rejected: Vec<Rejection>,
}

struct Rows {
    reader: csv::Reader<Bounded>,
    since_row: Rc<Cell<usize>>,
    header: ByteRecord,
}

impl Rows {
    fn open(path: &Path, delimiter: Option<char>) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::io(format_args!("cannot read {}", path.display()), &error);
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let start = file.fill_buf().map_err(failed)?;
        let first_line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = match delimiter {
            Some(sign) => u8::try_from(sign)
                .ok()
                .filter(u8::is_ascii)
                .ok_or_else(|| Failure::new(Kind::Usage, "--delimiter is one ASCII character"))?,
            None => likely_delimiter(first_line),
        };
        Self::new(Box::new(file), delimiter)
    }

    fn new(source: Box<dyn Read>, delimiter: u8) -> Result<Self, Failure> {
        let since_row = Rc::new(Cell::new(0));
        let bounded = Bounded { source, since_row: Rc::clone(&since_row) };
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(bounded);
        let mut header = ByteRecord::new();
        let some = reader.read_byte_record(&mut header).map_err(|error| unreadable(&error))?;
        if !some || std::str::from_utf8(header.as_slice()).is_err() {
            return Err(Failure::new(Kind::Data, "the first line must name the columns, in UTF-8"));
        }
        since_row.set(0);
        Ok(Self { reader, since_row, header })
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, Failure> {
        let software = |_| Failure::new(Kind::Software, "a chunk of rows cannot be written");
        let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_byte_record(&self.header).map_err(software)?;
        let (mut lines, mut rejected, mut bytes) = (Vec::new(), Vec::new(), 0usize);
        let mut row = ByteRecord::new();
        while lines.len() + rejected.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
            if !self.reader.read_byte_record(&mut row).map_err(|error| unreadable(&error))? {
                break;
            }
            self.since_row.set(0);
            let line = row.position().map_or(0, csv::Position::line);
            bytes += row.as_slice().len();
            if row.len() != self.header.len() {
                let reason = format!("{} columns where the first line names {}", row.len(), self.header.len());
                rejected.push(Rejection { row: line, reason });
            } else if std::str::from_utf8(row.as_slice()).is_err() {
                rejected.push(Rejection { row: line, reason: "not UTF-8: save the file as UTF-8".to_owned() });
            } else {
                writer.write_byte_record(&row).map_err(software)?;
                lines.push(line);
            }
        }
        if lines.is_empty() && rejected.is_empty() {
            return Ok(None);
        }
        let body =
            writer.into_inner().map_err(|_| Failure::new(Kind::Software, "a chunk of rows cannot be written"))?;
        Ok(Some(Chunk { body: body.into(), lines, rejected }))
    }
}

fn likely_delimiter(first_line: &[u8]) -> u8 {
    let count = |sign: u8| first_line.split(|byte| *byte == sign).count();
    [b'\t', b';', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b',')
}

/// The reader's error without the values that it may quote.
fn unreadable(error: &csv::Error) -> Failure {
    let line = error.position().map(|position| format!(" near line {}", position.line())).unwrap_or_default();
    match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Failure::new(
            Kind::Data,
            format_args!("a row is longer than {ROW_BYTES} bytes{line}: look for a quote that is not closed"),
        ),
        csv::ErrorKind::Io(error) => Failure::io("cannot read the file", error),
        _ => Failure::new(Kind::Data, format_args!("the file cannot be read as CSV{line}")),
    }
}

/// A reader that ends with an error when one row takes too much.
struct Bounded {
    source: Box<dyn Read>,
    since_row: Rc<Cell<usize>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_row.get() > ROW_BYTES {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let read = self.source.read(buffer)?;
        self.since_row.set(self.since_row.get() + read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Rows {
        let delimiter = likely_delimiter(text.lines().next().unwrap_or_default().as_bytes());
        Rows::new(Box::new(std::io::Cursor::new(text.to_owned().into_bytes())), delimiter).unwrap()
    }

    #[test]
    fn a_chunk_has_the_header_and_knows_the_lines_of_its_rows() {
        let chunk = rows("name;email\n\"two\nlines\";a@x\nshort\nlast;b@x\n").next_chunk().unwrap().unwrap();
        assert_eq!(chunk.body, "name,email\n\"two\nlines\",a@x\nlast,b@x\n");
        assert_eq!(chunk.lines, [2, 5]);
        assert_eq!(chunk.rejected.iter().map(|row| row.row).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn a_file_of_many_rows_comes_in_bounded_chunks_and_none_is_lost() {
        let text: String = std::iter::once("email\n".to_owned())
            .chain((0..1_234).map(|number| format!("person{number}@x.example\n")))
            .collect();
        let mut rows = rows(&text);
        let mut sizes = Vec::new();
        while let Some(chunk) = rows.next_chunk().unwrap() {
            sizes.push(chunk.lines.len());
        }
        assert_eq!(sizes, [500, 500, 234]);
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_swallow_the_file() {
        let text = format!("email\n\"{}", "never closed ".repeat(400_000));
        let failure = rows(&text).next_chunk().err().unwrap();
        assert_eq!(failure.kind, Kind::Data);
        assert!(failure.message.contains("quote that is not closed"), "{}", failure.message);
    }

    #[test]
    fn values_of_another_charset_are_rejected_by_line_only() {
        let mut bytes = b"name\n".to_vec();
        bytes.extend(b"M\xFCller\n");
        let chunk = Rows::new(Box::new(std::io::Cursor::new(bytes)), b',').unwrap().next_chunk().unwrap().unwrap();
        assert_eq!(chunk.rejected.len(), 1);
        assert!(!chunk.rejected[0].reason.contains("ller"));
    }
}
