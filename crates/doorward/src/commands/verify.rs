//! `doorward verify`: the audit log is whole and unchanged, or what is wrong with it.

use clap::Args;

use super::Context;
use crate::exit::{Failure, Kind};
use crate::operations::{Operation, Verified};
use crate::output::Output;

#[derive(Args)]
#[command(after_help = "Example:\n  doorward verify --json\n\n\
    Prints {\"size\":n,\"ok\":true,\"root\":…,\"checkpoints\":n,\"chains\":n,\"entries\":n,\"pending\":n,\n\
    \"erased\":n,\"problems\":[…]}; exit code 1 when\n\
    anything does not hold.")]
pub(crate) struct VerifyArguments {
    /// Take the entries before this size as checked
    #[arg(long, value_name = "SIZE")]
    since: Option<u64>,
}

pub(crate) async fn run(context: &Context, arguments: VerifyArguments) -> Result<(), Failure> {
    let verified: Verified = context.ask(Operation::Verify { since: arguments.since }).await?;
    context.output.answer(&verified, print_verified)?;
    if verified.ok {
        Ok(())
    } else {
        Err(Failure::new(
            Kind::CheckFailed,
            "the audit log does not hold: keep a copy of the data folder and look into it",
        ))
    }
}

pub(super) fn print_verified(output: &Output, verified: &Verified) -> Result<(), Failure> {
    let word = if verified.ok { "ok" } else { "NOT OK" };
    output.heading(format_args!(
        "{word}: {} entries, {} checkpoints, {} chains",
        verified.size, verified.checkpoints, verified.chains
    ))?;
    output.line(format_args!("root {}", verified.root))?;
    verified.problems.iter().try_for_each(|problem| output.line(format_args!("problem: {problem}")))
}
