//! The borders that modules of one crate do not have by themselves: between domains, between the
//! web and the database, around sealing, and around SQL.

use std::collections::BTreeSet;

use super::source::{Kind, Path, Token, paths, tokens, without_tests};
use super::{Finding, Tree};

const DOMAINS: &str = "crates/app/src/";
/// What belongs to a domain alone.
const PRIVATE: [&str; 2] = ["store", "model"];
/// The domains that seal and open personal values.
const SEALING: [&str; 3] = ["vault", "audit", "channels"];
/// Crates that speak to a database.
const DATABASE: [&str; 4] = ["db", "rusqlite", "tokio_postgres", "postgres"];

/// All border checks.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let files = |folder| tree.files(folder, ".rs").map(|(path, text)| File::read(path, text));
    let all: BTreeSet<&str> = tree.files(DOMAINS, ".rs").filter_map(|(path, _)| domain(path)).collect();
    let app: Vec<File<'_>> = files(DOMAINS).collect();
    let mut findings = Vec::new();
    for file in &app {
        findings.extend(foreign_stores(file, &all));
        findings.extend(foreign_sealing(file));
        findings.extend(foreign_sql(file, "move it to the domain's store.rs"));
        findings.extend(unregistered(file, &app));
    }
    for file in files("crates/web/src/") {
        findings.extend(foreign_sql(&file, "call the domain's public function"));
        findings.extend(named(&file, &DATABASE, "web-border", "the web speaks to domains, not to the database"));
        findings.extend(named(&file, &["envelope"], "web-border", "the web never opens a sealed value: ask the vault"));
    }
    for file in files("crates/doorward/src/") {
        findings.extend(foreign_sql(&file, "call the domain's public function"));
    }
    findings
}

/// One file, read once for all checks.
struct File<'tree> {
    path: &'tree str,
    product: Vec<Token>,
    paths: Vec<Path>,
}

impl<'tree> File<'tree> {
    fn read(path: &'tree str, text: &str) -> Self {
        let all = tokens(text);
        Self { path, product: without_tests(&all), paths: paths(&all) }
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    fn is_store(&self) -> bool {
        self.path.ends_with("/store.rs") || self.path.contains("/store/")
    }
}

/// The domain a file belongs to: the folder below `src`.
fn domain(path: &str) -> Option<&str> {
    path.strip_prefix(DOMAINS)?.split_once('/').map(|(domain, _)| domain)
}

fn foreign_stores(file: &File<'_>, domains: &BTreeSet<&str>) -> Vec<Finding> {
    let Some(own) = domain(file.path) else { return Vec::new() };
    let mut findings = Vec::new();
    for other in domains.iter().filter(|other| **other != own) {
        for private in PRIVATE {
            let named = file.paths.iter().filter(|path| path.has(&[other, private]));
            findings.extend(named.map(|path| {
                let advice = format!("{own} names {other}'s {private}: call a public function of {other} instead");
                Finding::must("domain-border", file.path, path.line, advice)
            }));
        }
    }
    findings
}

fn foreign_sealing(file: &File<'_>) -> Vec<Finding> {
    if domain(file.path).is_some_and(|own| SEALING.contains(&own)) {
        return Vec::new();
    }
    let advice = "only vault, audit and channels seal and open: ask the vault";
    named(file, &["envelope"], "sealing", advice)
}

fn named(file: &File<'_>, crates: &[&str], check: &'static str, advice: &str) -> Vec<Finding> {
    let names = |path: &&Path| {
        path.segments.len() > 1 && path.segments.first().is_some_and(|first| crates.contains(&first.as_str()))
    };
    file.paths.iter().filter(names).map(|path| Finding::must(check, file.path, path.line, advice)).collect()
}

fn foreign_sql(file: &File<'_>, advice: &str) -> Vec<Finding> {
    if file.is_store() || file.is_test() {
        return Vec::new();
    }
    let sql = file.product.iter().filter(|token| matches!(&token.kind, Kind::Text(text) if is_sql(text)));
    sql.map(|token| Finding::must("sql", file.path, token.line, format!("SQL outside a store: {advice}"))).collect()
}

fn is_sql(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().take(40).map(str::to_lowercase).collect();
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["select", ..] => has("from"),
        ["with", ..] => has("select"),
        ["insert", second, ..] => *second == "into",
        ["delete", second, ..] => *second == "from",
        ["update", _, third, ..] => *third == "set",
        ["create" | "alter" | "drop", second, ..] => ["table", "index", "unique", "view"].contains(second),
        [first, ..] => *first == "pragma",
        [] => false,
    }
}

