//! What every answer has in common: an id, the header fields that keep a browser out, one log line
//! and one count. A panic of a handler becomes an answer too.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use kernel::Entropy;

use crate::problem::Problem;
use crate::serve::Shared;

/// On every answer. Nothing here is a page, so a browser shall do nothing with it.
const FIELDS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];
/// How logs and counters call a path that is no route.
const NO_ROUTE: &str = "none";

pub(crate) async fn finish(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&*shared.app.context.entropy);
    let method = method_word(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let is_head = request.method() == Method::HEAD;
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Problem::Fault.into_response());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        ::metrics::counter!("doorward_http_problems", "problem" => problem.word()).increment(1);
        let document = problem.document(&id);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
        *response.body_mut() = if is_head { Body::empty() } else { Body::from(document) };
    }
    for (name, value) in FIELDS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    let (status, seconds) = (response.status(), began.elapsed().as_secs_f64());
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.as_str().to_owned())];
    ::metrics::counter!("doorward_http_requests", &labels).increment(1);
    ::metrics::histogram!("doorward_http_request_seconds", "route" => route.to_owned()).record(seconds);
    let bytes = response.body().size_hint().exact();
    tracing::info!(request = id, method, route, status = status.as_u16(), bytes, seconds, "answered");
    response
}

/// 128 random bits in hexadecimal digits.
fn request_id(entropy: &dyn Entropy) -> String {
    format!("{:032x}", u128::from_be_bytes(entropy.array()))
}

/// Strangers make methods up, and they are kept out of logs and counters.
fn method_word(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let words = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.iter().zip(words).find(|(known, _)| *known == method).map_or("other", |(_, word)| word)
}
