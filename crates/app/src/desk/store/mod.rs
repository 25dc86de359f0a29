//! The desk's tables, one file per use: messages' way in, steps of agents, pages of lists, threads.

mod answer;
mod draft;
mod forget;
mod pages;
mod steps;
mod thread;
mod way_in;

use db::Statement;

pub(super) use answer::*;
pub(super) use draft::*;
pub(super) use forget::*;
pub(super) use pages::*;
pub(super) use steps::*;
pub(super) use thread::*;
pub(super) use way_in::*;

const PARTS: [&[&Statement]; 7] = [
    way_in::STATEMENTS,
    steps::STATEMENTS,
    pages::STATEMENTS,
    thread::STATEMENTS,
    forget::STATEMENTS,
    answer::STATEMENTS,
    draft::STATEMENTS,
];
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a wrong index")]
const COUNT: usize = {
    let mut count = 0;
    let mut part = 0;
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// Every statement of the desk.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a wrong index")]
pub(crate) static STATEMENTS: &[&Statement] = &{
    let mut all: [&Statement; COUNT] = [way_in::STATEMENTS[0]; COUNT];
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
