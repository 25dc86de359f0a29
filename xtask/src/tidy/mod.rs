//! `cargo xtask tidy`: what the compiler and clippy cannot check. It reads files, changes none.

mod borders;
mod dependencies;
mod documents;
mod exceptions;
mod migrations;
mod sizes;
mod source;
mod tree;
mod words;

use std::fmt;

use exceptions::Exceptions;
use tree::Tree;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Ends the run with a failure.
    Must,
    /// Is told, and that is all.
    Should,
}

/// One thing to put in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    weight: Weight,
    /// The check's name, as exceptions use it.
    check: &'static str,
    /// What it is and what to do.
    advice: String,
}

impl Finding {
    fn must(check: &'static str, path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, weight: Weight::Must, check, advice: advice.into() }
    }

    fn should(check: &'static str, path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { weight: Weight::Should, ..Self::must(check, path, line, advice) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = if self.weight == Weight::Must { "" } else { "advice: " };
        write!(f, "{}:{}: {weight}{} [{}]", self.path, self.line, self.advice, self.check)
    }
}

/// Runs every check over the workspace.
pub(crate) fn run() -> Result<(), String> {
    let tree = Tree::read(&crate::programs::root())?;
    let mut findings = check(&tree)?;
    findings.extend(dependencies::check(&tree)?);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let broken = findings.iter().filter(|finding| finding.weight == Weight::Must).count();
    if broken == 0 { Ok(()) } else { Err(format!("{broken} to put in order")) }
}

/// The checks that look at files alone.
fn check(tree: &Tree) -> Result<Vec<Finding>, String> {
    let checks =
        [borders::check, sizes::check, migrations::check, documents::check, words::check].map(|check| check(tree));
    Exceptions::parse(tree.text(exceptions::FILE).unwrap_or_default())
        .map(|exceptions| exceptions.apply(checks.into_iter().flatten().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_lets_its_finding_pass_and_no_other() {
        let files = [
            ("crates/app/src/desk/state.rs", "//! States.\nuse crate::vault::store::FIND;"),
            ("crates/app/src/vault/mod.rs", "//! The vault.\nuse crate::desk::store::FIND;"),
            (
                "xtask/tidy-exceptions.toml",
                "[[exception]]\ncheck = \"domain-border\"\npath = \"crates/app/src/desk/state.rs\"\nreason = \"until the vault has a face for it\"",
            ),
        ];
        let left = check(&Tree::of(&files)).expect("a list");
        let left: Vec<_> = left.iter().filter(|finding| finding.check == "domain-border").collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].path, "crates/app/src/vault/mod.rs");
    }

    #[test]
    fn a_finding_is_one_line_with_its_place() {
        let finding = Finding::should("file-size", "a.rs", 3, "split it");
        assert_eq!(finding.to_string(), "a.rs:3: advice: split it [file-size]");
    }
}
