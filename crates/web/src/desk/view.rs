//! Views: the doors of the rail, each with an address of its own, and what a list in one of them
//! shows. A view is a question and never a right.

use app::desk::{Assignee, Filter, Order, State};
use kernel::{AgentId, Locale};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// What stands in a path as it is; `:` tells a label's view from the others.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b':');
/// How the address of a label's view begins.
const LABEL: &str = "label:";

/// A name as a part of an address.
pub(crate) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PATH).to_string()
}

/// A door of the rail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Mine,
    Unassigned,
    Waiting,
    Snoozed,
    Resolved,
    All,
    Label(String),
}

impl View {
    /// Those that every desk has, in their order.
    pub(crate) const COMMON: [Self; 6] =
        [Self::Mine, Self::Unassigned, Self::Waiting, Self::Snoozed, Self::Resolved, Self::All];

    /// From its part of an address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix(LABEL) {
            return Some(Self::Label(name.to_owned()));
        }
        Self::COMMON.into_iter().find(|view| view.word() == text)
    }

    /// Its part of an address, before it is encoded.
    fn word(&self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Unassigned => "unassigned",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::All => "all",
            Self::Label(_) => LABEL,
        }
    }

    /// The address of its list.
    pub(crate) fn path(&self) -> String {
        let word = self.word();
        match self {
            Self::Label(name) => format!("/desk/{word}{}", encoded(name)),
            _ => format!("/desk/{word}"),
        }
    }

    /// What its list shows to an agent.
    pub(crate) fn filter(&self, me: AgentId) -> Filter {
        let waits_for_us = vec![State::New, State::Open];
        let (states, assignee, label) = match self {
            Self::Mine => (waits_for_us, Assignee::Agent(me), None),
            Self::Unassigned => (waits_for_us, Assignee::Nobody, None),
            Self::Waiting => (vec![State::Waiting], Assignee::Any, None),
            Self::Snoozed => (vec![State::Snoozed], Assignee::Any, None),
            Self::Resolved => (vec![State::Resolved], Assignee::Any, None),
            Self::All => (Vec::new(), Assignee::Any, None),
            Self::Label(name) => {
                (vec![State::New, State::Open, State::Waiting, State::Snoozed], Assignee::Any, Some(name.clone()))
            }
        };
        Filter { states, assignee, label, ..Filter::default() }
    }

    /// What comes first unless somebody chose: what waits for us longest, or what moved last.
    pub(crate) const fn order(&self) -> Order {
        match self {
            Self::Mine | Self::Unassigned | Self::Label(_) => Order::OldestFirst,
            Self::Waiting | Self::Snoozed | Self::Resolved | Self::All => Order::NewestFirst,
        }
    }
}

/// How a list is narrowed and ordered; empty words mean nothing.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Wishes {
    #[serde(default)]
    pub(crate) order: String,
    #[serde(default)]
    pub(crate) language: String,
    #[serde(default)]
    pub(crate) channel: String,
    /// Where the page begins.
    #[serde(default)]
    pub(crate) cursor: String,
    /// Where a page of a thread ends.
    #[serde(default)]
    pub(crate) before: String,
}

impl Wishes {
    pub(crate) fn order(&self, view: &View) -> Order {
        match self.order.as_str() {
            "oldest" => Order::OldestFirst,
            "newest" => Order::NewestFirst,
            _ => view.order(),
        }
    }

    pub(crate) fn language(&self) -> Option<Locale> {
        self.language.parse().ok()
    }

    pub(crate) fn channel(&self) -> Option<&str> {
        Some(self.channel.as_str()).filter(|channel| !channel.is_empty())
    }

    /// Whether the list is narrower than its view.
    pub(crate) fn narrows(&self) -> bool {
        self.language().is_some() || self.channel().is_some()
    }

    /// The query that keeps these wishes, with its question mark; empty when there are none.
    pub(crate) fn query(&self, cursor: Option<&str>) -> String {
        let all = [
            ("order", self.order.as_str()),
            ("language", self.language.as_str()),
            ("channel", self.channel.as_str()),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let kept: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let query = serde_urlencoded::to_string(kept).unwrap_or_default();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_is_found_by_its_address() {
        for view in View::COMMON {
            assert_eq!(View::parse(view.path().strip_prefix("/desk/").unwrap()), Some(view));
        }
        assert_eq!(View::parse("label:Rück frage"), Some(View::Label("Rück frage".to_owned())));
        assert_eq!(View::parse("nothing"), None);
    }

    #[test]
    fn a_label_cannot_leave_its_place_in_the_address() {
        let view = View::Label("a/../b?c#d \"e\"".to_owned());
        assert_eq!(view.path(), "/desk/label:a%2F..%2Fb%3Fc%23d%20%22e%22");
    }

    #[test]
    fn wishes_are_kept_from_page_to_page() {
        let wishes = Wishes { language: "fi".to_owned(), order: "newest".to_owned(), ..Wishes::default() };
        assert_eq!(wishes.query(Some("abc")), "?order=newest&language=fi&cursor=abc");
        assert_eq!(Wishes::default().query(None), "");
    }
}
