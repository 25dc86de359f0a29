//! A mail of ours as bytes (RFC 5322 and MIME): plain text, the same as HTML, and files.
//!
//! Every name, subject and address is cleaned before it comes near a header: a line end in one would
//! be a header of somebody else's.

use kernel::{Entropy, Timestamp};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::delivery::Envelope;
use super::quotation;
use crate::channels::mail;
use crate::desk::{AttachmentDescription, MessageContent, Party};

/// Bytes of a Message-ID that is repeated in a header.
const REFERENCE_BYTES: usize = 250;
/// Message-IDs in References, the first and the last of the thread.
pub(super) const REFERENCES: usize = 20;
/// Characters of a file's name.
const FILE_NAME_CHARS: usize = 200;

/// A file on its way out, opened.
pub(super) struct OpenedFile {
    pub(super) description: AttachmentDescription,
    pub(super) is_inline: bool,
    pub(super) bytes: zeroize::Zeroizing<Vec<u8>>,
}

/// The whole mail. What it is made of decides its bytes, but for the marks between its parts.
pub(super) fn write(
    content: &MessageContent,
    envelope: &Envelope,
    files: &[OpenedFile],
    written: Timestamp,
    entropy: &dyn Entropy,
) -> Vec<u8> {
    let mut builder = MessageBuilder::new();
    if let Some(from) = &content.from {
        builder = builder.from(mailbox(from));
    }
    for (field, parties) in [("To", &content.to), ("Cc", &content.cc)] {
        if !parties.is_empty() {
            let list = Address::new_list(parties.iter().map(mailbox).collect());
            builder = builder.header(field, list);
        }
    }
    if let Some(reply_to) = &envelope.reply_to {
        builder = builder.reply_to(reply_to.as_str());
    }
    builder = builder.subject(one_line(&content.subject)).date(written.seconds());
    if let Some(own) = content.message_id.as_deref().and_then(reference) {
        builder = builder.message_id(own);
    }
    if let Some(answered) = envelope.in_reply_to.as_deref().and_then(reference) {
        builder = builder.in_reply_to(answered);
    }
    let references: Vec<&str> = envelope.references.iter().filter_map(|id| reference(id)).collect();
    if !references.is_empty() {
        builder = builder.references(references);
    }
    if envelope.automatic {
        // RFC 3834, and what older programs look for.
        builder = builder.header("Auto-Submitted", Raw::new("auto-replied")).header("Precedence", Raw::new("bulk"));
    }
    let mut raw = Vec::new();
    builder.body(body(content, files, entropy)).serialize(&mut raw);
    raw
}

fn body<'x>(content: &'x MessageContent, files: &'x [OpenedFile], entropy: &dyn Entropy) -> MimePart<'x> {
    let text = whole_text(content);
    let html = quotation::html(&text);
    let plain = MimePart::new("text/plain", text.replace('\n', "\r\n"));
    let html = MimePart::new("text/html", html.replace('\n', "\r\n"));
    let alternative = MimePart::new(between("multipart/alternative", entropy), vec![plain, html]);
    if files.is_empty() {
        return alternative;
    }
    let files = files.iter().map(file);
    MimePart::new(between("multipart/mixed", entropy), std::iter::once(alternative).chain(files).collect::<Vec<_>>())
}

/// What was written, with what stands below it.
pub(super) fn whole_text(content: &MessageContent) -> String {
    match &content.quoted {
        Some(below) => format!("{}\n\n{below}\n", content.text.trim_end()),
        None => format!("{}\n", content.text.trim_end()),
    }
}

fn file(file: &OpenedFile) -> MimePart<'_> {
    let described = &file.description;
    let name = file_name(described.filename.as_deref().unwrap_or("file"));
    let media_type = media_type(&described.media_type);
    // A mail that is attached is not taken apart on its way (RFC 2046, 5.2.1): its bytes are bytes.
    let part = MimePart::new(ContentType::new(media_type), file.bytes.as_slice());
    let content_id = described.content_id.as_deref().and_then(reference);
    match content_id.filter(|_| file.is_inline) {
        Some(id) => part.inline().cid(id),
        None => part.attachment(name),
    }
}

/// A multipart with a mark of our own randomness between its parts.
fn between(kind: &'static str, entropy: &dyn Entropy) -> ContentType<'static> {
    ContentType::new(kind).attribute("boundary", format!("dw_{}", hex(&entropy.array::<16>())))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mailbox(party: &Party) -> Address<'static> {
    let name = party.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    Address::new_address(name, wire_address(&party.address).unwrap_or_default())
}

/// A text as one line of a header: no control signs, no marks that turn a text.
pub(super) fn one_line(text: &str) -> String {
    let is_space = |sign: char| {
        sign.is_whitespace() || sign.is_control() || matches!(sign, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let words = text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    words.chars().take(kernel::limits::SUBJECT_CHARS).collect()
}

/// An address as a mail server takes it: its local part as written, which only its own server may
/// read (RFC 5321, 2.4), its domain as A-labels. None for one that needs more than ASCII before the @.
pub(super) fn wire_address(written: &str) -> Option<String> {
    let normal = mail::normalise(written)?;
    let (local, _) = written.trim().rsplit_once('@')?;
    let (_, domain) = normal.rsplit_once('@')?;
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let dotted = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom));
    let plain = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    (dotted && plain).then(|| format!("{local}@{domain}"))
}

/// A Message-ID that may be repeated in a header; none when it could break out of it.
fn reference(id: &str) -> Option<&str> {
    let is_sound =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'(' | b')' | b',' | b'"' | b'\\');
    (!id.is_empty() && id.len() <= REFERENCE_BYTES && id.bytes().all(is_sound)).then_some(id)
}

