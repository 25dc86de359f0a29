//! Who has signed in: the cookie, and the agent behind it. There is no session store here; the
//! `identity` domain holds sessions.

use std::sync::Arc;

use app::identity::SignedIn;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::cookies;
use crate::problem::Problem;
use crate::serve::Shared;

/// The agent whose session a request's cookie names; none when there is no such session.
pub(crate) async fn current(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Option<SignedIn>, Problem> {
    if let Some(known) = parts.extensions.get::<Looked>() {
        return Ok(known.0.clone());
    }
    let found = match cookies::get(&parts.headers, cookies::SESSION) {
        Some(text) => look_up(text, shared).await?,
        None => None,
    };
    parts.extensions.insert(Looked(found.clone()));
    Ok(found)
}

/// What was looked up for this request already.
#[derive(Clone)]
struct Looked(Option<SignedIn>);

async fn look_up(text: &str, shared: &Arc<Shared>) -> Result<Option<SignedIn>, Problem> {
    shared.app.identity.session(text).await.map_err(|error| {
        tracing::error!(%error, "a session could not be looked up");
        Problem::Unavailable
    })
}

/// An agent with a living session: whoever has none is led to sign in.
pub(crate) struct Session(pub(crate) SignedIn);

impl FromRequestParts<Arc<Shared>> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        current(parts, shared).await?.map(Self).ok_or(Problem::SignedOut)
    }
}
