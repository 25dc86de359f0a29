//! What the database layer promises, on both engines: one binary, one file per promise.

#![allow(clippy::indexing_slicing, reason = "a test that reads beyond its rows is to fail")]

mod changes;
mod connection;
mod connection_loss;
mod crash;
mod distribution;
mod ground;
mod group_commit;
mod migrations;
mod pipeline;
mod proxy;
mod query_time;
mod schema;
mod transactions;
