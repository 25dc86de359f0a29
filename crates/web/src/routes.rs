//! The one list of routes. The router is built from it; tests compare it with the OpenAPI document
//! and call each of its routes without permission.

use std::sync::Arc;

use app::access::Scope;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};

use crate::problem::Problem;
use crate::serve::Shared;
use crate::{answer, appearance, assets, desk, front, guests, health, identity, inbound_mail, metrics, openapi};

/// For whom a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A program; the route is in the OpenAPI document.
    Program,
    /// A browser with a person before it.
    Browser,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Everybody; it tells nothing about anybody.
    Everybody,
    /// The bearer of a token with this scope.
    Token(Scope),
    /// An agent who has signed in.
    SignedIn,
    /// The bearer of such a token, and whoever asks from this machine itself without a proxy.
    LoopbackOrToken(Scope),
}

/// One route.
pub struct Route {
    /// The method; a GET answers HEAD too.
    pub method: &'static str,
    /// The path, as it also stands in logs and counters.
    pub path: &'static str,
    /// For whom it answers.
    pub audience: Audience,
    /// Who may call it.
    pub permit: Permit,
    handler: fn() -> MethodRouter<Arc<Shared>>,
}

const fn program(
    method: &'static str,
    path: &'static str,
    permit: Permit,
    handler: fn() -> MethodRouter<Arc<Shared>>,
) -> Route {
    Route { method, path, audience: Audience::Program, permit, handler }
}

const fn page(
    method: &'static str,
    path: &'static str,
    permit: Permit,
    handler: fn() -> MethodRouter<Arc<Shared>>,
) -> Route {
    Route { method, path, audience: Audience::Browser, permit, handler }
}

