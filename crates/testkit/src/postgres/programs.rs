//! Finds the programs of PostgreSQL, and the unprivileged user to run them as. Starts nothing but
//! `postgres --version`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::OLDEST_MAJOR_VERSION;

/// Where to look.
pub(super) struct Places {
    /// The folder named by `DOORWARD_PG_BIN`: when set, nothing else is looked at.
    pub(super) chosen: Option<PathBuf>,
    /// A folder with one folder per major version, as Debian lays them out.
    pub(super) versions: PathBuf,
    /// The folders of `PATH`.
    pub(super) path: Vec<PathBuf>,
}

impl Places {
    pub(super) fn of_this_machine() -> Self {
        Self {
            chosen: std::env::var_os("DOORWARD_PG_BIN").map(PathBuf::from),
            versions: PathBuf::from("/usr/lib/postgresql"),
            path: std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
        }
    }
}

/// The folder with the newest `initdb` and `postgres`.
pub(super) fn find(places: &Places) -> Option<PathBuf> {
    if let Some(chosen) = &places.chosen {
        return version(chosen).is_some().then(|| chosen.clone());
    }
    let debian = std::fs::read_dir(&places.versions).into_iter().flatten().flatten();
    let folders = debian.map(|version| version.path().join("bin")).chain(places.path.iter().cloned());
    folders.filter_map(|folder| Some((version(&folder)?, folder))).max_by_key(|(major, _)| *major).map(|found| found.1)
}

fn version(folder: &Path) -> Option<u32> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    let told = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&told.stdout)).filter(|major| *major >= OLDEST_MAJOR_VERSION)
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `postgres (PostgreSQL) 19beta1`.
fn major(told: &str) -> Option<u32> {
    let number = told.split_once("(PostgreSQL) ")?.1;
    number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// Whom root runs the server as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The user `postgres`, else `nobody`, of a file in the form of passwd(5).
pub(super) fn unprivileged_user(passwd: &str) -> Option<User> {
    ["postgres", "nobody"].iter().find_map(|name| {
        let mut fields = passwd.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.split(':').skip(1);
        Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_any_build() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("sh: not found"), None);
    }

    #[test]
    fn a_machine_without_postgresql_gives_nothing() {
        let empty = tempfile::tempdir().expect("a folder");
        let places = |chosen| Places { chosen, versions: empty.path().into(), path: vec![empty.path().into()] };
        assert_eq!(find(&places(None)), None);
        assert_eq!(find(&places(Some(empty.path().into()))), None);
    }

    #[test]
    fn the_server_runs_as_postgres_or_else_as_nobody() {
        let both =
            "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        assert_eq!(unprivileged_user(both), Some(User { uid: 101, gid: 104 }));
        assert_eq!(unprivileged_user("nobody:x:65534:65533::/:/x"), Some(User { uid: 65534, gid: 65533 }));
        assert_eq!(unprivileged_user("root:x:0:0::/root:/bin/sh"), None);
    }
}
