//! Content-Type and Content-Disposition: a value and its parameters (RFC 2045, 5.1; RFC 2231).
//! Reads what mail programs really write; never fails, and a broken parameter hides no other.

use super::{charset, transfer, words};

/// Bytes of one field that are looked at.
const FIELD_BYTES: usize = 8 * 1024;
/// Parameters of one field that are looked at.
const PARAMETERS: usize = 100;

/// The value of a structured field in lower case, and its parameters.
pub(super) struct Parameters {
    /// `text/html`, `attachment`.
    pub(super) value: String,
    parameters: Vec<(String, String)>,
}

impl Parameters {
    /// Reads the raw value of a field; `None` when nothing stands before the parameters.
    pub(super) fn read(raw: &[u8]) -> Option<Self> {
        let field = String::from_utf8(words::structured(raw.get(..FIELD_BYTES).unwrap_or(raw))).ok()?;
        let mut pieces = Pieces { rest: &field };
        let value = pieces.next()?.to_lowercase();
        let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
        if value.is_empty() || value.contains('=') {
            return None;
        }
        let segments = pieces.take(PARAMETERS).filter_map(Segment::read).collect();
        Some(Self { value, parameters: join(segments) })
    }

    /// The value of a parameter; of several with one name the first.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The pieces between semicolons, those in quotes not counted, without comments.
struct Pieces<'x> {
    rest: &'x str,
}

impl<'x> Iterator for Pieces<'x> {
    type Item = &'x str;

    fn next(&mut self) -> Option<&'x str> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let end = self.rest.find(|c| {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = quoted,
                '"' => quoted = !quoted,
                _ => {}
            }
            c == ';' && !quoted
        });
        let (piece, rest) = match end {
            Some(end) => (self.rest.get(..end)?, self.rest.get(end + 1..)?),
            None => (self.rest, ""),
        };
        self.rest = rest;
        // A comment after the value ends it: `text/plain (as it was)`.
        Some(piece.split(" (").next().filter(|_| !piece.contains('"')).unwrap_or(piece).trim())
    }
}

/// One parameter as it is written: `name`, `name*`, `name*0` or `name*0*`.
struct Segment {
    name: String,
    index: usize,
    /// Percent-encoded, the first segment behind a charset and a language.
    encoded: bool,
    value: String,
}

impl Segment {
    fn read(piece: &str) -> Option<Self> {
        let (name, value) = piece.split_once('=')?;
        let name = name.trim().to_lowercase();
        let (name, encoded) = match name.strip_suffix('*') {
            Some(name) => (name.to_owned(), true),
            None => (name, false),
        };
        let (name, index) = match name.split_once('*') {
            Some((name, index)) => (name.to_owned(), index.parse().ok()?),
            None => (name, 0),
        };
        let value = unquote(value.trim());
        (!name.is_empty()).then_some(Self { name, index, encoded, value })
    }
}

/// The inside of a quoted string, its escapes resolved. A backslash that escapes nothing stays:
/// it is the path some programs put before a file name.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next_if(|next| matches!(next, '"' | '\\')) {
                Some(escaped) => text.push(escaped),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text
}

/// Joins the segments of each name in the order of their numbers. The extended form of a name
/// wins over the plain one that some programs send beside it for old readers.
fn join(mut segments: Vec<Segment>) -> Vec<(String, String)> {
    segments.sort_by_key(|segment| (segment.index, !segment.encoded));
    let mut names: Vec<String> = Vec::new();
    for segment in &segments {
        if !names.contains(&segment.name) {
            names.push(segment.name.clone());
        }
    }
    let joined = names.into_iter().map(|name| {
        let mut bytes = Vec::new();
        let mut label = None;
        let mut expected = 0;
        for segment in segments.iter().filter(|segment| segment.name == name) {
            if segment.index != expected {
                // A second parameter of this name, or a gap in its numbers.
                continue;
            }
            expected += 1;
            let mut value = segment.value.as_str();
            if segment.encoded
                && segment.index == 0
                && let [charset, _, rest] = value.splitn(3, '\'').collect::<Vec<_>>()[..]
            {
                label = Some(charset.to_owned()).filter(|charset| !charset.is_empty());
                value = rest;
            }
            if segment.encoded { percent_decode(value, &mut bytes) } else { bytes.extend_from_slice(value.as_bytes()) }
        }
        (name, charset::decode(&bytes, label.as_deref()).text)
    });
    joined.collect()
}

fn percent_decode(value: &str, bytes: &mut Vec<u8>) {
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let Some((decoded, after_pair)) = transfer::hex_pair(after)
        {
            bytes.push(decoded);
            rest = after_pair;
        } else {
            bytes.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn get(raw: &str, name: &str) -> Option<String> {
        Parameters::read(raw.as_bytes())?.get(name).map(str::to_owned)
    }

    #[test]
    fn file_names_are_read_in_every_spelling() {
        for (written, name) in [
            ("filename=plain.txt", "plain.txt"),
            ("filename=\"two words; one.txt\"", "two words; one.txt"),
            ("filename = \"say \\\"hi\\\".txt\" ", "say \"hi\".txt"),
            ("filename=\"C:\\temp\\x.txt\"", "C:\\temp\\x.txt"),
            ("filename=two words.txt", "two words.txt"),
            ("filename*=utf-8''kuva-%C3%A4.png", "kuva-ä.png"),
            ("filename*=utf-8''kuva-%C3%A4.png; filename=kuva-a.png", "kuva-ä.png"),
            ("filename=kuva-a.png; filename*=utf-8'fi'kuva-%C3%A4.png", "kuva-ä.png"),
            ("filename*0*=iso-8859-1''Gr%FC;\r\n filename*1*=%DFe;\r\n filename*2=.pdf", "Grüße.pdf"),
            ("filename*1*=%A4.png; filename*0*=utf-8''kuva-%C3", "kuva-ä.png"),
            ("filename*0=\"long \"; filename*1=\"name.txt\"", "long name.txt"),
            ("filename=\"=?utf-8?q?kuva-=C3=A4.png?=\"", "kuva-ä.png"),
            ("filename==?utf-8?B?a3V2YS3DpC5wbmc=?=", "kuva-ä.png"),
            ("filename=\"=?utf-8?q?kuva-?=\r\n =?utf-8?q?=C3=A4.png?=\"", "kuva-ä.png"),
            ("filename=\"kuva-ä.png\"", "kuva-ä.png"),
            ("filename=\"never closed.txt", "never closed.txt"),
        ] {
            assert_eq!(get(&format!("attachment; {written}"), "filename").as_deref(), Some(name), "{written}");
        }
    }

    #[test]
    fn the_value_stands_before_the_parameters() {
        let read = Parameters::read(b" Text/HTML (really); Charset=\"UTF-8\";; format=flowed\r\n").unwrap();
        assert_eq!(
            (read.value.as_str(), read.get("charset"), read.get("format")),
            ("text/html", Some("UTF-8"), Some("flowed"))
        );
        assert!(Parameters::read(b" ; charset=utf-8").is_none());
        assert!(Parameters::read(b"").is_none());
    }

    proptest! {
        #[test]
        fn any_field_is_read_without_growing(raw in "(a|\\*|0|1|=|;|'|\"|%41|%|\\\\|ä| |\\(){0,60}") {
            if let Some(read) = Parameters::read(raw.as_bytes()) {
                let total: usize = read.parameters.iter().map(|(_, value)| value.len()).sum();
                prop_assert!(total <= raw.len());
            }
        }
    }
}
