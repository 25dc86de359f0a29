//! Contact points: the addresses by which a customer is met again, in one normal form each.

use super::inventory::FieldId;
use super::place::Index;
use crate::channels::mail;

/// Digits of a phone number with its country code (ITU-T E.164; the shortest in use have 7).
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// What kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContactKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// No address at all: the one contact point of senders who gave none.
    Unknown,
}

impl ContactKind {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of a stored word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Email, Self::Phone, Self::Unknown].into_iter().find(|kind| kind.word() == word)
    }

    /// The field of the inventory that says what its contact points are held for.
    pub(super) const fn field(self) -> Option<FieldId> {
        match self {
            Self::Email => Some(FieldId::EMAIL),
            Self::Phone => Some(FieldId::PHONE),
            Self::Unknown => None,
        }
    }

    /// The keyed hash that finds it.
    pub const fn index(self) -> Index {
        match self {
            Self::Email => Index::Email,
            Self::Phone => Index::Phone,
            Self::Unknown => Index::Unknown,
        }
    }
}

/// An address in the form that is hashed, beside the form in which it was written.
#[derive(Clone)]
pub struct Normalised {
    kind: ContactKind,
    written: String,
    normal: String,
}

impl Normalised {
    /// An e-mail address: lower-cased, its domain in IDNA form; none when it is no address.
    pub fn email(written: &str) -> Option<Self> {
        let normalised = mail::normalise(written)?;
        Some(Self { kind: ContactKind::Email, written: written.trim().to_owned(), normal: normalised })
    }

    /// A phone number with its country code (`+358 40 …`, `0049 (0)30 …`): E.164; none when it has
    /// no country code, because nobody can tell then whose number it is.
    pub fn phone(written: &str) -> Option<Self> {
        let written = written.trim();
        let rest = written.strip_prefix('+').or_else(|| written.strip_prefix("00"))?;
        // The trunk prefix is written for callers at home and is no part of the number.
        let rest = rest.replacen("(0)", "", 1);
        if rest.chars().any(|c| !c.is_ascii_digit() && !is_phone_filler(c)) {
            return None;
        }
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        let fits = E164_DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        fits.then(|| Self { kind: ContactKind::Phone, written: written.to_owned(), normal: format!("+{digits}") })
    }

    /// The contact point of those who gave none.
    pub const fn unknown() -> Self {
        Self { kind: ContactKind::Unknown, written: String::new(), normal: String::new() }
    }

    /// What kind of address it is.
    pub const fn kind(&self) -> ContactKind {
        self.kind
    }

    /// As it was written, for sealing.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// As it is hashed.
    pub fn normalised(&self) -> &str {
        &self.normal
    }
}

fn is_phone_filler(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}')
}

#[cfg(test)]
mod tests {
    use super::Normalised;
    use proptest::prelude::*;

    fn phone(written: &str) -> Option<String> {
        Normalised::phone(written).map(|point| point.normalised().to_owned())
    }

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        for written in
            ["+358 40 123 4417", "00358401234417", "+358-40/123.4417", " +358 (0) 40 1234417 ", "+358 (40) 1234417"]
        {
            assert_eq!(phone(written).as_deref(), Some("+358401234417"), "{written}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_told_apart_is_none() {
        for written in ["", "040 123 4417", "+", "+0401234417", "+12345", "+1234567890123456", "+358 40 CALLME", "112"]
        {
            assert_eq!(phone(written), None, "{written}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_e164_or_nothing(written: String) {
            if let Some(number) = phone(&written) {
                prop_assert!(number.len() <= 16 && number[1..].bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(phone(&number), Some(number));
            }
        }
    }
}
