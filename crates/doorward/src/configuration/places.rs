//! Where things lie by default, and what a path really means once links are followed.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::layers::{Lookup, variable};
use crate::exit::{Failure, Kind};

/// The longest file name that common file systems take, in bytes, less a suffix.
const NAME_BYTES: usize = 200;

/// `$XDG_DATA_HOME/doorward`, or the same under the home folder (XDG base directories 0.8).
pub(super) fn default_data(environment: Lookup<'_>) -> Result<PathBuf, Failure> {
    base(environment, "XDG_DATA_HOME", ".local/share")?.ok_or_else(|| {
        Failure::new(Kind::Configuration, "HOME is not set: name the data folder with --data or DOORWARD_DATA")
    })
}

/// The root key of a data folder: in the user's configuration folder, named after the folder, so
/// that two instances never share one by accident. `None` without a home folder.
pub(super) fn default_root_key(environment: Lookup<'_>, data: &Path) -> Result<Option<PathBuf>, Failure> {
    let Some(folder) = base(environment, "XDG_CONFIG_HOME", ".config")? else { return Ok(None) };
    let name = instance_name(data);
    if name.len() > NAME_BYTES {
        return Err(Failure::new(
            Kind::Configuration,
            "the data folder's path is too long for a name: name the root key with --root-key-file or DOORWARD_ROOT_KEY_FILE",
        ));
    }
    Ok(Some(folder.join(format!("{name}.key"))))
}

/// The program's folder under one of the user's base folders; `None` when there is none.
fn base(environment: Lookup<'_>, xdg: &str, under_home: &str) -> Result<Option<PathBuf>, Failure> {
    let absolute = |name: &str| -> Result<Option<PathBuf>, Failure> {
        Ok(variable(environment, name)?.map(PathBuf::from).filter(|path| path.is_absolute()))
    };
    let folder = match absolute(xdg)? {
        Some(folder) => Some(folder),
        None => absolute("HOME")?.map(|home| home.join(under_home)),
    };
    Ok(folder.map(|folder| folder.join("doorward")))
}

/// The path as one file name, a different one for every path: `/var/lib/doorward` is
/// `var-lib-doorward`; what is not a letter, digit, dot or underscore becomes `%XX`.
fn instance_name(data: &Path) -> String {
    use std::fmt::Write as _;
    let mut name = String::new();
    for byte in data.as_os_str().as_encoded_bytes().iter().skip(1) {
        match byte {
            b'/' => name.push('-'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' => name.push(char::from(*byte)),
            other => {
                let _ = write!(name, "%{other:02X}");
            }
        }
    }
    name
}

/// The absolute path with links followed as far as the path exists, so that "inside" can be
/// asked. What does not exist yet is taken by its words.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut resolved = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            other => {
                resolved.push(<Component<'_> as AsRef<OsStr>>::as_ref(&other));
                if let Ok(real) = resolved.canonicalize() {
                    resolved = real;
                }
            }
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_never_share_a_key_name() {
        let names: Vec<_> = ["/a/b", "/a-b", "/a%2Db", "/a/b.", "/ä"].map(|path| instance_name(Path::new(path))).into();
        assert_eq!(names, ["a-b", "a%2Db", "a%252Db", "a-b.", "%C3%A4"]);
    }

    #[test]
    fn a_link_is_followed_even_when_the_end_does_not_exist_yet() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
        assert_eq!(resolve(&folder.path().join("link/new/x")), real.join("new/x"));
        assert_eq!(resolve(&folder.path().join("link/../new")), real.parent().unwrap().join("new"));
    }
}
