//! `doorward doctor`: what is weak in a deployment and how to mend it.
//!
//! Looks at what needs no open folder itself, and asks the owner about the rest. Changes nothing.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use kernel::{Clock, Timestamp};

use super::Context;
use crate::configuration::{RootKey, Settings};
use crate::exit::{Failure, Kind};
use crate::operations::{Finding, Findings, Operation, Weight};
use crate::output::Output;

/// Below this many free bytes the disk is soon full: mail is then refused for the time being.
const LITTLE_SPACE: u64 = 1024 * 1024 * 1024;
/// Below this many it is time to look.
const SOME_SPACE: u64 = 5 * LITTLE_SPACE;
/// No clock of a machine that runs this stands before 2026-01-01T00:00:00Z.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_767_225_600);
/// How far the newest file may lie ahead of the clock: file systems round.
const CLOCK_SLACK: Duration = Duration::from_secs(2);
/// Files of the data folder whose time is compared with the clock.
const FILES_LOOKED_AT: usize = 10_000;

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let mut findings = look(&context.settings, context.clock.as_ref())?;
    match context.ask::<Findings>(Operation::Doctor).await {
        Ok(inside) => {
            // A server tells where it really listens, whatever is configured here.
            if inside.findings.iter().any(Finding::is_of_entry) {
                findings.retain(|finding| !finding.is_of_entry());
            }
            findings.extend(inside.findings);
        }
        Err(failure) => findings.push(Finding::bad("data folder", &failure, "mend this first, then ask again")),
    }
    let worst = findings.iter().map(|finding| finding.weight).max().unwrap_or(Weight::Ok);
    context.output.answer(&Findings { findings }, print_findings)?;
    if worst == Weight::Bad {
        return Err(Failure::new(Kind::CheckFailed, "something is to be mended: see above"));
    }
    Ok(())
}

fn print_findings(output: &Output, findings: &Findings) -> Result<(), Failure> {
    findings.findings.iter().try_for_each(|finding| {
        let word = match finding.weight {
            Weight::Ok => "ok  ",
            Weight::Weak => "weak",
            Weight::Bad => "BAD ",
        };
        output.line(format_args!("{word}  {}: {}", finding.what, finding.found))?;
        finding.mend.as_ref().map_or(Ok(()), |mend| output.line(format_args!("      → {mend}")))
    })
}

/// What can be told from outside.
fn look(settings: &Settings, clock: &dyn Clock) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let keys = settings.keys()?;
    if let RootKey::File(path) = &keys.root {
        findings.push(private_file("root key", path, &settings.data));
    } else {
        findings.push(Finding::ok("root key", "comes from outside this machine's files or from a passphrase"));
    }
    findings.push(private_file("keyring", &keys.keyring_file, &settings.data));
    findings.push(data_folder(&settings.data));
    findings.push(disk(&settings.data));
    findings.push(clock_finding(&settings.data, clock.now()));
    findings.push(Finding::entry(settings.listen, settings.tls_proxy));
    Ok(findings)
}

fn private_file(what: &str, path: &Path, data: &Path) -> Finding {
    let place = path.display();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::bad(
                what,
                format_args!("{place} does not exist"),
                "run doorward init, or name the right file",
            );
        }
        Err(error) => {
            return Finding::bad(what, Failure::io(format_args!("cannot look at {place}"), &error), "run as its user");
        }
    };
    if open_to_others(&metadata) {
        return Finding::bad(
            what,
            format_args!("{place} can be read by other users"),
            format_args!("chmod 600 {place}"),
        );
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Finding::weak(
            what,
            format_args!("{place} belongs to another user"),
            "let the user that serves own it alone",
        );
    }
    if path.parent().is_some() && path.parent() == data.parent() {
        return Finding::weak(
            what,
            format_args!("{place} lies beside the data folder"),
            "keep it where a copy of the data's disk or folder does not take it along",
        );
    }
    Finding::ok(what, format_args!("{place} is private and lies apart from the data"))
}

fn open_to_others(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o077 != 0
}

fn data_folder(data: &Path) -> Finding {
    let place = data.display();
    match data.metadata() {
        Ok(metadata) if open_to_others(&metadata) => Finding::weak(
            "folder",
            format_args!("{place} can be entered by other users"),
            format_args!("chmod 700 {place}"),
        ),
        Ok(_) => Finding::ok("folder", format_args!("{place} is private")),
        Err(_) => Finding::bad(
            "folder",
            format_args!("{place} cannot be looked at"),
            "run doorward init, or name it with --data",
        ),
    }
}

fn disk(data: &Path) -> Finding {
    let Ok(disk) = rustix::fs::statvfs(data) else {
        return Finding::bad("disk", "its free space cannot be told", "look whether the disk is mounted");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let found = format!("{} MB free", free / 1_000_000);
    if free < LITTLE_SPACE {
        Finding::bad("disk", found, "make room: with a full disk mail is refused until there is")
    } else if free < SOME_SPACE {
        Finding::weak("disk", found, "make room soon")
    } else {
        Finding::ok("disk", found)
    }
}

fn clock_finding(data: &Path, now: Timestamp) -> Finding {
    let mend = "set the clock, and keep it right with a time service (systemd-timesyncd, chrony)";
    if now < EARLIEST {
        return Finding::bad("clock", "stands before the year 2026", mend);
    }
    let newest = std::fs::read_dir(data)
        .into_iter()
        .flatten()
        .take(FILES_LOOKED_AT)
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|metadata| Timestamp::from_seconds(metadata.mtime()))
        .max()
        .unwrap_or(Timestamp::EPOCH);
    if newest > now.plus(CLOCK_SLACK) {
        return Finding::bad("clock", "stands before the newest file of the data folder", mend);
    }
    Finding::ok("clock", "agrees with the files")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    fn folder_with_key(mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        let key = folder.path().join("keys/root.key");
        fs::write(&key, "key").unwrap();
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        (folder, key)
    }

    #[test]
    fn a_key_that_others_can_read_is_bad_and_the_mend_is_the_command_to_type() {
        let (folder, key) = folder_with_key(0o640);
        let finding = private_file("root key", &key, &folder.path().join("data"));
        assert_eq!(finding.weight, Weight::Bad);
        assert_eq!(finding.mend, Some(format!("chmod 600 {}", key.display())));
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(private_file("root key", &key, &folder.path().join("data")).weight, Weight::Ok);
        assert_eq!(private_file("root key", &key, &folder.path().join("keys/data")).weight, Weight::Weak);
        assert_eq!(private_file("root key", Path::new("/nowhere/root.key"), folder.path()).weight, Weight::Bad);
    }

    #[test]
    fn a_clock_that_was_set_back_is_noticed() {
        let (folder, _) = folder_with_key(0o600);
        let now = kernel::SystemClock.now();
        assert_eq!(clock_finding(folder.path(), now).weight, Weight::Ok);
        assert_eq!(clock_finding(folder.path(), now.minus(Duration::from_hours(1))).weight, Weight::Bad);
        assert_eq!(clock_finding(folder.path(), Timestamp::from_seconds(1)).weight, Weight::Bad);
    }

    #[test]
    fn a_folder_that_others_may_enter_is_weak() {
        let (folder, _) = folder_with_key(0o600);
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(data_folder(folder.path()).weight, Weight::Weak);
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(data_folder(folder.path()).weight, Weight::Ok);
    }
}
