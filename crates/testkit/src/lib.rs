//! What tests share: a private PostgreSQL cluster, a private Dovecot, a whole product on either
//! engine, a stub DNS, mail makers, and mail servers that misbehave on command.

pub mod agents;
pub mod app;
pub mod authenticator;
pub mod dns;
pub mod dovecot;
pub mod load;
pub mod mail;
pub mod mail_server;
pub mod postgres;
mod sign_in;
pub mod smtp;
pub mod staff;

pub use crate::agents::{Employee, ORIGIN, PASSWORD, PasswordHolder};
pub use crate::app::{ENGINES, Place, START, TestApp, files_below};
pub use crate::mail::Letter;
pub use crate::sign_in::Signed;
pub use crate::smtp::{SERVICE, Script, ScriptedSink};
pub use crate::staff::{StaffedDesk, StaffedVault, agent, desk, permit_as, vault};
