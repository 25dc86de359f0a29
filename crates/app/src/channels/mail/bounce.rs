//! Reports that a mail could not be delivered: delivery status notifications (RFC 3464), and the
//! plain texts that qmail, exim and others send in their place.
//! Says what the report says; whether to believe it is for the caller, who knows what was sent.

use super::Mailbox;
use super::address::normalise;
use super::fields::Fields;
use super::parts::Contents;
use super::words::printable;

/// Bytes of a report or a returned mail that are looked at.
const REPORT_BYTES: usize = 64 * 1024;
/// Recipients of one report that are looked at.
const RECIPIENTS: usize = 100;
/// Characters of the remote server's answer that are kept.
const DIAGNOSTIC_CHARS: usize = 500;

/// What a bounce says. Personal: neither printed nor serialised.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bounce {
    /// The Message-ID, without brackets, of the mail that came back.
    pub original_message_id: Option<String>,
    /// The address that was not reached.
    pub recipient: Option<String>,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
    /// It will not be tried again.
    pub permanent: bool,
    /// The answer of the server that refused the mail.
    pub diagnostic: Option<String>,
}

pub(super) enum Report {
    Failed(Bounce),
    /// Delivered, passed on: good news, and nobody's writing.
    Delivered,
}

/// Reads the delivery status among a mail's parts.
pub(super) fn read_report(contents: &Contents) -> Option<Report> {
    let mut reports = contents.attachments.iter().filter(|part| is_status(&part.media_type)).peekable();
    reports.peek()?;
    let mut seen_any = false;
    let mut worst: Option<(u8, Bounce)> = None;
    for group in reports.flat_map(|report| groups(front(&report.bytes))).take(RECIPIENTS) {
        let fields = Fields::read(group).fields;
        let Some(action) = fields.text("Action").map(|action| action.to_ascii_lowercase()) else { continue };
        seen_any = true;
        let status = fields.text("Status").and_then(|status| status_code(&status));
        let rank = match action.split_whitespace().next().unwrap_or_default() {
            "failed" => 2,
            "delayed" => 1,
            _ if status.as_deref().is_some_and(|status| status.starts_with('5')) => 2,
            _ => 0,
        };
        if rank > worst.as_ref().map_or(0, |(rank, _)| *rank) {
            let permanent = rank == 2 && !status.as_deref().is_some_and(|status| status.starts_with('4'));
            let recipient = ["Final-Recipient", "Original-Recipient"]
                .iter()
                .find_map(|name| fields.text(name))
                .map(|value| typed(&value));
            let diagnostic =
                fields.text("Diagnostic-Code").map(|value| typed(&value)).filter(|value| !value.is_empty());
            worst = Some((
                rank,
                Bounce {
                    original_message_id: None,
                    recipient,
                    status,
                    permanent,
                    diagnostic: diagnostic.map(|d| cut(&d)),
                },
            ));
        }
    }
    match worst {
        Some((_, bounce)) => Some(Report::Failed(Bounce { original_message_id: returned_id(contents), ..bounce })),
        None if seen_any => Some(Report::Delivered),
        // A report that cannot be read still means that something failed.
        None => Some(Report::Failed(from_text(contents))),
    }
}

fn is_status(media_type: &str) -> bool {
    matches!(media_type, "message/delivery-status" | "message/global-delivery-status")
}

/// Subjects under which mail servers return mail, lower case.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "failure notice",
    "returned mail",
    "mail delivery",
    "could not be delivered",
    "message not delivered",
    "delivery problem",
    "delivery has failed",
    "unzustellbar",
    "nicht zugestellt",
    "zustellung fehlgeschlagen",
    "ei voitu toimittaa",
    "toimitus epäonnistui",
    "toimittaminen epäonnistui",
    "niedostarcz",
    "nie można dostarczyć",
    "zwrot wiadomości",
    "недоставлен",
    "не доставлен",
    "не может быть доставлен",
    "не удалось доставить",
];
/// Words that the servers themselves write over a returned mail, lower case.
const SENTENCES: &[&str] = &[
    "this is the qmail-send program",
    "this message was created automatically by mail delivery software",
    "i'm sorry to have to inform you that your message could not",
    "the following addresses had permanent fatal errors",
    "your message could not be delivered",
    "your message wasn't delivered",
];

