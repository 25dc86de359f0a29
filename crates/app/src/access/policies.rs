//! The policies in force: those compiled in, and an organisation's own from a folder. All are parsed
//! and held against the schema once, at start; one that does not hold is refused by file and line.
//!
//! They are kept in a slice for each action, because a decision looks at every policy it is given.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::{Arc, LazyLock};

use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;

use super::obligation::Obligations;
use super::{ActionName, Refusal};

/// Files of own policies.
pub const OWN_FILES: usize = 100;
/// Bytes of one file of own policies.
pub const OWN_FILE_BYTES: u64 = 256 * 1024;
/// Policies that one action has at most: a decision looks at each of them.
pub const POLICIES_OF_AN_ACTION: usize = 200;
/// Characters of a policy's id.
const ID_CHARS: usize = 100;
/// How files of policies end.
const ENDING: &str = "cedar";

const SCHEMA: &str = include_str!("policies/doorward.cedarschema");
const BUILT_IN: [(&str, &str); 7] = [
    ("desk.cedar", include_str!("policies/desk.cedar")),
    ("customers.cedar", include_str!("policies/customers.cedar")),
    ("reveal.cedar", include_str!("policies/reveal.cedar")),
    ("quarantine.cedar", include_str!("policies/quarantine.cedar")),
    ("log.cedar", include_str!("policies/log.cedar")),
    ("administration.cedar", include_str!("policies/administration.cedar")),
    ("command_line.cedar", include_str!("policies/command_line.cedar")),
];

/// Why policies cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A folder or file cannot be read.
    #[error("policies cannot be read from {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Too many or too large.
    #[error(
        "{}: a folder of policies has at most {OWN_FILES} files of {OWN_FILE_BYTES} bytes: remove what is not needed",
        .0.display()
    )]
    TooMuch(PathBuf),
    /// An action has too many.
    #[error("{0} has more than {POLICIES_OF_AN_ACTION} policies: join some of them")]
    TooMany(ActionName),
    /// A policy is wrong.
    #[error("{file}, line {line}: {reason}")]
    Wrong {
        /// In which file.
        file: String,
        /// In which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// The policies in force.
pub struct Policies {
    slices: BTreeMap<ActionName, Slice>,
}

/// The policies of one action.
#[derive(Default)]
pub(super) struct Slice {
    pub(super) set: PolicySet,
    pub(super) rules: HashMap<PolicyId, Arc<Rule>>,
}

/// What is known of a policy beside its text.
pub(super) struct Rule {
    pub(super) id: Arc<str>,
    pub(super) permits: bool,
    pub(super) principal: PrincipalConstraint,
    pub(super) obligations: Obligations,
    /// Why it refuses, or why it does not permit although it is about this principal.
    pub(super) refusal: Refusal,
}

/// One file.
struct Source<'a> {
    name: String,
    text: &'a str,
}

impl Policies {
    /// Those compiled in. Were they ever wrong, which a test rules out, nothing would be permitted.
    pub fn built_in() -> Arc<Self> {
        static BUILT: LazyLock<Arc<Policies>> = LazyLock::new(|| match Policies::read(Vec::new()) {
            Ok(policies) => Arc::new(policies),
            Err(error) => {
                tracing::error!(%error, "the policies compiled in are wrong: nothing is permitted");
                Arc::new(Policies { slices: BTreeMap::new() })
            }
        });
        Arc::clone(&BUILT)
    }

    /// Those compiled in and an organisation's own: the files of a folder that end in `.cedar`, in
    /// the order of their names. A folder that is not there holds none.
    pub fn with_folder(folder: &Path) -> Result<Arc<Self>, PolicyError> {
        let files = read_folder(folder)?;
        if files.is_empty() {
            return Ok(Self::built_in());
        }
        Self::with_own(&files)
    }

    /// Those compiled in and own ones, each with the name of its file and its text.
    pub fn with_own(files: &[(String, String)]) -> Result<Arc<Self>, PolicyError> {
        let own = files.iter().map(|(name, text)| Source { name: name.clone(), text });
        Self::read(own.collect()).map(Arc::new)
    }

    fn read(own: Vec<Source<'_>>) -> Result<Self, PolicyError> {
        let schema = Schema::from_cedarschema_str(SCHEMA).map(|(schema, _)| schema);
        let schema = schema.map_err(|error| wrong("doorward.cedarschema", SCHEMA, &error))?;
        let validator = Validator::new(schema);
        let mut policies = Self { slices: ActionName::ALL.iter().map(|action| (*action, Slice::default())).collect() };
        let built_in = BUILT_IN.map(|(name, text)| Source { name: name.to_owned(), text });
        for source in built_in.into_iter().chain(own) {
            let set = source.validated(&validator)?;
            for policy in set.policies() {
                policies.add(&source, policy)?;
            }
        }
        Ok(policies)
    }

