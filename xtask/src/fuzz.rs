//! `cargo xtask fuzz`: builds the targets of `fuzz/` with coverage feedback on the stable compiler
//! and runs each for a bounded time. It needs neither cargo-fuzz nor a sanitizer.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use crate::programs::{cargo, output, program, root, run as run_program, target_folder};

/// How long a target runs when nothing else is said, in seconds.
const SECONDS: u32 = 10;
/// An input that takes longer than this, in seconds, is a finding.
const TIMEOUT_SECONDS: u32 = 10;
/// Memory, in MiB, above which a target is stopped and the input is a finding.
const MEMORY_MIB: u32 = 2_048;

/// What cargo-fuzz sets for its builds without a sanitizer; all of it exists in stable compilers.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Wish<'a> {
    seconds: u32,
    target: Option<&'a str>,
    files: Vec<&'a str>,
}

impl<'a> Wish<'a> {
    fn parse(arguments: &'a [String]) -> Result<Self, String> {
        let mut wish = Self { seconds: SECONDS, target: None, files: Vec::new() };
        let mut left = arguments.iter().map(String::as_str);
        while let Some(argument) = left.next() {
            if argument == "--seconds" {
                let told = left.next().and_then(|told| told.parse().ok()).filter(|told| *told > 0);
                wish.seconds = told.ok_or("--seconds takes a whole number above 0")?;
            } else if argument.starts_with('-') {
                return Err(format!(
                    "there is no flag {argument}: it is cargo xtask fuzz [--seconds N] [TARGET [FILE…]]"
                ));
            } else if wish.target.is_none() {
                wish.target = Some(argument);
            } else {
                wish.files.push(argument);
            }
        }
        Ok(wish)
    }
}

/// Runs one target, or one target on given files, or all.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let wish = Wish::parse(arguments)?;
    let Some(target) = wish.target else { return every_target(wish.seconds) };
    let known = targets()?;
    if !known.iter().any(|name| name == target) {
        return Err(format!("there is no target {target}; there are: {}", known.join(", ")));
    }
    let built = build()?;
    if wish.files.is_empty() {
        explore(&built, target, wish.seconds)
    } else {
        // They are named from where the caller stands, and the target runs elsewhere.
        let files = wish.files.iter().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.into()));
        run_program(program_of(&built, target).args(files))
    }
}

/// Runs every target for that many seconds, as many at a time as there are cores.
pub(crate) fn every_target(seconds: u32) -> Result<(), String> {
    let targets = targets()?;
    let built = build()?;
    let failures = Mutex::new(Vec::new());
    let waiting = Mutex::new(targets.iter());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                // The lock must not be held while the target runs.
                while let Some(target) = { waiting.lock().ok().and_then(|mut waiting| waiting.next()) } {
                    if let Err(failure) = explore(&built, target, seconds)
                        && let Ok(mut failures) = failures.lock()
                    {
                        failures.push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().map_err(|_| "a fuzzing thread panicked")?;
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n")) }
}

/// Every file in `fuzz/fuzz_targets` is a target.
fn targets() -> Result<Vec<String>, String> {
    let folder = root().join("fuzz/fuzz_targets");
    let files = std::fs::read_dir(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let files = files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let mut names: Vec<String> = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// Builds all targets; gives the folder of the programs.
fn build() -> Result<PathBuf, String> {
    let told = output(program("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc -vV does not tell its host")?;
    let folder = target_folder().join("fuzz");
    // With --target, build scripts and macros stay free of the instrumentation.
    let mut build = cargo(&["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml", "--target", host]);
    run_program(build.arg("--target-dir").arg(&folder).env("RUSTFLAGS", COVERAGE))?;
    Ok(folder.join(host).join("release"))
}

fn program_of(built: &Path, target: &str) -> std::process::Command {
    let artifacts = root().join("fuzz/artifacts").join(target);
    let mut command = program(&built.join(target).to_string_lossy());
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args([format!("-timeout={TIMEOUT_SECONDS}"), format!("-rss_limit_mb={MEMORY_MIB}")]);
    command
}

/// Looks for an input that breaks the target. New finds go to `corpus/`, which is nobody's but
/// this checkout's; `seeds/` is under version control and only read.
fn explore(built: &Path, target: &str, seconds: u32) -> Result<(), String> {
    let mut command = program_of(built, target);
    command.arg(format!("-max_total_time={seconds}")).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (folder, made) in [("artifacts", true), ("corpus", true), ("seeds", false)] {
        let path = root().join("fuzz").join(folder).join(target);
        if made {
            std::fs::create_dir_all(&path).map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
        }
        if folder != "artifacts" && path.is_dir() {
            command.arg(path);
        }
    }
    let done = command.output().map_err(|error| format!("{target} could not be started: {error}"))?;
    let told = String::from_utf8_lossy(&done.stderr);
    if done.status.success() {
        let runs = told.lines().rev().find(|line| line.starts_with("Done ")).unwrap_or("done");
        println!("{target}: {runs}");
        return Ok(());
    }
    let saved =
        told.lines().find_map(|line| line.split_once("Test unit written to ")).map_or("nowhere", |found| found.1);
    Err(format!(
        "{told}\n{target} broke; the input is saved in {saved}\nrun it again: cargo xtask fuzz {target} {saved}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_a_time_a_target_and_its_files() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let asked = words("mail --seconds 30 crash-1");
        let wish = Wish { seconds: 30, target: Some("mail"), files: vec!["crash-1"] };
        assert_eq!(Wish::parse(&asked), Ok(wish));
        for wrong in ["--seconds", "--seconds 0", "--seconds x", "--fast"] {
            assert!(Wish::parse(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_target_has_a_name() {
        let targets = targets().expect("the folder of the targets");
        assert!(targets.iter().any(|target| target == "checkpoint"), "{targets:?}");
    }
}
