//! A mailbox from its addition to its removal, as the operator meets it.

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::ENGINES;
use testkit::dovecot::{Account, Dovecot};

use super::letter;
use super::program::{Ended, Installation, end};

/// How long a mail may take from its delivery to the desk.
const PATIENCE: Duration = Duration::from_mins(3);

fn add(desk: &Installation, account: &Account<'_>, secret: &str) -> Ended {
    let authority = desk.path("authority.pem");
    std::fs::write(&authority, Dovecot::shared().authority()).unwrap();
    let mut command = desk.command();
    command.args([
        "mailbox",
        "add",
        "--host",
        "localhost",
        "--user",
        account.user(),
        "--move-to",
        "Doorward",
        "--json",
    ]);
    command.arg("--port").arg(Dovecot::shared().tls_port().to_string());
    command.arg("--authority-file").arg(authority);
    end(&mut command, format!("{secret}\n").as_bytes())
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never came about: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn only(desk: &Installation) -> Value {
    let all = desk.answer(&["mailbox", "list"])["mailboxes"].as_array().unwrap().clone();
    assert_eq!(all.len(), 1);
    all[0].clone()
}

#[test]
fn mail_is_read_while_the_product_serves() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let account = Dovecot::shared().account();
        let id = add(&desk, &account, account.password()).ok().json()["id"].as_str().unwrap().to_owned();
        account.deliver(letter("Anna <anna@x.example>", "By IMAP", "1@x.example"));
        assert_eq!(desk.answer(&["mailbox", "test", &id])["passed"], true);
        let doctor = desk.run(&["doctor"]);
        assert!(doctor.out.contains("mailbox: localhost: read, 0 mails taken in"), "{}", doctor.out);

        let server = desk.serve();
        until("the mail is on the desk", || !desk.conversations().is_empty());
        until("the folder is clear", || only(&desk)["succeeded_at"].is_string());
        account.deliver(letter("Bert <bert@x.example>", "While it serves", "2@x.example"));
        until("the next one is as well", || desk.conversations().len() == 2);
        until("both are put away", || account.folder("Doorward") == 2);
        let metrics = server.request("GET", "/metrics", None, b"").1;
        assert!(metrics.contains("doorward_mailbox_mails{outcome=\"received\"} 2"), "{metrics}");
        desk.run(&["mailbox", "pause", &id]).ok();
        assert_eq!(only(&desk)["paused"], true);
        let ended = server.stop().ok();
        for secret in [account.password(), account.user()] {
            assert!(!ended.err.contains(secret), "the log names nobody: {}", ended.err);
        }

        desk.run(&["mailbox", "resume", &id]).ok();
        assert_eq!(only(&desk)["taken"], 2, "{engine:?}");
        desk.run(&["mailbox", "remove", &id]).ok();
        desk.run(&["mailbox", "test", &id]).refused(66, "there is no such mailbox");
        assert_eq!(desk.answer(&["mailbox", "list"])["mailboxes"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn what_is_wrong_with_a_mailbox_is_told_with_what_to_do() {
    let desk = Installation::on(db::Engine::Sqlite);
    let account = Dovecot::shared().account();
    let id = add(&desk, &account, "wrong").ok().json()["id"].as_str().unwrap().to_owned();
    let tested = desk.run(&["mailbox", "test", &id]);
    assert!(tested.out.contains("BAD  log-in: the log-in was refused: check user and secret"), "{}", tested.out);
    tested.refused(1, "the mailbox cannot be read");
    let mut secret = desk.command();
    secret.args(["mailbox", "secret", &id]);
    end(&mut secret, account.password().as_bytes()).ok();
    assert_eq!(desk.answer(&["mailbox", "test", &id])["passed"], true);

    add(&desk, &account, "").refused(78, "standard input is empty");
    let mut nowhere = desk.command();
    nowhere.args(["mailbox", "add", "--host", "mail/elm", "--user", "x"]);
    end(&mut nowhere, b"secret").refused(65, "the server is a host name or an address");
}
