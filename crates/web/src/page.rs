//! Pages and parts of pages: a template rendered once, handed to the one place that compresses it
//! and writes its header fields.

use askama::Template;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::frame::Frame;
use crate::kind::Kind;
use crate::problem::Problem;

/// A template that stands in the layout.
pub(crate) trait Framed: Template {
    /// What it stands in.
    fn frame(&self) -> &Frame;
}

/// A whole page.
pub(crate) struct Page<T>(pub(crate) T);

/// A part of a page, for a script that puts it in its place.
pub(crate) struct Part<T>(pub(crate) T);

/// The body, which is written once it is known whether the client takes it compressed.
#[derive(Clone)]
pub(crate) struct Rendered(pub(crate) Bytes);

impl<T: Framed> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let frame = self.0.frame();
        let mut response = answer(&self.0, frame.nonce.clone());
        if let Some(cookie) = frame.visitor() {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }
}

impl<T: Template> IntoResponse for Part<T> {
    fn into_response(self) -> Response {
        answer(&self.0, String::new())
    }
}

fn answer(template: &impl Template, nonce: String) -> Response {
    match template.render() {
        Ok(text) => html(StatusCode::OK, text, nonce),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Problem::Fault.into_response()
        }
    }
}

/// HTML of ours on its way out. A part has no nonce: it brings no script.
pub(crate) fn html(status: StatusCode, text: String, nonce: String) -> Response {
    let mut response = status.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.extensions_mut().insert(Rendered(Bytes::from(text)));
    response.extensions_mut().insert(Kind::Page { nonce });
    response
}
