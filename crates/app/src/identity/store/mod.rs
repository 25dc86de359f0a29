//! The tables of identity, one file per use.

mod agent;
mod attempt;
mod invitation;
mod means;
mod organisation;
mod session;

use db::Statement;

pub(super) use agent::*;
pub(super) use attempt::*;
pub(super) use invitation::*;
pub(super) use means::*;
pub(super) use organisation::*;
pub(super) use session::*;

const PARTS: [&[&Statement]; 6] = [
    organisation::STATEMENTS,
    agent::STATEMENTS,
    session::STATEMENTS,
    invitation::STATEMENTS,
    means::STATEMENTS,
    attempt::STATEMENTS,
];
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a wrong index")]
const COUNT: usize = {
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// Every statement of identity.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a wrong index")]
pub(crate) static STATEMENTS: &[&Statement] = &{
    let mut all: [&Statement; COUNT] = [organisation::STATEMENTS[0]; COUNT];
    let (mut part, mut next) = (0, 0);
    while part < PARTS.len() {
        let mut place = 0;
        while place < PARTS[part].len() {
            all[next] = PARTS[part][place];
            next += 1;
            place += 1;
        }
        part += 1;
    }
    all
};
