//! Inbound mail to committed conversation: parsed, threaded, sealed, logged, durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use db::Engine;
use testkit::{ENGINES, Letter, TestApp};

use crate::figures::{Figures, Spread, rate};
use crate::machine;

/// Mails of the run with one sender.
const ONE_BY_ONE: usize = 2_000;
/// Mails of the run with 32.
const TOGETHER: usize = 20_000;

pub async fn run(figures: &mut Figures) {
    for engine in ENGINES {
        for senders in [1, 32] {
            let count = if senders == 1 { ONE_BY_ONE } else { TOGETHER };
            let test = Arc::new(TestApp::durable_on(engine).await);
            let fsyncs = machine::fsync_rate(&test.data());
            let (time, spread) = deliver(&test, senders, count).await;
            let floor = match (engine, senders) {
                (_, 1) => {
                    format!("floor {:.0}/s (the lower of 150 and 0.6 × {fsyncs:.0} fsync/s)", (fsyncs * 0.6).min(150.0))
                }
                (Engine::Sqlite, _) => format!("floor 1,500/s, aim 4,000/s; {fsyncs:.0} fsync/s"),
                (Engine::Postgres, _) => format!("floor 500/s, aim 2,000/s; {fsyncs:.0} fsync/s"),
            };
            let figure = format!("{:.0}/s, {spread}", rate(count, time));
            figures.add(format_args!("inbound mail, {senders} at once"), format_args!("{engine:?}"), figure, floor);
            test.app.close().await;
        }
    }
}

async fn deliver(test: &Arc<TestApp>, senders: usize, count: usize) -> (Duration, Spread) {
    let mails: Arc<Vec<Vec<u8>>> = Arc::new((0..count).map(mail).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..senders)
        .map(|_| {
            let (test, mails, next) = (Arc::clone(test), Arc::clone(&mails), Arc::clone(&next));
            tokio::spawn(async move {
                let mut times = Vec::new();
                while let Some(raw) = mails.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = Instant::now();
                    test.mail(raw.clone()).await.expect("the mail is taken in");
                    times.push(sent.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::with_capacity(count);
    for task in tasks {
        times.extend(task.await.expect("a sender ends"));
    }
    (begun.elapsed(), Spread::of(times))
}

/// A mail of about 3 kB: of three, one opens a conversation of a new customer, two answer it.
pub fn mail(number: usize) -> Vec<u8> {
    let (thread, part) = (number / 3, number % 3);
    let from = format!("Customer {thread} <customer.{thread}@bench.example>");
    let words = "The invoice of last month was charged twice, and nobody has answered the letter.\n".repeat(30);
    let letter = Letter::new(&from, &format!("Invoice {thread}")).id(&format!("{thread}.{part}@bench.example"));
    let letter = if part == 0 { letter } else { letter.answers(&format!("{thread}.0@bench.example")) };
    letter.text(&words).raw()
}
