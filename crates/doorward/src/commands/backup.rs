//! `doorward backup` and `doorward restore`: data and wrapped keys, always apart.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::configuration::places::resolve;
use crate::exit::{Failure, Kind};
use crate::operations::{BackedUp, Operation, Restore, Restored};
use crate::progress::{Bar, ProgressSink};

#[derive(Args)]
#[command(after_help = "Example:\n  doorward backup --to /backup/data --keys-to /vault/keys\n\n\
    Keep the two apart: the data alone opens nothing. Keep the keys no longer than your deadline for\n\
    erasures, and never the root key beside either.")]
pub(crate) struct BackupArguments {
    /// Folder for the data; must not exist
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Folder for the wrapped keys; must not exist
    #[arg(long, value_name = "DIR")]
    keys_to: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  doorward restore --from /backup/data --keys-from /vault/keys --data /var/lib/doorward\n\n\
    The data folder must be empty. Erasures that came after the backup are made again before it serves."
)]
pub(crate) struct RestoreArguments {
    /// The backup's data
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The backup's wrapped keys
    #[arg(long, value_name = "DIR")]
    keys_from: PathBuf,
}

pub(crate) async fn run(context: &Context, arguments: BackupArguments) -> Result<(), Failure> {
    // The owner may be another process with another working folder: it gets whole paths.
    let (to, keys_to) = (resolve(&arguments.to), resolve(&arguments.keys_to));
    if to.starts_with(&keys_to) || keys_to.starts_with(&to) {
        return Err(Failure::new(Kind::Usage, "data and keys are kept apart: name two folders, neither in the other"));
    }
    for folder in [&to, &keys_to] {
        if folder.starts_with(&context.settings.data) {
            return Err(Failure::new(Kind::Usage, "a backup in the data folder is none: name a folder elsewhere"));
        }
        if folder.exists() {
            let message = format_args!("{} exists already: name a new folder", folder.display());
            return Err(Failure::new(Kind::CannotCreate, message));
        }
    }
    let made: BackedUp = context.ask(Operation::Backup { to, keys_to }).await?;
    context.output.answer(&made, |output, made: &BackedUp| {
        output.line(format_args!("{} files, {} bytes", made.files, made.bytes))?;
        output.line(format_args!("data  {}", made.data.display()))?;
        output.line(format_args!("keys  {}", made.keys.display()))
    })
}

pub(crate) async fn restore(context: &Context, arguments: RestoreArguments) -> Result<(), Failure> {
    let from = resolve(&arguments.from);
    if !from.is_dir() {
        return Err(Failure::new(Kind::NotFound, format_args!("there is no backup in {}", from.display())));
    }
    let wish = Restore { from, keys_from: resolve(&arguments.keys_from) };
    let _owner = context.take_folder().await?;
    let (sink, mut seen) = ProgressSink::channel();
    let bar = Bar::new();
    let restore = context.product.restore(&context.settings, wish, &sink);
    let mut restore = std::pin::pin!(restore);
    let restored = loop {
        tokio::select! {
            biased;
            restored = &mut restore => break restored?,
            Ok(()) = seen.changed() => {
                let progress = seen.borrow_and_update().clone();
                bar.show(&progress);
            }
        }
    };
    bar.finish();
    context.output.answer(&restored, |output, restored: &Restored| {
        output.line(format_args!(
            "restored {} rows and {} large files into {}; {} later erasures were made again",
            restored.rows,
            restored.blobs,
            restored.data.display(),
            restored.erasures
        ))?;
        if restored.lost == 0 {
            return Ok(());
        }
        output.line(format_args!(
            "{} customers cannot be opened: the keys that wrap theirs were destroyed by a rotation since",
            restored.lost
        ))
    })
}
