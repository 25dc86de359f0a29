//! Documents that must keep up with the code: the map of the crates, the routes, the fuzz targets,
//! and links between pages.

use std::collections::BTreeSet;

use super::source::{Kind, tokens, without_tests};
use super::{Finding, Tree};

const MAP: &str = "ARCHITECTURE.md";
/// Lines of the map: longer, and nobody reads it.
const MAP_LINES: usize = 150;
/// Where routes are told.
const GUIDE: &str = "docs/guide/";
const FUZZ_TARGETS: &str = "fuzz/fuzz_targets/";
const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    [map(tree), routes(tree), fuzz_targets(tree), links(tree)].into_iter().flatten().collect()
}

fn map(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(MAP) else {
        return vec![Finding::must("map", MAP, 1, "is missing: write the map of the crates")];
    };
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > MAP_LINES {
        let advice = format!("{lines} lines are no map (at most {MAP_LINES}): move detail to the modules it is about");
        findings.push(Finding::must("map", MAP, MAP_LINES, advice));
    }
    let manifests = tree.files("crates/", "/Cargo.toml").map(|(path, _)| path);
    for name in manifests.filter_map(|path| path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")) {
        if !text.contains(&format!("`{name}`")) && !text.contains(&format!("{name}/")) {
            findings.push(Finding::must("map", MAP, 1, format!("does not name the crate {name}: add it")));
        }
    }
    for (line, after) in occurrences(text, "crates/") {
        let name: String =
            after.chars().take_while(|next| next.is_ascii_alphanumeric() || "_-".contains(*next)).collect();
        if !name.is_empty() && !tree.holds(&format!("crates/{name}")) {
            findings.push(Finding::must("map", MAP, line, format!("names crates/{name}, which is not there")));
        }
    }
    findings
}

/// Every place where `wanted` stands: its line, and what follows on it.
fn occurrences<'t>(text: &'t str, wanted: &str) -> Vec<(usize, &'t str)> {
    let lines = text.lines().zip(1..);
    lines
        .flat_map(|(line, number)| line.match_indices(wanted).map(move |(at, _)| (number, line, at)))
        .filter_map(|(number, line, at)| Some((number, line.get(at + wanted.len()..)?)))
        .collect()
}

/// The first text after `route(` or `.nest(` is a path that strangers may ask for.
fn routes(tree: &Tree) -> Vec<Finding> {
    let told = |route: &str| {
        let pages = tree.files(GUIDE, ".md").chain(tree.files("docs/", ".json"));
        { pages }.any(|(_, text)| text.contains(route))
    };
    let mut findings = Vec::new();
    for (path, text) in tree.files("crates/web/src/", ".rs") {
        for three in without_tests(&tokens(text)).windows(3) {
            let [call, open, first] = three else { continue };
            let Kind::Text(route) = &first.kind else { continue };
            if call.word() == Some("route") && open.is('(') && !told(route) {
                let advice = format!("no page of {GUIDE} tells of {route}: write what it is for");
                findings.push(Finding::must("routes", path, first.line, advice));
            }
        }
    }
    findings
}

fn fuzz_targets(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.text(FUZZ_MANIFEST).unwrap_or_default();
    let files = tree.files(FUZZ_TARGETS, ".rs").filter_map(|(path, _)| path.strip_prefix("fuzz/"));
    let there: BTreeSet<&str> = files.collect();
    let table: toml::Table = manifest.parse().unwrap_or_default();
    let bins = table.get("bin").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let listed: BTreeSet<&str> = bins.iter().filter_map(|bin| bin.get("path")?.as_str()).collect();
    let unlisted = there.difference(&listed).map(|path| format!("lists no [[bin]] for {path}: add it"));
    let gone = listed.difference(&there).map(|path| format!("lists {path}, which is not there"));
    unlisted.chain(gone).map(|advice| Finding::must("fuzz-targets", FUZZ_MANIFEST, 1, advice)).collect()
}

/// Links to other files of the tree lead somewhere.
fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files("", ".md") {
        for (line, after) in occurrences(text, "](") {
            let Some((target, _)) = after.split_once(')') else { continue };
            let target = target.split(['#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains(':') || tree.holds(&resolve(path, target)) {
                continue;
            }
            findings.push(Finding::must("links", path, line, format!("leads to {target}, which is not there")));
        }
    }
    findings
}

/// A link's target, seen from the root.
fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).into_iter().map(|finding| format!("{}:{}", finding.check, finding.line)).collect()
    }

    #[test]
    fn the_map_names_what_is_there_and_nothing_else() {
        let kernel = ("crates/kernel/Cargo.toml", "");
        assert_eq!(found(&[kernel]), ["map:1"], "no map");
        assert_eq!(found(&[kernel, (MAP, "nothing")]), ["map:1"], "unnamed");
        assert_eq!(found(&[kernel, (MAP, "`kernel`")]), [""; 0]);
        assert_eq!(found(&[kernel, (MAP, "crates/\n  kernel/\n\nsee crates/gone/src")]), ["map:4"], "gone");
        assert_eq!(found(&[(MAP, &"line\n".repeat(151))]), ["map:150"], "too long");
    }

    #[test]
    fn every_route_is_told() {
        let router = ("crates/web/src/router.rs", "fn r() {\n r.route(\"/health/live\", get(live)) }");
        assert_eq!(found(&[(MAP, ""), router]), ["routes:2"]);
        assert_eq!(found(&[(MAP, ""), router, ("docs/guide/watching.md", "`GET /health/live`")]), [""; 0]);
    }

    #[test]
    fn the_fuzz_manifest_lists_the_targets() {
        let (target, map) = (("fuzz/fuzz_targets/mail.rs", ""), (MAP, ""));
        assert_eq!(found(&[map, target]), ["fuzz-targets:1"]);
        let manifest = (FUZZ_MANIFEST, "[[bin]]\nname = \"mail\"\npath = \"fuzz_targets/mail.rs\"");
        assert_eq!(found(&[map, target, manifest]), [""; 0]);
        assert_eq!(found(&[map, manifest]), ["fuzz-targets:1"]);
    }

    #[test]
    fn links_lead_somewhere() {
        let page =
            ("docs/guide/start.md", "[a](../decisions/0001.md#x) [b](https://example.com) [c](#d)\n[e](gone.md)");
        assert_eq!(found(&[(MAP, ""), page, ("docs/decisions/0001.md", "")]), ["links:2"]);
    }
}
