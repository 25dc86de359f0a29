//! Who has signed in: the cookie, and the agent behind it. There is no session store here; the
//! `identity` domain holds sessions.

use std::sync::Arc;

use app::access::{self, Action, Offer, OrganisationWide, Permit, Principal};
use app::identity::SignedIn;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use kernel::ConversationId;

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

/// Whose a cookie is at this moment, for what lasts longer than a request.
pub(crate) async fn believed(shared: &Arc<Shared>, cookie: &str) -> Result<Option<SignedIn>, Problem> {
    look_up(cookie, shared).await
}

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

/// An agent whom the policies permit `A` on what the path names: a handler that takes one cannot be
/// reached without.
pub(crate) struct Allowed<A: Action> {
    pub(crate) me: SignedIn,
    pub(crate) permit: Permit<A>,
}

impl<A: Action<Resource: Named>> FromRequestParts<Arc<Shared>> for Allowed<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Session(me) = Session::from_request_parts(parts, shared).await?;
        let path = RawPathParams::from_request_parts(parts, shared).await.map_err(|_| Problem::NoRoute)?;
        let permit = permit(shared, &me, A::Resource::named(&path)?).await?;
        Ok(Self { me, permit })
    }
}

/// Something that a path names, or that needs no name.
pub(crate) trait Named: Sized {
    fn named(path: &RawPathParams) -> Result<Self, Problem>;
}

impl Named for OrganisationWide {
    fn named(_: &RawPathParams) -> Result<Self, Problem> {
        Ok(Self)
    }
}

impl Named for ConversationId {
    fn named(path: &RawPathParams) -> Result<Self, Problem> {
        let text = path.iter().find(|(name, _)| *name == "conversation").map(|(_, value)| value);
        text.and_then(|text| text.parse().ok()).ok_or(Problem::NoRoute)
    }
}

/// Asks the policies for what only the handler knows to name.
pub(crate) async fn permit<A: Action>(
    shared: &Arc<Shared>,
    me: &SignedIn,
    resource: A::Resource,
) -> Result<Permit<A>, Problem> {
    permit_with(shared, me, resource, Offer::default()).await
}

/// The same with what a policy may ask for, such as a reason.
pub(crate) async fn permit_with<A: Action>(
    shared: &Arc<Shared>,
    me: &SignedIn,
    resource: A::Resource,
    offer: Offer,
) -> Result<Permit<A>, Problem> {
    let decided = shared.app.access.permit_with(&Principal::from(me), resource, offer).await;
    decided.map_err(|error| match error {
        access::Error::Refused(refused) => Problem::Refused(refused.why),
        access::Error::Desk(app::desk::Error::NoConversation) => Problem::Nothing,
        error => {
            tracing::error!(%error, "a decision could not be made");
            Problem::Unavailable
        }
    })
}
