//! `doorward customers merge` and `doorward erase customer`.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};
use kernel::CustomerId;

use super::Context;
use crate::exit::{Failure, Kind};
use crate::operations::{Erased, Merged, Operation};

/// Longest reason, in characters.
const REASON_CHARS: usize = 1_000;

/// Works on customers.
#[derive(Subcommand)]
pub(crate) enum Customers {
    /// Link two customers that turned out to be one; both keys and both chains stay
    #[command(after_help = "Example:\n  doorward customers merge cus_01jd0000000000000000000000 \
                            cus_01jd0000000000000000000001")]
    Merge {
        /// The customer that is led over
        from: CustomerId,
        /// The customer that stays in front
        into: CustomerId,
    },
}

/// Erases for ever.
#[derive(Subcommand)]
pub(crate) enum Erase {
    /// Destroy a customer's keys, and with them every value, message and attachment
    Customer(EraseArguments),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  doorward erase customer cus_01jd0000000000000000000000 --reason \"request-of-2026-11-20\" --yes"
)]
pub(crate) struct EraseArguments {
    /// Id of the customer
    #[arg(value_name = "ID")]
    customer: CustomerId,
    /// Why, for the audit log; no personal values
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(context: &Context, command: Customers) -> Result<(), Failure> {
    let Customers::Merge { from, into } = command;
    if from == into {
        return Err(Failure::new(Kind::Usage, "a customer cannot be merged with itself"));
    }
    let merged: Merged = context.ask(Operation::MergeCustomers { from, into }).await?;
    context.output.answer(&merged, |output, merged: &Merged| {
        output.line(format_args!("{} is led over to {}", merged.from, merged.into))
    })
}

pub(crate) async fn erase(context: &Context, command: Erase) -> Result<(), Failure> {
    let Erase::Customer(EraseArguments { customer, reason, yes }) = command;
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS {
        return Err(Failure::new(Kind::Usage, format_args!("--reason is a text of at most {REASON_CHARS} characters")));
    }
    if !yes {
        confirm(context, customer)?;
    }
    let erased: Erased = context.ask(Operation::EraseCustomer { customer, reason }).await?;
    context.output.answer(&erased, |output, erased: &Erased| {
        if erased.customers.is_empty() {
            return output.line(format_args!("{customer} had been erased before"));
        }
        let ids: Vec<String> = erased.customers.iter().map(ToString::to_string).collect();
        output.line(format_args!(
            "erased {}: {} keys destroyed, {} values, {} messages and {} files gone; older backups no longer open them",
            ids.join(" and "),
            erased.keys,
            erased.values,
            erased.messages,
            erased.blobs
        ))
    })
}

/// Asks for the id once more: there is no way back.
fn confirm(context: &Context, customer: CustomerId) -> Result<(), Failure> {
    let input = std::io::stdin();
    if context.output.is_json() || !input.is_terminal() {
        return Err(Failure::new(Kind::Usage, "an erasure cannot be undone: say --yes"));
    }
    context.output.line(format_args!("this cannot be undone: type {customer} to erase it"))?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(|error| Failure::io("cannot read the answer", &error))?;
    if answer.trim().parse() == Ok(customer) { Ok(()) } else { Err(Failure::new(Kind::Usage, "nothing was erased")) }
}
