//! What people do often: `cargo xtask test`, `tidy`, `bench`, `fuzz`.
//!
//! It only starts what is installed, with one exception: run by root, `test` fetches PostgreSQL,
//! Dovecot and a compiler from Debian. It is never part of the product.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on its console")]

mod bench;
mod fuzz;
mod needs;
mod programs;
mod steps;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  test [--fast] [FILTER…]            everything that must hold: format, tidy, lints, build, tests, fuzzing
                                     --fast leaves the fuzzing out; with a FILTER only matching tests are run
  tidy                               what the compiler cannot check: borders, sizes, migrations, documents, licences
  bench [NAME…]                      measures, in a release build, what docs/benchmarks.md reports
  fuzz [--seconds N] [TARGET [FILE…]]
                                     fuzzes every target, or one, for N seconds each (10); FILEs are run again instead

Example: cargo xtask test --fast conversation
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let outcome = match command {
        "test" => test::run(rest),
        "tidy" => tidy::run(),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::run(rest),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(format!("there is no command {unknown}\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}");
            ExitCode::FAILURE
        }
    }
}
