//! Whether a person wrote a mail: auto-replies (RFC 3834), bulk mail, and bounces.
//! Reads only what the mail says of itself; a person's mail is never called a machine's for its
//! subject alone.

use super::Mailbox;
use super::bounce::{self, Bounce};
use super::fields::Fields;
use super::parts::Contents;

/// What kind of sender a mail has.
pub enum Nature {
    /// A person, as far as can be told.
    Personal,
    /// A machine: an absence note, a receipt, a notification. It must not be answered by machine.
    AutoReply,
    /// A mailing list or newsletter.
    Bulk,
    /// A report that a mail of ours was not delivered (yet).
    Bounce(Bounce),
}

/// Subjects of absence notes, lower case; they count only beside another sign.
const ABSENCE: &[&str] = &[
    "out of office",
    "out of the office",
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "abwesenheit",
    "automatische antwort",
    "nicht im büro",
    "poissa",
    "automaattinen vastaus",
    "lomalla",
    "poza biurem",
    "automatyczna odpowiedź",
    "nieobecność",
    "автоответ",
    "автоматический ответ",
    "вне офиса",
    "отсутств",
];

/// Tells the nature of a mail.
pub(super) fn nature(fields: &Fields<'_>, from: Option<&Mailbox>, subject: &str, contents: &Contents) -> Nature {
    let null_sender = has_null_sender(fields);
    if let Some(report) = bounce::read_report(contents) {
        return match report {
            bounce::Report::Failed(bounce) => Nature::Bounce(with_original(bounce, fields)),
            bounce::Report::Delivered => Nature::AutoReply,
        };
    }
    if says_automatic(fields) {
        return match bounce::read_plain(fields, from, subject, contents, null_sender) {
            Some(bounce) => Nature::Bounce(with_original(bounce, fields)),
            None => Nature::AutoReply,
        };
    }
    if let Some(bounce) = bounce::read_plain(fields, from, subject, contents, null_sender) {
        return Nature::Bounce(with_original(bounce, fields));
    }
    let precedence = word(fields, "Precedence");
    let bulk = matches!(precedence.as_str(), "bulk" | "list" | "junk")
        || fields.has("List-Id")
        || fields.has("List-Unsubscribe");
    let lower = subject.to_lowercase();
    // Nobody who waits for an answer hides where to send it.
    if null_sender || is_report(fields) || bulk && ABSENCE.iter().any(|note| lower.contains(note)) {
        return Nature::AutoReply;
    }
    if bulk { Nature::Bulk } else { Nature::Personal }
}

/// A bounce that brings back nothing of our mail may still say what it answers.
fn with_original(mut bounce: Bounce, fields: &Fields<'_>) -> Bounce {
    if bounce.original_message_id.is_none() {
        bounce.original_message_id =
            fields.message_ids("In-Reply-To").pop().or_else(|| fields.message_ids("References").pop());
    }
    bounce
}

fn has_null_sender(fields: &Fields<'_>) -> bool {
    fields
        .text("Return-Path")
        .is_some_and(|path| path.chars().filter(|c| !c.is_whitespace()).collect::<String>() == "<>")
}

fn says_automatic(fields: &Fields<'_>) -> bool {
    let automatic = fields.has("Auto-Submitted") && word(fields, "Auto-Submitted") != "no";
    let suppress = fields.text("X-Auto-Response-Suppress").is_some_and(|value| !value.eq_ignore_ascii_case("none"));
    let named = ["X-Autoreply", "X-Autoreply-From", "X-Autorespond", "X-Mail-Autoreply"]
        .iter()
        .any(|name| fields.has(name) && !matches!(word(fields, name).as_str(), "no" | "false"));
    automatic || suppress || named || matches!(word(fields, "Precedence").as_str(), "auto_reply" | "auto-reply")
}

/// A report of any kind (RFC 6522), such as a receipt that a mail was read.
fn is_report(fields: &Fields<'_>) -> bool {
    fields.parameters("Content-Type").is_some_and(|read| read.value == "multipart/report")
}

/// The first word of a field, lower case; empty when the field is missing.
fn word(fields: &Fields<'_>, name: &str) -> String {
    let text = fields.text(name).unwrap_or_default();
    text.split(|c: char| c.is_whitespace() || c == ';').next().unwrap_or_default().to_ascii_lowercase()
}
