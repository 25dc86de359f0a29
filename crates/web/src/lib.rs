//! The HTTP entry: routes, limits, problem details, counters.
//!
//! A handler extracts, makes one domain call and renders. Nothing here speaks SQL or seals, and no
//! log line or counter holds anything that a request said beyond its method and its route.

mod answer;
mod body;
mod connection;
mod health;
mod inbound_mail;
mod limits;
mod metrics;
mod openapi;
mod permission;
mod problem;
mod routes;
mod serve;

pub use limits::Limits;
pub use metrics::Metrics;
pub use openapi::DOCUMENT as OPENAPI_DOCUMENT;
pub use routes::{Permit, ROUTES, Route};
pub use serve::{Server, serve};
