//! What users and attackers get from sealed values, sealed files, the keyring and key services.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod chunks;
mod crash;
mod erasures;
mod keyring;
mod sealing;
mod transit;
