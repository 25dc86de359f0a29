//! The only place that writes to standard output and standard error.
//!
//! Text from strangers cannot steer the terminal: control characters never reach it. When the
//! reader goes away, the command ends quietly.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::exit::{Failure, Kind};

/// Columns when the terminal does not say.
const DEFAULT_COLUMNS: usize = 100;

/// Standard output, as JSON or for people.
pub(crate) struct Output {
    out: io::Stdout,
    json: bool,
    terminal: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let out = io::stdout();
        Self { json, terminal: out.is_terminal(), out }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints the answer: as one line of JSON, or as `for_people` tells it.
    pub(crate) fn answer<T: Serialize>(
        &self,
        answer: &T,
        for_people: impl FnOnce(&Self, &T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !self.json {
            return for_people(self, answer);
        }
        let json = serde_json::to_string(answer)
            .map_err(|_| Failure::new(Kind::Software, "the answer cannot be written as JSON"))?;
        self.write(&format!("{json}\n"))
    }

    /// Prints a line, or several, for people.
    pub(crate) fn line(&self, text: impl Display) -> Result<(), Failure> {
        self.write(&format!("{}\n", without_controls(&text.to_string())))
    }

    /// Prints a line that stands out on a terminal.
    pub(crate) fn heading(&self, text: impl Display) -> Result<(), Failure> {
        let text = without_controls(&text.to_string());
        let coloured = self.terminal && std::env::var_os("NO_COLOR").is_none();
        self.write(&if coloured { format!("\x1b[1m{text}\x1b[0m\n") } else { format!("{text}\n") })
    }

    /// Prints rows under headings. The last column is cut to the width of the terminal; nothing
    /// is cut when the output goes elsewhere.
    pub(crate) fn table(&self, headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let width = if self.terminal { columns() } else { usize::MAX };
        let mut lines = lay_out(headings, rows, width).into_iter();
        if let Some(first) = lines.next() {
            self.heading(first)?;
        }
        lines.try_for_each(|line| self.line(line))
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let mut out = self.out.lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::new(Kind::OutputClosed, "the reader of the output went away"),
            _ => Failure::io("cannot write the answer", &error),
        })
    }
}

/// A notice beside the answer, on standard error. A closed standard error is no reason to stop.
pub(crate) fn notice(text: impl Display) {
    let _ = writeln!(io::stderr(), "doorward: {}", without_controls(&text.to_string()));
}

/// Control characters and marks that turn the direction of writing become U+FFFD; line ends and
/// tabs stay.
fn without_controls(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}');
    text.chars()
        .filter(|c| *c != '\r')
        .map(|c| if (c.is_control() && c != '\n' && c != '\t') || turns(c) { '\u{FFFD}' } else { c })
        .collect()
}

fn lay_out(headings: &[&str], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let one_line = |cell: &str| without_controls(cell).replace(['\n', '\t'], " ");
    let head = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let cells: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect())).collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| {
            cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    cells
        .iter()
        .map(|row| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:width$}  ");
            }
            cut(line.trim_end(), width)
        })
        .collect()
}

/// The text in at most `width` characters, with an ellipsis where it was cut.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.or_else(|| rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col)))
        .filter(|columns| *columns >= 20)
        .unwrap_or(DEFAULT_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subject_cannot_steer_the_terminal() {
        let lines = lay_out(&["SUBJECT"], &[vec!["\u{1b}]0;owned\u{7}\u{202E}txt\r\nnext".to_owned()]], usize::MAX);
        assert_eq!(lines, ["SUBJECT", "\u{FFFD}]0;owned\u{FFFD}\u{FFFD}txt next"]);
    }

    #[test]
    fn columns_stand_under_each_other_and_the_last_is_cut() {
        let rows = [vec!["ä".to_owned(), "a long subject".to_owned()], vec!["bbb".to_owned(), "c".to_owned()]];
        assert_eq!(lay_out(&["ID", "SUBJECT"], &rows, 12), ["ID   SUBJECT", "ä    a long…", "bbb  c"]);
    }

    proptest! {
        #[test]
        fn no_text_brings_a_control_character(text: String) {
            let clean = without_controls(&text);
            prop_assert!(clean.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
        }
    }
}
