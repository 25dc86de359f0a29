//! The binary as it is shipped: time from start to the first answered request, and memory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::figures::{Figures, Spread};
use crate::machine;

/// Starts that are timed.
const STARTS: usize = 10;

pub fn run(figures: &mut Figures) {
    let binary = binary();
    if let Ok(about) = binary.metadata() {
        #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
        let megabytes = about.len() as f64 / 1_000_000.0;
        figures.add("binary, stripped", "release", format_args!("{megabytes:.1} MB"), "floor 50 MB, aim 30 MB");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let init = doorward(&binary, folder.path())
        .args(["init", "--organisation", "Bench", "--admin-email", "admin@bench.example", "--json"])
        .output()
        .expect("the binary runs");
    assert!(init.status.success(), "init failed");
    let mut times = Vec::new();
    let mut memory = 0.0;
    for _ in 0..STARTS {
        let begun = Instant::now();
        let (mut server, address) = serve(&binary, folder.path());
        assert!(get(&address, "/health/ready").starts_with("HTTP/1.1 200"), "not ready");
        times.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(300));
        memory = machine::resident_megabytes(server.id());
        // The test is over for this one, however it ends.
        let _ = server.kill();
        let _ = server.wait();
    }
    figures.add("start to first answered request, empty data", "Sqlite", Spread::of(times), "floor 300 ms, aim 100 ms");
    figures.add("memory, idle", "Sqlite", format_args!("{memory:.0} MB"), "floor 80 MB, aim 40 MB");
}

/// The release binary beside this one; `cargo build --release` makes it.
fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a place");
    let binary = own.with_file_name("doorward");
    assert!(binary.is_file(), "{} is missing: run cargo build --release first", binary.display());
    binary
}

fn doorward(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.arg("--data").arg(folder.join("data")).arg("--root-key-file").arg(folder.join("keys/root.key"));
    command
}

fn serve(binary: &Path, folder: &Path) -> (Child, String) {
    let mut server = doorward(binary, folder)
        .args(["serve", "--listen", "127.0.0.1:0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let output = server.stdout.take().expect("its output");
    let mut lines = String::new();
    let mut reader = BufReader::new(output);
    while !lines.trim_end().ends_with('}') {
        assert!(reader.read_line(&mut lines).expect("its output") > 0, "the server ended");
    }
    let ready: serde_json::Value = serde_json::from_str(&lines).expect("its address");
    let address = ready.get("listening").and_then(|address| address.as_str()).expect("its address");
    (server, address.trim_start_matches("http://").to_owned())
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it hears");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}
