//! `doorward demo`: a made-up organisation at work, in a folder of its own, with its desk in the
//! browser.
//!
//! Touches nothing that the user keeps, and no mail leaves this machine.

use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use clap::Args;
use kernel::limits::{LARGE_BODIES_BYTES, OWNER_WAIT};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::verify::print_verified;
use super::{Context, conversations, make_private_folder};
use crate::configuration::Settings;
use crate::control::{ControlSocket, serve_control};
use crate::exit::{Failure, Kind};
use crate::operations::{
    Call, ConversationShown, Conversations, Demonstration, Filled, Guest, HttpEntry, Initialise, Operation, Operator,
    ReceivedVia, Verified,
};
use crate::owner::{Owner, Role};
use crate::progress::{Bar, Progress, ProgressSink};
use crate::shutdown;

/// Conversations that are listed.
const LISTED: usize = 10;

#[derive(Args)]
#[command(after_help = "Example:\n  doorward demo")]
pub(crate) struct DemoArguments {
    /// Folder for the demonstration; must not exist [default: a new one for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Show on the terminal what was made and end, without a desk in the browser
    #[arg(long)]
    once: bool,
}

/// What `--json` tells.
#[derive(Serialize)]
struct Shown {
    /// Where the desk answers; none with `--once`.
    address: Option<String>,
    /// Who comes in, and by which link.
    agents: Vec<Link>,
    folder: PathBuf,
    filled: Option<Filled>,
    verified: Option<Verified>,
}

#[derive(Serialize)]
struct Link {
    name: String,
    roles: String,
    url: String,
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
    let shutdown = shutdown::on_signals()?;
    let folder = std::path::absolute(arguments.folder.unwrap_or_else(|| temporary_folder("demo")))
        .map_err(|error| Failure::io("cannot tell the working folder", &error))?;
    let mut settings = settings_in(context, &folder)?;
    let listener = if arguments.once { None } else { Some(listener(&settings).await?) };
    let port = listener.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| address.port());
    // By its name: browsers give an address in digits no passkey.
    let address = port.map(|port| format!("http://localhost:{port}"));
    settings.public_url = address.clone().unwrap_or(settings.public_url);
    let wish = Initialise { organisation: "Elm Clinic".to_owned(), admin_email: "admin@example.com".to_owned() };
    context.product.initialise(&settings, wish).await?;
    let owner = Owner::take(&settings.data, Role::Serve, OWNER_WAIT, context.clock.as_ref()).await?;
    let stage = context.product.demonstrate(&settings).await?;
    let played = async {
        let guests = stage.furnish().await?;
        let links = links(address.as_deref(), &guests);
        tell_beginning(context, &folder, address.as_deref(), &links)?;
        let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES_BYTES));
        let served = listener.map(|listener| {
            let (stage, large_bodies, shutdown) = (Arc::clone(&stage), Arc::clone(&large_bodies), shutdown.clone());
            tokio::spawn(async move { stage.serve_http(HttpEntry { listener, large_bodies, shutdown }).await })
        });
        let operator: Arc<dyn Operator> = Arc::clone(&stage) as Arc<dyn Operator>;
        let socket = ControlSocket::bind(&owner)?;
        let control = tokio::spawn(serve_control(socket, operator, large_bodies, shutdown.clone()));
        let shown = tokio::select! {
            shown = show(context, &*stage) => Some(shown?),
            () = shutdown.cancelled() => None,
        };
        tell_end(
            context,
            Shown { address, agents: links, folder: folder.clone(), filled: None, verified: None },
            shown,
        )?;
        if let Some(served) = served {
            served.await.map_err(|_| Failure::new(Kind::Software, "the desk of the demonstration died"))??;
        }
        shutdown.cancel();
        control.await.map_err(|_| Failure::new(Kind::Software, "the control socket died"))?;
        Ok(())
    };
    let played = played.await;
    let closed = stage.close().await;
    played.and(closed)
}

/// The usual port, or a free one when somebody has it.
async fn listener(settings: &Settings) -> Result<TcpListener, Failure> {
    if let Ok(listener) = TcpListener::bind(settings.listen).await {
        return Ok(listener);
    }
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(|error| Failure::io("cannot listen on this machine", &error))
}

fn links(address: Option<&str>, guests: &[Guest]) -> Vec<Link> {
    let Some(address) = address else { return Vec::new() };
    let link = |guest: &Guest| Link {
        name: guest.name.clone(),
        roles: guest.roles.clone(),
        url: format!("{address}/demo/{}", guest.key),
    };
    guests.iter().map(link).collect()
}

