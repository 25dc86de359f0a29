//! What whoever watches a running server is told: counters that are there from the start, and a
//! doctor that looks at what is really served.

use std::os::unix::net::UnixStream;

use db::Engine;
use serde_json::Value;

use super::letter;
use super::program::{Installation, Server};

/// The value of a counter, by its name and labels as they are written.
fn counter(server: &Server, name: &str) -> u64 {
    let (status, text) = server.request("GET", "/metrics", None, b"");
    assert_eq!(status, 200);
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is not in {text}")).trim().parse().unwrap()
}

fn mails(server: &Server, outcome: &str) -> u64 {
    counter(server, &format!("doorward_mail{{outcome=\"{outcome}\"}}"))
}

#[test]
fn what_may_go_wrong_is_counted_at_nought_before_it_does() {
    let desk = Installation::on(Engine::Sqlite);
    let server = desk.serve();
    for outcome in ["received", "appended", "quarantined", "duplicate", "refused"] {
        assert_eq!(mails(&server, outcome), 0, "{outcome}");
    }
    for reason in ["too-large", "busy", "full", "read-only", "database-away", "overtaken", "large-files", "fault"] {
        assert_eq!(counter(&server, &format!("doorward_mail_refusals{{reason=\"{reason}\"}}")), 0, "{reason}");
    }
    assert_eq!(counter(&server, "doorward_audit_fold_troubles"), 0);
    for problem in ["too-large", "busy", "unavailable", "fault", "token-refused"] {
        assert_eq!(counter(&server, &format!("doorward_http_problems{{problem=\"{problem}\"}}")), 0, "{problem}");
    }
}

#[test]
fn every_mail_is_counted_by_what_became_of_it_whichever_way_it_came() {
    let desk = Installation::on(Engine::Sqlite);
    let token = desk.answer(&["token", "create", "--scope", "mail:write"])["token"].as_str().unwrap().to_owned();
    let server = desk.serve();
    let first = letter("a@x.example", "Hello", "1@x.example");
    desk.mail(&first).ok();
    desk.mail(&first).ok();
    let answer = testkit::Letter::new("a@x.example", "Re: Hello").id("2@x.example").answers("1@x.example").raw();
    assert_eq!(server.request("POST", "/api/v1/inbound/mail", Some(&token), &answer).0, 201);
    let file = desk.path("poison.eml");
    std::fs::write(&file, b"\x01 no mail at all").unwrap();
    desk.run(&["import", "mail", file.to_str().unwrap()]).ok();
    let outcomes = ["received", "appended", "duplicate", "quarantined", "refused"];
    assert_eq!(outcomes.map(|outcome| mails(&server, outcome)), [1, 1, 1, 1, 0]);

    assert_eq!(server.announce("/api/v1/inbound/mail", &token, kernel::limits::MAIL_BYTES + 1), 413);
    announce_too_large(&desk);
    assert_eq!(counter(&server, "doorward_mail_refusals{reason=\"too-large\"}"), 2);
    assert_eq!(mails(&server, "refused"), 2);
}

/// A pipe of another make that does not look at the size by itself.
fn announce_too_large(desk: &Installation) {
    use std::io::{Read as _, Write as _};
    let call = doorward::operations::Call {
        organisation: None,
        operation: doorward::operations::Operation::Mail {
            client_ip: None,
            helo: None,
            mail_from: None,
            received_via: doorward::operations::ReceivedVia::Pipe,
        },
    };
    let body_bytes = kernel::limits::MAIL_BYTES as u64 + 1;
    let request = doorward::control::Frame::Request(doorward::control::Request { call, body_bytes });
    let mut stream = UnixStream::connect(desk.data().join("control.sock")).unwrap();
    for frame in [doorward::control::Frame::Hello(doorward::control::VERSION), request] {
        let bytes = frame.encode().unwrap();
        stream.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(&bytes).unwrap();
    }
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    assert!(String::from_utf8_lossy(&said).contains("the limit of one body"));
}

#[test]
fn doctor_looks_at_the_address_that_is_served_and_not_at_the_configured_one() {
    let desk = Installation::on(Engine::Sqlite);
    let entry = |answer: &Value| {
        let findings = answer["findings"].as_array().unwrap().clone();
        let mut entries = findings.into_iter().filter(|finding| finding["what"] == "entry");
        let entry = entries.next().unwrap();
        assert_eq!(entries.next(), None, "one finding about the entry");
        (entry["weight"].as_str().unwrap().to_owned(), entry["found"].as_str().unwrap().to_owned())
    };
    // Configured is an address that everybody reaches; served is one that only this machine does.
    let ask =
        || super::program::end(desk.command().env("DOORWARD_LISTEN", "0.0.0.0:8480").args(["doctor", "--json"]), b"");
    let (weight, found) = entry(&ask().refused(1, "to be mended").json());
    assert!(weight == "bad" && found.starts_with("0.0.0.0:8480"), "{weight} {found}");
    let server = desk.serve();
    let (weight, found) = entry(&ask().json());
    assert!(weight == "ok" && found.starts_with(&server.address), "{weight} {found}");
    server.stop().ok();
}
