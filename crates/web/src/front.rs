//! The first page: whoever has signed in goes on to the desk, everybody else is told where they are.

use askama::Template;
use axum::response::{IntoResponse as _, Response};

use crate::appearance::see;
use crate::frame::Frame;
use crate::page::{Framed, Page};
use crate::strings::Strings;

#[derive(Template)]
#[template(path = "front.html")]
struct FrontPage {
    l: Strings,
    frame: Frame,
}

impl Framed for FrontPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

pub(crate) async fn show(frame: Frame) -> Response {
    if frame.who.is_some() {
        return see("/desk");
    }
    Page(FrontPage { l: frame.strings, frame }).into_response()
}
