//! The only binary: command line, configuration, start-up.
//!
//! A command becomes an operation on the data folder; whoever owns the folder carries it out.
//! This crate knows nothing of mail, customers or keys: that stands behind [`operations::Product`].

mod arguments;
mod commands;
pub mod configuration;
pub mod control;
pub mod embedded;
pub mod exit;
mod logging;
pub mod operations;
mod output;
pub mod owner;
pub mod progress;
mod reach;
mod sample;
mod shutdown;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};
use exit::{Failure, Kind};
use operations::Product;

/// Runs one command line, the program's name first, and gives its exit code.
pub fn run(product: Arc<dyn Product>, command_line: impl IntoIterator<Item = OsString>) -> ExitCode {
    logging::silence_panics();
    let command_line: Vec<OsString> = command_line.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&command_line) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error, &command_line),
    };
    let for_mail = matches!(arguments.command, Command::Mail(_));
    // A mail server bounces a mail on an exit code that it does not know, such as that of a panic.
    let ended = catch_unwind(AssertUnwindSafe(|| start(product, arguments)));
    let fault = "a fault of this program stopped the command: please report the place that stands above";
    match ended.unwrap_or_else(|_| Err(Failure::new(Kind::Software, fault))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.kind != Kind::OutputClosed {
                output::notice(&failure);
            }
            ExitCode::from(if for_mail { failure.kind.code_for_mail() } else { failure.kind.code() })
        }
    }
}

fn start(product: Arc<dyn Product>, arguments: Arguments) -> Result<(), Failure> {
    let context = commands::Context::new(product, &arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot start threads", &error))?;
    let result = runtime.block_on(commands::dispatch(&context, arguments.command));
    // A thread that waits for standard input would hold the end up.
    runtime.shutdown_background();
    result
}

/// A command line that clap refuses, or the help and version that it prints.
fn refuse(error: &clap::Error, command_line: &[OsString]) -> ExitCode {
    let printed = error.print();
    if !error.use_stderr() {
        return match printed {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(Kind::Io.code()),
            _ => ExitCode::SUCCESS,
        };
    }
    let for_mail = Arguments::command()
        .ignore_errors(true)
        .try_get_matches_from(command_line)
        .is_ok_and(|matches| matches.subcommand_name() == Some("mail"));
    ExitCode::from(if for_mail { Kind::Usage.code_for_mail() } else { Kind::Usage.code() })
}
