//! `doorward import mail`: many mails from files, as fast as the owner takes them.
//!
//! Safe to run again after an interruption: what was taken in is recognised as a duplicate.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Context;
use super::mail_files::{Found, MailFiles, read_all};
use crate::exit::{Failure, Kind};
use crate::operations::{MailOutcome, Operation, Outcome, ReceivedVia};
use crate::output::notice;
use crate::progress::{Bar, Progress};
use crate::reach::Reached;
use crate::shutdown;

/// Mails on their way at one time.
const IN_FLIGHT: usize = 32;
/// Memory, in bytes, that the mails on their way share.
const IN_FLIGHT_BYTES: usize = 64 * 1024 * 1024;
/// Mails that are read ahead.
const READ_AHEAD: usize = 64;
/// Pauses before a mail is sent again when the owner has no room for it.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(2), Duration::from_secs(5)];
/// Refused mails that are named one by one.
const NAMED_REFUSALS: u64 = 50;

#[derive(Args)]
#[command(after_help = "Example:\n  doorward import mail --json inbox.mbox letters/ one.eml\n\n\
    Prints {\"received\":n,\"conversations\":n,\"appended\":n,\"quarantined\":n,\"duplicates\":n}: mails read, new\n\
    conversations, mails that joined one, mails in quarantine, mails that were here already. In a folder,\n\
    .eml, .mbox and .mbx files are read, and everything in cur and new of a Maildir.")]
pub(crate) struct ImportMailArguments {
    /// Mail files, folders, mboxes, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The result, exactly as it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) received: u64,
    pub(crate) conversations: u64,
    pub(crate) appended: u64,
    pub(crate) quarantined: u64,
    pub(crate) duplicates: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        self.received += 1;
        match outcome {
            Outcome::Received => self.conversations += 1,
            Outcome::Appended => self.appended += 1,
            Outcome::Quarantined => self.quarantined += 1,
            Outcome::Duplicate => self.duplicates += 1,
        }
    }
}

pub(crate) async fn run(context: &Context, arguments: ImportMailArguments) -> Result<(), Failure> {
    let found = MailFiles::find(&arguments.paths)?;
    if found.passed_over > 0 {
        notice(format_args!("passed over {} files that are no mail by their name", found.passed_over));
    }
    let reached = context.reach().await?;
    let imported = import(context, &reached, found.files).await;
    reached.finish().await?;
    let (tally, end) = imported?;
    context.output.answer(&tally, |output, tally: &Tally| {
        output.line(format_args!(
            "{} mails read: {} new conversations, {} joined one, {} in quarantine, {} here already",
            tally.received, tally.conversations, tally.appended, tally.quarantined, tally.duplicates
        ))
    })?;
    end
}

/// Takes in all mails. The second result tells of mails that were refused, or of an interruption.
async fn import(
    context: &Context,
    reached: &Reached,
    files: Vec<PathBuf>,
) -> Result<(Tally, Result<(), Failure>), Failure> {
    let shutdown = shutdown::on_signals()?;
    let total = files.iter().all(|path| path.extension().is_some_and(|extension| extension == "eml"));
    let total = total.then_some(files.len() as u64);
    let (receiver, reader) = read_ahead(context, files);
    let mails = stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|found| (found, receiver)) })
        .take_until(shutdown.cancelled())
        .map(|(found, _memory)| async move {
            // The memory is given back when the mail has been answered.
            match found {
                Found::Mail(place, mail) => {
                    Ok::<_, Failure>(deliver(reached, mail.into()).await?.map_err(|failure| (place, failure)))
                }
                Found::Refused(place, failure) => Ok(Err((place, failure))),
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut mails = std::pin::pin!(mails);
    let (bar, mut tally, mut refused) = (Bar::new(), Tally::default(), 0u64);
    while let Some(result) = mails.next().await {
        match result? {
            Ok(outcome) => tally.count(outcome.outcome),
            Err((place, failure)) => {
                refused += 1;
                if refused <= NAMED_REFUSALS {
                    notice(format_args!("{place}: {failure}"));
                }
            }
        }
        bar.show(&Progress { stage: "mails".to_owned(), done: tally.received + refused, total });
    }
    bar.finish();
    if shutdown.is_cancelled() {
        let again = "interrupted: run it again, what was taken in is recognised";
        return Ok((tally, Err(Failure::new(Kind::TryAgain, again))));
    }
    reader.await.map_err(|_| Failure::new(Kind::Software, "reading the files failed"))??;
    let end = if refused == 0 {
        Ok(())
    } else {
        Err(Failure::new(Kind::Data, format_args!("{refused} mails were not taken in; all others were")))
    };
    Ok((tally, end))
}

type Read = (Found, Option<OwnedSemaphorePermit>);

/// Reads the files in a thread of its own, a little ahead and within the memory for it.
fn read_ahead(
    context: &Context,
    files: Vec<PathBuf>,
) -> (mpsc::Receiver<Read>, tokio::task::JoinHandle<Result<(), Failure>>) {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let product = Arc::clone(&context.product);
    let memory = Arc::new(Semaphore::new(IN_FLIGHT_BYTES));
    let runtime = tokio::runtime::Handle::current();
    let reader = tokio::task::spawn_blocking(move || {
        read_all(&files, product.as_ref(), &mut |found| {
            let permit = match &found {
                Found::Mail(_, mail) => {
                    let bytes = u32::try_from(mail.len().min(IN_FLIGHT_BYTES)).unwrap_or(u32::MAX);
                    runtime.block_on(Arc::clone(&memory).acquire_many_owned(bytes)).ok()
                }
                Found::Refused(..) => None,
            };
            sender.blocking_send((found, permit)).map_err(|_| Failure::new(Kind::TryAgain, "interrupted"))
        })
    });
    (receiver, reader)
}

/// Sends one mail, again after a pause when the owner has no room. A mail that is refused for
/// itself, or that meets a fault of ours, does not stop the others.
async fn deliver(reached: &Reached, mail: Bytes) -> Result<Result<MailOutcome, Failure>, Failure> {
    let operation =
        || Operation::Mail { client_ip: None, helo: None, mail_from: None, received_via: ReceivedVia::Import };
    let mut pauses = PAUSES.into_iter();
    loop {
        match reached.ask::<MailOutcome>(operation(), mail.clone(), &mut |_| {}).await {
            Ok(outcome) => return Ok(Ok(outcome)),
            Err(failure) if matches!(failure.kind, Kind::Data | Kind::Software) => return Ok(Err(failure)),
            Err(failure) if failure.kind == Kind::TryAgain => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(failure),
            },
            Err(failure) => return Err(failure),
        }
    }
}
