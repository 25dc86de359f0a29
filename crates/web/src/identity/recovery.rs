//! Coming back with a recovery code.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::trouble::trouble;
use super::visitor::From;
use crate::appearance::see;
use crate::form::Form;
use crate::frame::Frame;
use crate::page::{Framed, Page};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::strings::Strings;

#[derive(Template)]
#[template(path = "identity/recovery.html")]
struct RecoveryPage {
    l: Strings,
    frame: Frame,
    address: String,
    trouble: String,
}

impl Framed for RecoveryPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

pub(crate) async fn recovery(frame: Frame) -> Response {
    Page(RecoveryPage { l: frame.strings, frame, address: String::new(), trouble: String::new() }).into_response()
}

/// What somebody typed from paper.
#[derive(Deserialize)]
pub(crate) struct Typed {
    address: String,
    code: String,
}

pub(crate) async fn recover(
    State(shared): State<Arc<Shared>>,
    From(visitor): From,
    frame: Frame,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    match shared.app.identity.recover(&typed.address, &typed.code, &visitor).await {
        Ok(way) => Ok(see(&format!("/enrol/{}", *way.text))),
        Err(error) => {
            let trouble = trouble(error, frame.strings)?;
            let page = RecoveryPage { l: frame.strings, frame, address: typed.address, trouble: trouble.sentence };
            let mut response = Page(page).into_response();
            *response.status_mut() = trouble.status;
            Ok(response)
        }
    }
}
