//! Contact points: the addresses by which a customer is met again, in one normal form each.

use super::place::Index;

/// Longest address that is indexed, in bytes: RFC 5321's 254 and room for other kinds.
const NORMALISED_BYTES: usize = 512;

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
    normalised: String,
}

impl Normalised {
    /// An e-mail address: lower-cased, its domain in IDNA form; none when it is no address.
    pub fn email(written: &str) -> Option<Self> {
        let written = written.trim();
        let (local, domain) = written.rsplit_once('@')?;
        let unusable = |c: char| c.is_control() || c.is_whitespace();
        if local.is_empty() || local.contains(unusable) || domain.is_empty() || domain.contains(unusable) {
            return None;
        }
        let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
        let normalised = format!("{}@{}", local.to_lowercase(), domain);
        (normalised.len() <= NORMALISED_BYTES && !domain.is_empty()).then(|| Self {
            kind: ContactKind::Email,
            written: written.to_owned(),
            normalised,
        })
    }

    /// The contact point of those who gave none.
    pub const fn unknown() -> Self {
        Self { kind: ContactKind::Unknown, written: String::new(), normalised: String::new() }
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
        &self.normalised
    }
}
