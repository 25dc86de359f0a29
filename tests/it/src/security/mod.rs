//! What must always hold, whatever capability comes: the contract of SECURITY.md.

mod canary;
mod crash;
mod fail_points;
mod full_disk;
mod moved;
mod organisations;
mod read_only;
pub(crate) mod search;
mod statements;
