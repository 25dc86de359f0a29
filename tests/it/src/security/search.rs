//! Searching everything that lies on a disk for values that must not lie there, in every form in
//! which they could hide.

use std::fmt::Write;
use std::path::PathBuf;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// What is searched for.
pub(crate) struct Search {
    names: Vec<String>,
    automaton: AhoCorasick,
}

impl Search {
    /// All forms of these values.
    pub(crate) fn of(canaries: &[&str]) -> Self {
        let (mut names, mut needles) = (Vec::new(), Vec::new());
        for canary in canaries {
            for (form, needle) in forms(canary) {
                names.push(format!("{canary} as {form}"));
                needles.push(needle);
            }
        }
        Self { names, automaton: AhoCorasick::new(needles).unwrap() }
    }

    /// The first value in some bytes and its form.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.automaton.find(bytes)?;
        Some(&self.names[found.pattern().as_usize()])
    }

    /// The first value in these files, its form, and where it lies.
    pub(crate) fn find_in(&self, files: &[(PathBuf, Vec<u8>)]) -> Option<String> {
        files.iter().find_map(|(path, bytes)| Some(format!("{} in {}", self.find(bytes)?, path.display())))
    }
}

/// A value as it could lie somewhere: plain, in other cases, encoded.
fn forms(canary: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = canary.as_bytes();
    let (mut hex, mut quoted, mut percent) = (String::new(), String::new(), String::new());
    for byte in bytes {
        write!(hex, "{byte:02x}").unwrap();
        write!(quoted, "={byte:02X}").unwrap();
        // What is no letter or digit is all that most programs write so.
        if byte.is_ascii_alphanumeric() {
            percent.push(char::from(*byte));
        } else {
            write!(percent, "%{byte:02X}").unwrap();
        }
    }
    let wide = |order: fn(u16) -> [u8; 2]| canary.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let mut forms = vec![
        ("plain", bytes.to_vec()),
        ("lower case", canary.to_lowercase().into_bytes()),
        ("upper case", canary.to_uppercase().into_bytes()),
        ("hex", hex.clone().into_bytes()),
        ("upper-case hex", hex.to_uppercase().into_bytes()),
        ("quoted-printable", quoted.clone().into_bytes()),
        ("quoted-printable with few signs", percent.replace('%', "=").into_bytes()),
        ("percent signs", percent.into_bytes()),
        ("UTF-16 little-endian", wide(u16::to_le_bytes)),
        ("UTF-16 big-endian", wide(u16::to_be_bytes)),
    ];
    // In base 64 a value looks different at each of three offsets; its inner part does not.
    for offset in 0..3usize {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(bytes);
        for engine in [STANDARD, URL_SAFE] {
            let text = engine.encode(&shifted);
            let inner = text.get(offset * 4 / 3 + 2..text.len().saturating_sub(6)).unwrap_or_default();
            forms.push(("base64", inner.as_bytes().to_vec()));
        }
    }
    forms.retain(|(_, needle)| needle.len() >= 8);
    forms
}

#[test]
fn the_search_finds_what_is_there() {
    for canary in ["Canaria Namensson", "canary.sender.4711@vogel.example", "FI21 1234 5600", "+358 50 7731906"] {
        let search = Search::of(&[canary]);
        let mut texts: Vec<Vec<u8>> = forms(canary).into_iter().map(|(_, form)| form).collect();
        texts.extend([format!("a{canary}bc"), format!("{canary}bcd")].map(|text| STANDARD.encode(text).into_bytes()));
        texts.push(canary.encode_utf16().flat_map(u16::to_le_bytes).collect());
        for text in texts {
            let hidden = [b"before ".as_slice(), &text, b" after"].concat();
            assert!(search.find(&hidden).is_some_and(|found| found.starts_with(canary)), "{canary} in {text:?}");
        }
        assert_eq!(search.find(b"nothing of it is here, before or after"), None);
    }
}
