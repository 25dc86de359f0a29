//! Bytes to text: the declared charset when it fits, else what the bytes themselves say.
//! Never fails; what cannot be decoded becomes U+FFFD.

use encoding_rs::{Encoding, ISO_2022_JP, KOI8_R, REPLACEMENT, UTF_8, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};
use mail_parser::decoders::charsets::{DecoderFnc, map::charset_decoder};

/// Bytes looked at when a charset has to be guessed.
const GUESS_BYTES: usize = 16 * 1024;

/// Text that was decoded.
pub(super) struct Decoded {
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// The label was missing, unknown or wrong, and the bytes decided instead.
    pub(super) mended: bool,
}

/// Decodes `bytes` that claim to be in the charset `label`.
pub(super) fn decode(bytes: &[u8], label: Option<&str>) -> Decoded {
    match label.map(Label::find) {
        Some(Label::Known(encoding)) if encoding != UTF_8 => decode_declared(bytes, encoding),
        Some(Label::Other(decoder)) => Decoded { text: decoder(bytes), mended: false },
        Some(Label::Known(_)) | None => decode_unlabelled(bytes, false),
        Some(Label::Unknown) => decode_unlabelled(bytes, !bytes.is_ascii()),
    }
}

enum Label {
    Known(&'static Encoding),
    /// Charsets that browsers do not know and mail does: UTF-7, code page 850 and their like.
    Other(DecoderFnc),
    Unknown,
}

impl Label {
    fn find(label: &str) -> Self {
        let label = label.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\''));
        match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding != REPLACEMENT => Self::Known(encoding),
            Some(_) => Self::Unknown,
            None => charset_decoder(label.as_bytes()).map_or(Self::Unknown, Self::Other),
        }
    }
}

fn decode_declared(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    // UTF-8 under a Latin label is common; Latin text that happens to be valid UTF-8 is not.
    if encoding.is_single_byte() && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        return Decoded { text: decode_unlabelled(bytes, true).text, mended: true };
    }
    let (text, _, broken) = encoding.decode(bytes);
    Decoded { text: text.into_owned(), mended: broken }
}

fn decode_unlabelled(bytes: &[u8], mended: bool) -> Decoded {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if has_japanese_escape(bytes) {
        return Decoded { text: ISO_2022_JP.decode(bytes).0.into_owned(), mended: true };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: text.to_owned(), mended },
        Err(_) => Decoded { text: guess(bytes).decode(bytes).0.into_owned(), mended: true },
    }
}

fn has_japanese_escape(bytes: &[u8]) -> bool {
    bytes.is_ascii() && bytes.windows(3).any(|three| three == b"\x1b$B" || three == b"\x1b$@")
}

/// The likeliest encoding of 8-bit text that is not UTF-8, among those of the desk's languages.
fn guess(bytes: &[u8]) -> &'static Encoding {
    if almost_utf8(bytes) {
        return UTF_8;
    }
    let looked_at = bytes.get(..GUESS_BYTES).unwrap_or(bytes);
    let count = |wanted: fn(&u8) -> bool| looked_at.iter().filter(|byte| wanted(byte)).count();
    let high = count(|byte| *byte >= 0x80);
    let ascii_letters = count(u8::is_ascii_alphabetic);
    if high > ascii_letters / 2 && high >= 4 {
        // Lower case, which most letters are, lies in the upper half of windows-1251 and in the
        // lower half of KOI8-R.
        let low_half = count(|byte| (0xc0..=0xdf).contains(byte));
        let high_half = count(|byte| *byte >= 0xe0);
        return if low_half > high_half { KOI8_R } else { WINDOWS_1251 };
    }
    // Polish letters that windows-1252 reads as signs inside words: ą ł ż ś ź.
    let polish = looked_at
        .windows(2)
        .filter(
            |pair| matches!(pair, [a, b] if a.is_ascii_alphabetic() && matches!(b, 0xb9 | 0xb3 | 0xbf | 0x9c | 0x9f)),
        )
        .count();
    if polish > 0 { WINDOWS_1250 } else { WINDOWS_1252 }
}

/// UTF-8 with a few broken places (a text cut in the middle, one pasted byte) is still UTF-8.
fn almost_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], label: Option<&str>) -> String {
        decode(bytes, label).text
    }

    #[test]
    fn a_declared_charset_is_used() {
        assert_eq!(text(b"K\xe4the", Some("iso-8859-1")), "Käthe");
        assert_eq!(text(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("KOI8-R")), "Привет");
        assert_eq!(text(b"\x1b$B$^$_\x1b(B", Some("iso-2022-jp")), "まみ");
        assert_eq!(text(b"Hi Mom +Jjo-!", Some("utf-7")), "Hi Mom ☺!");
    }

    #[test]
    fn utf8_under_a_wrong_label_is_read_as_utf8() {
        for label in ["us-ascii", "iso-8859-1", "windows-1251"] {
            let decoded = decode("Mäkinen".as_bytes(), Some(label));
            assert_eq!(decoded.text, "Mäkinen", "{label}");
            assert!(decoded.mended, "{label}");
        }
    }

    #[test]
    fn eight_bit_text_without_a_usable_label_is_guessed() {
        let (cp1251, _, _) = WINDOWS_1251.encode("Здравствуйте, где мой заказ?");
        let (koi8, _, _) = KOI8_R.encode("Здравствуйте, где мой заказ?");
        let (cp1250, _, _) = WINDOWS_1250.encode("Małgorzata Wójcik, proszę o zwrot");
        for label in [None, Some("utf-8"), Some("x-unknown")] {
            assert_eq!(text(&cp1251, label), "Здравствуйте, где мой заказ?");
            assert_eq!(text(&koi8, label), "Здравствуйте, где мой заказ?");
            assert_eq!(text(&cp1250, label), "Małgorzata Wójcik, proszę o zwrot");
            assert_eq!(text(b"Gr\xfc\xdfe aus K\xf6ln", label), "Grüße aus Köln");
        }
    }

    #[test]
    fn utf8_with_one_broken_byte_stays_utf8() {
        assert_eq!(
            text("Päivää ja hyvää jatkoa \u{e4}".as_bytes().split_last().unwrap().1, Some("utf-8")),
            "Päivää ja hyvää jatkoa \u{fffd}"
        );
    }
}
