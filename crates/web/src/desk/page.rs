//! The desk as a page, and its parts for a script that asks for one of them.

use std::sync::Arc;

use app::access::action::{ListConversations, ReadConversation};
use app::access::{OrganisationWide, Permit};
use app::identity::SignedIn;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};

use super::customer::{self, CustomerPane};
use super::list::{self, ListPane};
use super::rail::Rail;
use super::thread::{self, ThreadPane};
use super::view::{View, Wishes};
use crate::appearance::see;
use crate::frame::Frame;
use crate::page::{Framed, Page, Part};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::{self, Allowed, Session};
use crate::strings::Strings;

/// The whole desk.
#[derive(Template)]
#[template(path = "desk/page.html")]
struct DeskPage {
    l: Strings,
    frame: Frame,
    me: String,
    rail: Rail,
    list: ListPane,
    opened: Option<(ThreadPane, CustomerPane)>,
}

impl Framed for DeskPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

/// An opened conversation, for a script: the thread, and the customer beside it.
#[derive(Template)]
#[template(path = "desk/opened.html")]
struct Opened {
    thread: ThreadPane,
    customer: CustomerPane,
}

/// The desk's first view.
pub(crate) async fn first(_: Session) -> Response {
    see(&View::Mine.path())
}

/// A view with nothing opened; for a script the rows of its next page.
pub(crate) async fn in_view(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ListConversations>,
    frame: Frame,
    Path(view): Path<String>,
    Query(wishes): Query<Wishes>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = View::parse(&view).ok_or(Problem::NoRoute)?;
    let said = (frame.strings, &frame.moments);
    let rows = list::read(&shared, (&me, &permit), said, (&view, &wishes), None).await?;
    if is_script(&headers) {
        if part(&headers) == Some("rail") {
            return Ok(Part(Rail::of(&shared, &permit, (frame.strings, me.agent), &view).await?).into_response());
        }
        if !wishes.cursor.is_empty() {
            return Ok(Part(rows).into_response());
        }
        return Ok(Part(list::pane(&frame, &view, &wishes, rows)).into_response());
    }
    shared.presence.look(&me, None);
    desk(&shared, (me, &permit), frame, (&view, &wishes), rows, None).await
}

/// A view with a conversation opened; for a script that conversation alone.
pub(crate) async fn opened(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ReadConversation>,
    frame: Frame,
    Path((view, _)): Path<(String, String)>,
    Query(wishes): Query<Wishes>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = View::parse(&view).ok_or(Problem::NoRoute)?;
    let said = (frame.strings, &frame.moments);
    let thread = thread::read(&shared, &permit, &wishes.before).await?;
    let listing = session::permit::<ListConversations>(&shared, &me, OrganisationWide).await?;
    let mut customer = customer::read(&shared, (&me, &listing), &frame, &view, &thread).await?;
    let is_end = wishes.before.is_empty();
    let thread = thread::pane(&shared, (&me, &permit), &frame, (&view, &wishes.query(None)), (thread, is_end)).await?;
    if is_script(&headers) {
        // What moved is fetched by itself, and a value that was just revealed stays where it is.
        if part(&headers) == Some("thread") {
            return Ok(Part(thread).into_response());
        }
        customer.is_beside = true;
        return Ok(Part(Opened { thread, customer }).into_response());
    }
    let rows = list::read(&shared, (&me, &listing), said, (&view, &wishes), Some(*permit.resource())).await?;
    desk(&shared, (me, &listing), frame, (&view, &wishes), rows, Some((thread, customer))).await
}

async fn desk(
    shared: &Arc<Shared>,
    (me, permit): (SignedIn, &Permit<ListConversations>),
    frame: Frame,
    (view, wishes): (&View, &Wishes),
    rows: list::Rows,
    opened: Option<(ThreadPane, CustomerPane)>,
) -> Result<Response, Problem> {
    let rail = Rail::of(shared, permit, (frame.strings, me.agent), view).await?;
    let list = list::pane(&frame, view, wishes, rows);
    Ok(Page(DeskPage { l: frame.strings, frame, me: me.name, rail, list, opened }).into_response())
}

/// The part of the page that a script asks for alone.
fn part(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-part").and_then(|field| field.to_str().ok())
}

/// Whether a script asks that puts the answer into a page; going back to a page needs all of it.
fn is_script(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request") && !headers.contains_key("hx-history-restore-request")
}
