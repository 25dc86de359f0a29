//! Every statement of the vault in one list, for the test that prepares each on both engines.

use db::Statement;

use super::store::{self, inventory, lifecycle, values};

const PARTS: [&[&Statement]; 4] = [store::STATEMENTS, inventory::STATEMENTS, values::STATEMENTS, lifecycle::STATEMENTS];

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a wrong index")]
const COUNT: usize = {
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// Every statement of every store of this domain.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a wrong index")]
pub(crate) static STATEMENTS: &[&Statement] = &{
    let mut all: [&Statement; COUNT] = [store::STATEMENTS[0]; COUNT];
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
