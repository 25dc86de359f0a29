//! Whatever somebody with database rights changes, removes, moves or makes up is named.

use proptest::prelude::*;
use tlog::chain::ChainBreak;
use tlog::{Checkpoint, Hash, TileId};

use super::house::{House, customer_id};
use crate::audit::{Error, Problem, VerifyOptions, Witness, origin};

const TILE: TileId = TileId { level: 0, index: 0, width: 6 };

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// The id of the entry at a place of the log.
async fn entry_at(house: &House, leaf: i64) -> kernel::AuditEntryId {
    static AT: db::Statement = db::Statement::new("test.at", "SELECT id FROM audit_entry WHERE org = $1 AND leaf = $2");
    let organisation = house.organisation;
    let find = move |tx: &mut db::Tx<'_>| tx.query_one(&AT, &[db::id(&organisation), db::int(leaf)], |row| row.id(0));
    house.context.db.read::<_, db::Error, _>("test.at", find).await.unwrap()
}

#[tokio::test]
async fn an_untouched_log_holds_and_its_report_has_stable_names() {
    let (house, _) = House::with_entries(2, 3).await;
    let report = house.verify().await;
    let json = serde_json::to_value(&report).unwrap();
    let root = json["root"].as_str().unwrap();
    assert!(Hash::from_base64(root).is_ok());
    let expected = serde_json::json!({
        "size": 6, "ok": true, "root": root, "checkpoints": 3, "chains": 2, "entries": 6, "pending": 0,
        "opened": 6, "erased": 0, "problems": [],
    });
    assert_eq!(json, expected);
}

#[tokio::test]
async fn an_empty_log_holds() {
    let report = House::new().await.verify().await;
    assert_eq!((report.ok, report.size, report.entries), (true, 0, 0));
}

#[tokio::test]
async fn a_changed_body_hash_is_named() {
    let (house, customers) = House::with_entries(2, 3).await;
    let entry = entry_at(&house, 2).await;
    assert_eq!(house.sql("UPDATE audit_entry SET body_hash = zeroblob(32) WHERE org = $1 AND leaf = 2").await, 1);
    let report = house.verify().await;
    assert!(!report.ok);
    let [Problem::Link { subject, entry: at, fault }, Problem::Body { entry: body }] = &report.problems[..] else {
        panic!("{:?}", report.problems)
    };
    assert_eq!((*at, *body, *fault), (entry, entry, ChainBreak::Commitment { sequence: 2 }));
    assert!(customers.iter().any(|keys| customer_id(keys.subject()).to_string() == *subject));
}

#[tokio::test]
async fn a_rewritten_commitment_is_named_as_an_entry_that_was_not_signed() {
    let (house, _) = House::with_entries(2, 3).await;
    let entry = entry_at(&house, 3).await;
    house.sql("UPDATE audit_entry SET commitment = zeroblob(32) WHERE org = $1 AND leaf = 3").await;
    let problems = house.verify().await.problems;
    assert_eq!(problems[0], Problem::Entry { entry, leaf: 3 });
    // And in its chain: the link itself, and the one that names it as its previous.
    assert!(problems[1..].iter().all(|problem| matches!(problem, Problem::Link { .. })), "{problems:?}");
    assert_eq!(problems.len(), 3);
}

#[tokio::test]
async fn a_removed_entry_is_named_in_the_tree_and_in_its_chain() {
    let (house, _) = House::with_entries(2, 3).await;
    house.sql("DELETE FROM audit_entry WHERE org = $1 AND leaf = 3").await;
    let problems = house.verify().await.problems;
    assert_eq!(problems[0], Problem::Missing { leaf: 3 });
    let [_, Problem::Link { fault: ChainBreak::Sequence { expected: 2, found: 3 }, .. }] = &problems[..] else {
        panic!("{problems:?}")
    };
}

#[tokio::test]
async fn a_removed_end_is_named_even_when_everything_else_is_cut_to_fit() {
    let (house, _) = House::with_entries(1, 3).await;
    house.sql("DELETE FROM audit_entry WHERE org = $1 AND leaf = 2").await;
    let problems = house.verify().await.problems;
    assert_eq!(problems[0], Problem::Missing { leaf: 2 });
    assert!(matches!(&problems[1], Problem::Head { fault: ChainBreak::Length { expected: 3, found: 2 }, .. }));
}