    fn add(&mut self, source: &Source<'_>, policy: &Policy) -> Result<(), PolicyError> {
        let rule = source.rule(policy)?;
        let id = PolicyId::new(&*rule.id);
        let rule = Arc::new(rule);
        let known = |slice: &Slice| slice.rules.contains_key(&id);
        if self.slices.values().any(known) {
            return Err(source.wrong_in(policy, format!("another policy is called {}: choose another @id", rule.id)));
        }
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => ActionName::ALL.to_vec(),
            ActionConstraint::Eq(uid) => named(std::slice::from_ref(&uid)),
            ActionConstraint::In(uids) => named(&uids),
        };
        for action in actions {
            let slice = self.slices.entry(action).or_default();
            if slice.rules.len() >= POLICIES_OF_AN_ACTION {
                return Err(PolicyError::TooMany(action));
            }
            slice.rules.insert(id.clone(), Arc::clone(&rule));
            let named = policy.new_id(id.clone());
            slice.set.add(named).map_err(|error| source.wrong_in(policy, error.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn slice(&self, action: ActionName) -> Option<&Slice> {
        self.slices.get(&action)
    }
}

/// The actions of a scope. The schema has no groups, so each uid is one action.
fn named(uids: &[cedar_policy::EntityUid]) -> Vec<ActionName> {
    let is_meant = |action: &&ActionName| uids.iter().any(|uid| uid.id().unescaped() == action.word());
    ActionName::ALL.iter().filter(is_meant).copied().collect()
}

impl Source<'_> {
    fn validated(&self, validator: &Validator) -> Result<PolicySet, PolicyError> {
        let set = PolicySet::from_str(self.text).map_err(|error| wrong(&self.name, self.text, &error))?;
        if let Some(template) = set.templates().next() {
            return Err(self.wrong_in_id(template.id(), "a template decides nothing: write a policy".to_owned()));
        }
        let result = validator.validate(&set, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(wrong(&self.name, self.text, error));
        }
        if let Some(warning) = result.validation_warnings().next() {
            return Err(wrong(&self.name, self.text, warning));
        }
        Ok(set)
    }

    fn rule(&self, policy: &Policy) -> Result<Rule, PolicyError> {
        let id = policy.annotation("id").unwrap_or_default();
        let fits = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
        if id.is_empty() || id.len() > ID_CHARS || !id.chars().all(fits) {
            let reason = "a policy has an @id of lower-case letters, digits and hyphens, 100 at most".to_owned();
            return Err(self.wrong_in(policy, reason));
        }
        let permits = policy.effect() == Effect::Permit;
        let mut obligations = Obligations::default();
        let mut refusal = if permits { Refusal::Role } else { Refusal::Rule };
        for (key, value) in policy.annotations() {
            let read = match key {
                "id" => Ok(()),
                "refusal" => value.parse().map(|word| refusal = word).map_err(|error| format!("{error}")),
                _ if !permits => Err(format!("@{key} has no meaning on a policy that forbids")),
                _ => obligations.read(key, value),
            };
            read.map_err(|reason| self.wrong_in(policy, reason))?;
        }
        let is_reveal = named_only(&policy.action_constraint(), ActionName::RevealValue);
        if obligations.mask.is_some() && !is_reveal {
            return Err(self.wrong_in(policy, "@mask has a meaning for RevealValue alone".to_owned()));
        }
        Ok(Rule { id: id.into(), permits, principal: policy.principal_constraint(), obligations, refusal })
    }

    fn wrong_in(&self, policy: &Policy, reason: String) -> PolicyError {
        self.wrong_in_id(policy.id(), reason)
    }

    fn wrong_in_id(&self, id: &PolicyId, reason: String) -> PolicyError {
        PolicyError::Wrong { file: self.name.clone(), line: self.line_of(id), reason }
    }

    /// Where a policy begins. The parser names policies by their order: `policy0`, `policy1`.
    fn line_of(&self, id: &PolicyId) -> usize {
        let number = id.to_string().strip_prefix("policy").and_then(|number| number.parse::<usize>().ok());
        let mut before = self.text.lines().enumerate().filter(|(_, line)| begins_policy(line));
        number.and_then(|number| before.nth(number)).map_or(1, |(line, _)| line + 1)
    }
}

/// The line with the word by which every policy has its effect.
fn begins_policy(line: &str) -> bool {
    ["permit", "forbid"].iter().any(|effect| {
        line.trim_start()
            .strip_prefix(effect)
            .is_some_and(|rest| rest.trim_start().starts_with(['(', '\0']) || rest.trim().is_empty())
    })
}

fn named_only(constraint: &ActionConstraint, action: ActionName) -> bool {
    match constraint {
        ActionConstraint::Any => false,
        ActionConstraint::Eq(uid) => uid.id().unescaped() == action.word(),
        ActionConstraint::In(uids) => !uids.is_empty() && uids.iter().all(|uid| uid.id().unescaped() == action.word()),
    }
}

fn wrong(file: &str, text: &str, error: &dyn Diagnostic) -> PolicyError {
    let place = error.labels().and_then(|mut labels| labels.next());
    let before = place.and_then(|place| text.get(..place.offset())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    PolicyError::Wrong { file: file.to_owned(), line, reason: error.to_string() }
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, PolicyError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| PolicyError::Read { path, error }
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(folder))?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
        if paths.len() > OWN_FILES {
            return Err(PolicyError::TooMuch(folder.to_owned()));
        }
    }
    paths.sort_unstable();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        if std::fs::metadata(&path).map_err(failed(&path))?.len() > OWN_FILE_BYTES {
            return Err(PolicyError::TooMuch(path));
        }
        let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
        files.push((path.display().to_string(), text));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the refusal of one own file.
    fn refused(text: &str) -> String {
        match Policies::with_own(&[("own.cedar".to_owned(), text.to_owned())]) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("taken: {text}"),
        }
    }

