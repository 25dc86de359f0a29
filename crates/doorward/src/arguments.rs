//! The command tree. Each command's own arguments stand beside what it does, in `commands/`.

use clap::{Parser, Subcommand};

use crate::commands::{
    agents, backup, bench, channel, conversations, customers, demo, import_customers, import_mail, init, mail, mailbox,
    quarantine, serve, tokens, verify,
};
use crate::configuration::Flags;
use crate::exit;

/// Self-hosted customer-service desk that seals every personal value under the customer's own key
#[derive(Parser)]
#[command(name = "doorward", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Example:\n  doorward init --organisation \"Elm Clinic\" --admin-email admin@elm.example\n  \
    doorward serve")]
#[command(after_long_help = format!(
    "Example:\n  doorward init --organisation \"Elm Clinic\" --admin-email admin@elm.example\n  doorward serve\n\n{}",
    exit::table()
))]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, in the order in which somebody meets them.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a data folder, its root key and an organisation
    Init(init::InitArguments),
    /// Serve the HTTP entry and own the data folder
    Serve(serve::ServeArguments),
    /// Show everything on made-up mail, in a folder of its own
    Demo(demo::DemoArguments),
    /// Take in one mail from standard input, for a mail server's pipe
    Mail(mail::MailArguments),
    /// Take in mail or customers from files
    #[command(subcommand)]
    Import(Import),
    /// Read mailboxes by IMAP
    #[command(subcommand)]
    Mailbox(mailbox::Mailbox),
    /// Look at conversations, masked
    #[command(subcommand)]
    Conversations(conversations::Conversations),
    /// Look at mail that could not be understood, and release it
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Work on customers
    #[command(subcommand)]
    Customers(customers::Customers),
    /// Erase for ever
    #[command(subcommand)]
    Erase(customers::Erase),
    /// Check that the audit log is whole and unchanged
    Verify(verify::VerifyArguments),
    /// Start a new key epoch and destroy the old one
    #[command(after_help = "Example:\n  doorward rotate")]
    Rotate,
    /// Copy the data and, apart from it, the wrapped keys
    Backup(backup::BackupArguments),
    /// Fill an empty data folder from a backup
    Restore(backup::RestoreArguments),
    /// Make, list and revoke tokens for the HTTP interface
    #[command(subcommand)]
    Token(tokens::Token),
    /// Work on our addresses and mail servers, and on mail that failed
    #[command(subcommand)]
    Channel(channel::Channel),
    /// Invite, list and disable agents, and let them in again
    #[command(subcommand)]
    Agent(agents::Agent),
    /// Check a deployment: what is weak and how to mend it
    #[command(after_help = "Example:\n  doorward doctor --json")]
    Doctor,
    /// Measure this machine on made-up mail
    Bench(bench::BenchArguments),
}

/// What can be imported.
#[derive(Subcommand)]
pub(crate) enum Import {
    /// Take in mail from files, folders and mboxes
    Mail(import_mail::ImportMailArguments),
    /// Take in customers from a CSV file
    Customers(import_customers::ImportCustomersArguments),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn leaves(command: &clap::Command, found: &mut Vec<clap::Command>) {
        if command.get_subcommands().next().is_none() {
            found.push(command.clone());
        }
        command.get_subcommands().for_each(|command| leaves(command, found));
    }

    #[test]
    fn every_command_shows_an_example_that_it_would_accept() {
        Arguments::command().debug_assert();
        let mut found = Vec::new();
        leaves(&Arguments::command(), &mut found);
        assert!(found.len() >= 20);
        for command in found {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = help.split_once("Example:\n").map(|(_, example)| example);
            let line = example.and_then(|example| example.lines().next()).unwrap_or_default();
            let call = line.split([';', '<', '|']).next().unwrap_or_default();
            let words = call.split_whitespace().map(|word| word.trim_matches('"'));
            assert!(Arguments::try_parse_from(words).is_ok(), "{}: {line:?}", command.get_name());
        }
    }
}
