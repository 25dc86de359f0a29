//! Figures as they are collected and printed: a Markdown table, ready for docs/benchmarks.md.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

/// All figures of a run.
#[derive(Default)]
pub struct Figures {
    rows: Vec<[String; 4]>,
}

impl Figures {
    /// One figure: what was measured, on what, the figure, and what it stands beside.
    pub fn add(&mut self, what: impl Display, on: impl Display, figure: impl Display, beside: impl Display) {
        let row = [what.to_string(), on.to_string(), figure.to_string(), beside.to_string()];
        say(format_args!("  {} | {} | {} | {}", row[0], row[1], row[2], row[3]));
        self.rows.push(row);
    }

    /// The table.
    pub fn print(&self) {
        say("\n| what | on | figure | beside |\n|---|---|---|---|");
        for row in &self.rows {
            say(format_args!("| {} |", row.join(" | ")));
        }
    }
}

/// One line on standard output.
pub fn say(line: impl Display) {
    // Nobody reading is no reason to stop measuring.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The middle and the slow end of many times.
pub struct Spread {
    sorted: Vec<Duration>,
}

impl Spread {
    /// Of at least one time.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { sorted: times }
    }

    /// The time that this share of all stays below.
    pub fn at(&self, share: f64) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into a few thousand times"
        )]
        let index = (last as f64 * share).round() as usize;
        self.sorted.get(index).copied().unwrap_or_default()
    }
}

impl Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.2?}, p99 {:.2?}", self.at(0.5), self.at(0.99))
    }
}

/// How many of something a second.
#[allow(clippy::cast_precision_loss, reason = "a rate is a rough number")]
pub fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
