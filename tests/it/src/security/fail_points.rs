//! Every place where the product can be made to die is one where a test makes it die.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What stands in the sources before the name of a place.
const PASSES: &str = "fail_point::pass(";

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// What a text holds between quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('"').skip(1).step_by(2))
}

/// Whether a text is shaped as the names of these places are: `crate.place`.
fn is_name(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.contains('.') && text.split('.').all(is_word)
}

/// The places that a file passes. One that hands names on instead of writing them there is taken to
/// pass every name that it holds.
fn passed(text: &str) -> BTreeSet<&str> {
    let calls: Vec<&str> = text.split(PASSES).skip(1).collect();
    if calls.iter().all(|call| call.starts_with('"')) {
        calls.iter().filter_map(|call| quoted(call).next()).collect()
    } else {
        quoted(text).filter(|text| is_name(text)).collect()
    }
}

#[test]
fn a_test_dies_at_every_fail_point() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut product, mut tests) = (Vec::new(), Vec::new());
    for folder in ["crates", "tests"] {
        for path in sources(&home.join(folder)) {
            // What stands here arms nothing.
            if path.ends_with("security/fail_points.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let is_test = path.strip_prefix(&home).unwrap().components().any(|part| part.as_os_str() == "tests");
            if is_test { &mut tests } else { &mut product }.push(text);
        }
    }
    let passed: BTreeSet<&str> = product.iter().flat_map(|text| passed(text)).collect();
    let armed: BTreeSet<&str> = tests
        .iter()
        .flat_map(|text| quoted(text))
        .map(|text| text.split(':').next().unwrap_or_default())
        .filter(|text| is_name(text))
        .collect();
    // If the search broke, it would find nothing and all would seem well.
    for known in ["db.commit.before", "envelope.keyring.fsync", "envelope.erasure.write", "identity.keys_made"] {
        assert!(passed.contains(known), "{known} is not found");
    }
    let unarmed: Vec<_> = passed.difference(&armed).collect();
    assert!(unarmed.is_empty(), "no test dies at {unarmed:?}");
}