#[tokio::test]
async fn swapped_entries_are_both_named() {
    let (house, _) = House::with_entries(2, 3).await;
    let (third, fourth) = (entry_at(&house, 2).await, entry_at(&house, 3).await);
    for statement in [
        "UPDATE audit_entry SET leaf = 99 WHERE org = $1 AND leaf = 2",
        "UPDATE audit_entry SET leaf = 2 WHERE org = $1 AND leaf = 3",
        "UPDATE audit_entry SET leaf = 3 WHERE org = $1 AND leaf = 99",
    ] {
        assert_eq!(house.sql(statement).await, 1);
    }
    let swapped = [Problem::Entry { entry: fourth, leaf: 2 }, Problem::Entry { entry: third, leaf: 3 }];
    assert_eq!(house.verify().await.problems, swapped);
}

#[tokio::test]
async fn an_edited_tile_is_named_and_the_entries_are_cleared() {
    let (house, _) = House::with_entries(2, 3).await;
    house.sql("UPDATE log_tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE org = $1").await;
    assert_eq!(house.verify().await.problems, [Problem::Tile { tile: TILE }]);
    house.sql("UPDATE log_tile SET hashes = zeroblob(7) WHERE org = $1").await;
    assert_eq!(house.verify().await.problems, [Problem::Tile { tile: TILE }]);
    house.sql("DELETE FROM log_tile WHERE org = $1").await;
    assert_eq!(house.verify().await.problems, [Problem::Tile { tile: TILE }]);
}

#[tokio::test]
async fn without_a_later_checkpoint_nobody_is_accused() {
    let (house, _) = House::with_entries(2, 3).await;
    house.sql("DELETE FROM log_checkpoint WHERE org = $1 AND size = 6").await;
    let file = house.folder.path().join(format!("keyring.checkpoint.{}", house.organisation));
    std::fs::remove_file(file).unwrap();
    house.sql("UPDATE log_tile SET hashes = CAST(substr(hashes, 1, 160) || zeroblob(32) AS BLOB) WHERE org = $1").await;
    let entry = entry_at(&house, 5).await;
    let expected = [Problem::Unsigned { size: 6, signed: 4 }, Problem::Differs { entry, leaf: 5, tile: TILE }];
    assert_eq!(house.verify().await.problems, expected);
}

#[tokio::test]
async fn a_tile_above_the_leaves_is_checked_too() {
    let house = House::new().await;
    let customer = house.customer().await;
    house.write_at_once(&customer, 600, 0).await;
    house.audit.fold(house.organisation).await.unwrap();
    let changed = "UPDATE log_tile SET hashes = zeroblob(64) WHERE org = $1 AND level = 1";
    assert_eq!(house.sql(changed).await, 1);
    assert_eq!(house.verify().await.problems, [Problem::Tile { tile: TileId { level: 1, index: 0, width: 2 } }]);
}

#[tokio::test]
async fn an_entry_rewritten_together_with_its_tile_does_not_match_the_checkpoint() {
    let (house, _) = House::with_entries(1, 3).await;
    let forged = tlog::tree::leaf_hash(&[0; 32]).bytes().to_vec();
    house.sql("UPDATE audit_entry SET commitment = zeroblob(32) WHERE org = $1 AND leaf = 1").await;
    let rewritten = "UPDATE log_tile SET hashes = CAST(substr(hashes, 1, 32) || $2 || substr(hashes, 65) AS BLOB)
        WHERE org = $1";
    house.sql_with(rewritten, vec![forged]).await;
    let problems = house.verify().await.problems;
    assert_eq!(problems[0], Problem::Root { witness: Witness::Checkpoint, size: 2, good: 1 });
    assert!(problems.contains(&Problem::Root { witness: Witness::Remembered, size: 3, good: 1 }), "{problems:?}");
}

