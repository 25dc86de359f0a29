//! The text in which nodes tell each other what changed: a node's name, then a line for each
//! change, or `gap` alone. PostgreSQL carries less than 8000 bytes at a time.
//!
//! Anybody who may connect to the database can send one, so nothing is believed but that something
//! may have changed, and what cannot be read counts as a gap.

use std::collections::BTreeSet;

use crate::Change;
use crate::change::learn_kind;

/// Bytes of one notification (PostgreSQL: NOTIFY, "must be shorter than 8000 bytes").
const PAYLOAD_BYTES: usize = 7_900;
const GAP: &str = "gap";

/// As many texts as the changes need.
pub(super) fn write(node: &str, changes: &BTreeSet<Change>) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for change in changes {
        let id = u128::from_be_bytes(change.id);
        let line = format!("\n{} {} {id:032x}", change.kind, change.organisation);
        match payloads.last_mut() {
            Some(last) if last.len() + line.len() <= PAYLOAD_BYTES => last.push_str(&line),
            _ => payloads.push(format!("{node}{line}")),
        }
    }
    payloads
}

/// The text that tells the others to ask the database.
pub(super) fn gap(node: &str) -> String {
    format!("{node}\n{GAP}")
}

/// Reads what another node, or anybody, sent after its name; nothing when that is a gap.
pub(super) fn read(lines: &str) -> Option<Vec<Change>> {
    lines.split('\n').map(read_line).collect()
}

fn read_line(line: &str) -> Option<Change> {
    let mut words = line.split(' ');
    let (kind, organisation, id) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || id.len() != 32 || id.starts_with('+') {
        return None;
    }
    let id = u128::from_str_radix(id, 16).ok()?.to_be_bytes();
    Some(Change { organisation: organisation.parse().ok()?, kind: learn_kind(kind)?, id })
}

#[cfg(test)]
mod tests {
    use kernel::{Id, OrganisationId};
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn any_change()(organisation: [u8; 16], kind in prop::sample::select(vec!["conversation", "audit", "a_b"]), id: [u8; 16]) -> Change {
            Change { organisation: OrganisationId::from_bytes(organisation), kind, id }
        }
    }

    proptest! {
        #[test]
        fn what_one_node_tells_the_other_reads(changes in prop::collection::btree_set(any_change(), 0..400)) {
            let mut heard = BTreeSet::new();
            for payload in write("00ff", &changes) {
                prop_assert!(payload.len() < 8_000);
                let (sender, said) = payload.split_once('\n').expect("a sender");
                prop_assert_eq!(sender, "00ff");
                heard.extend(read(said).expect("not a gap"));
            }
            prop_assert_eq!(heard, changes);
        }

        #[test]
        fn any_text_is_changes_or_a_gap(text: String) {
            let _ = read(&text);
        }
    }

    #[test]
    fn what_a_stranger_sends_is_a_gap() {
        let organisation = OrganisationId::from_bytes([7; 16]);
        let id = format!("{:032x}", 5);
        for line in [
            String::new(),
            format!("Not-A-Word {organisation} {id}"),
            format!("{} {organisation} {id}", "long".repeat(9)),
            format!("kind nobody {id}"),
            format!("kind {organisation} +{}", &id[1..]),
            format!("kind {organisation} {id} more"),
            GAP.to_owned(),
        ] {
            assert_eq!(read(&line), None, "{line:?}");
        }
        assert!(gap("00ff").strip_prefix("00ff\n").is_some_and(|said| read(said).is_none()));
    }
}
