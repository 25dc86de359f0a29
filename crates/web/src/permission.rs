//! Permission as a type: a handler that wants an organisation takes a [`Permitted`], and there is no
//! other way to one.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use app::access::{self, Bearer, Denied, Scope};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use kernel::{OrganisationId, TokenId};

use crate::problem::Problem;
use crate::rate::Told;
use crate::serve::Shared;

/// Header fields by which a proxy says that it asks for somebody else.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Where the requests of a token are counted.
const LIMITED: &str = "/api/";

/// Something that a scope permits.
pub(crate) trait Permission: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
}

/// Bringing mail in.
pub(crate) struct MailWrite;

impl Permission for MailWrite {
    const SCOPE: Scope = Scope::MailWrite;
}

/// Reading counters.
pub(crate) struct MetricsRead;

impl Permission for MetricsRead {
    const SCOPE: Scope = Scope::MetricsRead;
}

/// Proof that the request came with a token that permits `P`.
pub(crate) struct Permitted<P> {
    bearer: Bearer,
    permission: PhantomData<P>,
}

impl<P> Permitted<P> {
    /// The only organisation that the token reaches.
    pub(crate) const fn organisation(&self) -> OrganisationId {
        self.bearer.organisation
    }

    /// The token.
    pub(crate) const fn token(&self) -> TokenId {
        self.bearer.token
    }
}

impl<P: Permission> FromRequestParts<Arc<Shared>> for Permitted<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let text = bearer_text(&parts.headers)?;
        match shared.app.access.authenticate(text, P::SCOPE).await {
            Ok(bearer) => {
                if parts.uri.path().starts_with(LIMITED) {
                    let (standing, taken) = shared.rates.take(bearer.token);
                    if let Some(told) = parts.extensions.get::<Told>() {
                        told.tell(standing);
                    }
                    taken?;
                }
                Ok(Self { bearer, permission: PhantomData })
            }
            Err(access::Error::Denied(Denied::Scope { needed })) => Err(Problem::Scope(needed)),
            Err(access::Error::Denied(denied)) => Err(Problem::BadToken(denied.to_string())),
            Err(error) => {
                tracing::error!(%error, "a token could not be looked up");
                // The token may be good, so its bearer must come back and not give up.
                Err(Problem::Unavailable)
            }
        }
    }
}

/// The text of the token (RFC 6750, section 2.1).
fn bearer_text(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(Problem::NoToken) };
    let (scheme, text) = field.to_str().ok().and_then(|field| field.split_once(' ')).ok_or(Problem::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(text.trim()) } else { Err(Problem::NoToken) }
}

/// The other end of the connection.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Proof that the request came from this machine, and not through a proxy on it, or with a token
/// that permits `P`.
pub(crate) struct LoopbackOr<P>(PhantomData<P>);

impl<P: Permission> FromRequestParts<Arc<Shared>> for LoopbackOr<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let near = parts.extensions.get::<Peer>().is_some_and(|Peer(peer)| peer.ip().to_canonical().is_loopback());
        let for_others = FORWARDED.iter().any(|field| parts.headers.contains_key(*field));
        if !near || for_others || parts.headers.contains_key(AUTHORIZATION) {
            Permitted::<P>::from_request_parts(parts, shared).await?;
        }
        Ok(Self(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(fields: &[&str]) -> HeaderMap {
        fields.iter().map(|field| (AUTHORIZATION, HeaderValue::from_str(field).unwrap())).collect()
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer_text(&headers(&["Bearer dwt_1"])), Ok("dwt_1"));
        assert_eq!(bearer_text(&headers(&["bEARER  dwt_1"])), Ok("dwt_1"));
    }

    #[test]
    fn two_tokens_another_scheme_and_no_token_are_no_token() {
        let wrong: [&[&str]; 5] = [&[], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer b"], &["dwt_1"]];
        for fields in wrong {
            assert_eq!(bearer_text(&headers(fields)), Err(Problem::NoToken), "{fields:?}");
        }
    }
}