#[tokio::test]
async fn a_forged_checkpoint_is_named_and_bears_no_witness() {
    let (house, _) = House::with_entries(2, 3).await;
    let other = tlog::Signer::from_seed(&origin(house.organisation), &[1; 32]).unwrap();
    let forged = Checkpoint::new(origin(house.organisation), 4, Hash::new([9; 32])).sign(&[&other]).unwrap();
    let replaced = "UPDATE log_checkpoint SET root = $2, note = CAST($3 AS TEXT) WHERE org = $1 AND size = 4";
    house.sql_with(replaced, vec![vec![9; 32], forged.into_bytes()]).await;
    let report = house.verify().await;
    let reason = "no known key has signed the note".to_owned();
    assert_eq!((report.problems, report.checkpoints), (vec![Problem::Forged { size: 4, reason }], 2));
}

#[tokio::test]
async fn a_genuine_checkpoint_beside_another_root_is_named() {
    let (house, _) = House::with_entries(2, 3).await;
    house.sql("UPDATE log_checkpoint SET root = zeroblob(32) WHERE org = $1 AND size = 4").await;
    assert_eq!(
        texts(&house.verify().await.problems),
        ["the stored checkpoint of 4 entries is not genuine: its row says something else than its signed text"]
    );
}

#[tokio::test]
async fn a_chain_without_its_head_and_a_head_without_its_chain_are_named() {
    let (house, customers) = House::with_entries(2, 2).await;
    let (first, second) = (customers[0].subject(), customers[1].subject());
    let of = |subject: envelope::SubjectId| vec![subject.bytes().to_vec()];
    house.sql_with("DELETE FROM audit_head WHERE org = $1 AND subject = $2", of(first)).await;
    house.sql_with("DELETE FROM audit_entry WHERE org = $1 AND subject = $2", of(second)).await;
    let problems = house.verify().await.problems;
    let (first, second) = (customer_id(first).to_string(), customer_id(second).to_string());
    assert!(problems.contains(&Problem::NoHead { subject: first }), "{problems:?}");
    assert!(problems.contains(&Problem::NoEntries { subject: second, entries: 2 }), "{problems:?}");
    assert_eq!(problems.iter().filter(|problem| matches!(problem, Problem::Missing { .. })).count(), 2);
}

#[tokio::test]
async fn an_entry_hidden_from_folding_is_named() {
    let (house, customers) = House::with_entries(1, 2).await;
    house.write(&customers[0], 1).await;
    house.sql("UPDATE audit_entry SET leaf = 1000000 WHERE org = $1 AND leaf IS NULL").await;
    let entry = entry_at(&house, 1_000_000).await;
    assert_eq!(house.verify().await.problems, [Problem::Stray { entry, leaf: 1_000_000 }]);
}

#[tokio::test]
async fn a_sealed_body_put_in_the_place_of_another_is_named() {
    let (house, _) = House::with_entries(1, 2).await;
    let moved = "UPDATE audit_entry SET sealed = (SELECT sealed FROM audit_entry other
        WHERE other.org = $1 AND other.leaf = 0) WHERE org = $1 AND leaf = 1";
    house.sql(moved).await;
    let entry = entry_at(&house, 1).await;
    let problems = house.verify().await.problems;
    assert!(matches!(&problems[..], [Problem::Sealed { entry: at, .. }] if *at == entry), "{problems:?}");
}

#[tokio::test]
async fn the_log_of_an_erased_customer_still_verifies() {
    let (house, customers) = House::with_entries(3, 4).await;
    let erased = vec![customers[2].subject().bytes().to_vec()];
    house.sql_with("DELETE FROM data_key WHERE org = $1 AND subject = $2", erased).await;
    let (_neighbour, fresh) = house.neighbour().await;
    let options = VerifyOptions { bodies: true, ..VerifyOptions::default() };
    let report = fresh.verify(house.organisation, options, &|_, _| {}).await.unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.entries, report.opened, report.erased), (12, 8, 4));
}

