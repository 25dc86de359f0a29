//! What is linked: no banned crate, no licence that deny.toml does not allow, nothing that does
//! not come from crates.io. The lists stand in deny.toml alone, where cargo-deny reads them too.

use std::collections::BTreeSet;

use super::{Finding, Tree};
use crate::programs::{cargo, output};

const LISTS: &str = "deny.toml";
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>, String> {
    let lists = Lists::parse(tree.text(LISTS).ok_or("deny.toml is missing")?)?;
    let linked = output(&mut cargo(&[
        "tree",
        "--workspace",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}",
    ]))?;
    let mut findings = lists.judge(&linked);
    findings.extend(sources(tree));
    Ok(findings)
}

/// The two lists of deny.toml that are used here.
struct Lists {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Lists {
    fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error| format!("{LISTS} cannot be read: {error}"))?;
        let list = |section: &str, name: &str| table.get(section)?.get(name)?.as_array().cloned();
        let licences = list("licenses", "allow").ok_or("deny.toml has no list licenses.allow")?;
        let banned = list("bans", "deny").ok_or("deny.toml has no list bans.deny")?;
        let names = |entries: Vec<toml::Value>| {
            let name = |entry: &toml::Value| entry.get("crate").or(Some(entry))?.as_str().map(str::to_owned);
            entries.iter().filter_map(name).collect()
        };
        Ok(Self { licences: names(licences), banned: names(banned) })
    }

    /// Judges lines of the form `name v1.2.3 (where from)|licence`.
    fn judge(&self, linked: &str) -> Vec<Finding> {
        let lines: BTreeSet<&str> = linked.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        let mut findings = Vec::new();
        for (package, licence) in lines.iter().filter_map(|line| line.split_once('|')) {
            let licence = licence.trim_end_matches(" (*)");
            let name = package.split(' ').next().unwrap_or_default();
            if self.banned.contains(name) {
                let advice = format!("{name} is banned and linked; see who wants it: cargo tree --workspace -i {name}");
                findings.push(Finding::must("bans", LISTS, 1, advice));
            }
            if !allowed(licence, &|licence| self.licences.contains(licence)) {
                let advice =
                    format!("{package} has the licence \"{licence}\", which is not allowed: replace it, or allow it");
                findings.push(Finding::must("licences", LISTS, 1, advice));
            }
        }
        findings
    }
}

/// Whether an SPDX expression can be met. `/` is the old way to write OR; WITH only adds freedom.
fn allowed(expression: &str, known: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any_of(&words, known);
    met && rest.is_empty()
}

fn any_of<'w>(words: &'w [&'w str], known: &dyn Fn(&str) -> bool) -> (bool, &'w [&'w str]) {
    let (mut met, mut rest) = all_of(words, known);
    while let ["OR", after @ ..] = rest {
        let (other, further) = all_of(after, known);
        (met, rest) = (met || other, further);
    }
    (met, rest)
}

fn all_of<'w>(words: &'w [&'w str], known: &dyn Fn(&str) -> bool) -> (bool, &'w [&'w str]) {
    let (mut met, mut rest) = one(words, known);
    while let ["AND", after @ ..] = rest {
        let (other, further) = one(after, known);
        (met, rest) = (met && other, further);
    }
    (met, rest)
}

fn one<'w>(words: &'w [&'w str], known: &dyn Fn(&str) -> bool) -> (bool, &'w [&'w str]) {
    match words {
        ["(", inside @ ..] => {
            let (met, rest) = any_of(inside, known);
            rest.split_first().filter(|(end, _)| **end == ")").map_or((false, rest), |(_, rest)| (met, rest))
        }
        [licence, rest @ ..] => {
            let plain = if let ["WITH", _, after @ ..] = rest { after } else { rest };
            (known(licence), plain)
        }
        [] => (false, &[]),
    }
}

fn sources(tree: &Tree) -> Vec<Finding> {
    let locks =
        tree.files("", "Cargo.lock").flat_map(|(path, text)| text.lines().zip(1..).map(move |line| (path, line)));
    let foreign = locks.filter_map(|(path, (line, number))| {
        let source = line.strip_prefix("source = \"")?.strip_suffix('"')?;
        (source != SOURCE)
            .then(|| Finding::must("sources", path, number, format!("comes from {source}: crates.io only")))
    });
    foreign.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        Lists::parse(
            "[licenses]\nallow = [\"MIT\", \"Unicode-3.0\"]\n[bans]\ndeny = [{ crate = \"ring\" }, \"openssl\"]",
        )
        .expect("lists")
    }

    #[test]
    fn a_licence_must_be_meetable() {
        let met = |expression: &str| allowed(expression, &|licence| lists().licences.contains(licence));
        assert!(met("MIT") && met("MIT OR GPL-3.0") && met("GPL-3.0/MIT") && met("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(met("MIT WITH LLVM-exception"));
        for expression in ["", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR MIT) AND ISC", "MIT GPL-3.0", "(MIT"] {
            assert!(!met(expression), "{expression}");
        }
    }

    #[test]
    fn what_is_linked_is_judged() {
        let linked = "kernel v0.1.0 (/x)|MIT\nring v0.17.0|MIT\nring v0.17.0|MIT (*)\nother v1.0.0|GPL-3.0\n";
        let found: Vec<_> = lists().judge(linked).into_iter().map(|finding| finding.check).collect();
        assert_eq!(found, ["licences", "bans"]);
    }

    #[test]
    fn a_crate_from_elsewhere_is_found() {
        let lock = "name = \"a\"\nsource = \"git+https://example.com/a\"\n";
        assert_eq!(sources(&Tree::of(&[("Cargo.lock", lock)])).len(), 1);
        assert_eq!(sources(&Tree::of(&[("Cargo.lock", &format!("source = \"{SOURCE}\""))])).len(), 0);
    }
}
