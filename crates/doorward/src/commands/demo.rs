//! `doorward demo`: the whole way of a mail on made-up input, in a folder of its own.
//!
//! Touches nothing that the user keeps.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;

use super::import_mail::Tally;
use super::verify::print_verified;
use super::{Context, conversations, make_private_folder, sample_mail};
use crate::configuration::Settings;
use crate::exit::{Failure, Kind};
use crate::operations::{ConversationShown, Conversations, Initialise, MailOutcome, Operation, ReceivedVia, Verified};
use crate::progress::{Bar, Progress};
use crate::reach::Reached;

/// Mails of the sample.
const MAILS: u64 = 60;
/// Conversations that are listed.
const LISTED: usize = 10;

#[derive(Args)]
#[command(after_help = "Example:\n  doorward demo")]
pub(crate) struct DemoArguments {
    /// Folder for the demonstration; must not exist [default: a new one for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// A throw-away instance: data and root key in two folders side by side.
pub(super) fn settings_in(context: &Context, folder: &Path) -> Result<Settings, Failure> {
    // Never one that exists: somebody else may have laid it there.
    DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(|error| Failure::io(format_args!("cannot make the new folder {}", folder.display()), &error))?;
    for part in ["data", "keys"] {
        make_private_folder(&folder.join(part))?;
    }
    Ok(context.settings.elsewhere(folder.join("data"), folder.join("keys/root.key")))
}

/// A folder for temporary files that this process alone uses.
pub(super) fn temporary_folder(purpose: &str) -> PathBuf {
    std::env::temp_dir().join(format!("doorward-{purpose}-{}", std::process::id()))
}

/// What to type to run this program again: after `cargo run` it is in nobody's search path.
fn this_program() -> PathBuf {
    let Ok(program) = std::env::current_exe() else { return PathBuf::from("doorward") };
    let here = std::env::current_dir().ok();
    here.and_then(|here| program.strip_prefix(here).ok().map(Path::to_path_buf)).unwrap_or(program)
}

pub(crate) async fn run(context: &Context, arguments: DemoArguments) -> Result<(), Failure> {
    let output = &context.output;
    let folder = std::path::absolute(arguments.folder.unwrap_or_else(|| temporary_folder("demo")))
        .map_err(|error| Failure::io("cannot tell the working folder", &error))?;
    let settings = settings_in(context, &folder)?;
    let wish = Initialise { organisation: "Elm Clinic".to_owned(), admin_email: "admin@example.com".to_owned() };
    let made = context.product.initialise(&settings, wish).await?;
    if !output.is_json() {
        output.heading("1. A data folder, its root key apart from it, and an organisation")?;
        output.line(format_args!("   {} in {}", made.organisation, made.data.display()))?;
    }
    let reached = Reached::find(&settings, context.product.as_ref(), context.clock.as_ref()).await?;
    let shown = show(context, &reached).await;
    reached.finish().await?;
    let verified = shown?;
    if !output.is_json() {
        output.line("")?;
        output.line(format_args!(
            "everything lies in {}: a copy of its data folder tells a thief nothing",
            folder.display()
        ))?;
        output.line(format_args!(
            "look around: {1} conversations list --data {0}/data --root-key-file {0}/keys/root.key",
            folder.display(),
            this_program().display()
        ))?;
        output.line(format_args!("remove it:   rm -r {}", folder.display()))?;
    }
    if verified.ok { Ok(()) } else { Err(Failure::new(Kind::CheckFailed, "the audit log does not hold")) }
}

async fn show(context: &Context, reached: &Reached) -> Result<Verified, Failure> {
    let output = &context.output;
    let begun = std::time::Instant::now();
    let tally = feed(context, reached).await?;
    let mut page: Conversations = reached.ask(list(LISTED), Bytes::new(), &mut |_| {}).await?;
    // The hint at the next page belongs to a command that nobody has typed here.
    page.next = None;
    let opened = match page.conversations.iter().find(|row| row.messages > 1) {
        Some(row) => {
            let operation = Operation::ConversationShow { conversation: row.id };
            Some(reached.ask::<ConversationShown>(operation, Bytes::new(), &mut |_| {}).await?)
        }
        None => None,
    };
    if !output.is_json() {
        output.line("")?;
        output.heading(format_args!(
            "2. {} mails became {} conversations in {} ms, each under its customer's own key",
            tally.received,
            tally.conversations,
            begun.elapsed().as_millis()
        ))?;
        conversations::print_page(output, &page)?;
        let listed = u64::try_from(page.conversations.len()).unwrap_or(u64::MAX);
        output.line(format_args!("… and {} more", tally.conversations.saturating_sub(listed)))?;
        if let Some(opened) = &opened {
            output.line("")?;
            output.heading("3. One of them, as an agent sees it")?;
            conversations::print_conversation(output, opened)?;
        }
        output.line("")?;
        output.heading("4. Every step is in the audit log")?;
    }
    let verified: Verified = reached.ask(Operation::Verify { since: None }, Bytes::new(), &mut |_| {}).await?;
    output.answer(&verified, print_verified)?;
    Ok(verified)
}

async fn feed(context: &Context, reached: &Reached) -> Result<Tally, Failure> {
    let (bar, mut tally, now) = (Bar::new(), Tally::default(), context.clock.now());
    for number in 0..MAILS {
        let mail = sample_mail::mail("demo", number, now);
        let outcome: MailOutcome = reached.ask(take_in(), mail.into(), &mut |_| {}).await?;
        tally.count(outcome.outcome);
        bar.show(&Progress { stage: "mails".to_owned(), done: number + 1, total: Some(MAILS) });
    }
    Ok(tally)
}

/// The operation for one made-up mail.
pub(super) fn take_in() -> Operation {
    Operation::Mail { client_ip: None, helo: None, mail_from: None, received_via: ReceivedVia::Import }
}

/// The operation for the first page.
pub(super) fn list(limit: usize) -> Operation {
    Operation::ConversationsList { state: None, label: None, assignee: None, limit, cursor: None }
}
