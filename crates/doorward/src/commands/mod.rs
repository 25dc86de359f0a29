//! One file per command: its arguments, its operations, how its answer is told to people.

pub(crate) mod agents;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod channel;
pub(crate) mod conversations;
pub(crate) mod customers;
pub(crate) mod demo;
mod doctor;
pub(crate) mod import_customers;
pub(crate) mod import_mail;
pub(crate) mod init;
pub(crate) mod mail;
mod mail_files;
pub(crate) mod mailbox;
pub(crate) mod quarantine;
mod rotate;
pub(crate) mod serve;
pub(crate) mod tokens;
pub(crate) mod verify;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use kernel::limits::OWNER_WAIT;
use kernel::{Clock, SystemClock};
use serde::de::DeserializeOwned;

use crate::arguments::{Arguments, Command, Import};
use crate::configuration::{LogLevel, Settings, process_environment};
use crate::exit::{Failure, Kind};
use crate::logging;
use crate::operations::{Operation, Product};
use crate::output::Output;
use crate::owner::{Owner, Role};
use crate::progress::Bar;
use crate::reach::Reached;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) output: Output,
    pub(crate) product: Arc<dyn Product>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Context {
    pub(crate) fn new(product: Arc<dyn Product>, arguments: &Arguments) -> Result<Self, Failure> {
        let settings = Settings::load(&arguments.flags, &process_environment)?;
        let serves = matches!(arguments.command, Command::Serve(_));
        let usual = if serves { LogLevel::Info } else { LogLevel::Warn };
        logging::start(settings.log_level.unwrap_or(usual), settings.log_format);
        Ok(Self { settings, output: Output::new(arguments.flags.json), product, clock: Arc::new(SystemClock) })
    }

    /// The way to whoever owns the folder.
    pub(crate) async fn reach(&self) -> Result<Reached, Failure> {
        Reached::find(&self.settings, self.product.as_ref(), self.clock.as_ref()).await
    }

    /// One operation without a body, from finding the operator to letting it go.
    pub(crate) async fn ask<A: DeserializeOwned>(&self, operation: Operation) -> Result<A, Failure> {
        self.ask_with(operation, Bytes::new()).await
    }

    /// The same with a body.
    pub(crate) async fn ask_with<A: DeserializeOwned>(&self, operation: Operation, body: Bytes) -> Result<A, Failure> {
        let reached = self.reach().await?;
        let bar = Bar::new();
        let answer = reached.ask(operation, body, &mut |progress| bar.show(progress)).await;
        bar.finish();
        reached.finish().await?;
        answer
    }

    /// Makes the data folder when it is missing, for its user alone, and takes it.
    pub(crate) async fn take_folder(&self) -> Result<Option<Owner>, Failure> {
        make_private_folder(&self.settings.data)?;
        if !self.settings.has_one_owner() {
            return Ok(None);
        }
        Owner::take(&self.settings.data, Role::Command, OWNER_WAIT, self.clock.as_ref()).await.map(Some)
    }
}

/// Carries one command out.
pub(crate) async fn dispatch(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Init(arguments) => init::run(context, arguments).await,
        Command::Serve(_) => serve::run(context).await,
        Command::Demo(arguments) => demo::run(context, arguments).await,
        Command::Mail(arguments) => mail::run(context, arguments).await,
        Command::Import(Import::Mail(arguments)) => import_mail::run(context, arguments).await,
        Command::Import(Import::Customers(arguments)) => import_customers::run(context, arguments).await,
        Command::Conversations(command) => conversations::run(context, command).await,
        Command::Quarantine(command) => quarantine::run(context, command).await,
        Command::Customers(command) => customers::run(context, command).await,
        Command::Erase(command) => customers::erase(context, command).await,
        Command::Verify(arguments) => verify::run(context, arguments).await,
        Command::Rotate => rotate::run(context).await,
        Command::Backup(arguments) => backup::run(context, arguments).await,
        Command::Restore(arguments) => backup::restore(context, arguments).await,
        Command::Token(command) => tokens::run(context, command).await,
        Command::Channel(command) => channel::run(context, command).await,
        Command::Agent(command) => agents::run(context, command).await,
        Command::Mailbox(command) => mailbox::run(context, command).await,
        Command::Doctor => doctor::run(context).await,
        Command::Bench(arguments) => bench::run(context, arguments).await,
    }
}

/// Makes a folder that only its user may enter; one that exists is left as it is.
fn make_private_folder(path: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
        let failure = Failure::io(format_args!("cannot make {}", path.display()), &error);
        if failure.kind == Kind::NotFound { Failure::new(Kind::CannotCreate, failure) } else { failure }
    })
}
