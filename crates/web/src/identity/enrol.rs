//! Enrolling by a link: a name, a language and something to sign in with; then the recovery codes, once.

use std::sync::Arc;

use app::identity::{BegunTotp, Enrolled, Enrolment, Error, Invitation, InvitationKind, Means};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kernel::{CeremonyId, Locale};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::begun;
use super::sign_in::Nothing;
use super::trouble::{Trouble, problem, trouble};
use super::visitor::{self, From};
use crate::form::Form;
use crate::frame::Frame;
use crate::page::{Framed, Page};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::strings::Strings;

#[derive(Template)]
#[template(path = "identity/enrol.html")]
struct EnrolPage {
    l: Strings,
    frame: Frame,
    invitation: Invitation,
    link: String,
    name: String,
    language: Locale,
    trouble: String,
    has_passkeys: bool,
    /// The authenticator app being set up, when the agent takes a password.
    totp: Option<BegunTotp>,
}

#[derive(Template)]
#[template(path = "identity/codes.html")]
pub(super) struct CodesPage {
    pub(super) l: Strings,
    pub(super) frame: Frame,
    pub(super) codes: Vec<Zeroizing<String>>,
    /// Where to go on.
    pub(super) onward: &'static str,
}

impl Framed for EnrolPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

impl Framed for CodesPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

/// What stands in the form.
struct Filled {
    name: String,
    language: Locale,
}

pub(crate) async fn enrolment(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    frame: Frame,
) -> Result<Response, Problem> {
    show(&shared, frame, link, None, None, None).await
}

pub(crate) async fn enrolment_with_password(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    frame: Frame,
) -> Result<Response, Problem> {
    let totp = shared.app.identity.begin_enrolment_totp(&link).await.map_err(|error| problem(&error))?;
    show(&shared, frame, link, None, None, Some(totp)).await
}

pub(crate) async fn begin_enrolment(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Json<Value>, Problem> {
    begun::answer(shared.app.identity.begin_enrolment_passkey(&link).await)
}

/// A name, a language and what the browser answered.
#[derive(Deserialize)]
pub(crate) struct WithPasskey {
    name: String,
    language: Locale,
    ceremony: CeremonyId,
    response: String,
}

pub(crate) async fn enrol_with_passkey(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    From(visitor): From,
    frame: Frame,
    Form(sent): Form<WithPasskey>,
) -> Result<Response, Problem> {
    let WithPasskey { name, language, ceremony, response } = sent;
    let filled = Filled { name: name.clone(), language };
    let wish = Enrolment { name, locale: language, means: Means::Passkey { ceremony, response } };
    match shared.app.identity.enrol(&link, wish, &visitor).await {
        Ok(enrolled) => Ok(done(frame, enrolled)),
        Err(error) => {
            let trouble = trouble(error, frame.strings)?;
            show(&shared, frame, link, Some(filled), Some(trouble), None).await
        }
    }
}

/// A name, a language, a password and what the app shows.
#[derive(Deserialize)]
pub(crate) struct WithPassword {
    name: String,
    language: Locale,
    ceremony: CeremonyId,
    password: String,
    code: String,
}

pub(crate) async fn enrol_with_password(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    From(visitor): From,
    frame: Frame,
    Form(sent): Form<WithPassword>,
) -> Result<Response, Problem> {
    let WithPassword { name, language, ceremony, password, code } = sent;
    let filled = Filled { name: name.clone(), language };
    let means = Means::Password { ceremony, password: Zeroizing::new(password), code };
    let identity = &shared.app.identity;
    match identity.enrol(&link, Enrolment { name, locale: language, means }, &visitor).await {
        Ok(enrolled) => Ok(done(frame, enrolled)),
        Err(error) => {
            let over = matches!(error, Error::CeremonyOver);
            let trouble = trouble(error, frame.strings)?;
            // The app has the secret already, unless it is too late for it.
            let totp = if over {
                identity.begin_enrolment_totp(&link).await
            } else {
                identity.resume_enrolment_totp(&link, ceremony).await
            };
            let totp = totp.map_err(|error| problem(&error))?;
            show(&shared, frame, link, Some(filled), Some(trouble), Some(totp)).await
        }
    }
}

async fn show(
    shared: &Shared,
    frame: Frame,
    link: String,
    filled: Option<Filled>,
    trouble: Option<Trouble>,
    totp: Option<BegunTotp>,
) -> Result<Response, Problem> {
    let identity = &shared.app.identity;
    let found = identity.invitation(&link).await.map_err(|error| problem(&error))?;
    let invitation = found.ok_or(Problem::Nothing)?;
    let filled = filled.unwrap_or_else(|| usual(&invitation));
    let Trouble { sentence, status } = trouble.unwrap_or(Trouble { sentence: String::new(), status: StatusCode::OK });
    let page = EnrolPage {
        l: frame.strings,
        frame,
        invitation,
        link,
        name: filled.name,
        language: filled.language,
        trouble: sentence,
        has_passkeys: identity.settings().has_passkeys(),
        totp,
    };
    let mut response = Page(page).into_response();
    *response.status_mut() = status;
    Ok(response)
}

/// What an agent who comes again is known by; a new one has no name yet.
fn usual(invitation: &Invitation) -> Filled {
    let agent = &invitation.agent;
    let name = if *agent.name == *agent.address { String::new() } else { agent.name.to_string() };
    Filled { name, language: agent.locale }
}

fn done(frame: Frame, enrolled: Enrolled) -> Response {
    let codes = CodesPage { l: frame.strings, frame, codes: enrolled.recovery_codes, onward: "/desk" };
    visitor::signed_in(Page(codes).into_response(), &enrolled.session)
}
