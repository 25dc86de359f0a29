//! The binary as it is shipped, run as its users run it: on a folder of its own, stopped when the
//! measurement is over.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::machine;

/// The release binary beside this one; `cargo build --release` makes it.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a place");
    let binary = own.with_file_name("doorward");
    assert!(binary.is_file(), "{} is missing: run cargo build --release first", binary.display());
    binary
}

/// Where a server's data, keys and rows lie.
#[derive(Clone)]
pub struct Seat {
    /// The data folder.
    pub data: PathBuf,
    /// The root key's file.
    pub root_key: PathBuf,
    /// The address of PostgreSQL, or none for SQLite.
    pub database: Option<String>,
}

impl Seat {
    /// In a folder, on SQLite or on a database of PostgreSQL.
    pub fn within(folder: &Path, database: Option<String>) -> Self {
        Self { data: folder.join("data"), root_key: folder.join("keys/root.key"), database }
    }

    /// Runs a command to its end and reads its answer.
    pub fn ask(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.command().args(arguments).arg("--json").output().expect("the binary runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("its answer")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.arg("--data").arg(&self.data).arg("--root-key-file").arg(&self.root_key);
        if let Some(database) = &self.database {
            command.env("DOORWARD_DATABASE", database);
        }
        command
    }
}

/// A running server; it ends with this value.
pub struct Server {
    process: Child,
    /// Host and port.
    pub address: String,
}

impl Server {
    /// Starts it and returns once it has told its address.
    pub fn start(seat: &Seat) -> Self {
        let mut process = seat
            .command()
            .args(["serve", "--listen", "127.0.0.1:0", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let output = process.stdout.take().expect("its output");
        let mut lines = String::new();
        let mut reader = BufReader::new(output);
        while !lines.trim_end().ends_with('}') {
            assert!(reader.read_line(&mut lines).expect("its output") > 0, "the server ended");
        }
        let ready: serde_json::Value = serde_json::from_str(&lines).expect("its address");
        let address = ready.get("listening").and_then(|address| address.as_str()).expect("its address");
        Self { process, address: address.trim_start_matches("http://").to_owned() }
    }

    /// One request on a connection of its own; the whole answer.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).expect("it hears");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    /// Its memory now, and the most it ever had.
    pub fn memory(&self) -> machine::Memory {
        machine::memory(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The measurement is over for this one, however it ends.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
