//! An archive that grows while time passes, as a desk's does: filled through the domains' own code.

use std::sync::Mutex;
use std::time::Instant;

use kernel::{Clock, ConversationId};
use testkit::TestApp;
use testkit::load::{self, Place, Shape};

use crate::figures::{rate, say};

/// Conversations between two lines about how far it is.
const TOLD_EVERY: usize = 50_000;

/// Conversations that were added, and how many a second.
pub struct Grown {
    /// Their ids, the oldest first.
    pub ids: Vec<ConversationId>,
    /// Conversations a second.
    pub rate: f64,
}

/// Adds conversations until there are `to` of them. Half are settled, each is of a customer of its own.
///
/// The clock moves along: ids of customers and entries begin with their time, and an archive whose
/// customers had all come in one instant would lie on the disk as none ever does.
pub async fn grow(test: &TestApp, from: usize, to: usize) -> Grown {
    let app = &test.app;
    let place = Place {
        context: app.context.clone(),
        vault: app.vault.clone(),
        audit: app.audit.clone(),
        organisation: test.organisation,
    };
    let begins = test.clock.now();
    let shape = Shape {
        conversations: to - from,
        resolved_percent: 50,
        begins,
        seed: u64::try_from(to).unwrap_or(u64::MAX),
        ..Shape::default()
    };
    let begun = Instant::now();
    let told = Mutex::new((0, begun));
    let progress = |done: usize| {
        test.clock.set(begins.plus(shape.apart.saturating_mul(u32::try_from(done).unwrap_or(u32::MAX))));
        let mut told = told.lock().expect("nobody panics here");
        if done - told.0 >= TOLD_EVERY {
            let lately = rate(done - told.0, told.1.elapsed());
            say(format_args!("    {:?}: {} of {to} conversations, {lately:.0}/s", test.engine, from + done));
            *told = (done, Instant::now());
        }
    };
    let ids = load::conversations(&place, shape, &progress).await.expect("the archive is filled");
    Grown { ids, rate: rate(to - from, begun.elapsed()) }
}