/// Recognises a bounce without a delivery status, by several signs together.
pub(super) fn read_plain(
    fields: &Fields<'_>,
    from: Option<&Mailbox>,
    subject: &str,
    contents: &Contents,
    null_sender: bool,
) -> Option<Bounce> {
    let failed_to = fields.text("X-Failed-Recipients").and_then(|list| list.split(',').find_map(normalise));
    let local = from
        .and_then(|from| from.normalised.as_deref())
        .and_then(|address| address.split('@').next())
        .unwrap_or_default();
    let server = matches!(local, "mailer-daemon" | "postmaster" | "mail-daemon" | "mailerdaemon");
    let lower = subject.to_lowercase();
    let subject_says = SUBJECTS.iter().any(|known| lower.contains(known));
    let text = contents.text.as_deref().unwrap_or_default();
    let start = text.chars().take(2_000).collect::<String>().to_lowercase();
    let text_says = SENTENCES.iter().any(|known| start.contains(known));
    let signs = [server || null_sender, subject_says, text_says].into_iter().filter(|sign| *sign).count();
    if !(failed_to.is_some() || signs >= 2) {
        return None;
    }
    let read = from_text(contents);
    Some(Bounce { recipient: failed_to.or(read.recipient.clone()), ..read })
}

/// What can be made out in the words of a server.
fn from_text(contents: &Contents) -> Bounce {
    let text = contents.text.as_deref().unwrap_or_default();
    let text = text.get(..text.floor_char_boundary(REPORT_BYTES)).unwrap_or(text);
    // What is below this is our own mail, with our own addresses.
    let own_words = text.split("--- ").next().filter(|words| !words.trim().is_empty()).unwrap_or(text);
    let status = own_words.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(status_code);
    let recipient = own_words
        .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')'))
        .find_map(|word| normalise(word.trim_matches([':', '.'])));
    let diagnostic = own_words.lines().map(str::trim).find(|line| {
        let code = line.trim_start_matches(|c: char| !c.is_ascii_digit()).get(..3).unwrap_or_default();
        matches!(code.as_bytes(), [b'4' | b'5', b'0'..=b'9', b'0'..=b'9']) && line.contains(' ')
    });
    Bounce {
        original_message_id: returned_id(contents),
        recipient,
        permanent: !status.as_deref().is_some_and(|status| status.starts_with('4')),
        status,
        diagnostic: diagnostic.map(cut),
    }
}

/// The Message-ID of the returned mail: attached, or copied into the text.
fn returned_id(contents: &Contents) -> Option<String> {
    let mut attached = contents.attachments.iter().filter(|part| {
        matches!(
            part.media_type.as_str(),
            "message/rfc822"
                | "message/global"
                | "text/rfc822-headers"
                | "message/rfc822-headers"
                | "message/global-headers"
        )
    });
    let from_attached = attached.find_map(|part| Fields::read(&part.bytes).fields.message_ids("Message-ID").pop());
    from_attached.or_else(|| {
        let text = contents.text.as_deref()?;
        let text = text.get(..text.floor_char_boundary(REPORT_BYTES)).unwrap_or(text);
        let line = text
            .lines()
            .map(|line| line.trim_start_matches(['>', ' ']))
            .find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")))?;
        Fields::read(line.as_bytes()).fields.message_ids("Message-ID").pop()
    })
}

/// The groups of fields of a delivery status, one for the mail and one for each recipient.
fn groups(status: &[u8]) -> Vec<&[u8]> {
    let mut groups = Vec::new();
    let mut rest = status;
    while !rest.is_empty() && groups.len() <= RECIPIENTS {
        let body = Fields::read(rest).body;
        groups.push(rest);
        if body.len() == rest.len() {
            break;
        }
        rest = body;
    }
    groups
}

/// The value behind `rfc822;` or `smtp;`.
fn typed(value: &str) -> String {
    let value = value.split_once(';').map_or(value, |(_, value)| value).trim();
    value.trim_start_matches('<').trim_end_matches('>').to_owned()
}

/// `5.1.1` out of `5.1.1 (bad mailbox)`.
fn status_code(text: &str) -> Option<String> {
    let code = text.split_whitespace().next()?.trim_end_matches('.');
    let mut numbers = code.split('.');
    let class = numbers.next()?;
    let rest: Vec<&str> = numbers.collect();
    let number = |n: &&str| (1..=3).contains(&n.len()) && n.bytes().all(|byte| byte.is_ascii_digit());
    (matches!(class, "2" | "4" | "5") && rest.len() == 2 && rest.iter().all(number)).then(|| code.to_owned())
}

fn cut(text: &str) -> String {
    printable(text).chars().take(DIAGNOSTIC_CHARS).collect()
}

fn front(bytes: &[u8]) -> &[u8] {
    bytes.get(..REPORT_BYTES).unwrap_or(bytes)
}
