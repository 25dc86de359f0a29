//! Encoded words (RFC 2047), wherever they stand: in text, in names, in quotes, in parameters.
//! One pass, bounded; what is no encoded word stays as it was written.

use super::{charset, transfer};

/// Bytes of one encoded word; the RFC allows 75, real programs write much longer ones.
const WORD_BYTES: usize = 4 * 1024;

/// The value of an unstructured field: unfolded, decoded, without control characters.
pub(super) fn text(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    walk(raw, |piece| match piece {
        Piece::Plain(plain) => text.push_str(&charset::decode(plain, None).text),
        Piece::Word(word) => text.push_str(&word),
    });
    printable(&text)
}

/// The value of a structured field (addresses, parameters) as UTF-8, ending in a line feed.
/// A decoded word that holds the field's own signs is quoted, so that it cannot forge structure.
pub(super) fn structured(raw: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len() + 1);
    let mut quotes = Quotes::default();
    walk(raw, |piece| match piece {
        Piece::Plain(plain) => {
            let text = charset::decode(plain, None).text;
            quotes.follow(&text);
            push_unfolded(&mut value, &text);
        }
        Piece::Word(word) => {
            let word = printable(&word);
            if quotes.open {
                push_escaped(&mut value, &word);
            } else if word.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '_') || !c.is_ascii())
            {
                value.extend_from_slice(word.as_bytes());
            } else {
                value.push(b'"');
                push_escaped(&mut value, &word);
                value.push(b'"');
            }
        }
    });
    while value.last().is_some_and(u8::is_ascii_whitespace) {
        value.pop();
    }
    value.push(b'\n');
    value
}

/// Single-line text: a fold becomes one space, control characters become spaces, the ends are
/// trimmed.
pub(super) fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut folded = false;
    for c in text.trim().chars() {
        if folded && c.is_whitespace() {
            continue;
        }
        folded = matches!(c, '\r' | '\n');
        let shown = if c.is_control() { ' ' } else { c };
        if !(folded && line.ends_with(' ')) {
            line.push(shown);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Takes line ends out. One that no space follows, in a field that was broken in two, becomes one.
fn push_unfolded(value: &mut Vec<u8>, text: &str) {
    let mut bytes = text.bytes().filter(|byte| *byte != b'\r').peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' if bytes.peek().is_some_and(|next| matches!(next, b' ' | b'\t')) => {}
            b'\n' => value.push(b' '),
            byte => value.push(byte),
        }
    }
}

fn push_escaped(value: &mut Vec<u8>, word: &str) {
    for byte in word.bytes() {
        if matches!(byte, b'"' | b'\\') {
            value.push(b'\\');
        }
        value.push(byte);
    }
}

/// Whether the reader stands inside a quoted string.
#[derive(Default)]
struct Quotes {
    open: bool,
}

impl Quotes {
    fn follow(&mut self, text: &str) {
        let mut escaped = false;
        for byte in text.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = self.open,
                b'"' => self.open = !self.open,
                _ => {}
            }
        }
    }
}

enum Piece<'x> {
    Plain(&'x [u8]),
    Word(String),
}

/// Hands out the pieces of `raw` in order. Neighbouring words of one charset are joined before
/// they are decoded, because many programs cut a character in two.
fn walk(raw: &[u8], mut take: impl FnMut(Piece<'_>)) {
    let mut pending: Option<Word<'_>> = None;
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(offset) = raw.get(at..).and_then(|rest| rest.windows(2).position(|pair| pair == b"=?")) {
        let start = at + offset;
        let Some((word, end)) = raw.get(start..).and_then(Word::read) else {
            at = start + 2;
            continue;
        };
        let between = raw.get(plain_from..start).unwrap_or_default();
        let adjacent = between.iter().all(u8::is_ascii_whitespace);
        pending = match pending.take() {
            Some(mut before) if adjacent && before.continues_in(&word) => {
                before.bytes.extend_from_slice(&word.bytes);
                Some(before)
            }
            before => {
                let follows_word = before.is_some();
                if let Some(before) = before {
                    take(Piece::Word(before.decode()));
                }
                if !(between.is_empty() || follows_word && adjacent) {
                    take(Piece::Plain(between));
                }
                Some(word)
            }
        };
        at = start + end;
        plain_from = at;
    }
    if let Some(word) = pending {
        take(Piece::Word(word.decode()));
    }
    let rest = raw.get(plain_from..).unwrap_or_default();
    if !rest.is_empty() {
        take(Piece::Plain(rest));
    }
}

struct Word<'x> {
    charset: &'x str,
    bytes: Vec<u8>,
}

