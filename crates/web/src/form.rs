//! The only way a form comes in: bounded, of this site, and with the token of a page that we gave to
//! this very browser. A handler that changes something takes a [`Form`], and there is no other way
//! to one.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::problem::Problem;
use crate::serve::Shared;
use crate::{cookies, form_token, session};

/// Bytes of a form: a text of the longest note, each byte written as three.
const FORM_BYTES: usize = 4 * kernel::limits::NOTE_BYTES;
/// The header field in which a script sends the token.
const TOKEN_FIELD: &str = "x-form-token";

/// A form that came from a page of ours.
pub(crate) struct Form<T>(pub(crate) T);

/// The field that every form has.
#[derive(Deserialize)]
struct Signed {
    form_token: Option<String>,
}

impl<T: DeserializeOwned + Send> FromRequest<Arc<Shared>> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        check_origin(&parts.headers)?;
        let is_signed_in = session::current(&mut parts, shared).await?.is_some();
        let known = if is_signed_in { cookies::SESSION } else { cookies::VISITOR };
        // A session that ended takes its forms with it: whoever signs in again comes back to them.
        let gone = !is_signed_in && cookies::get(&parts.headers, cookies::SESSION).is_some();
        let secret =
            cookies::get(&parts.headers, known).ok_or(if gone { Problem::SignedOut } else { Problem::Form })?;
        let bytes = take(body, shared).await?;
        if !bytes.is_empty() && !is_form(&parts.headers) {
            return Err(Problem::Form);
        }
        let sent = parts.headers.get(TOKEN_FIELD).and_then(|field| field.to_str().ok().map(str::to_owned));
        // What is taken away is named in the address: a DELETE has no body. Its token never stands there.
        let bytes = match parts.uri.query() {
            Some(query) if bytes.is_empty() && sent.is_some() => bytes::Bytes::copy_from_slice(query.as_bytes()),
            _ => bytes,
        };
        let signed: Signed = serde_urlencoded::from_bytes(&bytes).map_err(|_| Problem::Form)?;
        let token = sent.or(signed.form_token).ok_or(Problem::Form)?;
        if !form_token::holds(&token, secret) {
            return Err(if gone { Problem::SignedOut } else { Problem::Form });
        }
        serde_urlencoded::from_bytes(&bytes).map(Self).map_err(|_| Problem::Form)
    }
}

/// A browser says where a request comes from, and a page of another site cannot make it say
/// otherwise. What says nothing is judged by its token alone.
fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Problem::Form),
    }
}

async fn take(body: Body, shared: &Arc<Shared>) -> Result<bytes::Bytes, Problem> {
    let read = timeout(shared.limits.body_time, to_bytes(body, FORM_BYTES)).await.map_err(|_| Problem::Slow)?;
    read.map_err(|_| Problem::FormTooLarge)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|field| field.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
