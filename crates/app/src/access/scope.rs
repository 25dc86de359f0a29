//! Scopes: what a token may do, in words that stand in the database and on the command line.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing that a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Bring mail in.
    MailWrite,
    /// Read the counters of the whole installation; they hold no personal data.
    MetricsRead,
}

/// A word that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of {}", Scope::list())]
pub struct UnknownScope;

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::MailWrite, Self::MetricsRead];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MailWrite => "mail:write",
            Self::MetricsRead => "metrics:read",
        }
    }

    /// All words, for messages.
    pub(super) fn list() -> String {
        Self::ALL.map(Self::word).join(", ")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.word() == text).ok_or(UnknownScope)
    }
}

/// Scopes of one token, as they are stored: their words with blanks between.
pub(super) fn join(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ")
}

/// The stored words back; one that a later version wrote permits nothing here.
pub(super) fn split(words: &str) -> BTreeSet<Scope> {
    words.split(' ').filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_what_was_given() {
        let all = BTreeSet::from(Scope::ALL);
        assert_eq!(split(&join(&all)), all);
        assert_eq!(split("mail:write later:scope mail"), BTreeSet::from([Scope::MailWrite]));
        assert!(split("").is_empty());
    }

    #[test]
    fn an_unknown_word_is_answered_with_those_there_are() {
        let refused = "mail:read".parse::<Scope>().unwrap_err();
        assert_eq!(refused.to_string(), "a scope is one of mail:write, metrics:read");
    }
}
