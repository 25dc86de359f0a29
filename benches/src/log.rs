//! The audit log: entries appended durably by 32 writers and folded, and the whole log verified.

use std::sync::Arc;
use std::time::Instant;

use app::Actor;
use app::audit::{Action, Audit, Entry, VerifyOptions};
use kernel::Clock;
use testkit::{ENGINES, TestApp};

use crate::figures::{Figures, rate};
use crate::machine;

const WRITERS: usize = 32;
const ENTRIES: usize = 32_000;

pub async fn run(figures: &mut Figures) {
    for engine in ENGINES {
        let test = Arc::new(TestApp::durable_on(engine).await);
        let fsyncs = machine::fsync_rate(&test.data());
        let begun = Instant::now();
        append(&test).await;
        let appended = begun.elapsed();
        let folded = test.app.audit.fold(test.organisation).await.expect("the log folds");
        let both = begun.elapsed();
        figures.add(
            format_args!("log entries appended by {WRITERS} writers and folded"),
            format_args!("{engine:?}"),
            format_args!("{:.0}/s (appended alone {:.0}/s)", rate(ENTRIES, both), rate(ENTRIES, appended)),
            format_args!(
                "floor {:.0}/s (the lower of 8,000 and 16 × {fsyncs:.0} fsync/s), aim 25,000/s",
                (fsyncs * 16.0).min(8_000.0)
            ),
        );
        let begun = Instant::now();
        let options = VerifyOptions { bodies: true, ..VerifyOptions::default() };
        let report = test.app.audit.verify(test.organisation, options, &|_, _| {}).await.expect("the log is read");
        assert!(report.ok && report.size == folded.size);
        let size = usize::try_from(report.size).unwrap_or(usize::MAX);
        figures.add(
            "log verified: tree, tiles, chains, bodies opened",
            format_args!("{engine:?}"),
            format_args!("{:.0} entries/s", rate(size, begun.elapsed())),
            "10 million in 60 s are 167,000/s",
        );
        test.app.close().await;
    }
}

/// Every writer has a subject of its own only in its customers; here all are about the
/// organisation, the hardest case: one chain that all must wait for.
async fn append(test: &Arc<TestApp>) {
    let tasks: Vec<_> = (0..WRITERS)
        .map(|_| {
            let test = Arc::clone(test);
            tokio::spawn(async move {
                let (vault, organisation) = (test.app.vault.clone(), test.organisation);
                let read = move |tx: &mut db::Tx<'_>| vault.keys(tx, organisation, organisation.into());
                let keys = test.app.context.db.read("bench.keys", read).await.expect("keys").expect("keys");
                for _ in 0..ENTRIES / WRITERS {
                    let entry = Entry::new(Action::CustomerSearched, Actor::Operator, test.clock.now());
                    let entry = Arc::new([test.app.audit.prepare(&keys, &entry).expect("an entry")]);
                    let write = move |tx: &mut db::Tx<'_>| Audit::append(tx, organisation, &*entry);
                    test.app.context.db.write("bench.append", write).await.expect("it is appended");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a writer ends");
    }
}