    #[test]
    fn every_action_has_a_policy_that_permits_it_to_somebody() {
        let policies = Policies::read(Vec::new()).unwrap_or_else(|error| panic!("{error}"));
        for action in ActionName::ALL {
            let slice = policies.slice(*action).unwrap();
            assert!(slice.rules.values().any(|rule| rule.permits), "nobody may {action}");
        }
    }

    #[test]
    fn the_schema_knows_every_action_and_no_other() {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).unwrap();
        let mut known: Vec<String> = schema.actions().map(|uid| uid.id().unescaped().to_owned()).collect();
        known.sort_unstable();
        let mut named: Vec<String> = ActionName::ALL.iter().map(ToString::to_string).collect();
        named.sort_unstable();
        assert_eq!(known, named);
    }

    #[test]
    fn an_own_policy_that_is_wrong_is_refused_by_file_and_line() {
        let head = "// ours\n@id(\"ours\")\n";
        let on = |rest: &str| refused(&format!("{head}{rest}"));
        let in_line =
            |text: &str, line: usize| assert!(text.starts_with(&format!("own.cedar, line {line}: ")), "{text}");
        in_line(&on("permit (principal, action"), 3);
        in_line(&on("permit (principal, action == Action::\"ReadEverything\", resource);"), 3);
        in_line(&on("permit (principal, action == Action::\"ReadLog\", resource)\nwhen { context.risk > 3 };"), 4);
        in_line(&on("permit (principal in Role::\"agent\", action, resource)\nwhen { resource.open };"), 4);
        in_line(&on("forbid (principal == ?principal, action, resource);"), 3);
        in_line(&on("permit (principal, action, resource) when { 1 + \"a\" == 2 };"), 3);
        in_line(&refused("permit (principal, action, resource);"), 1);
        in_line(&refused("@id(\"a b\")\npermit (principal, action, resource);"), 2);
        in_line(&refused("@id(\"ours\") @expire(\"5m\")\nforbid (principal, action, resource);"), 2);
        in_line(&refused("\n@id(\"ours\") @expires(\"5 minutes\")\npermit (principal, action, resource);"), 3);
        in_line(&refused("@id(\"ours\") @mask(\"year\")\npermit (principal, action, resource);"), 2);
        in_line(&refused("@id(\"ours\") @refusal(\"because\")\nforbid (principal, action, resource);"), 2);
    }

    #[test]
    fn a_name_is_taken_once_also_by_a_policy_compiled_in() {
        let twice = "@id(\"ours\")\nforbid (principal, action, resource);\n".repeat(2);
        assert!(refused(&twice).starts_with("own.cedar, line 4: another policy is called ours"));
        let theirs = "@id(\"auditors-read-the-log\")\npermit (principal, action, resource);";
        assert!(refused(theirs).contains("another policy is called auditors-read-the-log"));
    }

    #[test]
    fn no_action_has_more_policies_than_a_decision_can_look_at() {
        let one = |number| format!("@id(\"n-{number}\")\nforbid (principal, action == Action::\"ReadLog\", resource);");
        let many = (0..=POLICIES_OF_AN_ACTION).map(one).collect::<Vec<_>>().join("\n");
        assert!(refused(&many).starts_with("ReadLog has more than"));
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_names_and_within_its_bounds() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Policies::with_folder(&folder.path().join("none")).is_ok(), "no folder holds no policies");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("notes.txt", "permit nothing");
        write("a.cedar", "@id(\"a\")\nforbid (principal, action, resource);");
        let taken = Policies::with_folder(folder.path()).unwrap_or_else(|error| panic!("{error}"));
        assert!(taken.slice(ActionName::ReadLog).unwrap().rules.contains_key(&PolicyId::new("a")));
        write("b.cedar", "@id(\"b\")\nforbid (principal, action, resourse);");
        let error = Policies::with_folder(folder.path()).err().unwrap().to_string();
        assert!(error.contains("b.cedar, line 2: "), "{error}");
        write("b.cedar", &" ".repeat(usize::try_from(OWN_FILE_BYTES).unwrap() + 1));
        assert!(matches!(Policies::with_folder(folder.path()), Err(PolicyError::TooMuch(_))));
    }
}
