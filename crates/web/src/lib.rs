//! The HTTP entry: pages, routes, limits, problem details, counters.
//!
//! A handler extracts, makes one domain call and renders. Nothing here speaks SQL or seals, and no
//! log line or counter holds anything that a request said beyond its method and its route.

mod answer;
mod appearance;
mod assets;
mod body;
mod connection;
mod cookies;
mod desk;
mod form;
mod form_token;
mod frame;
mod front;
mod guests;
mod health;
mod identity;
mod inbound_mail;
mod kind;
mod limits;
mod metrics;
mod moments;
mod openapi;
mod page;
mod permission;
mod presence;
mod problem;
mod problem_page;
mod rate;
mod routes;
mod serve;
mod session;
mod snooze;
mod strings;

pub use guests::Guests;
pub use limits::{Limits, TOKEN_REQUESTS};
pub use metrics::Metrics;
pub use openapi::DOCUMENT as OPENAPI_DOCUMENT;
pub use routes::{Audience, Permit, ROUTES, Route};
pub use serve::{Server, serve};
