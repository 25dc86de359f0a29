//! What a client of the HTTP entry gets, over real connections.

mod accounts;
mod actions;
mod connection;
mod desk;
mod entry;
mod health;
mod live;
mod mail;
mod pages;
mod permission;
mod problem;

use entry::{Answer, Entry, request};
