//! The header block of a mail or of one part: which fields it has, and their values on demand.
//! Bounded before anything is decoded; a broken line never hides the fields after it.

use kernel::{Timestamp, limits};
use mail_parser::{DateTime, HeaderValue, parsers::MessageStream};

use super::parameters::Parameters;
use super::{Fault, Mailbox, address, words};

/// Bytes of one unstructured field that are decoded.
const TEXT_BYTES: usize = 16 * 1024;
/// Bytes of one address field that are decoded.
const ADDRESS_FIELD_BYTES: usize = 128 * 1024;
/// Bytes of one Message-ID; longer ones identify nothing that could be looked up.
const MESSAGE_ID_BYTES: usize = 998;

/// The fields of one header block, borrowed from the raw mail.
pub(super) struct Fields<'x> {
    fields: Vec<(&'x [u8], &'x [u8])>,
}

/// A header block and what followed it.
pub(super) struct Head<'x> {
    pub(super) fields: Fields<'x>,
    pub(super) body: &'x [u8],
    pub(super) fault: Option<Fault>,
}

impl<'x> Fields<'x> {
    /// Splits `raw` into its header fields and its body.
    pub(super) fn read(raw: &'x [u8]) -> Head<'x> {
        let mut fields: Vec<(&[u8], &[u8])> = Vec::with_capacity(16);
        let mut fault = None;
        let mut at = skip_envelope(raw);
        let start = at;
        while let Some(line) = line_at(raw, at) {
            let end = at + line.len();
            if is_blank(line) {
                at = end;
                break;
            }
            let continues = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            match field_name(line) {
                Some(name) if !continues => {
                    if fields.len() < limits::MAIL_HEADERS && end - start <= limits::MAIL_HEADER_BYTES {
                        fields.push((name, line.get(name_end(line)..).unwrap_or_default()));
                    } else {
                        fault = Some(Fault::HeaderCut);
                    }
                }
                _ if continues => extend_last(&mut fields, raw, at, end, start),
                // Neither a field nor a folded one: a field broken in two, when more fields
                // follow, and else the body without its blank line.
                _ if !fields.is_empty() && line_at(raw, end).is_some_and(looks_like_field) => {
                    fault = Some(Fault::JunkInHeader);
                    extend_last(&mut fields, raw, at, end, start);
                }
                _ => {
                    fault = Some(Fault::JunkInHeader);
                    break;
                }
            }
            at = end;
        }
        Head { fields: Self { fields }, body: raw.get(at..).unwrap_or_default(), fault }
    }

    /// The raw value of the first field of this name, folding included.
    pub(super) fn raw(&self, name: &str) -> Option<&'x [u8]> {
        self.all(name).next()
    }

    /// The raw values of all fields of this name, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'x [u8]> + use<'x, '_> {
        let name = name.as_bytes().to_vec();
        self.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(&name)).map(|(_, value)| *value)
    }

    /// Whether a field of this name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The decoded text of a field, on one line; `None` when missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = words::text(front(self.raw(name)?, TEXT_BYTES));
        (!text.is_empty()).then_some(text)
    }

    /// The mailboxes of all fields of this name, at most `limit`.
    pub(super) fn mailboxes(&self, name: &str, limit: usize) -> Vec<Mailbox> {
        let mut found = Vec::new();
        let mut budget = ADDRESS_FIELD_BYTES;
        for raw in self.all(name) {
            let raw = front(raw, budget);
            budget -= raw.len();
            found.append(&mut address::mailboxes(raw, limit.saturating_sub(found.len())));
        }
        found
    }

    /// The Message-IDs of a field without their brackets, oldest first, the newest kept.
    pub(super) fn message_ids(&self, name: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for raw in self.all(name) {
            collect_ids(raw, &mut ids);
        }
        ids.drain(..ids.len().saturating_sub(limits::MAIL_REFERENCES));
        ids
    }

    /// The moment of a date field (RFC 5322, 3.3, the obsolete forms too, or RFC 3339).
    pub(super) fn date(&self, name: &str) -> Option<Timestamp> {
        let raw = self.raw(name)?;
        let mut value = front(raw, 256).to_vec();
        value.push(b'\n');
        let parsed = match MessageStream::new(&value).parse_date() {
            HeaderValue::DateTime(date) => Some(date),
            _ => DateTime::parse_rfc3339(String::from_utf8_lossy(&value).trim()),
        };
        // A leap second is a second of the next minute to POSIX time.
        let parsed =
            parsed.filter(|date| DateTime { second: date.second.min(59), ..*date }.is_valid() && date.second <= 60)?;
        Some(Timestamp::from_seconds(parsed.to_timestamp()))
    }

    /// The first Content-Type or Content-Disposition that can be read, with its parameters.
    pub(super) fn parameters(&self, name: &str) -> Option<Parameters> {
        self.all(name).find_map(Parameters::read)
    }
}

fn front(raw: &[u8], most: usize) -> &[u8] {
    raw.get(..most).unwrap_or(raw)
}

/// Skips blank lines and the envelope line that mbox files and some pipes put first.
fn skip_envelope(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(line) = line_at(raw, at) {
        // `From :` with a space is a field in the oldest form (RFC 5322, 4.5.2).
        let after = line.strip_prefix(b"From ").or_else(|| line.strip_prefix(b">From "));
        let envelope = after.is_some_and(|rest| !rest.trim_ascii_start().starts_with(b":"));
        if !(envelope || is_blank(line)) {
            break;
        }
        at += line.len();
    }
    at
}

fn line_at(raw: &[u8], at: usize) -> Option<&[u8]> {
    raw.get(at..)?.split_inclusive(|&byte| byte == b'\n').next().filter(|line| !line.is_empty())
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | b"\r")
}

