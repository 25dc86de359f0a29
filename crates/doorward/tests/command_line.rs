//! The built program as people and mail servers call it, beside an owner that this test plays.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end where it stands")]

mod played_owner;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use doorward::operations::ReceivedVia;
use kernel::limits::MAIL_BYTES;
use played_owner::PlayedOwner;

/// The program with nothing of this machine's environment.
fn doorward(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command.env_clear().env("HOME", home).args(arguments).stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    doorward(home, arguments).output().unwrap()
}

fn run_with_input(home: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child =
        doorward(home, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

#[test]
fn a_mail_reaches_the_owner_byte_for_byte_and_nothing_is_printed() {
    let owner = PlayedOwner::start();
    let mail = b"From: a@example.org\r\n\r\n\x00\xFF\r\n.\r\nFrom here\n";
    let arguments =
        ["mail", "--data", owner.data(), "--client-ip", "192.0.2.7", "--helo", "mx", "--mail-from", "a@example.org"];
    let output = run_with_input(owner.home(), &arguments, mail);
    assert_eq!((output.status.code(), output.stdout.as_slice(), error(&output).as_str()), (Some(0), &b""[..], ""));
    let taken = owner.mails();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].raw, mail);
    assert_eq!(taken[0].envelope, ("192.0.2.7".to_owned(), "mx".to_owned(), "a@example.org".to_owned()));
    assert_eq!(taken[0].via, ReceivedVia::Pipe);
    let again = run_with_input(owner.home(), &["--json", "mail", "--data", owner.data()], mail);
    assert_eq!(json(&again)["outcome"], "duplicate");
}

#[test]
fn the_largest_mail_passes_and_one_byte_more_is_refused_with_the_limit_named() {
    let owner = PlayedOwner::start();
    let mut mail = vec![b'x'; MAIL_BYTES];
    assert_eq!(run_with_input(owner.home(), &["mail", "--data", owner.data()], &mail).status.code(), Some(0));
    assert_eq!(owner.mails()[0].raw.len(), MAIL_BYTES);
    mail.push(b'x');
    let refused = run_with_input(owner.home(), &["mail", "--data", owner.data()], &mail);
    assert_eq!(refused.status.code(), Some(65));
    assert!(error(&refused).contains(&MAIL_BYTES.to_string()), "{}", error(&refused));
    assert_eq!(owner.mails().len(), 1);
}

#[test]
fn a_mail_server_keeps_the_mail_for_every_fault_of_ours() {
    let owner = PlayedOwner::start();
    let code = |arguments: &[&str], mail: &[u8]| run_with_input(owner.home(), arguments, mail).status.code();
    assert_eq!(code(&["mail", "--data", owner.data()], b""), Some(65));
    assert_eq!(code(&["mail", "--no-such-flag"], b"x"), Some(64));
    assert_eq!(code(&["--log-level", "loud", "mail"], b"x"), Some(64));
    for trouble in ["fail io", "fail software", "fail configuration", "fail try-again", "panic"] {
        assert_eq!(code(&["mail", "--data", owner.data()], trouble.as_bytes()), Some(75), "{trouble}");
    }
    assert_eq!(code(&["mail", "--data", "/nowhere/at/all"], b"x"), Some(75));
    assert_eq!(code(&["mail", "--data", owner.data()], b"the next one\n"), Some(0));
}

#[test]
fn other_commands_tell_their_failures_apart() {
    let owner = PlayedOwner::start();
    let code = |arguments: &[&str]| run(owner.home(), arguments).status.code();
    assert_eq!(code(&["no-such-command"]), Some(2));
    assert_eq!(code(&["verify", "--listen", "here"]), Some(2));
    assert_eq!(code(&["verify", "--data", "/nowhere/at/all"]), Some(78));
    let key_inside = format!("{}/root.key", owner.data());
    assert_eq!(code(&["verify", "--data", owner.data(), "--root-key-file", &key_inside]), Some(78));
    assert_eq!(code(&["conversations", "show", "cnv_01jd0000000000000000000000", "--data", owner.data()]), Some(66));
    assert_eq!(code(&["erase", "customer", "cus_01jd0000000000000000000000", "--reason", "asked"]), Some(2));
    let help = run(owner.home(), &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("75  try again later"));
}

#[test]
fn verify_prints_its_documented_form_and_fails_when_the_log_does_not_hold() {
    let owner = PlayedOwner::start();
    let good = run(owner.home(), &["verify", "--json", "--data", owner.data()]);
    assert_eq!(good.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&good.stdout),
        "{\"size\":7,\"ok\":true,\"root\":\"cm9vdA==\",\"checkpoints\":2,\"chains\":3,\
         \"entries\":0,\"pending\":0,\"erased\":0,\"problems\":[]}\n"
    );
    let bad = run(owner.home(), &["verify", "--since", "5", "--data", owner.data()]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bad.stdout).contains("problem: entry 6"));
}

