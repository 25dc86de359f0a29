//! The one list of routes. The router is built from it; tests compare it with the OpenAPI document
//! and call each of its routes without permission.

use std::sync::Arc;

use app::access::Scope;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::problem::Problem;
use crate::serve::Shared;
use crate::{answer, health, inbound_mail, metrics, openapi};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Everybody; it tells nothing about anybody.
    Everybody,
    /// The bearer of a token with this scope.
    Token(Scope),
    /// The bearer of such a token, and whoever asks from this machine itself without a proxy.
    LoopbackOrToken(Scope),
}

/// One route.
pub struct Route {
    /// The method; a GET answers HEAD too.
    pub method: &'static str,
    /// The path, as it also stands in logs and counters.
    pub path: &'static str,
    /// Who may call it.
    pub permit: Permit,
    handler: fn() -> MethodRouter<Arc<Shared>>,
}

/// Every route there is.
pub static ROUTES: [Route; 5] = [
    Route {
        method: "POST",
        path: "/api/v1/inbound/mail",
        permit: Permit::Token(Scope::MailWrite),
        handler: || post(inbound_mail::receive),
    },
    Route { method: "GET", path: "/api/v1/openapi.json", permit: Permit::Everybody, handler: || get(openapi::show) },
    Route { method: "GET", path: "/health/live", permit: Permit::Everybody, handler: || get(health::live) },
    Route { method: "GET", path: "/health/ready", permit: Permit::Everybody, handler: || get(health::ready) },
    Route {
        method: "GET",
        path: "/metrics",
        permit: Permit::LoopbackOrToken(Scope::MetricsRead),
        handler: || get(metrics::show),
    },
];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    routes
        .fallback(async || Problem::NoRoute)
        .method_not_allowed_fallback(async || Problem::Method)
        .layer(from_fn_with_state(Arc::clone(&shared), answer::finish))
        .with_state(shared)
}
