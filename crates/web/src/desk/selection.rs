//! The same done to many conversations at once: each is decided and recorded by itself, and those
//! that somebody else moved meanwhile are counted and left as they are.

use std::sync::Arc;

use app::access::Permit;
use app::access::action::MoveConversation;
use app::desk::{self, Desk};
use app::identity::SignedIn;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use kernel::{AgentId, ConversationId, Timestamp, limits};

use super::steps;
use crate::appearance::see;
use crate::form::Form;
use crate::frame::Frame;
use crate::page::Part;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::{self, Session};
use crate::strings::Strings;

/// What came, in the order in which it came: an id stands as often as something is selected.
type Pairs = Vec<(String, String)>;

/// What became of a selection.
#[derive(Template)]
#[template(path = "desk/selected.html")]
struct Selected {
    l: Strings,
    done: usize,
    left: usize,
}

/// What is done to each.
enum Step<'f> {
    Close,
    Take(AgentId),
    PutOff(Timestamp),
    Label(&'f str),
}

impl Step<'_> {
    async fn go(&self, desk: &Desk, permit: &Permit<MoveConversation>) -> Result<(), desk::Error> {
        match self {
            Self::Close => desk.resolve(permit).await,
            Self::Take(agent) => desk.assign(permit, None, *agent).await,
            Self::PutOff(until) => desk.snooze(permit, *until).await,
            Self::Label(name) => desk.label(permit, name).await,
        }
    }
}

/// Settles all of them.
pub(crate) async fn close(
    State(shared): State<Arc<Shared>>,
    Session(me): Session,
    frame: Frame,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    each(&shared, &me, (&frame, &headers), &pairs, Step::Close).await
}

/// Takes all of them that nobody has.
pub(crate) async fn take(
    State(shared): State<Arc<Shared>>,
    Session(me): Session,
    frame: Frame,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    each(&shared, &me, (&frame, &headers), &pairs, Step::Take(me.agent)).await
}

/// Puts all of them off.
pub(crate) async fn put_off(
    State(shared): State<Arc<Shared>>,
    Session(me): Session,
    frame: Frame,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    let until = steps::until(field(&pairs, "until"), field(&pairs, "date"), &frame);
    let until = until.ok_or(Problem::Wrong("wrong-time"))?;
    each(&shared, &me, (&frame, &headers), &pairs, Step::PutOff(until)).await
}

/// Puts a label on all of them.
pub(crate) async fn label(
    State(shared): State<Arc<Shared>>,
    Session(me): Session,
    frame: Frame,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    let name = field(&pairs, "name");
    if name.trim().is_empty() {
        return Err(Problem::Wrong("wrong-label"));
    }
    each(&shared, &me, (&frame, &headers), &pairs, Step::Label(name)).await
}

/// Does one thing to each; they share commits.
async fn each(
    shared: &Arc<Shared>,
    me: &SignedIn,
    (frame, headers): (&Frame, &HeaderMap),
    pairs: &Pairs,
    step: Step<'_>,
) -> Result<Response, Problem> {
    let named = pairs.iter().filter(|(key, _)| key == "id").take(limits::PAGE_ROWS);
    let ids: Vec<ConversationId> =
        named.map(|(_, id)| id.parse()).collect::<Result<_, _>>().map_err(|_| Problem::Form)?;
    let results = join_all(ids.into_iter().map(|id| one(shared, me, id, &step))).await;
    let done: Vec<bool> = results.into_iter().collect::<Result<_, Problem>>()?;
    let moved = done.iter().filter(|moved| **moved).count();
    if !headers.contains_key("hx-request") {
        return Ok(see(field(pairs, "back")));
    }
    let selected = Selected { l: frame.strings, done: moved, left: done.len() - moved };
    let mut response = Part(selected).into_response();
    for (name, value) in [("hx-trigger", "desk-changed"), ("hx-retarget", "#notices"), ("hx-reswap", "innerHTML")] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Whether one of them was moved; not when somebody else was faster.
async fn one(
    shared: &Arc<Shared>,
    me: &SignedIn,
    conversation: ConversationId,
    step: &Step<'_>,
) -> Result<bool, Problem> {
    let permit = session::permit::<MoveConversation>(shared, me, conversation).await?;
    match step.go(&shared.app.desk, &permit).await {
        Ok(()) => Ok(true),
        Err(desk::Error::Illegal(_) | desk::Error::Assigned(_) | desk::Error::Stale) => Ok(false),
        Err(error) => Err(super::refusal(error)),
    }
}

/// The value of a field; empty when it is missing.
fn field<'p>(pairs: &'p Pairs, name: &str) -> &'p str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}
