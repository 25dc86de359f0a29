//! One value in the clear, for the one who asked, for as long as a screen shows it. The domain has
//! put the reveal on record before anything comes here.

use std::sync::Arc;

use app::access::action::{ReadConversation, RevealValue};
use app::access::{Offer, Reveal};
use app::vault::{Purpose, ValueRef};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::vault_refusal;
use crate::form::Form;
use crate::frame::Frame;
use crate::page::Part;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session::{self, Allowed};
use crate::strings::Strings;

/// Seconds after which a page hides the value again.
const SHOWN_SECONDS: u32 = 30;

/// What is asked for.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    customer: String,
    value: String,
    purpose: String,
    #[serde(default)]
    reason: String,
}

/// The value. It lives as long as the answer takes to be written.
#[derive(Template)]
#[template(path = "desk/revealed.html")]
struct RevealedValue<'a> {
    l: Strings,
    text: &'a str,
    seconds: u32,
}

/// Shows a value.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Allowed { me, permit }: Allowed<ReadConversation>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    let customer = wanted.customer.parse().map_err(|_| Problem::Form)?;
    let value: ValueRef = wanted.value.parse().map_err(|_| Problem::Form)?;
    let purpose: Purpose = wanted.purpose.parse().map_err(|_| Problem::Form)?;
    let reveal = Reveal { customer, value, purpose, conversation: *permit.resource() };
    let offer = Offer { reason: Some(wanted.reason).filter(|reason| !reason.trim().is_empty()) };
    let permit = session::permit_with::<RevealValue>(&shared, &me, reveal, offer).await?;
    let revealed = shared.app.vault.reveal(&shared.app.audit, &permit).await.map_err(vault_refusal)?;
    let text = revealed.expose();
    Ok(Part(RevealedValue { l: frame.strings, text, seconds: SHOWN_SECONDS }).into_response())
}
