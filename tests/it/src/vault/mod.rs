//! The vault on both engines: what two engines may do differently when two things happen at once.

mod bench;
mod import;
mod merge;
mod plans;
mod values;
