//! A first or another password with its authenticator app, for somebody who is signed in.

use std::sync::Arc;

use app::identity::{BegunTotp, Error, Means};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kernel::CeremonyId;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::trouble::{Trouble, problem, trouble};
use crate::appearance::see;
use crate::form::Form;
use crate::frame::Frame;
use crate::page::{Framed, Page};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::Session;
use crate::strings::Strings;

#[derive(Template)]
#[template(path = "identity/password.html")]
struct PasswordPage {
    l: Strings,
    frame: Frame,
    totp: BegunTotp,
    trouble: String,
}

impl Framed for PasswordPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

pub(crate) async fn password(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
) -> Result<Response, Problem> {
    match shared.app.identity.begin_totp(&who).await {
        Ok(totp) => Ok(show(frame, totp, None)),
        // Back to here after signing in once more.
        Err(Error::SignInAgain) => Ok(see("/sign-in?again=1&back=/account/password")),
        Err(error) => Err(problem(&error)),
    }
}

/// A password and what the app shows.
#[derive(Deserialize)]
pub(crate) struct Sent {
    ceremony: CeremonyId,
    password: String,
    code: String,
}

pub(crate) async fn set_password(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let Sent { ceremony, password, code } = sent;
    let identity = &shared.app.identity;
    let means = Means::Password { ceremony, password: Zeroizing::new(password), code };
    let Err(error) = identity.add_means(&who, means).await else { return Ok(see("/account")) };
    let over = matches!(error, Error::CeremonyOver);
    let trouble = trouble(error, frame.strings)?;
    // The app has the secret already, unless it is too late for it.
    let totp = if over { identity.begin_totp(&who).await } else { identity.resume_totp(&who, ceremony).await };
    Ok(show(frame, totp.map_err(|error| problem(&error))?, Some(trouble)))
}

fn show(frame: Frame, totp: BegunTotp, wrong: Option<Trouble>) -> Response {
    let Trouble { sentence, status } = wrong.unwrap_or(Trouble { sentence: String::new(), status: StatusCode::OK });
    let mut response = Page(PasswordPage { l: frame.strings, frame, totp, trouble: sentence }).into_response();
    *response.status_mut() = status;
    response
}