fn tell_beginning(context: &Context, folder: &Path, address: Option<&str>, links: &[Link]) -> Result<(), Failure> {
    let output = &context.output;
    if output.is_json() {
        return Ok(());
    }
    output.heading("This is a demonstration: people and mails are made up, and no mail leaves this machine")?;
    output.line(format_args!("   {}: data and root key in two folders side by side", folder.display()))?;
    if let Some(address) = address {
        output.line("")?;
        output.heading(format_args!("The desk answers at {address}. Come in as"))?;
        for link in links {
            output.line(format_args!("   {} ({}): {}", link.name, link.roles, link.url))?;
        }
    }
    Ok(())
}

/// Fills the desk, and looks at what lies in it.
async fn show(context: &Context, stage: &dyn Demonstration) -> Result<(Filled, Verified), Failure> {
    let output = &context.output;
    let begun = Instant::now();
    let filled = fill(stage).await?;
    let took = begun.elapsed();
    let mut page: Conversations = ask(stage, list(LISTED)).await?;
    // The hint at the next page belongs to a command that nobody has typed here.
    page.next = None;
    let opened = match page.conversations.iter().find(|row| row.messages > 1).or(page.conversations.first()) {
        Some(row) => Some(ask::<ConversationShown>(stage, Operation::ConversationShow { conversation: row.id }).await?),
        None => None,
    };
    if !output.is_json() {
        output.line("")?;
        output.heading(format_args!(
            "{} mails and {} answers became {} conversations of {} customers in {} ms, each under its customer's own key",
            filled.mails,
            filled.answers,
            filled.conversations,
            filled.customers,
            took.as_millis()
        ))?;
        conversations::print_page(output, &page)?;
        if let Some(opened) = &opened {
            output.line("")?;
            output.heading("One of them, as an agent sees it")?;
            conversations::print_conversation(output, opened)?;
        }
        output.line("")?;
        output.heading("Every step is in the audit log")?;
    }
    let verified: Verified = ask(stage, Operation::Verify { since: None }).await?;
    if !output.is_json() {
        print_verified(output, &verified)?;
    }
    if verified.ok {
        Ok((filled, verified))
    } else {
        Err(Failure::new(Kind::CheckFailed, "the audit log does not hold"))
    }
}

async fn fill(stage: &dyn Demonstration) -> Result<Filled, Failure> {
    let (bar, (sink, mut seen)) = (Bar::new(), ProgressSink::channel());
    let mut filling = std::pin::pin!(stage.fill(&sink));
    loop {
        tokio::select! {
            filled = &mut filling => return filled,
            Ok(()) = seen.changed() => {
                let told: Progress = seen.borrow_and_update().clone();
                bar.show(&told);
            }
        }
    }
}

async fn ask<A: DeserializeOwned>(stage: &dyn Demonstration, operation: Operation) -> Result<A, Failure> {
    let call = Call { organisation: None, operation };
    let answer = stage.run(call, Bytes::new(), &ProgressSink::silent()).await?;
    serde_json::from_value(answer)
        .map_err(|_| Failure::new(Kind::Software, "the answer is not of the form that the command expects"))
}

fn tell_end(context: &Context, shown: Shown, found: Option<(Filled, Verified)>) -> Result<(), Failure> {
    let output = &context.output;
    let (filled, verified) = found.unzip();
    let shown = Shown { filled, verified, ..shown };
    if output.is_json() {
        return output.answer(&shown, |_, _| Ok(()));
    }
    let folder = shown.folder.display();
    output.line("")?;
    output.line(format_args!("everything lies in {folder}: a copy of its data folder tells a thief nothing"))?;
    output.line(format_args!(
        "look around: {} conversations list --data {folder}/data --root-key-file {folder}/keys/root.key",
        this_program().display()
    ))?;
    output.line(format_args!("remove it:   rm -r {folder}"))?;
    match &shown.address {
        Some(address) => output.line(format_args!("the desk answers at {address} until Ctrl C")),
        None => Ok(()),
    }
}

/// The operation for one made-up mail.
pub(super) fn take_in() -> Operation {
    Operation::Mail { client_ip: None, helo: None, mail_from: None, received_via: ReceivedVia::Import }
}

/// The operation for the first page.
pub(super) fn list(limit: usize) -> Operation {
    Operation::ConversationsList { state: None, label: None, assignee: None, limit, cursor: None }
}
