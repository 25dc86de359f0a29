//! `doorward bench`: what this machine does with made-up mail, durable and with everything on.
//!
//! Works in a folder of its own, which it removes. The full set of benchmarks is the developers'.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::Context;
use super::demo::{list, settings_in, take_in, temporary_folder};
use crate::exit::{Failure, Kind};
use crate::operations::{Conversations, Initialise, MailOutcome, Operation, Verified};
use crate::progress::{Bar, Progress};
use crate::reach::Reached;
use crate::sample;

/// The most mails that one run takes in.
const MOST_MAILS: u64 = 1_000_000;
/// How long the disk is measured.
const DISK_TIME: Duration = Duration::from_secs(1);
/// Senders at one time in the second half.
const SENDERS: usize = 32;
/// Pages that are read.
const PAGES: u32 = 200;

#[derive(Args)]
#[command(after_help = "Example:\n  doorward bench --mails 5000 --folder /var/lib/bench")]
pub(crate) struct BenchArguments {
    /// Mails to take in, half of them from one sender, half from 32 at once
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    mails: u64,
    /// New folder on the disk to measure [default: one for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// The figures, as they are printed.
#[derive(Serialize)]
struct Figures {
    fsyncs_per_second: u64,
    mails_per_second_1_sender: u64,
    mails_per_second_32_senders: u64,
    list_microseconds: u64,
    verify_entries_per_second: u64,
}

pub(crate) async fn run(context: &Context, arguments: BenchArguments) -> Result<(), Failure> {
    if !(2..=MOST_MAILS).contains(&arguments.mails) {
        return Err(Failure::new(Kind::Usage, format_args!("--mails is a number from 2 to {MOST_MAILS}")));
    }
    let folder = std::path::absolute(arguments.folder.unwrap_or_else(|| temporary_folder("bench")))
        .map_err(|error| Failure::io("cannot tell the working folder", &error))?;
    let settings = settings_in(context, &folder)?;
    let figures = async {
        let fsyncs_per_second = fsync_rate(&folder)?;
        let wish = Initialise { organisation: "Bench".to_owned(), admin_email: "admin@example.com".to_owned() };
        context.product.initialise(&settings, wish).await?;
        let reached = Reached::find(&settings, context.product.as_ref(), context.clock.as_ref()).await?;
        let figures = measure(context, &reached, arguments.mails, fsyncs_per_second).await;
        reached.finish().await?;
        figures
    }
    .await;
    let removed = std::fs::remove_dir_all(&folder);
    context.output.answer(&figures?, |output, figures: &Figures| {
        output.line(format_args!("disk    {} fsyncs/s", figures.fsyncs_per_second))?;
        output.line(format_args!("mail    {} mails/s from 1 sender", figures.mails_per_second_1_sender))?;
        output.line(format_args!("mail    {} mails/s from {SENDERS} senders", figures.mails_per_second_32_senders))?;
        output.line(format_args!("list    {} µs for a page of 50", figures.list_microseconds))?;
        output.line(format_args!("verify  {} entries/s", figures.verify_entries_per_second))
    })?;
    removed.map_err(|error| Failure::io(format_args!("cannot remove {}", folder.display()), &error))
}

async fn measure(context: &Context, reached: &Reached, mails: u64, fsyncs_per_second: u64) -> Result<Figures, Failure> {
    let bar = Bar::new();
    let half = mails / 2;
    let one = take_in_all(context, reached, "one", half, 1, &bar).await?;
    let many = take_in_all(context, reached, "many", half, SENDERS, &bar).await?;
    let begun = Instant::now();
    for _ in 0..PAGES {
        let _page: Conversations = reached.ask(list(50), Bytes::new(), &mut |_| {}).await?;
    }
    let list = begun.elapsed() / PAGES;
    let begun = Instant::now();
    let verified: Verified = reached.ask(Operation::Verify { since: None }, Bytes::new(), &mut |_| {}).await?;
    let verify = begun.elapsed();
    if !verified.ok {
        return Err(Failure::new(Kind::CheckFailed, "the audit log does not hold"));
    }
    Ok(Figures {
        fsyncs_per_second,
        mails_per_second_1_sender: rate(half, one),
        mails_per_second_32_senders: rate(half, many),
        list_microseconds: u64::try_from(list.as_micros()).unwrap_or(u64::MAX),
        verify_entries_per_second: rate(verified.size, verify),
    })
}

async fn take_in_all(
    context: &Context,
    reached: &Reached,
    sample: &str,
    mails: u64,
    senders: usize,
    bar: &Bar,
) -> Result<Duration, Failure> {
    let now = context.clock.now();
    let begun = Instant::now();
    stream::iter(0..mails)
        .map(|number| async move {
            let mail = sample::mail(sample, number, now);
            reached.ask::<MailOutcome>(take_in(), mail.into(), &mut |_| {}).await?;
            Ok::<u64, Failure>(number)
        })
        .buffer_unordered(senders)
        .try_for_each(|number| async move {
            bar.show(&Progress { stage: format!("mails from {senders}"), done: number + 1, total: Some(mails) });
            Ok(())
        })
        .await?;
    Ok(begun.elapsed())
}

/// How often per second the disk makes a small write durable.
fn fsync_rate(folder: &Path) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| Failure::io(format_args!("cannot write in {}", folder.display()), &error);
    let path = folder.join("fsync");
    let mut file = std::fs::File::create(&path).map_err(failed)?;
    let begun = Instant::now();
    let mut writes = 0u64;
    while begun.elapsed() < DISK_TIME {
        file.write_all(&[0; 4_096]).and_then(|()| file.sync_data()).map_err(failed)?;
        writes += 1;
    }
    let took = begun.elapsed();
    std::fs::remove_file(&path).map_err(failed)?;
    Ok(rate(writes, took))
}

fn rate(pieces: u64, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(pieces) * 1_000_000 / micros).unwrap_or(u64::MAX)
}
