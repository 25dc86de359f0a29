//! The program: one command line, handed to the library with the product behind it.

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    doorward::run(Arc::new(doorward::embedded::Embedded), std::env::args_os())
}
