//! List and thread as the archive grows: a page that takes longer because there is more is a defect.

use std::time::Instant;

use app::Actor;
use app::desk::{Filter, PageRequest, State, ThreadRequest};
use db::Engine;
use testkit::load::{self, Place, Shape};
use testkit::{ENGINES, TestApp};

use crate::figures::{Figures, Spread, rate};

/// Conversations in the archive.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Pages that are asked for.
const PAGES: usize = 300;
/// Rows on a page.
const ROWS: usize = 50;

pub async fn run(figures: &mut Figures) {
    for engine in ENGINES {
        let test = TestApp::durable_on(engine).await;
        let mut loaded = 0;
        for size in sizes(engine) {
            let app = &test.app;
            let place = Place {
                context: app.context.clone(),
                vault: app.vault.clone(),
                audit: app.audit.clone(),
                organisation: test.organisation,
            };
            let shape =
                Shape { conversations: size - loaded, resolved_percent: 50, seed: size as u64, ..Shape::default() };
            let begun = Instant::now();
            load::conversations(&place, shape, &|_| {}).await.expect("the archive is filled");
            let filled = rate(size - loaded, begun.elapsed());
            loaded = size;
            let on = format!("{engine:?}, {size} conversations (filled at {filled:.0}/s)");
            list(figures, &test, &on).await;
            show(figures, &test, &on).await;
        }
        test.app.close().await;
    }
}

/// A million on one machine's PostgreSQL says nothing that a hundred thousand does not.
fn sizes(engine: Engine) -> Vec<usize> {
    let sizes = SIZES.to_vec();
    if std::env::var_os("DOORWARD_BENCH_SMALL").is_some() || engine == Engine::Postgres {
        return sizes.into_iter().take(2).collect();
    }
    sizes
}

async fn list(figures: &mut Figures, test: &TestApp, on: &str) {
    let mut times = Vec::with_capacity(PAGES);
    let mut cursor = None;
    for _ in 0..PAGES {
        let filter = Filter { states: vec![State::New], ..Filter::default() };
        let request = PageRequest { limit: ROWS, cursor, ..PageRequest::default() };
        let begun = Instant::now();
        let page = testkit::desk(&test.app).list(test.organisation, filter, request).await.expect("a page");
        times.push(begun.elapsed());
        // Every page is another one, so that nothing is measured that a cache has opened.
        cursor = page.next;
    }
    figures.add("list page, 50 rows, names and subjects opened", on, Spread::of(times), "floor p50 10 ms, aim 3 ms");
}

async fn show(figures: &mut Figures, test: &TestApp, on: &str) {
    let request = PageRequest { limit: 100, ..PageRequest::default() };
    let page = testkit::desk(&test.app).list(test.organisation, Filter::default(), request).await.expect("a page");
    let mut times = Vec::with_capacity(page.rows.len());
    for row in page.rows {
        let begun = Instant::now();
        let thread = ThreadRequest { before: None, limit: ROWS };
        testkit::desk(&test.app).show(test.organisation, row.id, Actor::Operator, thread).await.expect("a thread");
        times.push(begun.elapsed());
    }
    figures.add(
        "conversation, opened and on record",
        on,
        Spread::of(times),
        "floor p50 8 ms, aim 2 ms; the look is committed to the log first",
    );
}
