//! The own account: name and language, what one signs in with, where one is signed in.

use std::sync::Arc;

use app::identity::{Error, Means, Notice, NoticeKind, Session as Place, SignedIn, Strength, Ways};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kernel::{CeremonyId, Locale, NoticeId, PasskeyId, SessionId};
use serde::Deserialize;
use serde_json::Value;

use super::begun;
use super::enrol::CodesPage;
use super::sign_in::Nothing;
use super::trouble::{Trouble, problem, trouble};
use crate::appearance::see;
use crate::form::Form;
use crate::frame::Frame;
use crate::page::{Framed, Page};
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::Session;
use crate::strings::Strings;

/// The page.
const ACCOUNT: &str = "/account";

#[derive(Template)]
#[template(path = "identity/account.html")]
struct AccountPage {
    l: Strings,
    frame: Frame,
    name: String,
    language: Locale,
    notices: Vec<Notice>,
    ways: Ways,
    places: Vec<Place>,
    has_passkeys: bool,
    trouble: String,
}

impl Framed for AccountPage {
    fn frame(&self) -> &Frame {
        &self.frame
    }
}

#[expect(
    clippy::unused_self,
    clippy::trivially_copy_pass_by_ref,
    reason = "a template asks its page, and hands over references"
)]
impl AccountPage {
    const fn told(&self, kind: &NoticeKind) -> &'static str {
        match kind {
            NoticeKind::InvitedAgain => "notice-invited-again",
            NoticeKind::RecoveryUsed => "notice-recovery-used",
            NoticeKind::PasskeyAdded => "notice-passkey-added",
            NoticeKind::PasskeyRemoved => "notice-passkey-removed",
            NoticeKind::PasswordChanged => "notice-password-changed",
        }
    }

    const fn by(&self, strength: &Strength) -> &'static str {
        match strength {
            Strength::Passkey => "by-passkey",
            Strength::Password => "by-password",
        }
    }
}

pub(crate) async fn account(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
) -> Result<Response, Problem> {
    show(&shared, &who, frame, None).await
}

/// A name and a language.
#[derive(Deserialize)]
pub(crate) struct Profile {
    name: String,
    language: Locale,
}

pub(crate) async fn set_profile(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
    Form(sent): Form<Profile>,
) -> Result<Response, Problem> {
    let changed = shared.app.identity.set_profile(&who, &sent.name, sent.language).await;
    back(&shared, &who, frame, changed).await
}

pub(crate) async fn begin_passkey(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Json<Value>, Problem> {
    begun::answer(shared.app.identity.begin_passkey(&who).await)
}

/// What the browser answered.
#[derive(Deserialize)]
pub(crate) struct Answered {
    ceremony: CeremonyId,
    response: String,
}

pub(crate) async fn add_passkey(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
    Form(sent): Form<Answered>,
) -> Result<Response, Problem> {
    let means = Means::Passkey { ceremony: sent.ceremony, response: sent.response };
    let added = shared.app.identity.add_means(&who, means).await;
    back(&shared, &who, frame, added).await
}

pub(crate) async fn remove_passkey(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    Path(passkey): Path<String>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let removed = shared.app.identity.remove_passkey(&who, named::<PasskeyId>(&passkey)?).await;
    back(&shared, &who, frame, removed).await
}

pub(crate) async fn remove_password(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let removed = shared.app.identity.remove_password(&who).await;
    back(&shared, &who, frame, removed).await
}

pub(crate) async fn renew_recovery_codes(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match shared.app.identity.renew_recovery_codes(&who).await {
        Ok(codes) => Ok(Page(CodesPage { l: frame.strings, frame, codes, onward: ACCOUNT }).into_response()),
        Err(error) => back(&shared, &who, frame, Err(error)).await,
    }
}

pub(crate) async fn end_session(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    Path(session): Path<String>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let ended = shared.app.identity.end_session(&who, named::<SessionId>(&session)?).await;
    back(&shared, &who, frame, ended).await
}

pub(crate) async fn end_other_sessions(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let ended = shared.app.identity.end_other_sessions(&who).await.map(drop);
    back(&shared, &who, frame, ended).await
}

pub(crate) async fn see_notice(
    State(shared): State<Arc<Shared>>,
    Session(who): Session,
    Path(notice): Path<String>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let seen = shared.app.identity.see_notice(&who, named::<NoticeId>(&notice)?).await;
    back(&shared, &who, frame, seen).await
}

/// The id that an address names; nothing is there under any other text.
fn named<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::Nothing)
}

/// After a change: the page anew, or with what is to be mended.
async fn back(shared: &Shared, who: &SignedIn, frame: Frame, changed: Result<(), Error>) -> Result<Response, Problem> {
    match changed {
        Ok(()) => Ok(see(ACCOUNT)),
        Err(error) => {
            let trouble = trouble(error, frame.strings)?;
            show(shared, who, frame, Some(trouble)).await
        }
    }
}

async fn show(shared: &Shared, who: &SignedIn, frame: Frame, wrong: Option<Trouble>) -> Result<Response, Problem> {
    let identity = &shared.app.identity;
    let failed = |error: Error| problem(&error);
    let Trouble { sentence, status } = wrong.unwrap_or(Trouble { sentence: String::new(), status: StatusCode::OK });
    let page = AccountPage {
        l: frame.strings,
        frame,
        name: who.name.clone(),
        language: who.locale,
        notices: identity.notices(who).await.map_err(failed)?,
        ways: identity.ways(who).await.map_err(failed)?,
        places: identity.sessions(who).await.map_err(failed)?,
        has_passkeys: identity.settings().has_passkeys(),
        trouble: sentence,
    };
    let mut response = Page(page).into_response();
    *response.status_mut() = status;
    Ok(response)
}
