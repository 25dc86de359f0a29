//! Names that say nothing, and tests that are switched off.

use super::source::{Token, tokens};
use super::{Finding, Tree};

/// What a file is called when nobody knows what it is for.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "misc", "manager"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let named = tree.paths().filter_map(|path| {
        let parts = path.split(['/', '.', '_', '-']);
        let empty = { parts }.find(|part| EMPTY_NAMES.contains(&part.to_lowercase().as_str()))?;
        Some(Finding::must("names", path, 1, format!("\"{empty}\" says nothing: name it after what it does")))
    });
    let ignored = tree.files("", ".rs").flat_map(|(path, text)| {
        let tokens = tokens(text);
        let lines: Vec<usize> = tokens.windows(3).filter_map(switched_off).collect();
        let advice = "a test is switched off: mend it or remove it";
        lines.into_iter().map(move |line| Finding::must("tests", path, line, advice))
    });
    named.chain(ignored).collect()
}

/// The line of an attribute that switches a test off.
fn switched_off(tokens: &[Token]) -> Option<usize> {
    let [hash, open, name] = tokens else { return None };
    (hash.is('#') && open.is('[') && name.word() == Some("ignore")).then_some(hash.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_and_sleeping_tests_are_found() {
        let files = [
            ("crates/app/src/mail_utils.rs", ""),
            ("crates/app/src/commons.rs", "// #[ignore]"),
            ("tests/it/src/a.rs", "\n#[ignore = \"slow\"]\nfn a() {}"),
        ];
        let found: Vec<_> = check(&Tree::of(&files)).into_iter().map(|finding| (finding.path, finding.line)).collect();
        assert_eq!(found, [("crates/app/src/mail_utils.rs".to_owned(), 1), ("tests/it/src/a.rs".to_owned(), 2)]);
    }
}
