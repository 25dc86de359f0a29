//! Masks: what may be seen of a value before anybody has a reason to see it. A mask never shows
//! more than half of a value, nor more than [`SHOWN_CHARS`] of its letters and digits.

use std::fmt;
use std::str::FromStr;

/// Letters and digits of a value that any mask but [`Mask::None`] shows at most.
pub const SHOWN_CHARS: usize = 8;

/// Stands for what is hidden; always the same, so that it tells no length.
const HIDDEN: &str = "•••";
/// Digits shown at the end of a number.
const LAST_SHOWN: usize = 4;
/// Initials shown.
const INITIALS: usize = 3;
/// The longest ending of a domain that is shown; longer ones are rare enough to tell who it is.
const ENDING_CHARS: usize = 6;

/// A text that has passed a mask: the value itself is no longer in it.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Masked(String);

impl Masked {
    /// The text to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the values of a field are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// Not at all: the value is case content, as a customer's name is.
    None,
    /// `m•••@•••.fi`.
    Email,
    /// `••• 4417`, for phone numbers.
    Phone,
    /// `••• 4417`, of letters and digits.
    LastFour,
    /// `M. V.`.
    Initials,
    /// The year of a date (`1980`).
    Year,
    /// `•••`.
    Hidden,
}

impl Mask {
    /// Every form.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Email, Self::Phone, Self::LastFour, Self::Initials, Self::Year, Self::Hidden];

    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::LastFour => "last-four",
            Self::Initials => "initials",
            Self::Year => "year",
            Self::Hidden => "hidden",
        }
    }

    /// What may be seen of a value. A value that does not have the form of its mask is hidden.
    pub fn apply(self, value: &str) -> Masked {
        let shown = match self {
            Self::None => return Masked(value.to_owned()),
            Self::Email => email(value),
            Self::Phone => last(value, |c| c.is_ascii_digit()),
            Self::LastFour => last(value, char::is_alphanumeric),
            Self::Initials => initials(value),
            Self::Year => year(value),
            Self::Hidden => None,
        };
        Masked(shown.filter(|shown| is_little(shown, value)).unwrap_or_else(|| HIDDEN.to_owned()))
    }
}

/// A text that is no form of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mask is email, phone, last-four, initials, year, hidden or none")]
pub struct UnknownMask;

impl FromStr for Mask {
    type Err = UnknownMask;

    fn from_str(word: &str) -> Result<Self, UnknownMask> {
        Self::ALL.into_iter().find(|mask| mask.word() == word).ok_or(UnknownMask)
    }
}

/// The last word on every mask, whatever its form did with an odd value.
fn is_little(shown: &str, value: &str) -> bool {
    let told = shown.chars().filter(|c| c.is_alphanumeric()).count();
    told <= SHOWN_CHARS && told * 2 <= value.chars().filter(|c| c.is_alphanumeric()).count()
}

fn email(value: &str) -> Option<String> {
    let (local, domain) = value.rsplit_once('@')?;
    let first = local.chars().next().filter(|first| first.is_alphanumeric() && local.chars().count() > 2);
    let ending = domain
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|ending| (2..=ENDING_CHARS).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphabetic()));
    let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
    Some(format!("{}{HIDDEN}@{HIDDEN}{ending}", first.map_or_else(String::new, String::from)))
}

fn last(value: &str, counts: impl Fn(char) -> bool) -> Option<String> {
    let counted: Vec<char> = value.chars().filter(|c| counts(*c)).collect();
    let hidden = counted.len().checked_sub(LAST_SHOWN).filter(|hidden| *hidden >= LAST_SHOWN)?;
    Some(format!("{HIDDEN} {}", counted.get(hidden..)?.iter().collect::<String>()))
}

fn initials(value: &str) -> Option<String> {
    let initials: Vec<String> = value
        .split_whitespace()
        .filter_map(|word| word.chars().next().filter(|first| first.is_alphabetic()))
        .take(INITIALS)
        .map(|initial| format!("{initial}."))
        .collect();
    (!initials.is_empty()).then(|| initials.join(" "))
}

fn year(value: &str) -> Option<String> {
    let date: jiff::civil::Date = value.parse().ok()?;
    Some(format!("{:04}", date.year())).filter(|year| value.starts_with(year.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shape_is_shown_and_the_rest_is_not() {
        for (mask, value, shown) in [
            (Mask::Email, "maija.virtanen@example.fi", "m•••@•••.fi"),
            (Mask::Email, "ma@example.fi", "•••@•••.fi"),
            (Mask::Email, "grace@example.photography", "g•••@•••"),
            (Mask::Email, "no address at all", "•••"),
            (Mask::Phone, "+358 40 123 4417", "••• 4417"),
            (Mask::Phone, "112", "•••"),
            (Mask::LastFour, "FI21 1234 5600 0007 85", "••• 0785"),
            (Mask::LastFour, "AB-1234", "•••"),
            (Mask::Initials, "Maija Anneli Virtanen", "M. A. V."),
            (Mask::Initials, "A B C D", "•••"),
            (Mask::Year, "1980-12-31", "1980"),
            (Mask::Year, "31.12.1980", "•••"),
            (Mask::Hidden, "anything", "•••"),
        ] {
            assert_eq!(mask.apply(value).as_str(), shown, "{mask:?} of {value}");
        }
    }

    #[test]
    fn every_form_is_found_by_its_word() {
        for mask in Mask::ALL {
            assert_eq!(mask.word().parse(), Ok(mask));
        }
        assert!("".parse::<Mask>().is_err());
    }

    fn masking() -> impl Strategy<Value = Mask> {
        proptest::sample::select(&Mask::ALL[1..])
    }

    fn told(text: &str) -> usize {
        text.chars().filter(|c| c.is_alphanumeric()).count()
    }

    proptest! {
        #[test]
        fn a_mask_tells_little_of_any_text(mask in masking(), value: String) {
            let masked = mask.apply(&value);
            prop_assert!(told(masked.as_str()) <= SHOWN_CHARS);
            prop_assert!(told(masked.as_str()) * 2 <= told(&value));
        }

        #[test]
        fn a_mask_never_holds_the_whole_value(mask in masking(), value in "[\\w@. +-]{4,40}") {
            prop_assume!(told(&value) > 0);
            prop_assert!(!mask.apply(&value).as_str().contains(&value));
        }

        #[test]
        fn neither_side_of_an_address_shows(local in "[a-z]{2,20}", domain in "[a-z]{3,20}") {
            let masked = Mask::Email.apply(&format!("{local}@{domain}.fi"));
            prop_assert!(!masked.as_str().contains(&local) && !masked.as_str().contains(&domain));
        }
    }
}
