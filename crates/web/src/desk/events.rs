//! The one stream of a page: which conversations moved, and who else is at the one that is open. It
//! names ids and colleagues, and a page fetches the rest with the rights of its reader.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::access::Permit;
use app::access::action::ListConversations;
use app::desk::{ConversationChanges, Heard};
use app::identity::SignedIn;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use kernel::{ConversationId, Timestamp};
use tokio::sync::broadcast;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::words;
use crate::frame::Frame;
use crate::kind::Kind;
use crate::presence::{Moved, OpenPage};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::{self, Allowed};
use crate::strings::Strings;

/// How often a stream says that it lives, looks whether its reader still may, and who is writing.
const TICK: Duration = Duration::from_secs(5);
/// Longer than a transaction takes: what committed late is not missed by who comes back.
const OVERLAP: Duration = Duration::from_secs(30);

/// A page's end of the stream.
struct Listener {
    shared: Arc<Shared>,
    me: SignedIn,
    l: Strings,
    cookie: String,
    changes: ConversationChanges,
    moved: broadcast::Receiver<Moved>,
    ticks: Interval,
    /// What the page was told last about others.
    told: String,
    /// Said at once, before anything is heard.
    first: Option<String>,
    _page: OpenPage,
}

/// Opens the stream. Who comes back after a lost connection is told first what it missed.
pub(crate) async fn events(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ListConversations>,
    frame: Frame,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Listening begins before looking back, so that nothing falls between.
    let changes = shared.app.desk.changes(me.organisation);
    let last = headers.get("last-event-id").and_then(|field| field.to_str().ok()?.parse().ok());
    let now = frame.moments.now();
    let missed = match last.map(Timestamp::from_micros) {
        Some(since) => missed(&shared, &permit, since).await?,
        None => String::new(),
    };
    let cookie = crate::cookies::get(&headers, crate::cookies::SESSION).unwrap_or_default().to_owned();
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener {
        moved: shared.presence.listen(),
        _page: shared.presence.page(&me),
        l: frame.strings,
        cookie,
        changes,
        ticks,
        told: String::new(),
        first: Some(format!("retry: 2000\nid: {}\ndata:\n\n{missed}", now.micros())),
        shared,
        me,
    };
    let pieces = stream::unfold(listener, async |mut listener| {
        let piece = listener.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), listener))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A proxy that gathers answers would hold events back.
    fields.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.extensions_mut().insert(Kind::Events);
    Ok(response)
}

/// What moved since a moment; of more than a page only that there was more.
async fn missed(shared: &Arc<Shared>, permit: &Permit<ListConversations>, since: Timestamp) -> Result<String, Problem> {
    let found = shared.app.desk.changed_since(permit.organisation(), since, OVERLAP, None).await;
    let found = found.map_err(super::refusal)?;
    if found.next.is_some() {
        return Ok(event("moved", "all", None));
    }
    Ok(found.conversations.iter().map(|(id, at)| event("moved", &id.to_string(), Some(*at))).collect())
}

impl Listener {
    /// The next thing to say; none when the stream is to end.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            tokio::select! {
                heard = self.changes.next() => {
                    let now = self.shared.app.context.clock.now();
                    return Some(match heard? {
                        Heard::Moved(id) => event("moved", &id.to_string(), Some(now)),
                        Heard::Gap => event("moved", "all", Some(now)),
                    });
                }
                moved = self.moved.recv() => {
                    let is_here = match moved {
                        Ok((organisation, at)) => organisation == self.me.organisation && self.here() == Some(at),
                        Err(broadcast::error::RecvError::Lagged(_)) => true,
                        Err(broadcast::error::RecvError::Closed) => return None,
                    };
                    if let Some(said) = is_here.then(|| self.others()).flatten() {
                        return Some(said);
                    }
                }
                _ = self.ticks.tick() => {
                    if !self.is_signed_in().await {
                        return None;
                    }
                    return Some(self.others().unwrap_or_else(|| ":\n\n".to_owned()));
                }
                () = self.shared.stopping.cancelled() => return None,
            }
        }
    }

    fn here(&self) -> Option<ConversationId> {
        self.shared.presence.place(&self.me)
    }

    /// Who else is here, when that is news.
    fn others(&mut self) -> Option<String> {
        let at = self.here()?;
        let now = self.shared.app.context.clock.now();
        let said = words::others(self.l, &self.shared.presence.others(&self.me, at, now));
        let line = format!("{at} {said}");
        if line == self.told {
            return None;
        }
        self.told.clone_from(&line);
        Some(event("others", &line, None))
    }

    /// A session that ended takes its streams with it.
    async fn is_signed_in(&self) -> bool {
        match session::believed(&self.shared, &self.cookie).await {
            Ok(found) => found.is_some_and(|found| found.session == self.me.session),
            Err(_) => false,
        }
    }
}

/// One event. Its text has no line ends: ids and names of one line.
fn event(name: &str, text: &str, at: Option<Timestamp>) -> String {
    let text = text.replace(['\r', '\n'], " ");
    let id = at.map_or_else(String::new, |at| format!("id: {}\n", at.micros()));
    format!("{id}event: {name}\ndata: {text}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_begin_another_event() {
        let said = event("others", "cnv_1 Eve\n\nevent: moved\ndata: all", None);
        assert_eq!(said.matches("\n\n").count(), 1);
        assert!(said.starts_with("event: others\ndata: cnv_1 Eve  event: moved"));
    }
}
