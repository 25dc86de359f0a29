//! Content-Transfer-Encoding (RFC 2045, section 6): base64 and quoted-printable to bytes.
//! Never fails: mail that is broken in transit is read as far as it makes sense.

use std::borrow::Cow;

/// How a part's body is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    /// 7bit, 8bit, binary and everything unknown.
    Plain,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// From the field's value; stray parameters and quotes around the word are tolerated.
    pub(super) fn from_field(value: &str) -> Self {
        let word =
            value.split(|c: char| c == ';' || c.is_whitespace()).find(|word| !word.is_empty()).unwrap_or_default();
        match word.trim_matches('"').to_ascii_lowercase().as_str() {
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            _ => Self::Plain,
        }
    }

    /// The body as it was before it was encoded, and whether it broke the encoding's rules.
    pub(super) fn decode(self, body: &[u8]) -> (Cow<'_, [u8]>, bool) {
        match self {
            Self::Plain => (Cow::Borrowed(body), false),
            Self::QuotedPrintable => {
                let (bytes, broken) = quoted_printable(body);
                (Cow::Owned(bytes), broken)
            }
            Self::Base64 => {
                let (bytes, strays) = base64(body);
                // Many strays, or the spaces between words: the label lies, it was never encoded.
                let spaces = body.split(|byte| *byte == b' ').count() - 1;
                let lies = (strays + spaces) * 8 > body.len();
                if lies { (Cow::Borrowed(body), true) } else { (Cow::Owned(bytes), strays > 0) }
            }
        }
    }
}

/// Decodes base64, skipping what does not belong; returns the bytes and the number of strays.
pub(super) fn base64(encoded: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3);
    let (mut bits, mut held, mut strays) = (0_u32, 0_u8, 0_usize);
    for &symbol in encoded {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                // Padding ends one run; some programs put several runs one after the other.
                flush(&mut bytes, bits, held);
                (bits, held) = (0, 0);
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => {
                strays += 1;
                continue;
            }
        };
        bits = bits << 6 | u32::from(value);
        held += 1;
        if held == 4 {
            let [_, a, b, c] = bits.to_be_bytes();
            bytes.extend_from_slice(&[a, b, c]);
            (bits, held) = (0, 0);
        }
    }
    flush(&mut bytes, bits, held);
    (bytes, strays)
}

fn flush(bytes: &mut Vec<u8>, bits: u32, held: u8) {
    let [_, a, b, _] = (bits << (24 - 6 * u32::from(held.min(4)))).to_be_bytes();
    match held {
        2 => bytes.push(a),
        3 => bytes.extend_from_slice(&[a, b]),
        _ => {}
    }
}

/// Decodes quoted-printable; an escape that is none stays as it was written.
pub(super) fn quoted_printable(encoded: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut broken = false;
    for line in encoded.split_inclusive(|&byte| byte == b'\n') {
        let ending: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else if line.ends_with(b"\n") {
            b"\n"
        } else {
            b""
        };
        // White space at the end of a line was added in transit (RFC 2045, 6.7, rule 3).
        let mut rest = line.trim_ascii_end();
        let soft = rest.ends_with(b"=");
        if soft {
            rest = rest.split_last().map_or(rest, |(_, before)| before);
        }
        while let Some((&byte, after)) = rest.split_first() {
            rest = if byte == b'='
                && let Some((value, after_pair)) = hex_pair(after)
            {
                bytes.push(value);
                after_pair
            } else {
                broken |= byte == b'=';
                bytes.push(byte);
                after
            };
        }
        if !soft {
            bytes.extend_from_slice(ending);
        }
    }
    (bytes, broken)
}

/// The byte that two hexadecimal digits at the start of `digits` stand for, and what follows.
pub(super) fn hex_pair(digits: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = digits else { return None };
    let value = char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?;
    Some((u8::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_survives_strays_missing_padding_and_joined_runs() {
        assert_eq!(base64(b"SGVsbG8=").0, b"Hello");
        assert_eq!(base64(b"SGVs\r\n bG8").0, b"Hello");
        assert_eq!(base64(b"SGVs!bG8=").0, b"Hello");
        assert_eq!(base64(b"SGk=SGk=").0, b"HiHi");
    }

    #[test]
    fn plain_text_labelled_base64_is_left_alone() {
        let body = "Müssen wir reden? Ja, (bald)!!".as_bytes();
        assert_eq!(Transfer::Base64.decode(body).0, body);
    }

    #[test]
    fn quoted_printable_keeps_what_it_cannot_decode() {
        assert_eq!(quoted_printable(b"K=E4the =zz 100=\r\n% \r\nend").0, b"K\xe4the =zz 100%\r\nend");
        assert_eq!(quoted_printable(b"a=3db=").0, b"a=b");
    }

    #[test]
    fn labels_are_read_leniently() {
        assert!(Transfer::from_field("BASE64;") == Transfer::Base64);
        assert!(Transfer::from_field(" \"Quoted-Printable\" ") == Transfer::QuotedPrintable);
        assert!(Transfer::from_field("text/html") == Transfer::Plain);
    }

    proptest! {
        #[test]
        fn whatever_was_escaped_comes_back(bytes: Vec<u8>) {
            let escaped = bytes.iter().fold(String::new(), |text, byte| text + &format!("={byte:02X}"));
            prop_assert_eq!(quoted_printable(escaped.as_bytes()).0, bytes);
        }
    }
}