/// Statements that no registry lists would not be prepared by the test of both engines.
fn unregistered(file: &File<'_>, app: &[File<'_>]) -> Option<Finding> {
    let call = file
        .product
        .windows(2)
        .find(|pair| matches!(pair, [name, bang] if name.word() == Some("statements") && bang.is('!')))?;
    let module = module_name(file.path)?;
    let listed = app.iter().filter(|other| other.path != file.path).any(|other| {
        let same_domain = domain(other.path) == domain(file.path);
        other.paths.iter().any(|path| match domain(file.path) {
            Some(own) if !same_domain => path.has(&[own, module, "STATEMENTS"]),
            _ => path.has(&[module, "STATEMENTS"]),
        })
    });
    let advice = format!("no registry lists {module}::STATEMENTS: add it, so that both engines prepare them in a test");
    (!listed).then(|| Finding::must("statements", file.path, call.first().map_or(1, |token| token.line), advice))
}

fn module_name(path: &str) -> Option<&str> {
    let (folder, file) = path.rsplit_once('/')?;
    match file.strip_suffix(".rs")? {
        "mod" => folder.rsplit_once('/').map(|(_, name)| name),
        stem => Some(stem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<(&'static str, usize)> {
        check(&Tree::of(files)).into_iter().map(|finding| (finding.check, finding.line)).collect()
    }

    #[test]
    fn no_domain_names_the_store_of_another() {
        let vault = ("crates/app/src/vault/mod.rs", "mod store; use self::store::FIND; use crate::desk::close;");
        let desk = "use crate::vault::Customer;\nuse crate::{vault::{store::FIND}};\nfn f() { vault::model::x() }";
        assert_eq!(
            found(&[vault, ("crates/app/src/desk/close.rs", desk)]),
            [("domain-border", 2), ("domain-border", 3)]
        );
    }

    #[test]
    fn sealing_stays_with_those_who_may() {
        let source = "use envelope::Dek;";
        assert_eq!(found(&[("crates/app/src/desk/note.rs", source)]), [("sealing", 1)]);
        assert_eq!(found(&[("crates/app/src/vault/seal.rs", source)]), []);
        assert_eq!(found(&[("crates/web/src/lib.rs", source)]), [("web-border", 1)]);
    }

    #[test]
    fn sql_stands_in_stores() {
        let source = "fn f() {}\nconst A: &str = \"SELECT a\n FROM b\";";
        assert_eq!(found(&[("crates/app/src/desk/list.rs", source)]), [("sql", 2)]);
        assert_eq!(found(&[("crates/web/src/desk.rs", source)]), [("sql", 2)]);
        assert_eq!(found(&[("crates/app/src/desk/store.rs", source)]), []);
        let prose = "const A: &str = \"select a file\"; #[cfg(test)] mod tests { const A: &str = \"delete from x\"; }";
        assert_eq!(found(&[("crates/app/src/desk/list.rs", prose)]), []);
    }

    #[test]
    fn every_store_is_registered() {
        let store = ("crates/app/src/desk/store.rs", "db::statements! { \"desk\"; A = \"SELECT 1\"; }");
        assert_eq!(found(&[store]), [("statements", 1)]);
        assert_eq!(found(&[store, ("crates/app/src/lib.rs", "use vault::store::STATEMENTS;")]), [("statements", 1)]);
        assert_eq!(found(&[store, ("crates/app/src/lib.rs", "fn f() { desk::store::STATEMENTS }")]), []);
        assert_eq!(found(&[store, ("crates/app/src/desk/mod.rs", "pub use store::STATEMENTS;")]), []);
    }
}
