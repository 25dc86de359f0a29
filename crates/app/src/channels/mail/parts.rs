//! The MIME structure of a mail (RFC 2045–2049): its readable texts and its attachments.
//! Bounded in parts, depth and bytes, whatever a stranger sends; never opens an attached mail.

use super::fields::{Fields, Head};
use super::parameters::Parameters;
use super::transfer::Transfer;
use super::{Attachment, Fault, attachment_name, charset, html_text};
use kernel::limits;

/// Bytes of a part boundary (RFC 2046, 5.1.1, allows 70).
const BOUNDARY_BYTES: usize = 256;

/// What a mail's parts hold together.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) faults: Vec<Fault>,
}

/// Reads the parts under a mail's own header.
pub(super) fn read(fields: &Fields<'_>, body: &[u8]) -> Contents {
    let mut reader = Reader { parts: 0, attachments: Vec::new(), faults: Vec::new() };
    let readable = reader.entity(fields, body, Place { container: Container::Mail, depth: 0, first: true });
    Contents { text: readable.text, html: readable.html, attachments: reader.attachments, faults: reader.faults }
}

/// The readable sides of one part: either or both.
#[derive(Default)]
struct Readable {
    text: Option<String>,
    html: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Mail,
    Mixed,
    Alternative,
    Related,
    Digest,
}

/// Where a part stands.
#[derive(Clone, Copy)]
struct Place {
    container: Container,
    depth: usize,
    /// The first part of its container.
    first: bool,
}

struct Media {
    kind: String,
    subtype: String,
    declared: Option<Parameters>,
}

impl Media {
    fn of(fields: &Fields<'_>, container: Container) -> Self {
        let declared = fields.parameters("Content-Type");
        let (kind, subtype) = match &declared {
            Some(read) => read.value.split_once('/').unwrap_or((read.value.as_str(), "")),
            None if container == Container::Digest => ("message", "rfc822"),
            None => ("text", "plain"),
        };
        // "Content-Type: text" and its like are older than MIME and mean plain text.
        let (kind, subtype) = if kind == "text" && subtype.is_empty() { ("text", "plain") } else { (kind, subtype) };
        Self { kind: kind.to_owned(), subtype: subtype.to_owned(), declared }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.declared.as_ref()?.get(name)
    }

    fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    fn name(&self) -> String {
        let token = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
        if self.subtype.is_empty() || !token(&self.kind) || !token(&self.subtype) {
            return "application/octet-stream".to_owned();
        }
        format!("{}/{}", self.kind, self.subtype)
    }
}

struct Reader {
    parts: usize,
    attachments: Vec<Attachment>,
    faults: Vec<Fault>,
}

impl Reader {
    fn entity(&mut self, fields: &Fields<'_>, body: &[u8], place: Place) -> Readable {
        if self.parts >= limits::MAIL_PARTS {
            self.fault(Fault::TooManyParts);
            return Readable::default();
        }
        self.parts += 1;
        let media = Media::of(fields, place.container);
        if media.kind != "multipart" {
            return self.leaf(fields, &media, body, place);
        }
        if place.depth >= limits::MAIL_NESTING {
            self.fault(Fault::NestedTooDeep);
            self.attach(fields, &media, body, false);
            return Readable::default();
        }
        self.multipart(fields, &media, body, place)
    }

    fn multipart(&mut self, fields: &Fields<'_>, media: &Media, body: &[u8], place: Place) -> Readable {
        let most = limits::MAIL_PARTS - self.parts + 1;
        let declared =
            media.parameter("boundary").filter(|boundary| !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES);
        let mut split = declared.map(|boundary| Split::of(body, boundary.as_bytes(), most)).unwrap_or_default();
        if split.parts.is_empty() {
            self.fault(Fault::BrokenMultipart);
            split = guess_boundary(body).map(|boundary| Split::of(body, boundary, most)).unwrap_or_default();
        }
        if split.parts.is_empty() {
            // No part to be found: what is there is shown as it is.
            let plain = Media { kind: "text".to_owned(), subtype: "plain".to_owned(), declared: None };
            return self.leaf(fields, &plain, body, place);
        }
        if !split.terminated {
            self.fault(Fault::Unterminated);
        }
        let container = match media.subtype.as_str() {
            "alternative" => Container::Alternative,
            "related" => Container::Related,
            "digest" => Container::Digest,
            _ => Container::Mixed,
        };
        let mut together = Readable::default();
        for (index, part) in split.parts.iter().enumerate() {
            let Head { fields, body, fault } = part_head(part);
            self.faults.extend(fault);
            let read = self.entity(&fields, body, Place { container, depth: place.depth + 1, first: index == 0 });
            if container == Container::Alternative {
                together.choose(read);
            } else {
                together.append(read);
            }
        }
        together
    }

