//! What every answer has in common: an id, the header fields of its kind, one log line and one count.
//! A panic of a handler becomes an answer too. Pages are compressed here and nowhere else.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use futures_util::FutureExt as _;
use kernel::Entropy;

use crate::assets;
use crate::kind::Kind;
use crate::page::Rendered;
use crate::problem::Problem;
use crate::problem_page::Asker;
use crate::rate::Told;
use crate::serve::Shared;

/// How logs and counters call a path that is no route.
const NO_ROUTE: &str = "none";
/// Pages below this many bytes go as they are.
const COMPRESSED_FROM: usize = 1_024;
/// The most characters that hide how well a page could be compressed.
const NOISE: u8 = 64;

pub(crate) async fn finish(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&*shared.app.context.entropy);
    let method = method_word(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let is_head = request.method() == Method::HEAD;
    let asker = Asker::of(&request);
    let takes_gzip = assets::takes_gzip(request.headers());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Problem::Fault.into_response());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        ::metrics::counter!("doorward_http_problems", "problem" => problem.word()).increment(1);
        if asker.wants_page() {
            response = asker.page(&problem, &id);
        } else {
            let document = problem.document(&id);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
            *response.body_mut() = if is_head { Body::empty() } else { Body::from(document) };
        }
    }
    if let Some(Rendered(text)) = response.extensions_mut().remove::<Rendered>() {
        write_page(&mut response, text, takes_gzip, is_head, &*shared.app.context.entropy);
    }
    told.write(response.headers_mut());
    let kind = response.extensions_mut().remove::<Kind>().unwrap_or_default();
    kind.mark(response.headers_mut(), shared.encrypted);
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

/// A page's length tells how well its parts repeat each other, and a stranger's mail may be one of
/// them. So a field of random length goes with it.
fn write_page(response: &mut Response, text: Bytes, takes_gzip: bool, is_head: bool, entropy: &dyn Entropy) {
    let packed = takes_gzip && text.len() >= COMPRESSED_FROM;
    let body = if packed { assets::gzip(&text, Compression::fast()) } else { text };
    let fields = response.headers_mut();
    fields.insert(VARY, HeaderValue::from_static("accept-encoding, cookie, hx-request"));
    if packed {
        fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let [length] = entropy.array::<1>();
        let noise = "n".repeat(usize::from(length % NOISE));
        if let Ok(noise) = HeaderValue::from_str(&noise) {
            fields.insert(HeaderName::from_static("x-noise"), noise);
        }
    }
    fields.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = if is_head { Body::empty() } else { Body::from(body) };
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
