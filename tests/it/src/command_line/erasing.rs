//! Erasure, merge, backup and restore as an operator types them.

use std::path::Path;

use testkit::ENGINES;

use super::letter;
use super::program::Installation;

fn customer(desk: &Installation, subject: &str) -> String {
    let rows = desk.conversations();
    let row = rows.iter().find(|row| row["subject"] == subject).unwrap();
    row["customer_id"].as_str().unwrap().to_owned()
}

fn back_up(desk: &Installation, to: &Path, keys_to: &Path) -> super::program::Ended {
    desk.run(&["backup", "--to", to.to_str().unwrap(), "--keys-to", keys_to.to_str().unwrap(), "--json"])
}

#[test]
fn who_was_erased_stays_erased_when_an_older_backup_comes_back() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        for name in ["gone", "stays"] {
            desk.mail(&letter(&format!("{name}@x.example"), name, &format!("{name}@x.example"))).ok();
        }
        let gone = customer(&desk, "gone");
        let server = desk.serve();
        let (data, keys) = (desk.path("backup-data"), desk.path("backup-keys"));
        back_up(&desk, &data, &keys).ok();
        back_up(&desk, &data, &desk.path("other")).refused(73, "exists already");
        back_up(&desk, &desk.path("other"), &keys).refused(73, "exists already");
        back_up(&desk, &desk.path("both"), &desk.path("both/keys")).refused(2, "kept apart");
        back_up(&desk, &desk.data().join("in"), &desk.path("other")).refused(2, "name a folder elsewhere");

        desk.run(&["erase", "customer", &gone, "--reason", "asked for it"]).refused(2, "--yes");
        let erase = ["erase", "customer", &gone, "--reason", "asked for it", "--yes"];
        assert_eq!(desk.answer(&erase)["customers"], serde_json::json!([gone]));
        assert_eq!(desk.answer(&erase)["customers"], serde_json::json!([]), "again finds nothing left");
        server.stop().ok();

        // Into SQLite, whatever the backup came from.
        let restored = desk.path("restored");
        let with = |arguments: &[&str]| {
            let mut command = desk.command();
            command.env("DOORWARD_DATA", &restored).env("DOORWARD_DATABASE", "sqlite");
            super::program::end(command.args(arguments).arg("--json"), b"")
        };
        let restore = ["restore", "--from", data.to_str().unwrap(), "--keys-from", keys.to_str().unwrap()];
        assert_eq!(with(&restore).ok().json()["erasures"], 1, "{engine:?}");
        let listed = with(&["conversations", "list"]).ok();
        assert!(listed.out.contains("stays") && !listed.out.contains("gone"), "{engine:?} {}", listed.out);
        assert_eq!(with(&["verify"]).ok().json()["ok"], true);
        assert_ne!(with(&restore).code, 0, "a folder that is not empty is not filled again");
    }
}

#[test]
fn an_import_fails_when_every_row_is_rejected_and_not_when_some_are() {
    let desk = Installation::on(db::Engine::Sqlite);
    let file = desk.path("customers.csv");
    let import = |rows: &str, more: &[&str]| {
        std::fs::write(&file, format!("name,email\n{rows}")).unwrap();
        desk.run(&[&["import", "customers", file.to_str().unwrap(), "--json"], more].concat())
    };
    let all_bad = "Ann,not-an-address\nBea,neither\n";
    for more in [&[][..], &["--dry-run"]] {
        let refused = import(all_bad, more).refused(65, "every row was rejected");
        assert_eq!(refused.json()["rejected"].as_array().unwrap().len(), 2, "the report is given all the same");
    }
    assert_eq!(import("Ann,not-an-address\nBea,bea@x.example\n", &[]).ok().json()["created"], 1);
    assert_eq!(import("", &[]).ok().json()["rows"], 0);
}

#[test]
fn customers_come_from_a_file_and_two_become_one() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let (file, report) = (desk.path("customers.csv"), desk.path("rejected.csv"));
        std::fs::write(&file, "name,email\nBea,bea@x.example\nBad,not-an-address\n").unwrap();
        let import = |more: &[&str]| desk.answer(&[&["import", "customers", file.to_str().unwrap()], more].concat());
        let dry = import(&["--dry-run"]);
        assert_eq!((&dry["dry_run"], &dry["created"]), (&true.into(), &1.into()), "{dry}");
        let done = import(&["--report", report.to_str().unwrap()]);
        assert_eq!((&done["created"], &done["rejected"][0]["row"]), (&1.into(), &3.into()), "{done}");
        let rejected = std::fs::read_to_string(&report).unwrap();
        assert!(rejected.contains("email") && !rejected.contains("not-an-address"), "{rejected}");
        assert_eq!(import(&[])["unchanged"], 1);

        desk.mail(&letter("Bea <bea@x.example>", "one", "1@x.example")).ok();
        desk.mail(&letter("Bea <bea@home.example>", "two", "2@x.example")).ok();
        let (one, two) = (customer(&desk, "one"), customer(&desk, "two"));
        assert_ne!(one, two);
        let merged = desk.answer(&["customers", "merge", &two, &one]);
        assert_eq!((&merged["from"], &merged["into"]), (&two.into(), &one.clone().into()));
        desk.run(&["customers", "merge", &one, &one]).refused(2, "with itself");
        desk.mail(&letter("Bea <bea@home.example>", "three", "3@x.example")).ok();
        assert_eq!(customer(&desk, "three"), one, "{engine:?}");
    }
}
