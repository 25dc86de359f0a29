//! Files and functions that have grown beyond one subject, and files that do not say theirs.

use super::source::{Kind, Token, tokens, without_tests};
use super::{Finding, Tree};

/// Lines above which a file is named.
const FILE_ADVICE: usize = 400;
/// Lines above which a file is refused.
const FILE_LIMIT: usize = 800;
/// Lines above which a function is named.
const FUNCTION_ADVICE: usize = 70;
/// Lines above which a function is refused.
const FUNCTION_LIMIT: usize = 140;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files("", ".rs") {
        findings.extend(file(path, text));
        findings.extend(functions(path, text));
        if path.contains("/src/")
            && !path.contains("/tests/")
            && !path.ends_with("/tests.rs")
            && !text.trim_start().starts_with("//!")
        {
            let advice = "says not what it is for: begin it with two or three lines of //!";
            findings.push(Finding::must("module-head", path, 1, advice));
        }
    }
    findings
}

fn file(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    if lines > FILE_LIMIT {
        let advice = format!("{lines} lines are two subjects (at most {FILE_LIMIT}): split the file by behaviour");
        return Some(Finding::must("file-size", path, 1, advice));
    }
    let advice = format!("{lines} lines, and files have about {FILE_ADVICE}");
    (lines > FILE_ADVICE).then(|| Finding::should("file-size", path, 1, advice))
}

fn functions(path: &str, text: &str) -> Vec<Finding> {
    if path.contains("tests/") || path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let product = without_tests(&tokens(text));
    let mut findings = Vec::new();
    for (index, pair) in product.windows(2).enumerate() {
        let [Token { line, kind: Kind::Word(keyword) }, name] = pair else { continue };
        let (true, Some(name)) = (keyword == "fn", name.word()) else { continue };
        let Some(end) = end_of_body(product.get(index..).unwrap_or_default()) else { continue };
        let lines = end - line + 1;
        let advice =
            format!("{name} has {lines} lines, and functions have about {FUNCTION_ADVICE}: give its parts names");
        if lines > FUNCTION_LIMIT {
            findings.push(Finding::must("function-length", path, *line, advice));
        } else if lines > FUNCTION_ADVICE {
            findings.push(Finding::should("function-length", path, *line, advice));
        }
    }
    findings
}

/// The line of the brace that closes the function; nothing when it has no body.
fn end_of_body(tokens: &[Token]) -> Option<usize> {
    let (mut round, mut braces) = (0_usize, 0_usize);
    for token in tokens {
        match token.kind {
            Kind::Sign('(' | '[') => round += 1,
            Kind::Sign(')' | ']') => round = round.saturating_sub(1),
            Kind::Sign(';') if braces == 0 && round == 0 => return None,
            Kind::Sign('{') => braces += 1,
            Kind::Sign('}') if braces <= 1 => return Some(token.line),
            Kind::Sign('}') => braces -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Weight;

    fn found(path: &str, text: &str) -> Vec<(&'static str, Weight)> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| (finding.check, finding.weight)).collect()
    }

    #[test]
    fn a_file_is_advised_and_then_refused() {
        let lines = |count: usize| "//! A.\n".repeat(count);
        assert_eq!(found("crates/a/src/a.rs", &lines(400)), []);
        assert_eq!(found("crates/a/src/a.rs", &lines(401)), [("file-size", Weight::Should)]);
        assert_eq!(found("crates/a/src/a.rs", &lines(801)), [("file-size", Weight::Must)]);
    }

    #[test]
    fn a_function_is_measured_from_its_name_to_its_end() {
        let function = |body: usize| format!("//! A.\nfn a([x]: [u8; 1]) {{\n{}}}\n", "if b { c; }\n".repeat(body));
        assert_eq!(found("crates/a/src/a.rs", &function(68)), []);
        assert_eq!(found("crates/a/src/a.rs", &function(69)), [("function-length", Weight::Should)]);
        assert_eq!(found("crates/a/src/a.rs", &function(139)), [("function-length", Weight::Must)]);
        assert_eq!(found("tests/it/a.rs", &function(139)), []);
    }

    #[test]
    fn a_module_says_what_it_is_for() {
        assert_eq!(found("crates/a/src/a.rs", "fn a() {}"), [("module-head", Weight::Must)]);
    }
}
