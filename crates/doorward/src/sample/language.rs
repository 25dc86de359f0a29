//! The shape of one language's part of the sample.

/// Names of each kind.
pub(super) const NAMES: usize = 8;
/// Matters that people write about.
pub(super) const MATTERS: usize = 8;

/// What a matter is about, in the words of both sides. `{day}`, `{number}`, `{street}`, `{house}`
/// and `{city}` are filled in.
pub(super) struct Matter {
    pub(super) subject: &'static str,
    pub(super) opening: &'static str,
    pub(super) answer: &'static str,
    pub(super) follow_up: &'static str,
    pub(super) thanks: &'static str,
}

/// Customers who speak one language.
pub(super) struct Language {
    /// BCP 47.
    pub(super) code: &'static str,
    pub(super) men: [&'static str; NAMES],
    pub(super) women: [&'static str; NAMES],
    pub(super) mens_surnames: [&'static str; NAMES],
    pub(super) womens_surnames: [&'static str; NAMES],
    pub(super) streets: [&'static str; 4],
    pub(super) cities: [&'static str; 4],
    /// The beginning of a telephone number; three digits follow.
    pub(super) phone: &'static str,
    /// Country and bank of an account number, and how many digits the account itself has.
    pub(super) account: (&'static str, &'static str, usize),
    pub(super) greeting: &'static str,
    pub(super) closing: &'static str,
    pub(super) answer_greeting: &'static str,
    pub(super) answer_closing: &'static str,
    pub(super) matters: [Matter; MATTERS],
}
