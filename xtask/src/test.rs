//! `cargo xtask test`: everything that must hold before a change counts, cheap things first.

use crate::programs::{cargo, run as run_program, works};
use crate::steps::{Step, run as run_steps};
use crate::{fuzz, needs, tidy};

/// How long each fuzz target runs here, in seconds.
const FUZZ_SECONDS: u32 = 10;

/// Runs the steps that the arguments leave.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (flags, filters): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| argument.starts_with('-'));
    if let Some(unknown) = flags.iter().find(|flag| **flag != "--fast") {
        return Err(format!("there is no flag {unknown}: it is cargo xtask test [--fast] [FILTER…]"));
    }
    let mut steps = vec![Step {
        name: "needs",
        remedy: "install what is named, then run it again",
        work: Box::new(needs::provide),
    }];
    if filters.is_empty() {
        steps.extend(checks());
    }
    steps.push(tests(filters.clone()));
    if filters.is_empty() && flags.is_empty() {
        steps.push(Step {
            name: "fuzzing",
            remedy: "run the target on the saved input again: cargo xtask fuzz TARGET FILE",
            work: Box::new(|| fuzz::every_target(FUZZ_SECONDS)),
        });
    }
    run_steps(steps)
}

fn checks() -> Vec<Step<'static>> {
    let mut steps = vec![
        Step {
            name: "format",
            remedy: "cargo fmt --all; cargo fmt --manifest-path fuzz/Cargo.toml",
            work: Box::new(|| {
                run_program(&mut cargo(&["fmt", "--all", "--check"]))?;
                run_program(&mut cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
            }),
        },
        Step {
            name: "tidy",
            remedy: "each line above names a place and what to do; see it alone with: cargo xtask tidy",
            work: Box::new(tidy::run),
        },
    ];
    if works(&mut cargo(&["deny", "--version"])) {
        steps.push(Step {
            name: "cargo-deny",
            remedy: "see deny.toml: drop the dependency, or allow it there with a reason",
            work: Box::new(|| {
                run_program(&mut cargo(&["deny", "--all-features", "check", "licenses", "bans", "sources"]))
            }),
        });
    }
    steps.push(Step {
        name: "lints",
        remedy: "mend what clippy names, or allow it in place with a reason",
        work: Box::new(|| {
            let mut clippy = cargo(&["clippy", "--workspace", "--all-targets"]);
            run_program(clippy.args(locked()).args(["--", "-D", "warnings"]))
        }),
    });
    // The product and its tests in one go, with one set of features: what the tests start is what
    // was built, and no dependency is compiled twice.
    steps.push(Step {
        name: "build",
        remedy: "mend what the compiler names",
        work: Box::new(|| run_program(cargo(&["build", "--workspace", "--bins", "--tests"]).args(locked()))),
    });
    steps
}

fn tests(filters: Vec<&str>) -> Step<'_> {
    Step {
        name: "tests",
        remedy: "the failures are listed above; run one again with: cargo xtask test NAME",
        work: Box::new(move || {
            let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
            run_program(tests.args(locked()).arg("--").args(filters))
        }),
    }
}

/// On a build machine the lock file is taken as it is.
fn locked() -> Option<&'static str> {
    std::env::var_os("CI").map(|_| "--locked")
}