/// The name of the field that starts on this line, without the space some programs leave.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let name = line.get(..line.iter().position(|&byte| byte == b':')?)?.trim_ascii();
    (!name.is_empty() && name.iter().all(|byte| (b' '..=b'~').contains(byte))).then_some(name)
}

fn name_end(line: &[u8]) -> usize {
    line.iter().position(|&byte| byte == b':').map_or(line.len(), |colon| colon + 1)
}

fn looks_like_field(line: &[u8]) -> bool {
    field_name(line).is_some_and(|name| !name.contains(&b' '))
        || line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

/// Lets the last field run on to `end`, unless the block is already too long.
fn extend_last<'x>(fields: &mut [(&'x [u8], &'x [u8])], raw: &'x [u8], at: usize, end: usize, start: usize) {
    if end - start > limits::MAIL_HEADER_BYTES {
        return;
    }
    if let Some((_, value)) = fields.last_mut() {
        let begun = at - value.len();
        // Only the field right before this line grows; one that was left out does not revive.
        if raw.get(begun..at).is_some_and(|before| std::ptr::eq(before.as_ptr(), value.as_ptr())) {
            *value = raw.get(begun..end).unwrap_or(value);
        }
    }
}

fn collect_ids(raw: &[u8], ids: &mut Vec<String>) {
    let mut push = |token: &[u8]| {
        let id: String =
            String::from_utf8_lossy(token).chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if !id.is_empty() && id.len() <= MESSAGE_ID_BYTES {
            ids.push(id);
        }
    };
    if raw.contains(&b'<') {
        for bracketed in raw.split(|&byte| byte == b'<').skip(1) {
            if let Some(close) = bracketed.iter().position(|&byte| byte == b'>') {
                push(bracketed.get(..close).unwrap_or_default());
            }
        }
    } else {
        // Without brackets only what looks like an identifier counts, not "your message of …".
        raw.split(|byte| byte.is_ascii_whitespace() || *byte == b',')
            .filter(|token| token.contains(&b'@'))
            .for_each(push);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(raw: &str) -> Fields<'_> {
        Fields::read(raw.as_bytes()).fields
    }

    #[test]
    fn folded_fields_are_whole_and_the_body_is_found() {
        let head = Fields::read(b"Subject: one\r\n two\r\nTo: a@example.org\r\n\r\nBody\r\n");
        assert_eq!(head.fields.text("subject").as_deref(), Some("one two"));
        assert_eq!(head.body, b"Body\r\n");
        assert!(head.fault.is_none());
    }

    #[test]
    fn a_broken_line_does_not_hide_the_fields_after_it() {
        let head = Fields::read(b"To: a@example.org,\nb@example.org\nSubject: Hi\n\nBody");
        assert_eq!(head.fields.text("Subject").as_deref(), Some("Hi"));
        assert_eq!(head.fields.mailboxes("To", 9).len(), 2);
        assert_eq!(head.fault, Some(Fault::JunkInHeader));
    }

    #[test]
    fn a_body_without_its_blank_line_is_still_the_body() {
        let head = Fields::read(b"Subject: Hi\nHello there\n\nMore");
        assert_eq!(head.fields.text("Subject").as_deref(), Some("Hi"));
        assert_eq!(head.body, b"Hello there\n\nMore");
    }

    #[test]
    fn too_many_fields_are_left_out_and_the_body_stays() {
        let mut raw = "X-Field: 1\r\n".repeat(limits::MAIL_HEADERS + 50);
        raw.push_str("\r\nBody");
        let head = Fields::read(raw.as_bytes());
        assert_eq!(head.fields.all("X-Field").count(), limits::MAIL_HEADERS);
        assert_eq!(head.body, b"Body");
        assert_eq!(head.fault, Some(Fault::HeaderCut));

        let long =
            format!("Subject: {}\r\n folded\r\nTo: a@example.org\r\n\r\nBody", "x".repeat(limits::MAIL_HEADER_BYTES));
        assert_eq!(Fields::read(long.as_bytes()).body, b"Body");
    }

    #[test]
    fn message_ids_lose_their_brackets_and_keep_their_order() {
        let read = fields(
            "References: <a@x> <b@x>\r\n\t<c@\r\n x>\r\nIn-Reply-To: your message of Monday\r\nMessage-ID: bare@x\r\n\r\n",
        );
        assert_eq!(read.message_ids("references"), ["a@x", "b@x", "c@x"]);
        assert_eq!(read.message_ids("in-reply-to"), Vec::<String>::new());
        assert_eq!(read.message_ids("message-id"), ["bare@x"]);
    }

    #[test]
    fn of_too_many_references_the_newest_are_kept() {
        let all = (0..200).fold(String::new(), |list, n| list + &format!("<{n}@x> "));
        let ids = fields(&format!("References: {all}\r\n\r\n")).message_ids("References");
        assert_eq!(ids.len(), limits::MAIL_REFERENCES);
        assert_eq!(ids.last().map(String::as_str), Some("199@x"));
    }

    #[test]
    fn dates_are_read_in_the_forms_that_occur() {
        let at = |value: &str| fields(&format!("Date: {value}\r\n\r\n")).date("date").map(Timestamp::seconds);
        assert_eq!(at("Mon, 02 Mar 2026 07:00:00 +0000"), Some(1_772_434_800));
        assert_eq!(at("2 Mar 26 08:00 +0100 (CET)"), Some(1_772_434_800));
        assert_eq!(at("Mon, 2 Mar 2026 02:00:00 EST"), Some(1_772_434_800));
        assert_eq!(at("2026-03-02T07:00:00Z"), Some(1_772_434_800));
        assert_eq!(at("yesterday"), None);
        assert_eq!(at("99 Foo 2026 99:99:99 +9999"), None);
    }
}
