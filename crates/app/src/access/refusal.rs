//! Why something is not permitted: a word for the log, a sentence for whoever asked.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::ActionName;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $says:literal;)*) => {
        /// Why something is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word, as policies and the log write it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// What to do about it.
            const fn says(self) -> &'static str {
                match self {
                    $(Self::$name => $says,)*
                }
            }
        }
    };
}

// Of several reasons the first in this order is told.
refusals! {
    /// No policy permits it to somebody like that.
    Role = "role", "your roles do not permit it: ask an administrator for one that does";
    /// There is no such customer.
    NoCustomer = "no customer", "there is no such customer";
    /// The customer's keys are destroyed.
    Erased = "erased", "this customer has been erased";
    /// There is no such value.
    NoValue = "no value", "there is no such value";
    /// The conversation gives no reason to look at this customer.
    NotConcerned = "not concerned", "the conversation does not concern this customer";
    /// There is no conversation that gives a reason.
    NoConversation = "no conversation", "open the customer from a conversation with them";
    /// The field is held for other purposes.
    Purpose = "purpose", "the field is not held for this purpose: choose one for which it is";
    /// The conversation is resolved.
    Resolved = "resolved", "the conversation is resolved: reopen it first";
    /// Somebody else works on it, or nobody does.
    NotAssigned = "not assigned", "it needs an open conversation of this customer that is assigned to you: take it first";
    /// A rule of the organisation.
    Rule = "rule", "a rule of your organisation forbids it";
    /// A policy wants to know why.
    ReasonNeeded = "reason needed", "give a reason";
    /// A policy wants a second person.
    ApproverNeeded = "approver needed", "a second person must approve it, which this version cannot ask for yet";
    /// The permission has run out.
    Expired = "expired", "the permission has run out: ask again";
    /// The policies could not be evaluated.
    Undecided = "undecided", "the policies could not be evaluated: the log of the server says why";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says())
    }
}

/// A word that is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a refusal is one of {}", Refusal::ALL.iter().map(|refusal| refusal.word()).collect::<Vec<_>>().join(", "))]
pub struct UnknownRefusal;

impl FromStr for Refusal {
    type Err = UnknownRefusal;

    fn from_str(word: &str) -> Result<Self, UnknownRefusal> {
        Self::ALL.iter().copied().find(|refusal| refusal.word() == word).ok_or(UnknownRefusal)
    }
}

/// A decision against. Its text holds no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action} is not permitted: {why}{}", named(*why, rule.as_deref()))]
pub struct Refused {
    /// What was asked for.
    pub action: ActionName,
    /// Why not.
    pub why: Refusal,
    /// The id of the policy that says so, when one does.
    pub rule: Option<Arc<str>>,
}

/// The rule's name, where it is one of the organisation's own that a reader can look up.
fn named(why: Refusal, rule: Option<&str>) -> String {
    rule.filter(|_| why == Refusal::Rule).map_or_else(String::new, |rule| format!(": {rule}"))
}
