//! Runs steps one after another, stops at the first that fails, and ends with a table of all.

use std::fmt::Write;
use std::time::{Duration, Instant};

/// One thing that must hold.
pub(crate) struct Step<'a> {
    /// As the table names it.
    pub(crate) name: &'static str,
    /// What to do when it fails.
    pub(crate) remedy: &'static str,
    /// The work. Its own output is on the console by the time it fails.
    pub(crate) work: Box<dyn FnOnce() -> Result<(), String> + 'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// Runs the steps. The cheap ones should stand first: what fails, fails early.
pub(crate) fn run(steps: Vec<Step<'_>>) -> Result<(), String> {
    let mut outcomes = Vec::new();
    let mut failure = None;
    for Step { name, remedy, work } in steps {
        if failure.is_some() {
            outcomes.push((name, Outcome::NotRun));
            continue;
        }
        println!("\n==> {name}");
        let began = Instant::now();
        let outcome = work();
        let took = began.elapsed();
        if let Err(message) = outcome {
            failure = Some(format!("{name} failed: {message}\nwhat to do: {remedy}"));
            outcomes.push((name, Outcome::Failed(took)));
        } else {
            outcomes.push((name, Outcome::Passed(took)));
        }
    }
    println!("\n{}", table(&outcomes));
    failure.map_or(Ok(()), Err)
}

fn table(outcomes: &[(&str, Outcome)]) -> String {
    let width = outcomes.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let mut whole = Duration::ZERO;
    for (name, outcome) in outcomes {
        let (word, took) = match outcome {
            Outcome::Passed(took) => ("passed", Some(*took)),
            Outcome::Failed(took) => ("FAILED", Some(*took)),
            Outcome::NotRun => ("not run", None),
        };
        whole += took.unwrap_or_default();
        let line = format!("{name:width$}  {word:7}  {:>8}", took.map(clock).unwrap_or_default());
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = write!(text, "{:width$}  {:7}  {:>8}", "all", "", clock(whole));
    text
}

/// Minutes and seconds, with tenths below a minute.
fn clock(time: Duration) -> String {
    if time < Duration::from_mins(1) {
        return format!("{:.1} s", time.as_secs_f64());
    }
    let seconds = time.as_secs();
    format!("{}:{:02} min", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn nothing_runs_after_a_failure_and_the_failure_says_what_to_do() {
        let ran = Cell::new(0);
        let step = |name, outcome: Result<(), String>| Step {
            name,
            remedy: "mend it",
            work: Box::new(|| {
                ran.set(ran.get() + 1);
                outcome
            }),
        };
        let outcome = run(vec![step("one", Ok(())), step("two", Err("broken".to_owned())), step("three", Ok(()))]);
        assert_eq!(outcome, Err("two failed: broken\nwhat to do: mend it".to_owned()));
        assert_eq!(ran.get(), 2);
    }

    #[test]
    fn the_table_tells_every_step_and_the_sum() {
        let told = table(&[
            ("format", Outcome::Passed(Duration::from_millis(1_500))),
            ("tests", Outcome::Failed(Duration::from_secs(61))),
            ("fuzzing", Outcome::NotRun),
        ]);
        assert_eq!(
            told,
            "format   passed      1.5 s\ntests    FAILED   1:01 min\nfuzzing  not run\nall               1:02 min"
        );
    }
}