/// Every route there is.
pub static ROUTES: &[Route] = &[
    program("POST", "/api/v1/inbound/mail", Permit::Token(Scope::MailWrite), || post(inbound_mail::receive)),
    program("GET", "/api/v1/openapi.json", Permit::Everybody, || get(openapi::show)),
    program("GET", "/health/live", Permit::Everybody, || get(health::live)),
    program("GET", "/health/ready", Permit::Everybody, || get(health::ready)),
    program("GET", "/metrics", Permit::LoopbackOrToken(Scope::MetricsRead), || get(metrics::show)),
    page("GET", "/", Permit::Everybody, || get(front::show)),
    page("GET", "/demo/{key}", Permit::Everybody, || get(guests::enter)),
    page("GET", "/assets/{hash}/{name}", Permit::Everybody, || get(assets::show)),
    page("GET", "/desk", Permit::SignedIn, || get(desk::first)),
    page("GET", "/desk/{view}", Permit::SignedIn, || get(desk::in_view)),
    page("GET", "/desk/{view}/{conversation}", Permit::SignedIn, || get(desk::opened)),
    page("GET", "/conversations/{conversation}/messages/{message}/design", Permit::SignedIn, || get(desk::design)),
    page("GET", "/conversations/{conversation}/files/{file}", Permit::SignedIn, || get(desk::file)),
    page("POST", "/conversations/{conversation}/closure", Permit::SignedIn, || post(desk::close)),
    page("DELETE", "/conversations/{conversation}/closure", Permit::SignedIn, || delete(desk::reopen)),
    page("GET", "/conversations/{conversation}/assignment", Permit::SignedIn, || get(desk::assignment)),
    page("POST", "/conversations/{conversation}/assignment", Permit::SignedIn, || post(desk::assign)),
    page("DELETE", "/conversations/{conversation}/assignment", Permit::SignedIn, || delete(desk::unassign)),
    page("POST", "/conversations/{conversation}/snooze", Permit::SignedIn, || post(desk::put_off)),
    page("POST", "/conversations/{conversation}/labels", Permit::SignedIn, || post(desk::label)),
    page("DELETE", "/conversations/{conversation}/labels/{name}", Permit::SignedIn, || delete(desk::unlabel)),
    page("POST", "/conversations/{conversation}/notes", Permit::SignedIn, || post(desk::note)),
    page("POST", "/conversations/{conversation}/replies", Permit::SignedIn, || post(desk::reply)),
    page("DELETE", "/conversations/{conversation}/replies/{message}", Permit::SignedIn, || delete(desk::take_back)),
    page("PUT", "/conversations/{conversation}/draft", Permit::SignedIn, || put(desk::keep)),
    page("POST", "/conversations/{conversation}/reveals", Permit::SignedIn, || post(desk::reveal)),
    page("GET", "/events", Permit::SignedIn, || get(desk::events)),
    page("GET", "/labels", Permit::SignedIn, || get(desk::labels)),
    page("POST", "/selection/closure", Permit::SignedIn, || post(desk::selected::close)),
    page("POST", "/selection/assignment", Permit::SignedIn, || post(desk::selected::take)),
    page("POST", "/selection/snooze", Permit::SignedIn, || post(desk::selected::put_off)),
    page("POST", "/selection/labels", Permit::SignedIn, || post(desk::selected::label)),
    page("POST", "/appearance", Permit::Everybody, || post(appearance::choose)),
    page("GET", "/sign-in", Permit::Everybody, || get(identity::sign_in)),
    page("POST", "/sign-in", Permit::Everybody, || post(identity::sign_in_with_password)),
    page("POST", "/sign-in/passkey", Permit::Everybody, || post(identity::sign_in_with_passkey)),
    page("POST", "/sign-in/passkey/ceremony", Permit::Everybody, || post(identity::begin_sign_in)),
    page("GET", "/sign-in/recovery", Permit::Everybody, || get(identity::recovery)),
    page("POST", "/sign-in/recovery", Permit::Everybody, || post(identity::recover)),
    page("POST", "/sign-out", Permit::SignedIn, || post(identity::sign_out)),
    page("GET", "/enrol/{link}", Permit::Everybody, || get(identity::enrolment)),
    page("POST", "/enrol/{link}", Permit::Everybody, || post(identity::enrol_with_passkey)),
    page("POST", "/enrol/{link}/ceremony", Permit::Everybody, || post(identity::begin_enrolment)),
    page("GET", "/enrol/{link}/password", Permit::Everybody, || get(identity::enrolment_with_password)),
    page("POST", "/enrol/{link}/password", Permit::Everybody, || post(identity::enrol_with_password)),
    page("GET", "/account", Permit::SignedIn, || get(identity::account)),
    page("POST", "/account", Permit::SignedIn, || post(identity::set_profile)),
    page("POST", "/account/passkeys", Permit::SignedIn, || post(identity::add_passkey)),
    page("POST", "/account/passkeys/ceremony", Permit::SignedIn, || post(identity::begin_passkey)),
    page("POST", "/account/passkeys/{passkey}/removal", Permit::SignedIn, || post(identity::remove_passkey)),
    page("GET", "/account/password", Permit::SignedIn, || get(identity::password)),
    page("POST", "/account/password", Permit::SignedIn, || post(identity::set_password)),
    page("POST", "/account/password/removal", Permit::SignedIn, || post(identity::remove_password)),
    page("POST", "/account/recovery-codes", Permit::SignedIn, || post(identity::renew_recovery_codes)),
    page("POST", "/account/sessions/{session}/end", Permit::SignedIn, || post(identity::end_session)),
    page("POST", "/account/sessions/end", Permit::SignedIn, || post(identity::end_other_sessions)),
    page("POST", "/account/notices/{notice}/seen", Permit::SignedIn, || post(identity::see_notice)),
];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    routes
        .fallback(async || Problem::NoRoute)
        .method_not_allowed_fallback(async || Problem::Method)
        .layer(from_fn_with_state(Arc::clone(&shared), answer::finish))
        .with_state(shared)
}