    fn leaf(&mut self, fields: &Fields<'_>, media: &Media, body: &[u8], place: Place) -> Readable {
        let disposition = fields.parameters("Content-Disposition");
        let attached = disposition.as_ref().is_some_and(|read| read.value == "attachment");
        let named = file_name(disposition.as_ref(), media).is_some();
        let readable = media.is("text", "plain") || media.is("text", "html");
        let is_body =
            readable && !attached && (place.first || !named) && (place.first || place.container != Container::Related);
        if !is_body {
            // A richer form that the desk does not show; its plain form stands beside it.
            if place.container == Container::Alternative && media.is("text", "x-amp-html") {
                return Readable::default();
            }
            let inline = disposition.as_ref().is_some_and(|read| read.value == "inline")
                || place.container == Container::Related && fields.has("Content-ID");
            self.attach(fields, media, body, inline && !attached);
            return Readable::default();
        }
        let text = self.text(fields, media, body);
        if media.subtype == "html" {
            Readable { text: None, html: Some(text) }
        } else {
            Readable { text: Some(text), html: None }
        }
    }

    fn text(&mut self, fields: &Fields<'_>, media: &Media, body: &[u8]) -> String {
        let (bytes, broken) = transfer(fields).decode(body);
        if broken {
            self.fault(Fault::TransferEncoding);
        }
        let most = if media.subtype == "html" { limits::BODY_HTML_BYTES } else { limits::BODY_TEXT_BYTES };
        let looked_at = cut_between_characters(&bytes, most);
        if looked_at.len() < bytes.len() {
            self.fault(Fault::TextCut);
            if media.subtype == "html" {
                self.fault(Fault::HtmlLeftOut);
            }
        }
        let decoded = charset::decode(looked_at, media.parameter("charset"));
        if decoded.mended {
            self.fault(Fault::WrongCharset);
        }
        tidy(&decoded.text)
    }

    fn attach(&mut self, fields: &Fields<'_>, media: &Media, body: &[u8], inline: bool) {
        if self.attachments.len() >= limits::MAIL_ATTACHMENTS {
            self.fault(Fault::TooManyAttachments);
            return;
        }
        let (bytes, broken) = transfer(fields).decode(body);
        if broken {
            self.fault(Fault::TransferEncoding);
        }
        let disposition = fields.parameters("Content-Disposition");
        let mut filename = file_name(disposition.as_ref(), media).and_then(|name| attachment_name::safe(&name));
        if filename.is_none() && media.kind == "message" && matches!(media.subtype.as_str(), "rfc822" | "global") {
            let subject =
                Fields::read(&bytes).fields.text("Subject").and_then(|subject| attachment_name::safe(&subject));
            filename = Some(format!("{}.eml", subject.as_deref().unwrap_or("message")));
        }
        self.attachments.push(Attachment {
            filename,
            media_type: media.name(),
            content_id: fields.message_ids("Content-ID").pop(),
            inline,
            bytes: bytes.into_owned(),
        });
    }

