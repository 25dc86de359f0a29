//! What the tests need beside Rust: PostgreSQL, Dovecot, a mail server that is not ours, and a C++
//! compiler (for the fuzzer). Root gets them from Debian; anybody else is told what to type.

use std::path::{Path, PathBuf};

use crate::programs::{output, program, run, works};

const OLDEST_POSTGRESQL: u32 = 15;

/// Makes sure that everything is there.
pub(crate) fn provide() -> Result<(), String> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    let packages = packages.join(" ");
    let is_root = output(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !works(program("apt-get").arg("--version")) {
        return Err(format!(
            "something is not installed; type: sudo apt-get update && sudo apt-get install -y {packages}"
        ));
    }
    println!("installing {packages}");
    run(apt_get().arg("update"))?;
    run(apt_get().args(["install", "-y", "--no-install-recommends"]).args(packages.split(' ')))?;
    let still = missing();
    if still.is_empty() { Ok(()) } else { Err(format!("still missing after the installation: {}", still.join(" "))) }
}

fn apt_get() -> std::process::Command {
    let mut command = program("apt-get");
    // Another installation may hold the lock for a while on a machine that has just started.
    command.args(["-qq", "-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The Debian packages that would bring what is not there.
fn missing() -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !has_postgresql(std::env::var_os("DOORWARD_PG_BIN").map(PathBuf::from), Path::new("/usr/lib/postgresql")) {
        packages.push("postgresql");
    }
    // Debian's own interpreter, for which the package is made.
    if !works(program("/usr/bin/python3").args(["-c", "import aiosmtpd"])) {
        packages.push("python3-aiosmtpd");
    }
    if !has_dovecot(std::env::var_os("DOORWARD_DOVECOT").map(PathBuf::from)) {
        packages.push("dovecot-imapd");
    }
    if !works(program("c++").arg("--version")) {
        packages.push("build-essential");
    }
    packages
}

/// Looks where the tests look; they say more when one run by hand finds nothing.
fn has_postgresql(chosen: Option<PathBuf>, versions: &Path) -> bool {
    if let Some(chosen) = chosen {
        return chosen.join("initdb").is_file();
    }
    let majors = std::fs::read_dir(versions).into_iter().flatten().flatten();
    let packaged = majors.filter(|major| major.path().join("bin/initdb").is_file());
    let new_enough = |major: &str| major.parse::<u32>().is_ok_and(|major| major >= OLDEST_POSTGRESQL);
    { packaged }.any(|major| major.file_name().to_str().is_some_and(new_enough))
        || works(program("initdb").arg("--version"))
}

fn has_dovecot(chosen: Option<PathBuf>) -> bool {
    if let Some(chosen) = chosen {
        return chosen.is_file();
    }
    // Where Debian lays it; it is in no user's PATH.
    works(program("/usr/sbin/dovecot").arg("--version")) && Path::new("/usr/lib/dovecot/imap").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_chosen_and_holds_nothing_counts_as_missing() {
        assert!(!has_postgresql(Some(PathBuf::from("/nonexistent")), Path::new("/usr/lib/postgresql")));
        assert!(!has_dovecot(Some(PathBuf::from("/nonexistent"))));
    }
}
