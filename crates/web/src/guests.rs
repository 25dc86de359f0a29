//! The door of a demonstration: a link that signs one of its made-up agents in. Where nobody
//! demonstrates, there is no such link.

use std::sync::Arc;

use app::identity::NewSession;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::future::BoxFuture;

use crate::appearance::see;
use crate::identity::signed_in;
use crate::problem::Problem;
use crate::serve::Shared;

/// Who may come in by a link.
pub trait Guests: Send + Sync + 'static {
    /// The session of whoever bears a link's key; none for a key that is nobody's.
    fn enter<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<NewSession>>;
}

pub(crate) async fn enter(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Result<Response, Problem> {
    let guests = shared.guests.as_ref().ok_or(Problem::NoRoute)?;
    let session = guests.enter(&key).await.ok_or(Problem::NoRoute)?;
    Ok(signed_in(see("/desk"), &session))
}