    fn fault(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

impl Readable {
    /// Alternatives: the first plain text and the last HTML that say anything.
    fn choose(&mut self, other: Self) {
        let says = |text: &String| !text.trim().is_empty();
        if !self.text.as_ref().is_some_and(says) && other.text.is_some() {
            self.text = other.text;
        }
        if other.html.as_ref().is_some_and(says) || self.html.is_none() && other.html.is_some() {
            self.html = other.html;
        }
    }

    /// One after the other: both sides grow, each made from the other where a part lacks it.
    fn append(&mut self, other: Self) {
        if other.text.is_none() && other.html.is_none() {
            return;
        }
        if self.text.is_none() && self.html.is_none() {
            *self = other;
            return;
        }
        if self.html.is_some() || other.html.is_some() {
            let mut html = self.html.take().unwrap_or_else(|| as_html(self.text.as_deref()));
            let added = other.html.as_ref().map_or_else(|| as_html(other.text.as_deref()), Clone::clone);
            push_bounded(&mut html, "\n", &added, limits::BODY_HTML_BYTES);
            if self.text.is_some() || other.text.is_some() {
                let mut text = self.text.take().unwrap_or_else(|| html_text::to_text(&html));
                let added =
                    other.text.unwrap_or_else(|| other.html.as_deref().map(html_text::to_text).unwrap_or_default());
                push_bounded(&mut text, "\n\n", &added, limits::BODY_TEXT_BYTES);
                self.text = Some(text);
            }
            self.html = Some(html);
        } else if let (Some(text), Some(added)) = (&mut self.text, other.text) {
            push_bounded(text, "\n\n", &added, limits::BODY_TEXT_BYTES);
        }
    }
}

fn as_html(text: Option<&str>) -> String {
    format!("<pre>{}</pre>", html_escape::encode_text(text.unwrap_or_default()))
}

/// The front of `bytes`, not cut inside a character of UTF-8 or of a double-byte charset.
fn cut_between_characters(bytes: &[u8], most: usize) -> &[u8] {
    let Some(front) = bytes.get(..most).filter(|_| bytes.len() > most) else { return bytes };
    let end = front.iter().rev().take(1_024).position(u8::is_ascii_whitespace).map_or(most, |back| most - back);
    front.get(..end).unwrap_or(front)
}

/// Appends unless the whole is over `most` already; later steps see that, and cut it.
fn push_bounded(whole: &mut String, between: &str, added: &str, most: usize) {
    if whole.len() > most {
        return;
    }
    while whole.ends_with('\n') {
        whole.pop();
    }
    whole.push_str(between);
    whole.push_str(added);
}

fn transfer(fields: &Fields<'_>) -> Transfer {
    fields.text("Content-Transfer-Encoding").map_or(Transfer::Plain, |value| Transfer::from_field(&value))
}

fn file_name(disposition: Option<&Parameters>, media: &Media) -> Option<String> {
    let given = disposition.and_then(|read| read.get("filename")).or_else(|| media.parameter("name"));
    given.filter(|name| !name.trim().is_empty()).map(str::to_owned)
}

/// Line ends as line feeds, and no control characters but these and the tab.
fn tidy(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                clean.push('\n');
            }
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => clean.push(c),
        }
    }
    clean
}

/// The header and body of a part; a part may have no header at all, then it starts with a blank
/// line, or, in broken mail, with its text.
fn part_head(part: &[u8]) -> Head<'_> {
    let blank_first = part.starts_with(b"\n") || part.starts_with(b"\r\n");
    if blank_first {
        let body = part.strip_prefix(b"\r").unwrap_or(part);
        let empty = Fields::read(b"");
        return Head { fields: empty.fields, body: body.strip_prefix(b"\n").unwrap_or(body), fault: None };
    }
    Fields::read(part)
}

/// A multipart body cut at its boundary.
#[derive(Default)]
struct Split<'x> {
    parts: Vec<&'x [u8]>,
    terminated: bool,
}

impl<'x> Split<'x> {
    fn of(body: &'x [u8], boundary: &[u8], most: usize) -> Self {
        let boundary = boundary.trim_ascii_end();
        let mut split = Self::default();
        let mut open: Option<usize> = None;
        let mut at = 0;
        for line in body.split_inclusive(|&byte| byte == b'\n') {
            let line_start = at;
            at += line.len();
            let Some(rest) = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) else { continue };
            let rest = rest.trim_ascii_end();
            if !(rest.is_empty() || rest == b"--") {
                continue;
            }
            if let Some(start) = open.take() {
                split.parts.push(without_last_line_end(body.get(start..line_start).unwrap_or_default()));
            }
            split.terminated = rest == b"--";
            if split.terminated || split.parts.len() >= most {
                return split;
            }
            open = Some(at);
        }
        if let Some(start) = open {
            split.parts.push(body.get(start..).unwrap_or_default());
        }
        split
    }
}

/// The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1).
fn without_last_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

/// The boundary of a multipart that does not tell it: the first line with two dashes in front
/// that a part's header follows.
fn guess_boundary(body: &[u8]) -> Option<&[u8]> {
    let mut lines = body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).take(1_000).peekable();
    while let Some(line) = lines.next() {
        let header_follows =
            lines.peek().is_some_and(|next| next.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")));
        if let Some(boundary) = line.strip_prefix(b"--")
            && header_follows
            && (1..=BOUNDARY_BYTES).contains(&boundary.len())
        {
            return Some(boundary);
        }
    }
    None
}
