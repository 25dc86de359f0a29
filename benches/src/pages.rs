//! List and thread as the archive grows: a page that takes longer because there is more is a defect.

use std::time::{Duration, Instant};

use app::desk::{Cursor, Filter, PageRequest, State, ThreadRequest};
use kernel::ConversationId;
use testkit::{ENGINES, TestApp};

use crate::figures::{Figures, Spread};
use crate::{archive, machine};

/// Conversations in the archive.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Pages that are asked for: at 10,000 conversations, half of them open, as many as there are.
const PAGES: usize = 100;
/// Threads that are opened.
const THREADS: usize = 300;
/// Rows on a page.
const ROWS: usize = 50;
/// What a page may take longer in an archive of a million than in one of ten thousand.
const SLOPE: &str = "floor 2";

/// The middle times of one size: the newest page of the list, a page anywhere in it, a thread.
type Medians = [Duration; 3];

/// What they are called.
const NAMES: [&str; 3] = [
    "newest list page, 50 rows, opened",
    "list page anywhere, 50 rows, their keys not opened yet",
    "conversation anywhere, opened and on record",
];

pub async fn run(figures: &mut Figures) {
    for engine in ENGINES {
        let mut test = TestApp::durable_on(engine).await;
        let mut ids: Vec<ConversationId> = Vec::new();
        let mut sizes: Vec<(usize, Medians)> = Vec::new();
        for size in sizes_wanted() {
            let grown = archive::grow(&test, ids.len(), size).await;
            ids.extend(grown.ids);
            // What the fill has left in memory would flatter the pages.
            test = test.restart().await;
            if let Some(database) = test.place().database() {
                database.execute("checkpoint").expect("the server writes what it holds");
            }
            machine::settle();
            let cursors = cursors(&test).await;
            // The rows of these pages are in the machine's memory now; the product has opened nothing.
            test = test.restart().await;
            let on = format!("{engine:?}, {size} conversations (filled at {:.0}/s)", grown.rate);
            sizes.push((size, measure(figures, &test, (&ids, &cursors), &on).await));
        }
        slopes(figures, &format!("{engine:?}"), &sizes);
        test.app.close().await;
    }
}

/// All sizes, or those that take a minute or two when `DOORWARD_BENCH_SMALL` asks for a quick look.
fn sizes_wanted() -> Vec<usize> {
    let count = if std::env::var_os("DOORWARD_BENCH_SMALL").is_some() { 2 } else { SIZES.len() };
    SIZES.into_iter().take(count).collect()
}

/// The beginnings of pages, evenly over the whole list, each asked for once.
async fn cursors(test: &TestApp) -> Vec<Option<Cursor>> {
    let mut all = vec![None];
    while let Some(next) = page(test, all.last().copied().flatten()).await.0 {
        all.push(Some(next));
    }
    let chosen = evenly(&all, PAGES);
    for cursor in &chosen {
        page(test, *cursor).await;
    }
    chosen
}

fn evenly<T: Copy>(all: &[T], count: usize) -> Vec<T> {
    all.iter().copied().step_by((all.len() / count).max(1)).take(count).collect()
}

async fn measure(
    figures: &mut Figures,
    test: &TestApp,
    (ids, cursors): (&[ConversationId], &[Option<Cursor>]),
    on: &str,
) -> Medians {
    // Once for each thread of the database, which prepares its statements.
    for _ in 0..PAGES {
        page(test, None).await;
    }
    let mut threads = Vec::with_capacity(THREADS);
    for id in evenly(ids, THREADS) {
        let begun = Instant::now();
        let request = ThreadRequest { before: None, limit: ROWS };
        testkit::desk(&test.app).show(test.organisation, id, testkit::agent(), request).await.expect("a thread");
        threads.push(begun.elapsed());
    }
    let mut anywhere = Vec::with_capacity(PAGES);
    for cursor in cursors {
        anywhere.push(page(test, *cursor).await.1);
    }
    let mut newest = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        newest.push(page(test, None).await.1);
    }
    let besides = [
        "floor p50 10 ms, aim 3 ms; Request Tracker p50 803 ms",
        "the same",
        "floor p50 8 ms, aim 2 ms; Request Tracker p50 266 ms; the look is committed to the log first",
    ];
    let spreads = [newest, anywhere, threads].map(Spread::of);
    let medians = [0, 1, 2].map(|kind: usize| spreads[kind].at(0.5));
    for ((name, spread), beside) in NAMES.into_iter().zip(spreads).zip(besides) {
        figures.add(name, on, spread, beside);
    }
    medians
}

async fn page(test: &TestApp, cursor: Option<Cursor>) -> (Option<Cursor>, Duration) {
    let filter = Filter { states: vec![State::New], ..Filter::default() };
    let request = PageRequest { limit: ROWS, cursor, ..PageRequest::default() };
    let begun = Instant::now();
    let page = testkit::desk(&test.app).list(test.organisation, filter, request).await.expect("a page");
    (page.next, begun.elapsed())
}

/// How much longer each takes in the larger archives than in the smallest.
fn slopes(figures: &mut Figures, on: &str, sizes: &[(usize, Medians)]) {
    let Some(((least, first), larger)) = sizes.split_first() else { return };
    for (kind, name) in NAMES.into_iter().enumerate() {
        let ratios: Vec<String> = larger
            .iter()
            .map(|(size, medians)| format!("{:.2} at {size}", medians[kind].as_secs_f64() / first[kind].as_secs_f64()))
            .collect();
        let figure = format!("{} times the p50 at {least}", ratios.join(", "));
        figures.add(format_args!("slope: {name}"), on, figure, SLOPE);
    }
}
