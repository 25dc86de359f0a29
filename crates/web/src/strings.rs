//! The words of the pages in five languages: Fluent files compiled in, one bundle for each language.
//!
//! Nothing here knows a page. A missing or unused key fails a test and never a page: what is missing
//! shows in English, and what is missing there as its key.

use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use kernel::Locale;
use unic_langid::LanguageIdentifier;

/// The Fluent files, one of each name in each language's folder.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// The text of every file of a language.
        const fn sources(locale: Locale) -> [&'static str; [$($name),*].len()] {
            match locale {
                Locale::En => [$(include_str!(concat!("../locales/en/", $name, ".ftl"))),*],
                Locale::De => [$(include_str!(concat!("../locales/de/", $name, ".ftl"))),*],
                Locale::Fi => [$(include_str!(concat!("../locales/fi/", $name, ".ftl"))),*],
                Locale::Pl => [$(include_str!(concat!("../locales/pl/", $name, ".ftl"))),*],
                Locale::Ru => [$(include_str!(concat!("../locales/ru/", $name, ".ftl"))),*],
            }
        }

        #[cfg(test)]
        const FILES: [&str; [$($name),*].len()] = [$($name),*];
    };
}

files!["ground", "problem", "desk", "identity"];

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 5]> = LazyLock::new(|| Locale::ALL.map(bundle));

fn bundle(locale: Locale) -> Bundle {
    let language: LanguageIdentifier = locale.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Values stand in elements of their own direction (`<bdi>`), not between invisible characters.
    bundle.set_use_isolating(false);
    for source in sources(locale) {
        // A test reads every file without an error; here a broken entry is left out.
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// A value in a sentence.
pub(crate) enum Word {
    Text(String),
    Number(f64),
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Word {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&&String> for Word {
    fn from(text: &&String) -> Self {
        Self::Text((*text).clone())
    }
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {
        $(impl From<$type> for Word {
            fn from(number: $type) -> Self {
                Self::Number(u32::try_from(number).map_or(f64::from(u32::MAX), f64::from))
            }
        }

        impl From<&$type> for Word {
            fn from(number: &$type) -> Self {
                Self::from(*number)
            }
        })*
    };
}

numbers!(u32, u64, usize, i64);

/// The words of one language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strings {
    locale: Locale,
}

impl Strings {
    pub(crate) const fn of(locale: Locale) -> Self {
        Self { locale }
    }

    pub(crate) const fn locale(self) -> Locale {
        self.locale
    }

    /// The ISO 639-1 code, for `lang`.
    pub(crate) const fn code(self) -> &'static str {
        self.locale.code()
    }

    /// A sentence.
    pub(crate) fn t(self, key: &str) -> String {
        self.say(key, None)
    }

    /// A sentence with one value.
    pub(crate) fn t1(self, key: &str, name: &str, value: impl Into<Word>) -> String {
        self.say(key, Some(&arguments([(name, value.into())])))
    }

    /// A sentence with two values.
    pub(crate) fn t2(
        self,
        key: &str,
        first: &str,
        value: impl Into<Word>,
        second: &str,
        other: impl Into<Word>,
    ) -> String {
        self.say(key, Some(&arguments([(first, value.into()), (second, other.into())])))
    }

    fn say(self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let said = [self.locale, Locale::En].into_iter().find_map(|locale| format(locale, key, arguments));
        said.unwrap_or_else(|| key.to_owned())
    }
}

fn arguments<const N: usize>(values: [(&str, Word); N]) -> FluentArgs<'_> {
    let values = values.into_iter().map(|(name, word)| {
        let value = match word {
            Word::Text(text) => FluentValue::from(text),
            Word::Number(number) => FluentValue::Number(FluentNumber::from(number)),
        };
        (name, value)
    });
    values.collect()
}

fn format(locale: Locale, key: &str, arguments: Option<&FluentArgs<'_>>) -> Option<String> {
    let (_, bundle) = Locale::ALL.into_iter().zip(BUNDLES.iter()).find(|(known, _)| *known == locale)?;
    let pattern = bundle.get_message(key)?.value()?;
    // What is wrong with a value shows in the sentence; a test formats every sentence.
    let mut errors = Vec::new();
    Some(bundle.format_pattern(pattern, arguments, &mut errors).into_owned())
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Strings({})", self.code())
    }
}

/// The best language for a browser that says what its user reads (RFC 9110, section 12.5.4); English
/// when it is none of ours. Only the first [`TAGS`] are looked at.
pub(crate) fn negotiate(accept_language: &str) -> Locale {
    let wished = accept_language.split(',').take(TAGS).filter_map(|part| {
        let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight: f32 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
        let locale = tag.trim().parse().ok()?;
        (weight > 0.0 && weight <= 1.0).then_some((locale, weight))
    });
    // Of equals the first wins.
    let best = wished.fold(None, |best: Option<(Locale, f32)>, (locale, weight)| match best {
        Some((_, known)) if known >= weight => best,
        _ => Some((locale, weight)),
    });
    best.map_or_else(Locale::default, |(locale, _)| locale)
}

/// Language tags of one request that are looked at.
const TAGS: usize = 20;

#[cfg(test)]
mod tests;
