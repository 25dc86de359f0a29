//! The first half of a passkey's ceremony, as a script of ours takes it: JSON.

use app::identity::{Begun, Error};
use axum::Json;
use serde_json::{Value, json};

use super::trouble::problem;
use crate::problem::Problem;

/// The ceremony and the options for the browser.
pub(super) fn answer(begun: Result<Begun, Error>) -> Result<Json<Value>, Problem> {
    let begun = begun.map_err(|error| problem(&error))?;
    let options: Value = serde_json::from_str(&begun.options).map_err(|_| Problem::Fault)?;
    Ok(Json(json!({ "ceremony": begun.ceremony, "options": options })))
}