impl<'x> Word<'x> {
    /// Reads `=?charset?encoding?data?=` at the start of `raw`; also returns its length.
    fn read(raw: &'x [u8]) -> Option<(Self, usize)> {
        let raw = raw.get(..WORD_BYTES).unwrap_or(raw);
        let inner = raw.get(2..)?;
        let charset_len = inner.iter().take(64).position(|&byte| byte == b'?')?;
        let charset = std::str::from_utf8(inner.get(..charset_len)?).ok()?;
        // RFC 2231, section 5: a language may follow the charset.
        let charset = charset.split('*').next().filter(|name| !name.is_empty() && !name.contains(' '))?;
        let (&encoding, rest) = inner.get(charset_len + 1..)?.split_first()?;
        let data = rest.strip_prefix(b"?")?;
        let data_len = data.windows(2).position(|pair| pair == b"?=")?;
        let encoded = data.get(..data_len)?;
        let bytes = match encoding.to_ascii_lowercase() {
            b'b' => transfer::base64(encoded).0,
            b'q' => q_decode(encoded),
            _ => return None,
        };
        Some((Self { charset, bytes }, 2 + charset_len + 1 + 2 + data_len + 2))
    }

    /// Whether a character may be cut between this word and the next. Words in the Japanese
    /// charset that shifts between alphabets each start and end in the plain one.
    fn continues_in(&self, next: &Self) -> bool {
        self.charset.eq_ignore_ascii_case(next.charset) && !self.charset.to_ascii_lowercase().starts_with("iso-2022")
    }

    fn decode(self) -> String {
        charset::decode(&self.bytes, Some(self.charset)).text
    }
}

/// The "Q" encoding: quoted-printable for one line, with `_` for the space.
fn q_decode(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'_' => bytes.push(b' '),
            b'\r' | b'\n' => {}
            b'=' => match transfer::hex_pair(after) {
                Some((value, after_pair)) => {
                    bytes.push(value);
                    rest = after_pair;
                }
                None => bytes.push(byte),
            },
            _ => bytes.push(byte),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_and_joined() {
        assert_eq!(text(b"=?utf-8?q?P=C3=A4iv=C3=A4=C3=A4?= kaikki"), "Päivää kaikki");
        assert_eq!(text(b"=?utf-8?B?SGVs?=\r\n =?UTF-8?Q?lo_you?="), "Hello you");
        assert_eq!(text(b"a =?iso-8859-1?q?=E4?= b =?utf-8*fi?q?=C3=B6?="), "a ä b ö");
    }

    #[test]
    fn a_character_cut_between_two_words_is_whole_again() {
        assert_eq!(text(b"=?utf-8?q?K=C3?= =?utf-8?q?=A4the?="), "Käthe");
        assert_eq!(text(b"=?utf-8?B?0J/RgNC40LLQ?=\n =?utf-8?B?tdGC?="), "Привет");
    }

    #[test]
    fn words_in_a_shifting_charset_are_decoded_one_by_one() {
        assert_eq!(
            text(b"T =?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?=\r\n \t=?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?="),
            "T テストテスト"
        );
    }

    #[test]
    fn what_is_no_word_stays() {
        for plain in ["=?", "=?utf-8?x?abc?=", "1 =? 2", "=?utf-8?q?never ends", "=??q?a?="] {
            assert_eq!(text(plain.as_bytes()), plain);
        }
    }

    #[test]
    fn raw_eight_bit_text_and_line_ends_become_one_clean_line() {
        assert_eq!(text("Grüße\r\n aus Köln\u{7}!".as_bytes()), "Grüße aus Köln !");
        assert_eq!(text(b"Gr\xfc\xdfe"), "Grüße");
    }

    #[test]
    fn a_decoded_name_cannot_add_an_address() {
        let value = structured(b"=?utf-8?q?Eve=2C_boss=40desk.example_=3Cboss=40desk.example=3E?= <eve@example.org>");
        assert_eq!(value, b"\"Eve, boss@desk.example <boss@desk.example>\" <eve@example.org>\n");
    }

    #[test]
    fn a_long_run_of_broken_words_is_read_in_linear_time() {
        let hostile = b"=?a?q?x ".repeat(80_000);
        assert_eq!(text(&hostile).len(), hostile.len() - 1);
    }
}
