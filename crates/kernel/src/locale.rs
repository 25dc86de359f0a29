//! The five languages that the product speaks and inspects.

use std::fmt;
use std::str::FromStr;

/// A language of the interface and of inspection, named by its ISO 639-1 code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Finnish.
    Fi,
    /// Polish.
    Pl,
    /// Russian.
    Ru,
}

/// A language code that the product does not speak.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language {0:?}: choose en, de, fi, pl or ru")]
pub struct UnknownLocale(String);

impl Locale {
    /// All five, English first.
    pub const ALL: [Self; 5] = [Self::En, Self::De, Self::Fi, Self::Pl, Self::Ru];

    /// The ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fi => "fi",
            Self::Pl => "pl",
            Self::Ru => "ru",
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    /// Accepts a bare code or a longer BCP 47 tag (`de-AT`, `fi_FI`), in any case.
    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
        Self::ALL.into_iter().find(|locale| locale.code() == primary).ok_or_else(|| UnknownLocale(tag.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_with_a_region_mean_their_language() {
        assert_eq!("de-AT".parse(), Ok(Locale::De));
        assert_eq!("FI_fi".parse(), Ok(Locale::Fi));
        assert!("sv".parse::<Locale>().is_err());
    }
}
