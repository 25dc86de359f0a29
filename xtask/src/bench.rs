//! `cargo xtask bench`: tells the machine, then measures in a release build.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::programs::{cargo, output, program, run as run_program, target_folder};

/// How long the disk is asked for its rate.
const DISK: Duration = Duration::from_secs(1);
/// What is written before each flush, in bytes: a page of a database.
const PAGE_BYTES: usize = 4096;

/// Runs the named measurements, or all.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    println!("{}", machine());
    // Some measurements run the product as it is shipped, from beside this program.
    run_program(&mut cargo(&["build", "--release", "--package", "doorward"]))?;
    run_program(cargo(&["run", "--release", "--package", "benches", "--"]).args(names))
}

/// The lines that stand over every figure: without the machine a figure says nothing.
fn machine() -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let kernel = output(program("uname").arg("-sr")).unwrap_or_default();
    let rust = output(program("rustc").arg("--version")).unwrap_or_default();
    let disk = fsync_rate().map_or_else(|error| format!("unknown: {error}"), |rate| format!("{rate:.0} fsync/s"));
    format!("{cpu}, {cores} cores, memory {memory}\n{}, {}\ndisk: {disk}", kernel.trim(), rust.trim())
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.split_once(':')?.1.trim().to_owned()))
}

/// Pages that reach the disk one by one, per second, where builds go.
fn fsync_rate() -> std::io::Result<f64> {
    fs::create_dir_all(target_folder())?;
    let path = target_folder().join("fsync-rate");
    let mut file = fs::File::create(&path)?;
    let (began, mut pages) = (Instant::now(), 0_u32);
    while began.elapsed() < DISK {
        file.write_all(&[0; PAGE_BYTES])?;
        file.sync_data()?;
        pages += 1;
    }
    let rate = f64::from(pages) / began.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(rate)
}
