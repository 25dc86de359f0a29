//! `verify`: what an operator is told of a log that is whole, and of one that somebody changed.

use db::Engine;
use rusqlite::Connection;
use testkit::ENGINES;

use super::letter;
use super::program::Installation;

#[test]
fn a_whole_log_verifies_also_beside_a_running_server() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        desk.mail(&letter("a@x.example", "Hello", "1@x.example")).ok();
        let alone = desk.run(&["verify", "--json"]).ok();
        assert!(alone.out.starts_with("{\"size\":"), "{}", alone.out);
        let alone = alone.json();
        assert!(alone["ok"] == true && alone["size"].as_u64().unwrap() >= 3, "{alone}");
        let _server = desk.serve();
        let beside = desk.answer(&["verify"]);
        assert!(beside["ok"] == true && beside["size"].as_u64() >= alone["size"].as_u64(), "{engine:?} {beside}");
    }
}

/// Flips one bit of the first row's bytes in a column.
fn tamper(desk: &Installation, table: &str, column: &str) {
    let database = Connection::open(desk.data().join("doorward.sqlite")).unwrap();
    let read = format!("SELECT {column} FROM {table} ORDER BY org LIMIT 1");
    let before: Vec<u8> = database.query_row(&read, [], |row| row.get(0)).unwrap();
    let mut after = before.clone();
    after[0] ^= 1;
    let write = format!("UPDATE {table} SET {column} = ?1 WHERE {column} = ?2");
    assert!(database.execute(&write, (after, before)).unwrap() >= 1);
}

#[test]
fn one_changed_bit_of_the_log_is_found_and_the_fault_is_named() {
    for (table, column) in
        [("audit_entry", "commitment"), ("audit_entry", "sealed"), ("audit_entry", "previous"), ("log_tile", "hashes")]
    {
        let desk = Installation::on(Engine::Sqlite);
        desk.mail(&letter("a@x.example", "Hello", "1@x.example")).ok();
        assert_eq!(desk.answer(&["verify"])["ok"], true);
        tamper(&desk, table, column);
        let found = desk.run(&["verify", "--json"]).refused(1, "does not hold");
        let answer = found.json();
        assert_eq!(answer["ok"], false, "{table}.{column}");
        assert!(!answer["problems"].as_array().unwrap().is_empty(), "{table}.{column}: {answer}");
    }
}

#[test]
fn a_database_that_was_rolled_back_or_emptied_is_not_served_and_never_says_that_it_listens() {
    let desk = Installation::on(Engine::Sqlite);
    let (database, yesterday) = (desk.data().join("doorward.sqlite"), desk.path("yesterday"));
    let copy = format!("VACUUM INTO '{}'", yesterday.display());
    Connection::open(&database).unwrap().execute(&copy, []).unwrap();
    desk.mail(&letter("a@x.example", "Hello", "1@x.example")).ok();
    desk.answer(&["verify"]);
    for older in [Some(yesterday), None] {
        for file in ["doorward.sqlite", "doorward.sqlite-wal", "doorward.sqlite-shm"] {
            let _ = std::fs::remove_file(desk.data().join(file));
        }
        if let Some(older) = older {
            std::fs::copy(older, &database).unwrap();
        }
        let refused = desk.run(&["serve", "--listen", "127.0.0.1:0", "--json"]).refused(1, "older than its audit log");
        assert_eq!(refused.out, "");
    }
}
