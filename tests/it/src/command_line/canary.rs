//! Nothing personal in what the program prints or logs, at the most talkative level, but the name,
//! the subject, the text and the file names of a conversation that was asked for.

use std::fmt::Write as _;

use testkit::{ENGINES, Letter};

use super::program::{Ended, Installation, end};

const NAME: &str = "Canaria Namensson";
const SUBJECT: &str = "canary-subject-8812";
const TEXT: &str = "canary-body-5523";
const FILE: &str = "canary-file-name-9945.txt";
/// What is never shown, by any command.
const HIDDEN: [&str; 7] = [
    "canary.sender.4711",
    "canary-message-id-2267",
    "canary-attachment-1156",
    "canary.envelope.3301",
    "canary.admin.7712",
    "canary.customer.8823",
    "canary-quarantine-6601",
];

fn mail() -> Vec<u8> {
    let body = format!(
        "--b\nContent-Type: text/plain\n\n{TEXT}\n--b\nContent-Type: text/plain\n\
         Content-Disposition: attachment; filename=\"{FILE}\"\n\ncanary-attachment-1156\n--b--\n"
    );
    Letter::new(&format!("{NAME} <canary.sender.4711@vogel.example>"), SUBJECT)
        .id("canary-message-id-2267@vogel.example")
        .header("Content-Type", "multipart/mixed; boundary=\"b\"")
        .text(&body)
        .raw()
}

/// What all commands said together, and what those said that open a conversation or list them.
struct Heard {
    everywhere: String,
    apart_from_reading: String,
}

impl Heard {
    fn add(&mut self, ended: &Ended, reads: bool) {
        for text in [&ended.out, &ended.err] {
            let _ = writeln!(self.everywhere, "{text}");
        }
        let _ = writeln!(self.apart_from_reading, "{}", ended.err);
        if !reads {
            let _ = writeln!(self.apart_from_reading, "{}", ended.out);
        }
    }
}

#[test]
fn neither_output_nor_log_tells_anything_personal_that_was_not_asked_for() {
    for engine in ENGINES {
        let desk = Installation::empty(engine);
        let mut heard = Heard { everywhere: String::new(), apart_from_reading: String::new() };
        let run = |heard: &mut Heard, arguments: &[&str], input: &[u8]| {
            let reads = arguments.first() == Some(&"conversations");
            let ended = end(desk.command().env("DOORWARD_LOG_LEVEL", "trace").args(arguments), input);
            heard.add(&ended, reads);
            ended
        };
        let admin = "canary.admin.7712@elm.example";
        run(&mut heard, &["init", "--organisation", "Elm", "--admin-email", admin], b"").ok();
        let customers = desk.path("customers.csv");
        std::fs::write(&customers, "name,email\nBea,canary.customer.8823@x.example\nBad,canary.customer.8823\n")
            .unwrap();
        let customers = customers.to_str().unwrap().to_owned();

        let mut logged = desk.command();
        logged.env("DOORWARD_LOG_LEVEL", "trace");
        let server = super::program::Server::start(logged);
        let envelope = ["mail", "--client-ip", "192.0.2.7", "--mail-from", "canary.envelope.3301@vogel.example"];
        run(&mut heard, &envelope, &mail()).ok();
        run(&mut heard, &["mail"], b"\x01 canary-quarantine-6601").ok();
        run(&mut heard, &["import", "customers", &customers], b"").ok();
        let answer = server.request("POST", "/api/v1/inbound/mail", Some("canary-quarantine-6601"), &mail());
        assert_eq!(answer.0, 401);
        run(&mut heard, &["quarantine", "list"], b"").ok();
        let listed = run(&mut heard, &["conversations", "list", "--json"], b"").ok().json();
        let row = &listed["conversations"][0];
        let (conversation, customer) = (row["id"].as_str().unwrap(), row["customer_id"].as_str().unwrap());
        let shown = run(&mut heard, &["conversations", "show", conversation], b"").ok();
        for canary in [NAME, SUBJECT, TEXT, FILE] {
            assert!(shown.out.contains(canary), "{canary} is not in {}", shown.out);
        }
        heard.add(&server.stop().ok(), false);

        run(&mut heard, &["verify"], b"").ok();
        run(&mut heard, &["rotate"], b"").ok();
        run(&mut heard, &["doctor"], b"");
        run(&mut heard, &["token", "list"], b"").ok();
        run(&mut heard, &["conversations", "list", "--assignee", admin], b"").ok();
        run(&mut heard, &["erase", "customer", customer, "--reason", "asked", "--yes"], b"").ok();

        assert!(heard.everywhere.contains("/api/v1/inbound/mail"), "the log was heard");
        for canary in HIDDEN {
            assert!(!heard.everywhere.contains(canary), "{engine:?}: {canary} in {}", heard.everywhere);
        }
        for canary in [NAME, SUBJECT, TEXT, FILE] {
            assert!(!heard.apart_from_reading.contains(canary), "{engine:?}: {canary} in {}", heard.apart_from_reading);
        }
    }
}
