//! What a request says about its sender, for the domain, and the cookies of somebody who has just
//! signed in.

use std::convert::Infallible;
use std::sync::Arc;

use app::identity::{NewSession, Visitor};
use axum::extract::FromRequestParts;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::response::Response;

use crate::cookies;
use crate::permission::Peer;
use crate::serve::Shared;

/// Who asks.
pub(crate) struct From(pub(crate) Visitor);

impl FromRequestParts<Arc<Shared>> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(USER_AGENT).and_then(|field| field.to_str().ok());
        Ok(Self(Visitor {
            source: parts.extensions.get::<Peer>().map(|Peer(peer)| peer.ip()),
            user_agent: user_agent.unwrap_or_default().to_owned(),
            device: cookies::get(&parts.headers, cookies::DEVICE).map(str::to_owned),
        }))
    }
}

/// The same answer with the cookies of a session that has just begun.
pub(crate) fn signed_in(mut response: Response, session: &NewSession) -> Response {
    let written =
        [cookies::passing(cookies::SESSION, &session.cookie), cookies::choice(cookies::DEVICE, &session.device)];
    for cookie in written.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
