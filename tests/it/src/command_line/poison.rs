//! A mail that breaks the reader itself: it is kept, and the next is read.

use serde_json::json;
use testkit::{ENGINES, Letter};

use super::program::{Installation, Server, end};
use super::{as_files, letter};

/// Reading panics once, as a fault of ours in the reader would make it.
const BREAKS_ONCE: (&str, &str) = ("DOORWARD_FAIL_POINT", "channels.read:1:panic");

/// Large enough to be read on a thread of its own.
fn large_letter() -> Vec<u8> {
    Letter::new("canary.poison.1180@x.example", "Large").id("large@x.example").text(&"words \n".repeat(60_000)).raw()
}

#[test]
fn a_mail_that_breaks_the_reader_is_quarantined_whole_and_the_same_process_reads_the_next() {
    for engine in ENGINES {
        for poison in [letter("canary.poison.1180@x.example", "Poison", "1@x.example"), large_letter()] {
            let desk = Installation::on(engine);
            let token =
                desk.answer(&["token", "create", "--scope", "mail:write"])["token"].as_str().unwrap().to_owned();
            let mut command = desk.command();
            command.env(BREAKS_ONCE.0, BREAKS_ONCE.1);
            let server = Server::start(command);
            let post = |raw: &[u8]| server.request("POST", "/api/v1/inbound/mail", Some(&token), raw);
            let (status, body) = post(&poison);
            assert!(status == 201 && body.contains("\"quarantined\""), "{engine:?}: {status} {body}");
            let (status, body) = post(&letter("b@x.example", "Next", "2@x.example"));
            assert!(status == 201 && body.contains("\"received\""), "{engine:?}: {status} {body}");
            assert_eq!(server.request("GET", "/health/ready", None, b"").0, 200, "{engine:?}");
            let ended = server.stop().ok();
            assert!(ended.err.contains("a fault of this program"), "the log tells of it: {}", ended.err);
            assert!(!ended.err.contains("canary.poison"), "{}", ended.err);

            // Nothing of it is lost: a reader without the fault takes it in.
            let quarantined = desk.answer(&["quarantine", "list"]);
            let row = &quarantined["quarantine"][0];
            assert_eq!(row["bytes"], poison.len(), "{engine:?}: it is kept whole");
            assert_eq!(desk.conversations().len(), 1);
            desk.answer(&["quarantine", "release", row["id"].as_str().unwrap()]);
            assert_eq!(desk.conversations().len(), 2, "{engine:?}");
            assert_eq!(desk.answer(&["verify"])["ok"], true);
        }
    }
}

#[test]
fn one_poisonous_mail_stops_neither_a_pipe_nor_an_import() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let poison = letter("a@x.example", "Poison", "1@x.example");
        let piped = end(desk.command().env(BREAKS_ONCE.0, BREAKS_ONCE.1).args(["mail", "--json"]), &poison).ok();
        assert_eq!(piped.json()["outcome"], "quarantined", "{engine:?}");

        let others: Vec<_> = (2..6).map(|n| letter("a@x.example", "Import", &format!("{n}@x.example"))).collect();
        let (letters, _) = as_files(&desk.path(""), &others);
        let mut import = desk.command();
        import.env(BREAKS_ONCE.0, BREAKS_ONCE.1).args(["import", "mail", "--json"]).arg(letters);
        let imported = end(&mut import, b"").ok().json();
        assert_eq!((&imported["received"], &imported["quarantined"]), (&json!(4), &json!(1)), "{engine:?}");
        assert_eq!(desk.conversations().len(), 3, "{engine:?}");
    }
}
