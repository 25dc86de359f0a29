//! The reasoned list of what may stay as it is. An exception without a reason, or one that nothing
//! needs any more, is itself a finding.

use super::Finding;

/// Where the list stands.
pub(super) const FILE: &str = "xtask/tidy-exceptions.toml";
/// A shorter reason is none.
const REASON_CHARS: usize = 15;

struct Exception {
    check: String,
    path: String,
    reason: String,
}

pub(super) struct Exceptions(Vec<Exception>);

impl Exceptions {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error| format!("{FILE} cannot be read: {error}"))?;
        let entries = table.get("exception").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let exceptions = entries.iter().map(|entry| {
            let word = |name| entry.get(name).and_then(toml::Value::as_str).map(str::to_owned);
            Some(Exception { check: word("check")?, path: word("path")?, reason: word("reason")? })
        });
        let whole: Option<Vec<_>> = exceptions.collect();
        whole.map(Self).ok_or_else(|| format!("{FILE}: every [[exception]] has check, path and reason"))
    }

    /// What is left of the findings.
    pub(super) fn apply(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let covers = |exception: &Exception, finding: &Finding| {
            exception.check == finding.check && exception.path == finding.path
        };
        let mut left = Vec::new();
        for exception in &self.0 {
            let name = format!("the exception for {} ({})", exception.path, exception.check);
            if exception.reason.chars().count() < REASON_CHARS {
                left.push(Finding::must("exceptions", FILE, 1, format!("{name} has no reason: say why it may stay")));
            }
            if !findings.iter().any(|finding| covers(exception, finding)) {
                left.push(Finding::must("exceptions", FILE, 1, format!("{name} is needed no more: remove it")));
            }
        }
        left.extend(findings.into_iter().filter(|finding| !self.0.iter().any(|exception| covers(exception, finding))));
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_must_have_a_reason_and_a_use() {
        let text = "[[exception]]\ncheck = \"file-size\"\npath = \"a.rs\"\nreason = \"why not\"";
        let left = Exceptions::parse(text).expect("a list").apply(Vec::new());
        let advice: Vec<_> = left.iter().map(|finding| finding.advice.as_str()).collect();
        assert_eq!(left.len(), 2, "{advice:?}");
        assert!(advice[0].contains("no reason") && advice[1].contains("needed no more"), "{advice:?}");
    }

    #[test]
    fn an_entry_that_lacks_something_is_refused() {
        assert!(Exceptions::parse("[[exception]]\ncheck = \"file-size\"").is_err());
        assert!(Exceptions::parse("").is_ok());
    }
}
