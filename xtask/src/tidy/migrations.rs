//! Migrations are paired by name for both engines and numbered without gaps.

use std::collections::BTreeSet;

use super::{Finding, Tree};

const FOLDER: &str = "crates/db/src/migrations/";
const ENGINES: [(&str, &str); 2] = [("sqlite", "postgres"), ("postgres", "sqlite")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (engine, other) in ENGINES {
        let (folder, counterpart) = (format!("{FOLDER}{engine}/"), format!("{FOLDER}{other}/"));
        let names: BTreeSet<&str> =
            tree.files(&folder, ".sql").filter_map(|(path, _)| path.strip_prefix(&folder)).collect();
        for (name, wanted) in names.iter().zip(1_u32..) {
            let path = format!("{folder}{name}");
            if !tree.holds(&format!("{counterpart}{name}")) {
                let advice = format!("has no counterpart {counterpart}{name}: write it, even if it does nothing there");
                findings.push(Finding::must("migrations", &path, 1, advice));
            }
            if !name.starts_with(&format!("{wanted:04}_")) {
                let advice =
                    format!("stands where {wanted:04}_… is due: number migrations 0001_name.sql on, without gaps");
                findings.push(Finding::must("migrations", &path, 1, advice));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> usize {
        let paths: Vec<String> = names.iter().map(|name| format!("{FOLDER}{name}")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        check(&Tree::of(&files)).len()
    }

    #[test]
    fn every_migration_has_its_counterpart_and_its_number() {
        assert_eq!(found(&["sqlite/0001_a.sql", "postgres/0001_a.sql"]), 0);
        assert_eq!(found(&["sqlite/0001_a.sql"]), 1, "alone");
        assert_eq!(found(&["sqlite/0001_a.sql", "postgres/0001_b.sql"]), 2, "named differently");
        assert_eq!(found(&["sqlite/0002_a.sql", "postgres/0002_a.sql"]), 2, "a gap");
    }
}
