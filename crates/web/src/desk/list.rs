//! The list pane: one page of a view, with what comes next, narrowed by language and channel.

use std::sync::Arc;

use app::access::Permit;
use app::access::action::ListConversations;
use app::desk::{self, Order, PageRequest, State};
use app::identity::SignedIn;
use askama::Template;
use kernel::{ConversationId, Locale, Timestamp};

use super::colleagues::Colleagues;
use super::view::{View, Wishes};
use super::{rail, refusal, words};
use crate::frame::Frame;
use crate::moments::Moments;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::snooze::{self, Preset};
use crate::strings::Strings;

/// Rows of one page: what fills a tall screen twice.
const ROWS: usize = 40;

/// One conversation in the list.
pub(crate) struct Row {
    pub(crate) id: ConversationId,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) subject: String,
    pub(crate) at: Timestamp,
    pub(crate) channel: String,
    pub(crate) language: Option<&'static str>,
    pub(crate) labels: Vec<String>,
    /// The state, where the view does not tell it already.
    pub(crate) state: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) wakes_at: Option<Timestamp>,
    /// Nobody has answered it yet.
    pub(crate) is_new: bool,
    pub(crate) is_here: bool,
}

/// The whole pane.
#[derive(Template)]
#[template(path = "desk/list.html")]
pub(crate) struct ListPane {
    pub(crate) l: Strings,
    pub(crate) title: String,
    pub(crate) path: String,
    pub(crate) wishes: Wishes,
    /// Code, name, and whether the list is narrowed to it.
    pub(crate) languages: [(&'static str, String, bool); 5],
    pub(crate) presets: Vec<Preset>,
    /// The address of this list as it is narrowed.
    pub(crate) here: String,
    /// What a form of this page carries.
    pub(crate) token: String,
    pub(crate) rows: Rows,
}

/// Rows with what comes behind them: also what a script adds at the end of the list.
#[derive(Template)]
#[template(path = "desk/rows.html")]
pub(crate) struct Rows {
    pub(crate) l: Strings,
    pub(crate) moments: Moments,
    pub(crate) shown: Vec<Row>,
    pub(crate) next: Option<String>,
}

/// Reads one page of a view.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    (me, permit): (&SignedIn, &Permit<ListConversations>),
    (l, moments): (Strings, &Moments),
    (view, wishes): (&View, &Wishes),
    here: Option<ConversationId>,
) -> Result<Rows, Problem> {
    let mut filter = view.filter(me.agent);
    filter.language = wishes.language();
    filter.channel = wishes.channel().map(str::to_owned);
    let cursor = Some(wishes.cursor.as_str()).filter(|cursor| !cursor.is_empty());
    let cursor = cursor.map(str::parse).transpose().map_err(|_| Problem::Query)?;
    let request = PageRequest { order: wishes.order(view), cursor, limit: ROWS };
    let page = shared.app.desk.list(permit, filter, request).await.map_err(refusal)?;
    let agents = page.rows.iter().filter_map(|row| row.assignee);
    let colleagues = Colleagues::of(shared, me, agents).await;
    let path = view.path();
    let query = wishes.query(None);
    let rows = page.rows.into_iter().map(|row| shown(l, view, &colleagues, (&path, &query), row, (me, here)));
    let next = page.next.map(|next| format!("{path}{}", wishes.query(Some(&next.to_string()))));
    Ok(Rows { l, moments: moments.clone(), shown: rows.collect(), next })
}

fn shown(
    l: Strings,
    view: &View,
    colleagues: &Colleagues,
    (path, query): (&str, &str),
    row: desk::ListRow,
    (me, here): (&SignedIn, Option<ConversationId>),
) -> Row {
    let state = match (view, row.state) {
        (View::All | View::Label(_), state) => Some(words::state(l, state)),
        _ => None,
    };
    let others = row.assignee.filter(|agent| *agent != me.agent);
    let mine = row.assignee.filter(|agent| *agent == me.agent && *view != View::Mine).map(|_| l.t("assigned-to-you"));
    Row {
        href: format!("{path}/{}{query}", row.id),
        name: row.customer_name.unwrap_or_else(|| l.t("nameless")),
        subject: subject(l, row.subject),
        at: row.activity_at,
        channel: words::channel(l, &row.channel),
        language: row.language.map(Locale::code),
        labels: row.labels,
        state,
        assignee: others.and_then(|agent| colleagues.name(agent).map(str::to_owned)).or(mine),
        wakes_at: row.snoozed_until.filter(|_| row.state == State::Snoozed),
        is_new: row.state == State::New,
        is_here: here == Some(row.id),
        id: row.id,
    }
}

/// A subject as it is shown; one whose key is destroyed says so.
pub(crate) fn subject(l: Strings, subject: Option<String>) -> String {
    match subject {
        None => l.t("erased"),
        Some(subject) if subject.trim().is_empty() => l.t("subjectless"),
        Some(subject) => subject,
    }
}

/// The pane around its rows.
pub(crate) fn pane(frame: &Frame, view: &View, wishes: &Wishes, rows: Rows) -> ListPane {
    let (l, moments) = (frame.strings, &frame.moments);
    ListPane {
        l,
        title: rail::name(l, view),
        path: view.path(),
        here: format!("{}{}", view.path(), wishes.query(None)),
        token: frame.token().to_owned(),
        presets: snooze::presets(l, moments),
        languages: Locale::ALL
            .map(|locale| (locale.code(), words::language_name(l, locale), wishes.language() == Some(locale))),
        wishes: Wishes { order: order_word(wishes.order(view)).to_owned(), ..wishes.clone() },
        rows,
    }
}

const fn order_word(order: Order) -> &'static str {
    match order {
        Order::OldestFirst => "oldest",
        Order::NewestFirst => "newest",
    }
}
