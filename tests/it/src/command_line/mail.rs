//! Mail by pipe and from files: what is printed, and the exit code that a mail server reads.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use db::Engine;
use serde_json::json;
use testkit::ENGINES;

use super::program::{Installation, end, program};
use super::{as_files, letter};

/// Whom files belong to that nobody owns.
const NOBODY: u32 = 65_534;

/// A mail of about this size.
fn mail_of(bytes: usize) -> Vec<u8> {
    let mut mail = letter("a@x.example", "Large", "large@x.example");
    while mail.len() + 72 <= bytes {
        mail.extend_from_slice(&[b'x'; 70]);
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

#[test]
fn mail_from_files_folders_and_mboxes_is_counted_and_comes_in_once() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let mut mails: Vec<Vec<u8>> =
            (0..3).map(|n| letter("a@x.example", "Hello", &format!("{n}@x.example"))).collect();
        let answer = testkit::Letter::new("a@x.example", "Re: Hello").id("9@x.example").answers("0@x.example");
        mails.push(answer.raw());
        mails.push(b"\x01 no mail at all \x02".to_vec());
        let (letters, mbox) = as_files(&desk.path(""), &mails);
        let (letters, mbox) = (letters.to_str().unwrap(), mbox.to_str().unwrap());

        let first = desk.run(&["import", "mail", "--json", letters]).ok();
        let expected = json!({"received": 5, "conversations": 3, "appended": 1, "quarantined": 1, "duplicates": 0});
        assert_eq!(first.json(), expected, "{engine:?}");
        // Stable means to the letter: the order of the fields as well.
        assert_eq!(
            first.out,
            "{\"received\":5,\"conversations\":3,\"appended\":1,\"quarantined\":1,\"duplicates\":0}\n"
        );
        let again = desk.answer(&["import", "mail", letters]);
        assert_eq!((&again["duplicates"], &again["conversations"]), (&json!(5), &json!(0)), "{engine:?}");
        let single = desk.answer(&["import", "mail", &format!("{letters}/0.eml")]);
        assert_eq!(single["duplicates"], 1);
        assert_eq!(desk.answer(&["import", "mail", mbox])["received"], 5);
        assert_eq!(desk.conversations().len(), 3);

        let quarantined = desk.answer(&["quarantine", "list"]);
        let id = quarantined["quarantine"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(desk.answer(&["quarantine", "show", &id])["id"], id);
        desk.run(&["quarantine", "release", &id]).refused(65, "still cannot be read");
    }
}

#[test]
fn a_mail_of_25_megabytes_comes_in_and_one_of_26_is_refused_with_the_limit() {
    let desk = Installation::on(Engine::Sqlite);
    for server in [None, Some(desk.serve())] {
        let outcome = desk.mail(&mail_of(25 * 1024 * 1024)).ok().json();
        assert_eq!(outcome["outcome"], if server.is_some() { "duplicate" } else { "received" });
        let limit = kernel::limits::MAIL_BYTES.to_string();
        desk.mail(&mail_of(26 * 1024 * 1024)).refused(65, &limit);
        desk.mail(b"").refused(65, "no mail");
    }
    end(desk.command().args(["mail", "--nonsense"]), b"x").refused(64, "--nonsense");
}

#[test]
fn whatever_is_wrong_on_our_side_the_mail_server_is_told_to_keep_the_mail() {
    let desk = Installation::on(Engine::Sqlite);
    let mail = letter("a@x.example", "Keep me", "keep@x.example");
    let with = |name: &str, value: &str| end(desk.command().env(name, value).arg("mail"), &mail);

    with("DOORWARD_DATA", "/nowhere/at/all").refused(75, "doorward init");
    with("DOORWARD_ROOT_KEY_FILE", "/nowhere/root.key").refused(75, "no keyring at /nowhere/root.keyring");
    with("DOORWARD_LISTEN", "here").refused(75, "DOORWARD_LISTEN");
    with("DOORWARD_DATABASE", "mysql://elsewhere/x").refused(75, "DOORWARD_DATABASE");
    with("DOORWARD_DATABASE", "postgresql://nobody@127.0.0.1:1/none").refused(75, "");
    end(desk.command().env_remove("HOME").env_remove("DOORWARD_ROOT_KEY_FILE").arg("mail"), &mail)
        .refused(75, "--root-key-file");
    desk.mail(&mail).ok();
}

#[test]
fn a_database_that_cannot_be_written_refuses_for_now() {
    let desk = Installation::on(Engine::Sqlite);
    let copy = desk.path("doorward");
    fs::copy(program(), &copy).unwrap();
    let mut command = desk.command();
    command.args(["mail", "--json"]);
    // To the superuser nothing is read-only: then the program runs as somebody else.
    let owner = fs::metadata(desk.data()).unwrap();
    if std::os::unix::fs::MetadataExt::uid(&owner) == 0 {
        let everything = format!("chown -R {NOBODY}:{NOBODY} '{}'", desk.path("").display());
        assert!(Command::new("sh").args(["-c", &everything]).status().unwrap().success());
        command = same_settings(&command, &copy);
        command.uid(NOBODY).gid(NOBODY);
    }
    let database = desk.data().join("doorward.sqlite");
    fs::set_permissions(&database, Permissions::from_mode(0o400)).unwrap();
    let mail = letter("a@x.example", "Keep me", "keep@x.example");
    end(&mut command, &mail).refused(75, "read-only");
    // SQLite gives the files beside the database the database's own mode.
    for entry in fs::read_dir(desk.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("doorward.sqlite")) {
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
    }
    assert_eq!(end(&mut command, &mail).ok().json()["outcome"], "received");
}

/// The command for another copy of the program.
fn same_settings(command: &Command, program: &std::path::Path) -> Command {
    let mut same = Command::new(program);
    same.env_clear().args(command.get_args());
    same.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    same
}

#[test]
fn a_folder_that_another_command_holds_is_waited_for_and_then_refused_for_now() {
    let desk = Installation::on(Engine::Sqlite);
    let lock = File::options().read(true).write(true).open(desk.data().join("owner.lock")).unwrap();
    lock.lock().unwrap();
    let mail = letter("a@x.example", "Wait", "wait@x.example");
    let begun = std::time::Instant::now();
    desk.mail(&mail).refused(75, "holds");
    assert!(begun.elapsed() >= kernel::limits::OWNER_WAIT);
    lock.unlock().unwrap();
    desk.mail(&mail).ok();
}