#[test]
fn a_second_serve_is_refused_naming_the_process() {
    let owner = PlayedOwner::start();
    let begun = Instant::now();
    let refused = run(owner.home(), &["serve", "--data", owner.data(), "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(75));
    assert!(error(&refused).contains(&format!("(process {}, since 20", std::process::id())), "{}", error(&refused));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_socket_is_for_its_user_alone_and_a_stale_one_is_replaced() {
    let owner = PlayedOwner::start_where(|data| {
        drop(std::os::unix::net::UnixListener::bind(data.join("control.sock")).unwrap());
    });
    let socket = fs::metadata(owner.data_path().join("control.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(run(owner.home(), &["verify", "--data", owner.data()]).status.code(), Some(0));
    assert!(
        !fs::read_dir(owner.data_path())
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with(".control-") })
    );
}

#[test]
fn a_data_folder_with_a_very_long_path_is_reached_all_the_same() {
    let owner = PlayedOwner::start_in(&"a-long-name-of-a-folder".repeat(5));
    assert_eq!(run(owner.home(), &["verify", "--data", owner.data()]).status.code(), Some(0));
}

#[test]
fn an_import_counts_every_mail_and_never_has_more_than_32_on_their_way() {
    let owner = PlayedOwner::start();
    let folder = owner.home().join("mails");
    fs::create_dir_all(folder.join("deeper")).unwrap();
    for number in 0..100 {
        fs::write(folder.join(format!("deeper/{number:03}.eml")), format!("slow {number}")).unwrap();
    }
    fs::write(folder.join("a.eml"), "append").unwrap();
    fs::write(folder.join("b.eml"), "quarantine").unwrap();
    fs::write(folder.join("c.eml"), "slow 7").unwrap();
    fs::write(folder.join("notes.txt"), "no mail").unwrap();
    std::os::unix::fs::symlink(&folder, folder.join("deeper/loop")).unwrap();
    let output = run(owner.home(), &["import", "mail", "--json", "--data", owner.data(), folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"received\":103,\"conversations\":100,\"appended\":1,\"quarantined\":1,\"duplicates\":1}\n"
    );
    assert!((2..=32).contains(&owner.most_at_once()), "{}", owner.most_at_once());
    assert!(owner.mails().iter().all(|mail| mail.via == ReceivedVia::Import));
}

#[test]
fn one_poisonous_mail_does_not_stop_an_import_and_is_named() {
    let owner = PlayedOwner::start();
    let folder = owner.home().join("mails");
    fs::create_dir(&folder).unwrap();
    for (name, text) in [("a.eml", "one"), ("b.eml", "panic"), ("c.eml", ""), ("d.eml", "two")] {
        fs::write(folder.join(name), text).unwrap();
    }
    let output = run(owner.home(), &["import", "mail", "--json", "--data", owner.data(), folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(json(&output)["received"], 2);
    assert!(error(&output).contains("b.eml") && error(&output).contains("c.eml"), "{}", error(&output));
}

#[test]
fn customers_are_imported_in_chunks_and_rejected_rows_are_named_by_their_line() {
    let owner = PlayedOwner::start();
    let file = owner.home().join("customers.csv");
    let rows = (0..600).map(|number| format!("n{number};p{number}@example.org")).collect::<Vec<_>>().join("\n");
    fs::write(&file, format!("name;email\n\"bad\nname\";b@example.org\nshort\n{rows}")).unwrap();
    let report = owner.home().join("report.csv");
    let output = run(
        owner.home(),
        &[
            "import",
            "customers",
            file.to_str().unwrap(),
            "--json",
            "--data",
            owner.data(),
            "--report",
            report.to_str().unwrap(),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    let answer = json(&output);
    assert_eq!((&answer["rows"], &answer["created"]), (&602.into(), &600.into()));
    let text = fs::read_to_string(report).unwrap();
    assert!(text.starts_with("line,reason\n2,") && text.contains("\n4,"), "{text}");
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let owner = PlayedOwner::start();
    let mut child = doorward(owner.home(), &["conversations", "list", "--data", owner.data()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 2];
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"ID");
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), error(&output).as_str()), (Some(0), ""));
}

#[test]
fn doctor_names_what_is_missing_and_fails() {
    let owner = PlayedOwner::start();
    let output = run(owner.home(), &["doctor", "--json", "--data", owner.data(), "--listen", "0.0.0.0:80"]);
    assert_eq!(output.status.code(), Some(1));
    let findings = json(&output)["findings"].as_array().unwrap().clone();
    let weight = |what: &str| {
        findings.iter().find(|finding| finding["what"] == what).map(|finding| finding["weight"].clone()).unwrap()
    };
    assert_eq!(weight("root key"), "bad");
    assert_eq!(weight("entry"), "bad");
    assert_eq!(weight("clock"), "ok");
    assert_eq!(weight("engine"), "weak");
}
