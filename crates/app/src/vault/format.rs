//! What a value of a field must look like, and the one form in which it is kept.

use jiff::civil::Date;
use kernel::{Timestamp, limits};
use zeroize::Zeroizing;

use super::inventory::{Field, FieldId};
use super::{ContactKind, Error, Normalised};

/// Characters of a value on one line.
const LINE_CHARS: usize = 1_000;
/// Nobody who writes to us was born before this year.
const EARLIEST_BIRTH: i16 = 1880;
/// Letters and digits of an IBAN (ISO 13616).
const IBAN_CHARS: std::ops::RangeInclusive<usize> = 15..=34;

/// A value that fits its field.
pub(super) enum Checked {
    /// By which its customer is met again.
    Contact(Normalised),
    /// What finds nobody.
    Value(Zeroizing<String>),
}

impl Field {
    /// Brings what was written into the form in which it is kept. The error never holds the value.
    pub(super) fn check(&self, written: &str, now: Timestamp) -> Result<Checked, Error> {
        self.fit(written.trim(), now).map_err(|reason| Error::Value { field: self.name.clone(), reason })
    }

    fn fit(&self, written: &str, now: Timestamp) -> Result<Checked, &'static str> {
        if written.is_empty() {
            return Err("it is empty");
        }
        if written.len() > limits::VALUE_BYTES {
            return Err("it is longer than 64 KiB");
        }
        match self.contact {
            Some(ContactKind::Email) => {
                return Normalised::email(written).map(Checked::Contact).ok_or("it is not one plain e-mail address");
            }
            Some(ContactKind::Phone) => {
                let point = Normalised::phone(written).map(Checked::Contact);
                return point.ok_or("it is not a phone number with its country code, as in +358 40 123 4417");
            }
            Some(ContactKind::Unknown) => return Err("it cannot be set"),
            None => {}
        }
        let value = match self.id {
            FieldId::BIRTH_DATE => birth_date(written, now)?,
            FieldId::IBAN => iban(written)?,
            FieldId::LANGUAGE => language(written)?,
            FieldId::POSTAL_ADDRESS | FieldId::NOTE => lines(written)?,
            _ => line(written)?,
        };
        Ok(Checked::Value(Zeroizing::new(value)))
    }
}

fn line(written: &str) -> Result<String, &'static str> {
    if written.chars().any(char::is_control) {
        return Err("it holds a line end or another control character");
    }
    if written.chars().count() > LINE_CHARS {
        return Err("it is longer than 1,000 characters");
    }
    Ok(written.to_owned())
}

fn lines(written: &str) -> Result<String, &'static str> {
    if written.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("it holds a control character");
    }
    Ok(written.replace("\r\n", "\n").replace('\r', "\n"))
}

/// `1980-12-31`, or `31.12.1980` as Germans, Finns, Poles and Russians write it. Slashes stand in
/// two orders, so they are not guessed at.
fn birth_date(written: &str, now: Timestamp) -> Result<String, &'static str> {
    const FORM: &str = "it is not a date like 1980-12-31 or 31.12.1980";
    let date = dotted(written).or_else(|| hyphenated(written)).ok_or(FORM)?;
    let today = jiff::Timestamp::from_microsecond(now.micros())
        .map_or(Date::MAX, |now| now.to_zoned(jiff::tz::TimeZone::UTC).date());
    if date.year() < EARLIEST_BIRTH || date > today {
        return Err("it is not a day on which a living person was born");
    }
    Ok(date.to_string())
}

fn hyphenated(written: &str) -> Option<Date> {
    let plain = written.len() == "1980-12-31".len() && written.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if plain { written.parse().ok() } else { None }
}

fn dotted(written: &str) -> Option<Date> {
    let mut parts = written.split('.').map(str::trim);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Compact, upper case, its check digits right (ISO 13616, ISO 7064 MOD 97-10).
fn iban(written: &str) -> Result<String, &'static str> {
    const FORM: &str = "it is not an IBAN";
    let compact: String = written.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let (head, rest) = compact.split_at_checked(4).ok_or(FORM)?;
    let sound = IBAN_CHARS.contains(&compact.len())
        && compact.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && head.bytes().zip([true, true, false, false]).all(|(byte, letter)| byte.is_ascii_alphabetic() == letter);
    if !sound {
        return Err(FORM);
    }
    let remainder = rest.chars().chain(head.chars()).filter_map(|c| c.to_digit(36)).fold(0, |sum, digit| {
        let shifted = if digit < 10 { sum * 10 } else { sum * 100 };
        (shifted + digit) % 97
    });
    if remainder == 1 { Ok(compact) } else { Err("its check digits are wrong: one of its characters was mistyped") }
}

/// A language tag (BCP 47) by its form: `fi`, `de-AT`.
fn language(written: &str) -> Result<String, &'static str> {
    let mut parts = written.split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    let sound = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.clone().count() <= 3
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if sound { Ok(written.replace('_', "-")) } else { Err("it is not a language code like fi or de-AT") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn dates_have_one_form_and_lie_in_a_life() {
        assert_eq!(birth_date("1980-12-31", NOW), Ok("1980-12-31".to_owned()));
        assert_eq!(birth_date("3.2.1980", NOW), Ok("1980-02-03".to_owned()));
        for wrong in
            ["12/31/1980", "1980-02-30", "31.12.80", "yesterday", "2190-01-01", "1066-10-14", "1980-12-31T10:00"]
        {
            assert!(birth_date(wrong, NOW).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mistyped_iban_is_noticed() {
        // Examples of the registry of ISO 13616.
        for right in
            ["FI21 1234 5600 0007 85", "DE89370400440532013000", "pl61109010140000071219812874", "NO9386011117947"]
        {
            assert!(iban(right).is_ok(), "{right}");
        }
        for wrong in ["FI21 1234 5600 0007 86", "DE89370400440532013", "1234", "FIXX1234560000078", "ÄÖ21123456000007"]
        {
            assert!(iban(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn languages_are_codes() {
        assert_eq!(language("de_AT"), Ok("de-AT".to_owned()));
        for wrong in ["", "german", "f", "de-", "de-austria-really-long-one"] {
            assert!(language(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn control_characters_stay_out() {
        assert!(line("two\nlines").is_err());
        assert!(line("a\u{1b}[31m").is_err());
        assert_eq!(lines("two\r\nlines"), Ok("two\nlines".to_owned()));
        assert!(lines("a\0b").is_err());
    }

    proptest! {
        #[test]
        fn one_changed_digit_of_an_iban_is_always_noticed(place in 4usize..18, by in 1u8..10) {
            let mut bytes = b"FI2112345600000785".to_vec();
            bytes[place] = b'0' + (bytes[place] - b'0' + by) % 10;
            prop_assert!(iban(std::str::from_utf8(&bytes).unwrap()).is_err());
        }

        #[test]
        fn any_text_fits_or_not(text: String) {
            let _ = (birth_date(&text, NOW), iban(&text), language(&text), line(&text), lines(&text));
        }
    }
}