fn file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = one_line(base).chars().take(FILE_NAME_CHARS).collect();
    if clean.is_empty() { "file".to_owned() } else { clean }
}

/// A media type that is plainly one; anything else is just bytes. One that has parts of its own
/// would have to be written otherwise.
fn media_type(declared: &str) -> String {
    let token = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
    };
    match declared.split_once('/') {
        Some((kind, rest)) if token(kind) && token(rest) && !matches!(kind, "multipart" | "message" | "text") => {
            declared.to_ascii_lowercase()
        }
        // With its letters untouched, whatever they are.
        Some(("text", rest)) if token(rest) => format!("text/{}", rest.to_ascii_lowercase()),
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::out::smtp;
    use kernel::SeededEntropy;
    use proptest::prelude::*;

    fn written(content: &MessageContent, envelope: &Envelope, files: &[OpenedFile]) -> Vec<u8> {
        write(content, envelope, files, Timestamp::from_seconds(1_772_434_800), &SeededEntropy::new(1))
    }

    fn party(name: &str, address: &str) -> Party {
        Party { name: Some(name.to_owned()), address: address.to_owned() }
    }

    /// The names of the header fields, as a program reads them that knows nothing of our intentions.
    fn fields(raw: &[u8]) -> Vec<String> {
        let head = raw.windows(4).position(|end| end == b"\r\n\r\n").map_or(raw, |end| &raw[..end]);
        let text = String::from_utf8_lossy(head);
        let named = text.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        named.map(|line| line.split(':').next().unwrap_or_default().to_ascii_lowercase()).collect()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let content = MessageContent {
            from: Some(party("Ülo \"Ops\" Õun", "service@elm.example")),
            to: vec![party("Анна", "Anna.V@bücher.example")],
            cc: vec![Party { name: None, address: "b@x.example".to_owned() }],
            subject: "Re: Ваш счёт № 12 — Größe".to_owned(),
            message_id: Some("1.dwabc@elm.example".to_owned()),
            text: "Hyvää päivää,\n.alone\nFrom here on\n> not a quote of ours".to_owned(),
            quoted: Some("-- \nElm".to_owned()),
            ..MessageContent::default()
        };
        let envelope = Envelope {
            in_reply_to: Some("q@x.example".to_owned()),
            references: vec!["p@x.example".to_owned(), "q@x.example".to_owned()],
            ..Envelope::default()
        };
        let description = AttachmentDescription {
            filename: Some("lasku äö.txt".to_owned()),
            media_type: "text/plain".to_owned(),
            content_id: None,
        };
        let bytes = zeroize::Zeroizing::new(b"a\nb\r\n\xff.\n".to_vec());
        let file = OpenedFile { description, is_inline: false, bytes };
        let raw = written(&content, &envelope, &[file]);
        let read = mail::parse(&raw).unwrap();
        assert_eq!(read.subject, content.subject);
        assert_eq!(read.from.unwrap().name.unwrap(), "Ülo \"Ops\" Õun");
        assert_eq!(read.to[0].address, "Anna.V@xn--bcher-kva.example");
        assert_eq!(read.cc[0].address, "b@x.example");
        assert_eq!(read.message_id.as_deref(), Some("1.dwabc@elm.example"));
        assert_eq!((read.in_reply_to, read.references.len()), (vec!["q@x.example".to_owned()], 2));
        assert_eq!(read.text.trim_end(), whole_text(&content).trim_end());
        assert_eq!(read.attachments[0].filename.as_deref(), Some("lasku äö.txt"));
        assert_eq!(read.attachments[0].bytes, b"a\nb\r\n\xff.\n");
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        assert!(raw.is_ascii() && raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
    }

    #[test]
    fn an_address_that_could_be_two_is_none() {
        for wrong in [
            "a b@x.example",
            "a@x.example>",
            "\"a b\"@x.example",
            "a\r\nb@x.example",
            "ä@x.example",
            "a..b@x.example",
            "@x",
            "a@",
        ] {
            assert_eq!(wire_address(wrong), None, "{wrong:?}");
        }
        assert_eq!(wire_address(" Anna@Bücher.example ").as_deref(), Some("Anna@xn--bcher-kva.example"));
    }

    proptest! {
        /// Whatever stands in names, subject, references and file names: no header more, and no line
        /// that ends the mail.
        #[test]
        fn no_text_becomes_a_header(
            name in "(\\PC|\r|\n|\0|:|<|>|\"|=|\\?){0,40}",
            subject in "(\\PC|\r|\n|\0|:|=|\\?){0,80}",
            address in "(\\PC|\r|\n|@|<|>|,){0,40}",
            id in "(\\PC|\r|\n|<|>|@){0,40}",
            text in "(\\PC|\r|\n|\\.){0,200}",
        ) {
            let content = MessageContent {
                from: Some(party(&name, "service@elm.example")),
                to: vec![party(&name, &address)],
                subject,
                message_id: Some("own@elm.example".to_owned()),
                text: text.clone(),
                quoted: Some(text),
                ..MessageContent::default()
            };
            let envelope = Envelope {
                in_reply_to: Some(id.clone()),
                references: vec![id.clone()],
                ..Envelope::default()
            };
            let description =
                AttachmentDescription { filename: Some(name), media_type: address, content_id: Some(id) };
            let file = OpenedFile { description, is_inline: true, bytes: zeroize::Zeroizing::new(vec![b'.', b'\n']) };
            let raw = written(&content, &envelope, &[file]);
            let known = ["from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type"];
            let found = fields(&raw);
            for field in &found {
                prop_assert!(known.contains(&field.as_str()), "{field:?}");
            }
            let mut once = found.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), found.len());
            prop_assert!(!smtp::dotted(&raw).windows(5).any(|end| end == b"\r\n.\r\n"));
        }
    }
}
