//! Signing in and out.

use std::sync::Arc;

use app::identity::PasswordSignIn;
use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Response};
use kernel::CeremonyId;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::begun;
use super::trouble::{problem, trouble};
use super::visitor::{self, From};
use crate::appearance::{own_path, see};
use crate::cookies;
use crate::form::Form;
use crate::frame::Frame;
use crate::page::{Framed, Page};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::Session;
use crate::strings::Strings;

/// Where somebody goes who came from nowhere.
const DESK: &str = "/desk";

#[derive(Template)]
#[template(path = "identity/sign_in.html")]
struct SignInPage {
    l: Strings,
    frame: Frame,
    /// Where to go afterwards.
    back: String,
    address: String,
    trouble: String,
    has_passkeys: bool,
}

impl Framed for SignInPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

/// Where somebody was, and whether the session is to be begun anew.
#[derive(Deserialize)]
pub(crate) struct Came {
    #[serde(default)]
    back: String,
    again: Option<String>,
}

pub(crate) async fn sign_in(State(shared): State<Arc<Shared>>, Query(came): Query<Came>, frame: Frame) -> Response {
    let back = wanted(&came.back).to_owned();
    if frame.who.is_some() && came.again.is_none() {
        return see(&back);
    }
    page(&shared, frame, back, String::new(), String::new())
}

/// What somebody typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    address: String,
    password: String,
    code: String,
    #[serde(default)]
    back: String,
}

pub(crate) async fn sign_in_with_password(
    State(shared): State<Arc<Shared>>,
    From(visitor): From,
    frame: Frame,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let Typed { address, password, code, back } = typed;
    let wish = PasswordSignIn { address: address.clone(), password: Zeroizing::new(password), code };
    match shared.app.identity.sign_in_with_password(wish, &visitor).await {
        Ok(session) => Ok(visitor::signed_in(see(wanted(&back)), &session)),
        Err(error) => {
            let trouble = trouble(error, frame.strings)?;
            let mut response = page(&shared, frame, wanted(&back).to_owned(), address, trouble.sentence);
            *response.status_mut() = trouble.status;
            Ok(response)
        }
    }
}

/// Whose passkeys are asked for; nobody's in particular when it is empty.
#[derive(Deserialize)]
pub(crate) struct Whose {
    #[serde(default)]
    address: String,
}

pub(crate) async fn begin_sign_in(
    State(shared): State<Arc<Shared>>,
    From(visitor): From,
    Form(whose): Form<Whose>,
) -> Result<Json<Value>, Problem> {
    let address = Some(whose.address.as_str()).filter(|address| !address.trim().is_empty());
    begun::answer(shared.app.identity.begin_sign_in(address, &visitor).await)
}

/// What the browser answered.
#[derive(Deserialize)]
pub(crate) struct Answered {
    ceremony: CeremonyId,
    response: String,
    #[serde(default)]
    back: String,
}

pub(crate) async fn sign_in_with_passkey(
    State(shared): State<Arc<Shared>>,
    From(visitor): From,
    frame: Frame,
    Form(answered): Form<Answered>,
) -> Result<Response, Problem> {
    let back = wanted(&answered.back).to_owned();
    match shared.app.identity.sign_in_with_passkey(answered.ceremony, &answered.response, &visitor).await {
        Ok(session) => Ok(visitor::signed_in(see(&back), &session)),
        Err(error) => {
            let trouble = trouble(error, frame.strings)?;
            let mut response = page(&shared, frame, back, String::new(), trouble.sentence);
            *response.status_mut() = trouble.status;
            Ok(response)
        }
    }
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn sign_out(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    shared.app.identity.end_session(&who, who.session).await.map_err(|error| problem(&error))?;
    let mut response = see("/");
    if let Some(cookie) = cookies::gone(cookies::SESSION) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

fn page(shared: &Shared, frame: Frame, back: String, address: String, trouble: String) -> Response {
    let has_passkeys = shared.app.identity.settings().has_passkeys();
    Page(SignInPage { l: frame.strings, frame, back, address, trouble, has_passkeys }).into_response()
}

/// A page of ours that somebody wants to come back to, or the desk.
fn wanted(back: &str) -> &str {
    match own_path(back) {
        "/" => DESK,
        path => path,
    }
}
