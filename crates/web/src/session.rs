//! Who has signed in: the cookie, and the agent behind it. There is no session store here; the
//! `identity` domain holds sessions.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use kernel::{AgentId, Locale, OrganisationId};

use crate::cookies;
use crate::problem::Problem;
use crate::serve::Shared;

/// An agent with a living session.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) organisation: OrganisationId,
    pub(crate) agent: AgentId,
    pub(crate) name: String,
    pub(crate) locale: Locale,
}

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

async fn look_up(_text: &str, _shared: &Arc<Shared>) -> Result<Option<SignedIn>, Problem> {
    Ok(None)
}

impl FromRequestParts<Arc<Shared>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        current(parts, shared).await?.ok_or(Problem::SignedOut)
    }
}
