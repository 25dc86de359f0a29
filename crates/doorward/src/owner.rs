//! One process owns a SQLite data folder at a time: it holds the lock of `owner.lock`.
//!
//! The lock is the kernel's and ends with the process, so a file left behind means nothing; what
//! stands in it only tells people who holds the folder.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::Clock;
use serde::{Deserialize, Serialize};

use crate::exit::{Failure, Kind};
use crate::operations::Moment;

const LOCK_FILE: &str = "owner.lock";
/// Bytes of the lock file that are read.
const HOLDER_BYTES: u64 = 1_024;
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(25);

/// What the owner of a folder does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Serves, for as long as it likes, and answers on the control socket.
    Serve,
    /// Runs one command.
    Command,
}

/// Who holds a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// What it does.
    pub role: Role,
    /// Since when.
    pub since: Moment,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Serve => "doorward serve",
            Role::Command => "another doorward command",
        };
        write!(f, "{role} (process {}, since {})", self.pid, self.since)
    }
}

/// The right to open a SQLite data folder; given back when dropped.
#[derive(Debug)]
pub struct Owner {
    file: File,
    data: PathBuf,
}

/// What a try gave.
pub(crate) enum Try {
    Taken(Owner),
    /// Somebody holds it; who, if it could be read.
    Held(Option<Holder>),
}

impl Owner {
    /// Takes the folder, waiting up to `wait` for a command that holds it. A `serve` that holds
    /// it is waited for by nobody: that is refused at once, with its process id.
    pub async fn take(data: &Path, role: Role, wait: Duration, clock: &dyn Clock) -> Result<Self, Failure> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            match Self::attempt(data, role, clock)? {
                Try::Taken(owner) => return Ok(owner),
                Try::Held(holder)
                    if tokio::time::Instant::now() >= deadline
                        || holder.is_some_and(|holder| holder.role == Role::Serve) =>
                {
                    return Err(refusal(data, holder));
                }
                Try::Held(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Tries once.
    pub(crate) fn attempt(data: &Path, role: Role, clock: &dyn Clock) -> Result<Try, Failure> {
        let path = data.join(LOCK_FILE);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::new(
                Kind::Configuration,
                format_args!(
                    "there is no data folder {}: make it with doorward init, or name another with --data",
                    data.display()
                ),
            ),
            _ => Failure::io(format_args!("cannot lock {}", path.display()), &error),
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Try::Held(read_holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut owner = Self { file, data: data.to_path_buf() };
        // Only people read this; the lock itself is what counts, so a full disk is no reason to stop.
        let _ = owner.sign(Holder { pid: std::process::id(), role, since: Moment(clock.now()) });
        Ok(Try::Taken(owner))
    }

    fn sign(&mut self, holder: Holder) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(serde_json::to_string(&holder)?.as_bytes())
    }

    /// The folder.
    pub fn data(&self) -> &Path {
        &self.data
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(HOLDER_BYTES).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The refusal that names who holds the folder.
pub(crate) fn refusal(data: &Path, holder: Option<Holder>) -> Failure {
    let who = holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
    Failure::new(
        Kind::TryAgain,
        format_args!("{who} holds {}: stop it first, or name another folder with --data", data.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemClock;

    #[tokio::test]
    async fn a_second_serve_is_refused_at_once_and_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Owner::take(folder.path(), Role::Serve, Duration::ZERO, &SystemClock).await.unwrap();
        let begun = std::time::Instant::now();
        let refused = Owner::take(folder.path(), Role::Serve, Duration::from_secs(30), &SystemClock).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(refused.kind, Kind::TryAgain);
        assert!(refused.message.contains(&format!("process {}", std::process::id())), "{}", refused.message);
        drop(first);
        Owner::take(folder.path(), Role::Serve, Duration::ZERO, &SystemClock).await.unwrap();
    }

    #[tokio::test]
    async fn a_short_command_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let command = Owner::take(folder.path(), Role::Command, Duration::ZERO, &SystemClock).await.unwrap();
        let path = folder.path().to_path_buf();
        let waiting = tokio::spawn(async move {
            Owner::take(&path, Role::Serve, Duration::from_secs(30), &SystemClock).await.map(|_| ())
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        drop(command);
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_lock_file_left_behind_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(LOCK_FILE), "{\"pid\":1,\"role\":\"serve\"").unwrap();
        Owner::take(folder.path(), Role::Serve, Duration::ZERO, &SystemClock).await.unwrap();
    }

    #[tokio::test]
    async fn a_missing_folder_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let failure =
            Owner::take(&folder.path().join("none"), Role::Command, Duration::ZERO, &SystemClock).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Configuration);
        assert!(failure.message.contains("doorward init"));
    }
}
