//! `doorward mailbox`: mail servers that are read by IMAP. The secret comes from standard input or a
//! file, never from an argument, and is never shown.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use kernel::{MailboxId, Timestamp};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Context;
use crate::configuration::Secret;
use crate::exit::{Failure, Kind};
use crate::operations::{
    LogIn, MailboxChanged, MailboxRow, MailboxSettings, MailboxTested, Mailboxes, Moment, Operation, Security,
};

/// Works on mailboxes.
#[derive(Subcommand)]
pub(crate) enum Mailbox {
    /// Add a mailbox; its password or token is read from standard input or a file
    Add(AddArguments),
    /// List the mailboxes and how their reading goes
    #[command(after_help = "Example:\n  doorward mailbox list")]
    List,
    /// Try a mailbox stage by stage, changing nothing
    #[command(after_help = "Example:\n  doorward mailbox test mbx_01jd0000000000000000000000")]
    Test {
        /// Id of the mailbox
        #[arg(value_name = "ID")]
        mailbox: MailboxId,
    },
    /// Stop reading a mailbox
    #[command(after_help = "Example:\n  doorward mailbox pause mbx_01jd0000000000000000000000")]
    Pause {
        /// Id of the mailbox
        #[arg(value_name = "ID")]
        mailbox: MailboxId,
    },
    /// Read a paused mailbox again
    #[command(after_help = "Example:\n  doorward mailbox resume mbx_01jd0000000000000000000000")]
    Resume {
        /// Id of the mailbox
        #[arg(value_name = "ID")]
        mailbox: MailboxId,
    },
    /// Give a mailbox another password or token, used at once
    Secret(SecretArguments),
    /// Remove a mailbox with its secret; its mail stays, here and there
    #[command(after_help = "Example:\n  doorward mailbox remove mbx_01jd0000000000000000000000")]
    Remove {
        /// Id of the mailbox
        #[arg(value_name = "ID")]
        mailbox: MailboxId,
    },
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  doorward mailbox add --host mail.elm.example --user service@elm.example < password.txt"
)]
pub(crate) struct AddArguments {
    /// Host name of the mail server, as in its certificate
    #[arg(long, value_name = "HOST")]
    host: String,
    /// Port of the mail server; 993 for tls, else 143
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// How the connection is protected; plain only to this machine
    #[arg(long, value_enum, default_value = "tls")]
    security: Security,
    /// The only certificate authority to trust (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    authority_file: Option<PathBuf>,
    /// User to log in as
    #[arg(long, value_name = "USER")]
    user: String,
    /// What the secret is
    #[arg(long, value_enum, default_value = "password")]
    log_in: LogIn,
    /// File with the password or token instead of standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Folder to read
    #[arg(long, value_name = "FOLDER", default_value = "INBOX")]
    folder: String,
    /// Folder to move mail to once it is taken in; without it, mail is marked and stays
    #[arg(long, value_name = "FOLDER")]
    move_to: Option<String>,
    /// Leave mail from before this day (UTC) alone
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    since: Option<Moment>,
    /// What to call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward mailbox secret mbx_01jd0000000000000000000000 < token.txt")]
pub(crate) struct SecretArguments {
    /// Id of the mailbox
    #[arg(value_name = "ID")]
    mailbox: MailboxId,
    /// File with the password or token instead of standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

pub(crate) async fn run(context: &Context, command: Mailbox) -> Result<(), Failure> {
    match command {
        Mailbox::Add(arguments) => add(context, arguments).await,
        Mailbox::List => {
            let all: Mailboxes = context.ask(Operation::MailboxList).await?;
            context.output.answer(&all, |output, all| {
                if all.mailboxes.is_empty() {
                    return output.line("no mailboxes");
                }
                let rows: Vec<Vec<String>> = all.mailboxes.iter().map(row).collect();
                output.table(&["ID", "READ (UTC)", "TAKEN", "LEFT", "SERVER", "FOLDER", "NAME", "STATE"], &rows)
            })
        }
        Mailbox::Test { mailbox } => test(context, mailbox).await,
        Mailbox::Pause { mailbox } => pause(context, mailbox, true).await,
        Mailbox::Resume { mailbox } => pause(context, mailbox, false).await,
        Mailbox::Secret(SecretArguments { mailbox, secret_file }) => {
            let secret = secret(secret_file.as_deref())?;
            let changed: MailboxChanged = with_secret(context, Operation::MailboxSecret { mailbox }, &secret).await?;
            context.output.answer(&changed, |output, changed| output.line(format_args!("changed {}", changed.id)))
        }
        Mailbox::Remove { mailbox } => {
            let removed: MailboxChanged = context.ask(Operation::MailboxRemove { mailbox }).await?;
            context.output.answer(&removed, |output, removed| output.line(format_args!("removed {}", removed.id)))
        }
    }
}

async fn add(context: &Context, arguments: AddArguments) -> Result<(), Failure> {
    let secret = secret(arguments.secret_file.as_deref())?;
    let authority = arguments.authority_file.as_deref().map(|file| {
        std::fs::read_to_string(file)
            .map_err(|error| Failure::io(format_args!("cannot read {}", file.display()), &error))
    });
    let usual_port = if arguments.security == Security::Tls { 993 } else { 143 };
    let settings = MailboxSettings {
        name: arguments.name.unwrap_or_else(|| arguments.host.clone()),
        host: arguments.host,
        port: arguments.port.unwrap_or(usual_port),
        security: arguments.security,
        authority: authority.transpose()?,
        user: arguments.user,
        log_in: arguments.log_in,
        folder: arguments.folder,
        move_to: arguments.move_to,
        since: arguments.since,
    };
    let added: MailboxChanged = with_secret(context, Operation::MailboxAdd { settings }, &secret).await?;
    context.output.answer(&added, |output, added| {
        output.line(added.id)?;
        output.line(format_args!("it is read while doorward serves; try it: doorward mailbox test {}", added.id))
    })
}

async fn test(context: &Context, mailbox: MailboxId) -> Result<(), Failure> {
    let tested: MailboxTested = context.ask(Operation::MailboxTest { mailbox }).await?;
    context.output.answer(&tested, |output, tested| {
        for stage in &tested.stages {
            let word = if stage.ok { "ok " } else { "BAD" };
            output.line(format_args!("{word}  {}: {}", stage.stage, stage.found))?;
        }
        tested.server_said.as_ref().map_or(Ok(()), |said| output.line(format_args!("     the server said: {said}")))
    })?;
    if tested.passed {
        return Ok(());
    }
    Err(Failure::new(Kind::CheckFailed, "the mailbox cannot be read: see above"))
}

async fn pause(context: &Context, mailbox: MailboxId, paused: bool) -> Result<(), Failure> {
    let changed: MailboxChanged = context.ask(Operation::MailboxPause { mailbox, paused }).await?;
    let word = if paused { "paused" } else { "resumed" };
    context.output.answer(&changed, |output, changed| output.line(format_args!("{word} {}", changed.id)))
}

/// An operation whose body is a secret.
async fn with_secret<A: DeserializeOwned>(
    context: &Context,
    operation: Operation,
    secret: &Secret,
) -> Result<A, Failure> {
    let reached = context.reach().await?;
    // Wiped when the call is over.
    let body = Bytes::from_owner(Zeroizing::new(secret.expose().as_bytes().to_vec()));
    let answer = reached.ask(operation, body, &mut |_| {}).await;
    reached.finish().await?;
    answer
}

fn secret(file: Option<&Path>) -> Result<Secret, Failure> {
    if let Some(file) = file {
        return Secret::from_file(file);
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        let advice = "give the password or token on standard input or with --secret-file: it is never an argument";
        return Err(Failure::new(Kind::Usage, advice));
    }
    Secret::from_reader(input.lock(), "standard input")
}

fn row(mailbox: &MailboxRow) -> Vec<String> {
    let settings = &mailbox.settings;
    let state = match (&mailbox.trouble, mailbox.paused) {
        (_, true) => "paused",
        (Some(trouble), false) => trouble,
        (None, false) => "ok",
    };
    vec![
        mailbox.id.to_string(),
        mailbox.succeeded_at.map_or_else(|| "never".to_owned(), Moment::short),
        mailbox.taken.to_string(),
        mailbox.left_alone.to_string(),
        format!("{}:{}", settings.host, settings.port),
        settings.folder.clone(),
        settings.name.clone(),
        state.to_owned(),
    ]
}

fn day(text: &str) -> Result<Moment, String> {
    let day = text.parse::<jiff::civil::Date>().map_err(|_| "give a day as 2026-11-23".to_owned())?;
    let begins = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(Moment(Timestamp::from_micros(begins.timestamp().as_microsecond())))
}
