//! `doorward quarantine`: mail that could not be understood, kept whole.

use clap::{Args, Subcommand};
use kernel::QuarantineId;

use super::Context;
use super::conversations::page_rows;
use crate::exit::Failure;
use crate::operations::{Operation, Quarantine as Page, QuarantineShown, Released};

/// Looks at the quarantine.
#[derive(Subcommand)]
pub(crate) enum Quarantine {
    /// List the mail in quarantine, the newest first
    List(ListArguments),
    /// Show why one mail lies there and what can be read of it
    #[command(after_help = "Example:\n  doorward quarantine show qua_01jd0000000000000000000000")]
    Show {
        /// Id of the mail
        #[arg(value_name = "ID")]
        quarantine: QuarantineId,
    },
    /// Take one mail in after all
    #[command(after_help = "Example:\n  doorward quarantine release qua_01jd0000000000000000000000")]
    Release {
        /// Id of the mail
        #[arg(value_name = "ID")]
        quarantine: QuarantineId,
    },
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward quarantine list --limit 20")]
pub(crate) struct ListArguments {
    /// Rows on the page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = page_rows)]
    limit: usize,
    /// Where the page begins: `next` of the page before
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Quarantine) -> Result<(), Failure> {
    match command {
        Quarantine::List(ListArguments { limit, cursor }) => {
            let page: Page = context.ask(Operation::QuarantineList { limit, cursor }).await?;
            context.output.answer(&page, |output, page: &Page| {
                if page.quarantine.is_empty() {
                    return output.line("nothing is in quarantine");
                }
                let rows: Vec<Vec<String>> = page
                    .quarantine
                    .iter()
                    .map(|row| {
                        vec![
                            row.id.to_string(),
                            row.received_at.short(),
                            row.bytes.to_string(),
                            row.released_at.map_or_else(|| "waits".to_owned(), |at| format!("released {}", at.short())),
                            row.reason.clone(),
                        ]
                    })
                    .collect();
                output.table(&["ID", "RECEIVED (UTC)", "BYTES", "STATE", "REASON"], &rows)?;
                match &page.next {
                    Some(next) => output.line(format_args!("more: --cursor {next}")),
                    None => Ok(()),
                }
            })
        }
        Quarantine::Show { quarantine } => {
            let shown: QuarantineShown = context.ask(Operation::QuarantineShow { quarantine }).await?;
            context.output.answer(&shown, |output, shown: &QuarantineShown| {
                let mail = &shown.mail;
                output.heading(&mail.reason)?;
                output.line(format_args!(
                    "{}  received {}, {} bytes",
                    mail.id,
                    mail.received_at.short(),
                    mail.bytes
                ))?;
                shown.preview.as_ref().map_or(Ok(()), |preview| output.line(preview))
            })
        }
        Quarantine::Release { quarantine } => {
            let released: Released = context.ask(Operation::QuarantineRelease { quarantine }).await?;
            context.output.answer(&released, |output, released: &Released| {
                output.line(format_args!("released into {} as {}", released.conversation, released.message))
            })
        }
    }
}
