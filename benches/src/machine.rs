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
pub fn resident_megabytes(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")).map(str::trim);
    kilobytes.and_then(|number| number.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
