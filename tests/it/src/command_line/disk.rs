//! Whatever commands are given, and whatever they write down: a thief of the data folder, of the
//! keys' folder, of backups and of the log finds nothing personal there.

use std::path::{Path, PathBuf};

use db::Engine;
use testkit::{ENGINES, Letter, files_below};

use super::program::{Installation, Server, end};
use crate::security::search::Search;

const FILE: &str = "name,email,phone,company,customer_number,birth_date,postal_address,iban\n\
    Kaarina Kanarialintu,canary.row.3319@vogel.example,+358 50 7731906,Canary Works 5521,K-88-canary,1971-08-23,\
    Kanarienvogelweg 17,FI21 1234 5600 0007 85\n\
    Rejected Kanarialintu,canary.rejected.4420,,,,,,\n";

/// Values that exist nowhere else, one for each thing that a command can be given.
const CANARIES: [&str; 25] = [
    "canary.boss.1101@elm.example",
    "Kaarina Kanarialintu",
    "canary.row.3319@vogel.example",
    "+358 50 7731906",
    "+358507731906",
    "Canary Works 5521",
    "K-88-canary",
    "1971-08-23",
    "Kanarienvogelweg 17",
    "FI21 1234 5600 0007 85",
    "FI2112345600000785",
    "Rejected Kanarialintu",
    "canary.rejected.4420",
    "203.0.113.177",
    "canary.helo.6630.example",
    "canary.envelope.7741@vogel.example",
    "Canaria Pipeline",
    "canary.pipe.8852@vogel.example",
    "canary-subject-of-pipe",
    "canary-text-of-pipe",
    "canary-file-of-pipe.csv",
    "canary-row-of-file",
    "canary-poison-of-pipe",
    "canary-note-of-agent",
    "canary-reason-of-erasure",
];

fn mail() -> Vec<u8> {
    let filler = "x".repeat(400_000);
    let body = format!(
        "--b\nContent-Type: text/plain\n\ncanary-text-of-pipe\n--b\nContent-Type: text/csv\n\
         Content-Disposition: attachment; filename=\"canary-file-of-pipe.csv\"\n\n{filler} canary-row-of-file\n--b--\n"
    );
    Letter::new("Canaria Pipeline <canary.pipe.8852@vogel.example>", "canary-subject-of-pipe")
        .id("canary.pipe.8852@vogel.example")
        .header("Content-Type", "multipart/mixed; boundary=\"b\"")
        .text(&body)
        .raw()
}

/// Everything that lies there now but the file of customers, which is the operator's own.
fn lies_there(desk: &Installation, engine: Engine, own: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = files_below(&desk.path(""));
    files.retain(|(path, _)| path != own);
    if engine == Engine::Postgres {
        files.extend(files_below(&testkit::postgres::Cluster::shared().data_folder()));
    }
    files
}

/// Brings everything in, beside a running server, and gives what was logged.
fn bring_in(desk: &Installation, engine: Engine, customers: &Path) -> String {
    let mut logged = desk.command();
    logged.env("DOORWARD_LOG_LEVEL", "trace");
    let server = Server::start(logged);
    let mut log = String::new();
    let mut run = |arguments: &[&str], input: &[u8]| {
        let ended = end(desk.command().env("DOORWARD_LOG_LEVEL", "trace").args(arguments), input).ok();
        log.push_str(&ended.err);
    };
    let envelope = [
        "mail",
        "--client-ip",
        "203.0.113.177",
        "--helo",
        "canary.helo.6630.example",
        "--mail-from",
        "canary.envelope.7741@vogel.example",
    ];
    run(&envelope, &mail());
    run(&["mail"], b"\x01 canary-poison-of-pipe");
    let report = desk.path("rejected-rows.csv");
    run(&["import", "customers", customers.to_str().unwrap(), "--report", report.to_str().unwrap()], b"");
    run(&["conversations", "list"], b"");
    // While it runs, with its write-ahead log.
    let found = Search::of(&CANARIES).find_in(&lies_there(desk, engine, customers));
    assert_eq!(found, None, "{engine:?}, beside a running server");
    log + &server.stop().ok().err
}

fn back_up(desk: &Installation, name: &str) {
    let (data, keys) = (desk.path(&format!("{name}-data")), desk.path(&format!("{name}-keys")));
    desk.answer(&["backup", "--to", data.to_str().unwrap(), "--keys-to", keys.to_str().unwrap()]);
    let written: usize = [data, keys].iter().map(|folder| files_below(folder).len()).sum();
    assert!(written >= 4, "a backup has files");
}

#[test]
fn nothing_that_commands_were_given_lies_in_data_keys_backups_or_logs() {
    for engine in ENGINES {
        let desk = Installation::empty(engine);
        let boss = "canary.boss.1101@elm.example";
        desk.run(&["init", "--organisation", "Elm", "--admin-email", boss]).ok();
        let customers = desk.path("customers.csv");
        std::fs::write(&customers, FILE).unwrap();
        let log = bring_in(&desk, engine, &customers);

        let row = desk.conversations().remove(0);
        let conversation = row["id"].as_str().unwrap().parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let product = desk.product().await;
            let organisation = product.identity.organisations().await.unwrap().remove(0).id;
            let desk = testkit::desk(&product);
            desk.add_note(organisation, conversation, testkit::agent(), "canary-note-of-agent").await.unwrap();
            product.close().await;
        });
        back_up(&desk, "before");
        let erase = ["erase", "customer", row["customer_id"].as_str().unwrap(), "--yes", "--reason"];
        desk.answer(&[erase.as_slice(), &["canary-reason-of-erasure"]].concat());
        desk.answer(&["rotate"]);
        back_up(&desk, "after");

        let search = Search::of(&CANARIES);
        assert!(search.find(&std::fs::read(&customers).unwrap()).is_some(), "the search finds what is there");
        assert!(log.contains("stopped"), "the log was heard: {log}");
        assert_eq!(search.find(log.as_bytes()), None, "{engine:?}, in the log");
        let files = lies_there(&desk, engine, &customers);
        assert!(files.iter().any(|(path, _)| path.starts_with(desk.path("home/keys"))), "keys are searched");
        assert!(files.iter().any(|(path, _)| path.starts_with(desk.path("before-data/blobs"))), "and blobs of backups");
        assert_eq!(search.find_in(&files), None, "{engine:?}, in the end");
    }
}
