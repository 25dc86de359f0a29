//! Whether the process lives, and whether it can do its work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::timeout;

use crate::limits::READY_TIME;
use crate::problem::Problem;
use crate::serve::Shared;

/// The answer of somebody who is well.
#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

/// The process answers.
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// The database answers, what must run beside runs, and nobody has asked the process to stop.
pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> Result<Json<Health>, Problem> {
    let mut missing = Vec::new();
    if shared.stopping.is_cancelled() {
        missing.push("the process, which is stopping");
    }
    if !matches!(timeout(READY_TIME, shared.app.identity.count_organisations()).await, Ok(Ok(_))) {
        missing.push("the database");
    }
    missing.extend(shared.background.iter().filter(|(_, task)| task.is_finished()).map(|(name, _)| *name));
    if missing.is_empty() { Ok(Json(Health { status: "ready" })) } else { Err(Problem::NotReady(missing)) }
}
