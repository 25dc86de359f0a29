//! The text files of the workspace by path, so that a check sees the same in a test.

use std::collections::BTreeMap;
use std::path::Path;

/// Folders that hold nothing of ours.
const NOT_OURS: [&str; 5] = [".git", "target", "corpus", "artifacts", "node_modules"];
/// Endings of the files that are looked at.
const ENDINGS: [&str; 5] = ["rs", "md", "toml", "sql", "lock"];
/// Depth of folders that is walked.
const DEPTH: usize = 12;

/// Paths relative to the root, with `/` between their parts, and what stands in them.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the workspace from the disk.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        tree.walk(root, "", DEPTH).map_err(|error| format!("{} cannot be read: {error}", root.display()))?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let (path, kind) = (format!("{prefix}{name}"), entry.file_type()?);
            if kind.is_dir() && depth > 0 && !NOT_OURS.contains(&name.as_str()) {
                self.walk(&entry.path(), &format!("{path}/"), depth - 1)?;
            } else if kind.is_file() && name.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end)) {
                let bytes = std::fs::read(entry.path())?;
                self.0.insert(path, String::from_utf8_lossy(&bytes).into_owned());
            } else if kind.is_file() {
                // Its name counts, its content does not.
                self.0.insert(path, String::new());
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// Every path, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The files below a folder (`a/b/`) with an ending (`.rs`).
    pub(super) fn files<'a>(&'a self, folder: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let files = self.0.iter().filter(move |(path, _)| path.starts_with(folder) && path.ends_with(ending));
        files.map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// What stands in one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Whether a file or a folder of that name is there.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.0.contains_key(path)
            || self.0.keys().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_when_a_file_lies_in_it() {
        let tree = Tree::of(&[("crates/kernel/src/lib.rs", "")]);
        assert!(tree.holds("crates/kernel") && tree.holds("crates/kernel/src/lib.rs"));
        assert!(!tree.holds("crates/ker"));
    }
}
