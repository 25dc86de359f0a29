//! The binary as it is shipped: its size, the time from start to the first answered request, and
//! memory with nothing to do.

use std::time::{Duration, Instant};

use db::Engine;
use testkit::{ENGINES, Place};

use crate::figures::{Figures, Spread};
use crate::server::{Seat, Server, binary};

/// Starts that are timed.
const STARTS: usize = 10;
/// From the first answer until memory is read: what starting needed alone is done by then.
const REST: Duration = Duration::from_millis(500);

pub fn run(figures: &mut Figures) {
    if let Ok(about) = binary().metadata() {
        #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
        let megabytes = about.len() as f64 / 1_000_000.0;
        figures.add("binary, stripped", "release", format_args!("{megabytes:.1} MB"), "floor 50 MB, aim 30 MB");
    }
    for engine in ENGINES {
        measure(figures, engine);
    }
}

fn measure(figures: &mut Figures, engine: Engine) {
    let place = Place::durable(engine);
    let folder = tempfile::tempdir().expect("a folder");
    let seat = Seat::within(folder.path(), place.database().map(testkit::postgres::Database::url));
    seat.ask(&["init", "--organisation", "Bench", "--admin-email", "admin@bench.example"]);
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let server = Server::start(&seat);
        assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"), "not ready");
        times.push(begun.elapsed());
        std::thread::sleep(REST);
        memory.push(server.memory().now);
    }
    let most = memory.into_iter().fold(0.0, f64::max);
    let on = format!("{engine:?}");
    figures.add("start to first answered request, empty data", &on, Spread::of(times), "floor 300 ms, aim 100 ms");
    figures.add("memory, idle", &on, format_args!("{most:.0} MB"), "floor 80 MB, aim 40 MB");
}
