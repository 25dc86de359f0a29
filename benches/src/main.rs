//! What docs/benchmarks.md reports, runnable by one command: `cargo xtask bench [NAME…]`.
//!
//! Everything is on in every figure: sealing, the audit log, durability. Each figure stands beside
//! a floor, a peer or a limit that was measured in the same run.

mod archive;
mod figures;
mod ingest;
mod log;
mod machine;
mod memory;
mod pages;
mod policy;
mod reveal;
mod sealing;
mod server;
mod start;

use std::process::ExitCode;

use figures::Figures;

/// Every benchmark, by the name that is given on the command line.
const NAMES: [&str; 8] = ["sealing", "policy", "ingest", "pages", "reveal", "log", "start", "memory"];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !NAMES.contains(&name.as_str())) {
        figures::say(format_args!("there is no benchmark {unknown:?}: choose from {}", NAMES.join(", ")));
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Runtime::new().expect("the threads of a benchmark start");
    let mut figures = Figures::default();
    for name in NAMES.into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|wish| wish == name)) {
        figures::say(format_args!("{name} …"));
        match name {
            "sealing" => sealing::run(&mut figures),
            "policy" => runtime.block_on(policy::run(&mut figures)),
            "ingest" => runtime.block_on(ingest::run(&mut figures)),
            "pages" => runtime.block_on(pages::run(&mut figures)),
            "reveal" => runtime.block_on(reveal::run(&mut figures)),
            "memory" => runtime.block_on(memory::run(&mut figures)),
            "log" => runtime.block_on(log::run(&mut figures)),
            _ => start::run(&mut figures),
        }
    }
    figures.print();
    ExitCode::SUCCESS
}
