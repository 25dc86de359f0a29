//! `doorward conversations`: lists and threads, masked.

use clap::{Args, Subcommand};
use kernel::ConversationId;
use kernel::limits::PAGE_ROWS;

use super::Context;
use crate::exit::Failure;
use crate::operations::{ConversationShown, Conversations as Page, MessageShown, Operation, State};
use crate::output::Output;

/// Looks at conversations.
#[derive(Subcommand)]
pub(crate) enum Conversations {
    /// List conversations, the last moved first
    List(ListArguments),
    /// Show one conversation with its messages
    #[command(after_help = "Example:\n  doorward conversations show cnv_01jd0000000000000000000000")]
    Show {
        /// Id of the conversation
        #[arg(value_name = "ID")]
        conversation: ConversationId,
    },
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward conversations list --state open --limit 20")]
pub(crate) struct ListArguments {
    /// Only those in this state
    #[arg(long)]
    state: Option<State>,
    /// Only those with this label
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Only those of this agent
    #[arg(long, value_name = "ID|ADDRESS")]
    assignee: Option<String>,
    /// Rows on the page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = page_rows)]
    limit: usize,
    /// Where the page begins: `next` of the page before
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

/// A number of rows on one page.
pub(super) fn page_rows(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|rows| (1..=PAGE_ROWS).contains(rows))
        .ok_or_else(|| format!("give a number from 1 to {PAGE_ROWS}"))
}

pub(crate) async fn run(context: &Context, command: Conversations) -> Result<(), Failure> {
    match command {
        Conversations::List(arguments) => {
            let ListArguments { state, label, assignee, limit, cursor } = arguments;
            let page: Page =
                context.ask(Operation::ConversationsList { state, label, assignee, limit, cursor }).await?;
            context.output.answer(&page, print_page)
        }
        Conversations::Show { conversation } => {
            let shown: ConversationShown = context.ask(Operation::ConversationShow { conversation }).await?;
            context.output.answer(&shown, print_conversation)
        }
    }
}

/// The state as people read it.
fn state_word(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Open => "open",
        State::Waiting => "waiting",
        State::Snoozed => "snoozed",
        State::Resolved => "resolved",
    }
}

pub(super) fn print_page(output: &Output, page: &Page) -> Result<(), Failure> {
    if page.conversations.is_empty() {
        return output.line("no conversations");
    }
    let rows: Vec<Vec<String>> = page
        .conversations
        .iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                state_word(row.state).to_owned(),
                row.moved_at.short(),
                row.messages.to_string(),
                row.customer.clone(),
                row.subject.clone(),
            ]
        })
        .collect();
    output.table(&["ID", "STATE", "MOVED (UTC)", "MESSAGES", "CUSTOMER", "SUBJECT"], &rows)?;
    match &page.next {
        Some(next) => output.line(format_args!("more: --cursor {next}")),
        None => Ok(()),
    }
}

pub(super) fn print_conversation(output: &Output, shown: &ConversationShown) -> Result<(), Failure> {
    let row = &shown.conversation;
    output.heading(&row.subject)?;
    output.line(format_args!("{}  {}  {} ({})", row.id, state_word(row.state), row.customer, row.customer_id))?;
    if !row.labels.is_empty() {
        output.line(format_args!("labels: {}", row.labels.join(", ")))?;
    }
    if shown.left_out > 0 {
        output.line(format_args!("({} older messages are left out)", shown.left_out))?;
    }
    shown.thread.iter().try_for_each(|message| print_message(output, message))
}

/// What was found out about the sender, for people; `--json` has the words of RFC 8601.
fn sender_words(authentication: &str) -> String {
    let checks = authentication.split_whitespace().filter_map(|check| check.split_once('='));
    let told: Vec<String> = checks
        .filter(|(_, verdict)| *verdict != "notchecked")
        .map(|(check, verdict)| {
            let words = match verdict {
                "pass" => "passed",
                "fail" => "failed",
                "softfail" => "failed weakly",
                "neutral" => "undecided",
                "none" => "not used by the sender",
                "temperror" => "no answer from DNS",
                "permerror" => "set up wrongly by the sender",
                other => other,
            };
            format!("{} {words}", check.to_uppercase())
        })
        .collect();
    if told.is_empty() { "not checked".to_owned() } else { told.join(", ") }
}

fn print_message(output: &Output, message: &MessageShown) -> Result<(), Failure> {
    output.line("")?;
    output.heading(format_args!(
        "{}  {}  {} {}",
        message.at.short(),
        message.author,
        message.direction,
        message.nature
    ))?;
    if let Some(authentication) = &message.authentication {
        output.line(format_args!("sender: {}", sender_words(authentication)))?;
    }
    output.line(message.text.trim_end())?;
    message.attachments.iter().try_for_each(|attachment| {
        let name = attachment.name.as_deref().unwrap_or("unnamed");
        output.line(format_args!("attached: {name} ({}, {} bytes)", attachment.media_type, attachment.bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_told_in_plain_words() {
        assert_eq!(sender_words("spf=notchecked dkim=notchecked dmarc=notchecked"), "not checked");
        assert_eq!(sender_words("spf=notchecked dkim=pass dmarc=pass"), "DKIM passed, DMARC passed");
        assert_eq!(
            sender_words("spf=softfail dkim=none dmarc=temperror"),
            "SPF failed weakly, DKIM not used by the sender, DMARC no answer from DNS"
        );
    }
}