#[tokio::test]
async fn an_auditors_checkpoint_must_be_one_that_the_log_went_on_from() {
    let (house, customers) = House::with_entries(1, 2).await;
    let kept = house.context.keyring.last_checkpoint(house.organisation).unwrap();
    house.write(&customers[0], 3).await;
    house.audit.fold(house.organisation).await.unwrap();
    let since = |note: Option<String>| {
        let options = VerifyOptions { since: note, ..VerifyOptions::default() };
        house.audit.verify(house.organisation, options, &|_, _| {})
    };
    assert!(since(kept).await.unwrap().ok);

    let signer = house.audit.signer(house.organisation).await.unwrap();
    let signed = |size, byte| Checkpoint::new(origin(house.organisation), size, Hash::new([byte; 32])).sign(&[&signer]);
    let report = since(Some(signed(2, 5).unwrap())).await.unwrap();
    assert_eq!(report.problems, [Problem::Root { witness: Witness::Given, size: 2, good: 1 }]);
    let report = since(Some(signed(9, 5).unwrap())).await.unwrap();
    assert_eq!(report.problems, [Problem::Truncated { witness: Witness::Given, size: 9, entries: 5 }]);
    let stranger = since(Some("no note".to_owned())).await;
    assert!(matches!(stranger, Err(Error::Checkpoint(_))));
}

#[tokio::test]
async fn what_was_checked_before_can_be_left_out() {
    let house = House::new().await;
    let customer = house.customer().await;
    house.write_at_once(&customer, 9_000, 0).await;
    house.audit.fold(house.organisation).await.unwrap();
    house.sql("UPDATE log_tile SET hashes = zeroblob(8192) WHERE org = $1 AND level = 0 AND tile = 3").await;
    let check = |checked| {
        let options = VerifyOptions { checked, ..VerifyOptions::default() };
        house.audit.verify(house.organisation, options, &|_, _| {})
    };
    assert!(!check(0).await.unwrap().ok);
    let report = check(8_500).await.unwrap();
    assert_eq!((report.problems, report.size), (vec![], 9_000));
}

#[tokio::test]
async fn more_problems_than_anybody_reads_are_counted() {
    let house = House::new().await;
    let customer = house.customer().await;
    house.write_at_once(&customer, 400, 0).await;
    house.audit.fold(house.organisation).await.unwrap();
    house.sql("DELETE FROM audit_entry WHERE org = $1 AND sequence > 100").await;
    let problems = house.verify().await.problems;
    assert_eq!(problems.len(), 101);
    assert_eq!(problems.last(), Some(&Problem::Further(201)), "200 missing entries and the cut chain");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_flipped_bit_anywhere_in_the_log_never_passes(
        table in prop::sample::select(vec![
            ("audit_entry", "commitment"), ("audit_entry", "previous"), ("audit_entry", "body_hash"),
            ("audit_entry", "sealed"), ("log_tile", "hashes"), ("log_checkpoint", "root"), ("log_state", "root"),
            ("audit_head", "commitment"),
        ]),
        row: prop::sample::Index,
        byte: prop::sample::Index,
        bit in 0u8..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let passed = runtime.block_on(async {
            let (house, _) = House::with_entries(2, 3).await;
            flip(&house, table, row, byte, bit).await;
            house.verify().await.ok
        });
        prop_assert!(!passed, "{table:?}");
    }
}

async fn flip(
    house: &House,
    (table, column): (&str, &str),
    row: prop::sample::Index,
    byte: prop::sample::Index,
    bit: u8,
) {
    let text = format!("SELECT {column} FROM {table} WHERE org = $1 ORDER BY {column}");
    let statement: &'static db::Statement =
        Box::leak(Box::new(db::Statement::new("test.flip", Box::leak(text.into_boxed_str()))));
    let organisation = house.organisation;
    let read = move |tx: &mut db::Tx<'_>| tx.query(statement, &[db::id(&organisation)], |row| row.blob(0));
    let values = house.context.db.read::<_, db::Error, _>("test.flip", read).await.unwrap();
    let old = row.get(&values).clone();
    let mut new = old.clone();
    let at = byte.index(new.len());
    new[at] ^= 1 << bit;
    let update = format!("UPDATE {table} SET {column} = $3 WHERE org = $1 AND {column} = $2");
    assert_eq!(house.sql_with(&update, vec![old, new]).await, 1);
}
