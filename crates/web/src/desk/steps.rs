//! What an agent does with one conversation: takes it, gives it away, labels it, puts it off, settles
//! it. Every change of state is a resource: it is put there and taken away again.

use std::sync::Arc;

use app::access::action::{ListConversations, MoveConversation};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::{AgentId, Timestamp};
use serde::Deserialize;

use super::answer::{Told, after};
use super::assignment::AssignmentMenu;
use super::{fault, refusal};
use crate::form::Form;
use crate::frame::Frame;
use crate::page::Part;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::Allowed;
use crate::snooze;

/// A form without fields of its own.
#[derive(Deserialize)]
pub(crate) struct Bare {
    /// The page that it was on.
    #[serde(default)]
    back: String,
}

/// Settles the matter.
pub(crate) async fn close(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Form(form): Form<Bare>,
) -> Result<Response, Problem> {
    let done = shared.app.desk.resolve(&permit).await;
    after(&shared, (&me, &frame, &headers), *permit.resource(), done.map(|()| Told::Nothing), &form.back).await
}

/// Opens it again.
pub(crate) async fn reopen(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Form(form): Form<Bare>,
) -> Result<Response, Problem> {
    let done = shared.app.desk.reopen(&permit).await;
    after(&shared, (&me, &frame, &headers), *permit.resource(), done.map(|()| Told::Nothing), &form.back).await
}

/// To whom a conversation goes.
#[derive(Deserialize)]
pub(crate) struct Assign {
    /// An agent's id, or `me`.
    to: String,
    /// Who had it on the asker's screen; empty for nobody.
    #[serde(default)]
    from: String,
    #[serde(default)]
    back: String,
}

/// Gives a conversation to somebody.
pub(crate) async fn assign(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Form(form): Form<Assign>,
) -> Result<Response, Problem> {
    let to: AgentId = if form.to == "me" { me.agent } else { form.to.parse().map_err(|_| Problem::Form)? };
    let from = holder(&form.from)?;
    let done = shared.app.desk.assign(&permit, from, to).await;
    after(&shared, (&me, &frame, &headers), *permit.resource(), done.map(|()| Told::Nothing), &form.back).await
}

/// Puts a conversation back for anybody.
pub(crate) async fn unassign(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Form(form): Form<Assign>,
) -> Result<Response, Problem> {
    let from = holder(&form.from)?.ok_or(Problem::Form)?;
    let done = shared.app.desk.unassign(&permit, from).await;
    after(&shared, (&me, &frame, &headers), *permit.resource(), done.map(|()| Told::Nothing), &form.back).await
}

fn holder(text: &str) -> Result<Option<AgentId>, Problem> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| Problem::Form) }
}

/// Who has it on the asker's screen.
#[derive(Deserialize)]
pub(crate) struct Holder {
    #[serde(default)]
    from: String,
}

/// Who there is to give it to, for a menu that opens.
pub(crate) async fn assignment(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    Query(shown): Query<Holder>,
) -> Result<Part<AssignmentMenu>, Problem> {
    let agents = shared.app.identity.agents(me.organisation).await.map_err(|error| fault(&error))?;
    let held = holder(&shown.from)?;
    Ok(Part(AssignmentMenu::of(frame.strings, *permit.resource(), agents, held, me.agent)))
}

/// Until when.
#[derive(Deserialize)]
pub(crate) struct PutOff {
    /// Seconds since the epoch, from a preset.
    #[serde(default)]
    until: String,
    /// A date and a clock time, in the agent's zone.
    #[serde(default)]
    date: String,
    #[serde(default)]
    back: String,
}

/// Puts a conversation off.
pub(crate) async fn put_off(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Form(form): Form<PutOff>,
) -> Result<Response, Problem> {
    let until = until(&form.until, &form.date, &frame).ok_or(Problem::Wrong("wrong-time"))?;
    let done = shared.app.desk.snooze(&permit, until).await;
    after(&shared, (&me, &frame, &headers), *permit.resource(), done.map(|()| Told::Nothing), &form.back).await
}

/// The moment that somebody chose: a preset, or a date of their own.
pub(crate) fn until(preset: &str, date: &str, frame: &Frame) -> Option<Timestamp> {
    match preset.parse().map(Timestamp::from_seconds) {
        Ok(until) => Some(until),
        Err(_) => snooze::chosen(date, &frame.moments),
    }
}

/// A label to put on.
#[derive(Deserialize)]
pub(crate) struct Label {
    name: String,
    #[serde(default)]
    back: String,
}

/// Puts a label on.
pub(crate) async fn label(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Form(form): Form<Label>,
) -> Result<Response, Problem> {
    let conversation = *permit.resource();
    let done = shared.app.desk.label(&permit, &form.name).await;
    after(&shared, (&me, &frame, &headers), conversation, done.map(|()| Told::Nothing), &form.back).await
}

/// Takes a label off.
pub(crate) async fn unlabel(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<MoveConversation>,
    frame: Frame,
    headers: HeaderMap,
    Path((_, name)): Path<(String, String)>,
    Form(form): Form<Bare>,
) -> Result<Response, Problem> {
    let conversation = *permit.resource();
    let done = shared.app.desk.unlabel(&permit, &name).await;
    after(&shared, (&me, &frame, &headers), conversation, done.map(|()| Told::Nothing), &form.back).await
}

/// Every label there is, for a field that completes.
pub(crate) async fn labels(
    State(shared): State<Arc<Shared>>,
    Allowed { permit, .. }: Allowed<ListConversations>,
) -> Result<Part<super::assignment::LabelOptions>, Problem> {
    let labels = shared.app.desk.labels(&permit).await.map_err(refusal)?;
    Ok(Part(super::assignment::LabelOptions { labels }))
}
