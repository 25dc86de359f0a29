//! The rail: every view that this desk has, with how much waits in it.

use std::sync::Arc;

use app::access::Permit;
use app::access::action::ListConversations;
use app::desk::{Assignee, Count, State};
use askama::Template;
use kernel::AgentId;

use super::refusal;
use super::view::View;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::strings::Strings;

/// Labels that the rail shows.
const LABELS: usize = 30;

/// One door.
pub(crate) struct Door {
    pub(crate) name: String,
    pub(crate) path: String,
    /// How many; none where nobody counts.
    pub(crate) count: Option<String>,
    pub(crate) is_here: bool,
    /// The key that goes there after `g`.
    pub(crate) key: Option<&'static str>,
}

/// All doors.
#[derive(Template)]
#[template(path = "desk/rail.html")]
pub(crate) struct Rail {
    pub(crate) l: Strings,
    pub(crate) views: Vec<Door>,
    pub(crate) labels: Vec<Door>,
}

impl Rail {
    pub(crate) async fn of(
        shared: &Arc<Shared>,
        permit: &Permit<ListConversations>,
        (l, me): (Strings, AgentId),
        here: &View,
    ) -> Result<Self, Problem> {
        let desk = &shared.app.desk;
        let counted = tokio::try_join!(
            desk.counts(permit, Assignee::Agent(me)),
            desk.counts(permit, Assignee::Nobody),
            desk.counts(permit, Assignee::Any),
            desk.labels(permit),
        );
        let (mine, unassigned, all, labels) = counted.map_err(refusal)?;
        let open = |counts: &app::desk::Counts| sum(counts.of(State::New), counts.of(State::Open));
        let views = View::COMMON.into_iter().map(|view| {
            let (name, count, key) = match view {
                View::Mine => (l.t("view-mine"), Some(open(&mine)), Some("m")),
                View::Unassigned => (l.t("view-unassigned"), Some(open(&unassigned)), Some("u")),
                View::Waiting => (l.t("view-waiting"), Some(all.of(State::Waiting).to_string()), Some("w")),
                View::Snoozed => (l.t("view-snoozed"), Some(all.of(State::Snoozed).to_string()), Some("s")),
                View::Resolved => (l.t("view-resolved"), None, Some("r")),
                View::All | View::Label(_) => (l.t("view-all"), None, Some("a")),
            };
            Door { name, path: view.path(), count, is_here: view == *here, key }
        });
        let labels = labels.into_iter().take(LABELS).map(|name| {
            let view = View::Label(name.clone());
            Door { name, path: view.path(), count: None, is_here: view == *here, key: None }
        });
        Ok(Self { l, views: views.collect(), labels: labels.collect() })
    }
}

/// Two counts as one: exact while both are.
fn sum(one: Count, other: Count) -> String {
    let more = if one.is_more() || other.is_more() { "+" } else { "" };
    format!("{}{more}", one.number() + other.number())
}

/// The name of a view for a heading.
pub(crate) fn name(l: Strings, view: &View) -> String {
    match view {
        View::Mine => l.t("view-mine"),
        View::Unassigned => l.t("view-unassigned"),
        View::Waiting => l.t("view-waiting"),
        View::Snoozed => l.t("view-snoozed"),
        View::Resolved => l.t("view-resolved"),
        View::All => l.t("view-all"),
        View::Label(name) => name.clone(),
    }
}
