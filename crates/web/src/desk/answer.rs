//! What an agent sees after doing something: the conversation as it stands now. Who came too late
//! sees what the other did, with a line that says so.

use std::sync::Arc;

use app::access::action::ReadConversation;
use app::desk;
use app::identity::SignedIn;
use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse as _, Response};
use kernel::{ConversationId, MessageId};

use super::thread::{self, ThreadPane};
use super::view::{View, Wishes};
use super::{refusal, words};
use crate::appearance::see;
use crate::frame::Frame;
use crate::page::Part;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session;
use crate::strings::Strings;

/// What a script hears of, so that it fetches the list and the counts again.
const CHANGED: &str = "desk-changed";

/// What else is to be told after a change.
pub(crate) enum Told {
    /// The page shows it.
    Nothing,
    /// Something was written, and the place to write is empty again.
    Written,
    /// A mail was written that can be taken back for so many seconds.
    CanBeTakenBack(MessageId, u64),
    /// What was written is back in the place to write.
    TakenBack,
}

/// The thread as it stands, and a line about it.
#[derive(Template)]
#[template(path = "desk/after.html")]
struct After {
    l: Strings,
    thread: ThreadPane,
    told: Told,
    conversation: ConversationId,
    overtaken: Option<String>,
}

/// Where an agent is, as the page says that asked.
struct Here {
    view: View,
    query: String,
}

/// The answer after something was done to a conversation, or was overtaken.
pub(crate) async fn after(
    shared: &Arc<Shared>,
    (me, frame, headers): (&SignedIn, &Frame, &HeaderMap),
    conversation: ConversationId,
    done: Result<Told, desk::Error>,
    back: &str,
) -> Result<Response, Problem> {
    let is_script = headers.contains_key("hx-request");
    let (told, overtaken) = match done {
        Ok(told) => (told, None),
        Err(error) if is_script => match overtaken(frame.strings, &error) {
            Some(sentence) => (Told::Nothing, Some(sentence)),
            None => return Err(refusal(error)),
        },
        Err(error) => return Err(refusal(error)),
    };
    if !is_script {
        let back = if back.is_empty() { format!("{}/{conversation}", View::Mine.path()) } else { back.to_owned() };
        return Ok(see(&back));
    }
    let here = here(headers);
    let permit = session::permit::<ReadConversation>(shared, me, conversation).await?;
    let opened = thread::read(shared, &permit, "").await?;
    let thread = thread::pane(shared, (me, &permit), frame, (&here.view, &here.query), (opened, true)).await?;
    // Who writes goes on writing: the place to write is left alone unless it is what changed.
    let swap = if matches!(told, Told::Nothing) { "outerMorph" } else { "outerHTML" };
    let mut response = Part(After { l: frame.strings, thread, told, conversation, overtaken }).into_response();
    for (name, value) in [("hx-trigger", CHANGED), ("hx-retarget", "#main"), ("hx-reswap", swap)] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}

/// What the other did, when somebody else was faster.
fn overtaken(l: Strings, error: &desk::Error) -> Option<String> {
    match error {
        desk::Error::Illegal(illegal) => Some(l.t1("overtaken-state", "state", words::state(l, illegal.state))),
        desk::Error::Assigned(_) => Some(l.t("overtaken-assignment")),
        desk::Error::Stale => Some(l.t("overtaken")),
        _ => None,
    }
}

/// The view and the narrowing of the page on which a script runs.
fn here(headers: &HeaderMap) -> Here {
    let url = headers.get("hx-current-url").and_then(|field| field.to_str().ok()?.parse::<Uri>().ok());
    let (path, query) = url.as_ref().map_or(("", ""), |url| (url.path(), url.query().unwrap_or_default()));
    let view = path
        .split('/')
        .nth(2)
        .and_then(|view| View::parse(&percent_encoding::percent_decode_str(view).decode_utf8_lossy()));
    let wishes: Wishes = serde_urlencoded::from_str(query).unwrap_or_default();
    Here { view: view.unwrap_or(View::Mine), query: wishes.query(None) }
}
