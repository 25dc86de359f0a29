//! The limits of the machine that durable figures stand beside, measured in the same run.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a page of 4 kB reaches the disk of a folder, per second, one after another.
pub fn fsync_rate(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("fsync")).expect("a file can be made");
    let (begun, mut count) = (Instant::now(), 0u32);
    while begun.elapsed() < Duration::from_secs(1) {
        file.write_all(&[0; 4096]).expect("the disk takes it");
        file.sync_data().expect("the disk takes it");
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// The resident memory of a process in MB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Now.
    pub now: f64,
    /// The most it ever was.
    pub most: f64,
    /// Of what it is now: its own pages. The others are files that it has mapped.
    pub own: f64,
}

/// What Linux counts for a process.
pub fn memory(process: u32) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")).map(str::trim);
        kilobytes.and_then(|number| number.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    };
    Memory { now: megabytes("VmRSS"), most: megabytes("VmHWM"), own: megabytes("RssAnon") }
}

/// Waits until the disk has what was written before, so that no figure pays for what came earlier.
pub fn settle() {
    // Without the program the figure is merely worse.
    let _ = std::process::Command::new("sync").status();
}
