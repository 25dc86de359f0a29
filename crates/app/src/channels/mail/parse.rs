//! One raw mail into what the desk works with.
//! Pure: no clock, no file, no network. Broken mail is read as well as it can be, and the mail
//! says what had to be mended.

use kernel::limits;

use super::fields::{Fields, Head};
use super::{Fault, Mail, Mailbox, Unreadable, automatic, base_subject, html, html_text, parts, quote};

/// Fields of which at least one must be there for bytes to count as a mail.
const KNOWN: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Received",
    "Return-Path",
    "Reply-To",
    "Sender",
    "MIME-Version",
    "Content-Type",
    "Delivered-To",
];
/// Fields that may stand once (RFC 5322, 3.6), and that readers would disagree about.
const ONCE: &[&str] = &["From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "Content-Type"];

/// Reads a raw message (RFC 5322), as it came by pipe, file or HTTP.
pub fn parse(raw: &[u8]) -> Result<Mail, Unreadable> {
    if raw.len() > limits::MAIL_BYTES {
        return Err(Unreadable::TooLarge { bytes: raw.len() });
    }
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    let Head { fields, body, fault } = Fields::read(raw);
    if !KNOWN.iter().any(|name| fields.has(name)) {
        return Err(Unreadable::NoHeader);
    }
    let mut contents = parts::read(&fields, body);
    let mut faults = std::mem::take(&mut contents.faults);
    faults.extend(fault);
    if ONCE.iter().any(|name| fields.all(name).nth(1).is_some()) {
        faults.push(Fault::RepeatedField);
    }
    let date = fields.date("Date");
    if date.is_none() {
        faults.push(Fault::NoDate);
    }
    let from = sender(&fields, "From");
    if from.as_ref().is_none_or(|from| from.normalised.is_none()) {
        faults.push(Fault::NoSender);
    }
    let subject: String = fields.text("Subject").unwrap_or_default().chars().take(limits::SUBJECT_CHARS).collect();

    let html = contents.html.take();
    if contents.text.as_ref().is_none_or(|text| text.trim().is_empty()) {
        contents.text = html.as_deref().map(html_text::to_text).or(contents.text);
    }
    let whole = !faults.contains(&Fault::HtmlLeftOut);
    let safe_html = html.as_deref().filter(|_| whole).and_then(html::safe);
    if html.is_some() && safe_html.is_none() {
        faults.push(Fault::HtmlLeftOut);
    }
    let text = whole_text(contents.text.as_deref().unwrap_or_default(), &mut faults);
    contents.text = Some(text);
    let nature = automatic::nature(&fields, from.as_ref(), &subject, &contents);
    let text = contents.text.unwrap_or_default();
    let halves = quote::split(&text, base_subject(&subject).forward);

    let to = fields.mailboxes("To", limits::MAIL_RECIPIENTS);
    let cc = fields.mailboxes("Cc", limits::MAIL_RECIPIENTS - to.len());
    faults.sort_unstable();
    faults.dedup();
    Ok(Mail {
        message_id: fields.message_ids("Message-ID").into_iter().next(),
        in_reply_to: fields.message_ids("In-Reply-To"),
        references: fields.message_ids("References"),
        from,
        sender: sender(&fields, "Sender"),
        reply_to: fields.mailboxes("Reply-To", limits::MAIL_RECIPIENTS),
        to,
        cc,
        subject,
        date,
        text,
        reply: halves.reply,
        quoted: halves.quoted,
        html: safe_html.filter(|html| !html.is_empty()),
        attachments: contents.attachments,
        nature,
        faults,
    })
}

/// The first usable mailbox of a field, else the first one.
fn sender(fields: &Fields<'_>, name: &str) -> Option<Mailbox> {
    let mut found = fields.mailboxes(name, limits::MAIL_RECIPIENTS);
    let at = found.iter().position(|mailbox| mailbox.normalised.is_some()).unwrap_or(0);
    (at < found.len()).then(|| found.swap_remove(at))
}

fn whole_text(text: &str, faults: &mut Vec<Fault>) -> String {
    let most = text.floor_char_boundary(limits::BODY_TEXT_BYTES);
    if most < text.len() {
        faults.push(Fault::TextCut);
    }
    let text = text.get(..most).unwrap_or(text).trim_end();
    // Blank lines above the text say nothing; spaces before its first word may.
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n').filter(|(line, _)| line.trim().is_empty()) {
        debug_assert!(line.len() < rest.len());
        rest = after;
    }
    rest.to_owned()
}
