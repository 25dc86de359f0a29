//! A disk without room: the mail is refused for the time being by pipe and by HTTP, nothing
//! half-done is left, and the same mail comes in once there is room.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use db::{Engine, Statement};
use serde_json::json;
use testkit::postgres::Cluster;
use testkit::{ENGINES, Letter, files_below};

use super::program::{Installation, Server, end};

/// Blocks of 512 bytes that a file may have at most: room for a young database, and for half of
/// what hangs on the mail.
const FILE_BLOCKS: u32 = 10_000;

/// A mail with a file of so many bytes.
fn mail(file: usize) -> Vec<u8> {
    let lines = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n".repeat(file / 64);
    let body = format!(
        "--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/csv\n\
         Content-Disposition: attachment; filename=\"a.csv\"\n\n{lines}\n--b--\n"
    );
    Letter::new("a@x.example", "Keep me")
        .id("keep@x.example")
        .header("Content-Type", "multipart/mixed; boundary=b")
        .text(&body)
        .raw()
}

/// The command, in a process whose files cannot grow beyond [`FILE_BLOCKS`].
fn with_little_room(command: &Command) -> Command {
    let mut limited = Command::new("/bin/sh");
    limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let script = format!("trap '' XFSZ; ulimit -f {FILE_BLOCKS}; exec \"$0\" \"$@\"");
    limited.arg("-c").arg(script).arg(command.get_program()).args(command.get_args());
    limited
}

/// Sends a mail by HTTP to a server, which refuses it for the time being.
fn refused_by_http(server: &Server, token: &str, mail: &[u8]) {
    let (status, body) = server.request("POST", "/api/v1/inbound/mail", Some(token), mail);
    assert!(status == 503 && body.contains("urn:doorward:problem:unavailable"), "{status} {body}");
}

/// Nothing of a refused mail is there, and the log holds.
fn assert_nothing_came_in(desk: &Installation) {
    assert!(desk.conversations().is_empty());
    assert_eq!(desk.answer(&["quarantine", "list"])["quarantine"], json!([]));
    assert!(files_below(&desk.data().join("blobs")).is_empty(), "no piece of a file is left");
    assert_eq!(desk.answer(&["verify"])["ok"], true);
}

fn token(desk: &Installation) -> String {
    desk.answer(&["token", "create", "--scope", "mail:write"])["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_file_that_no_longer_fits_beside_the_database_refuses_its_mail_for_now() {
    for engine in ENGINES {
        let desk = Installation::on(engine);
        let (token, mail) = (token(&desk), mail(10 * 1024 * 1024));
        end(with_little_room(&desk.command()).args(["mail", "--json"]), &mail).refused(75, "blob store");
        assert_nothing_came_in(&desk);

        let server = Server::start(with_little_room(&desk.command()));
        refused_by_http(&server, &token, &mail);
        if engine == Engine::Sqlite {
            // The pipe hands it to the server.
            desk.mail(&mail).refused(75, "blob store");
        }
        // A mail that fits is taken all the while.
        let small = Letter::new("b@x.example", "Small").id("small@x.example").raw();
        let (status, body) = server.request("POST", "/api/v1/inbound/mail", Some(&token), &small);
        assert_eq!(status, 201, "{engine:?}: {body}");
        server.stop().ok();

        assert!(files_below(&desk.data().join("blobs")).is_empty(), "{engine:?}: no piece of a file is left");
        assert_eq!(desk.mail(&mail).ok().json()["outcome"], "received", "{engine:?}");
        assert_eq!(files_below(&desk.data().join("blobs")).len(), 1, "{engine:?}");
        assert_eq!(desk.answer(&["verify"])["ok"], true);
    }
}

/// Where PostgreSQL keeps what is too long for a row of `attachment`.
static LONG_VALUES: Statement = Statement::new(
    "full_disk.LONG_VALUES",
    "SELECT pg_relation_filepath(reltoastrelid)::text FROM pg_class WHERE oid = 'attachment'::regclass",
);

fn file_of_long_values(desk: &Installation) -> PathBuf {
    let found = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let product = desk.product().await;
        let read = |tx: &mut db::Tx<'_>| tx.query_one(&LONG_VALUES, &[], |row| row.text(0));
        let found = product.context.db.read::<_, db::Error, _>("full_disk.file", read).await.unwrap();
        product.close().await;
        found
    });
    Cluster::shared().data_folder().join(found)
}

/// Puts a device that is always full in the place of an empty file of the server. Nothing mounts,
/// and the refusal is the kernel's own.
fn fill(file: &Path) {
    assert_eq!(fs::metadata(file).unwrap().len(), 0, "no long value is stored yet");
    fs::remove_file(file).unwrap();
    symlink("/dev/full", file).unwrap();
}

/// Puts the empty file back.
fn make_room(file: &Path) {
    fs::remove_file(file).unwrap();
    fs::write(file, b"").unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    let folder = fs::metadata(file.parent().unwrap()).unwrap();
    chown(file, Some(folder.uid()), Some(folder.gid())).unwrap();
}

/// Ends the connections, whose processes keep the files open that they have found.
const HANG_UP: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

#[test]
fn a_database_server_whose_disk_is_full_refuses_for_now_and_takes_the_same_mail_later() {
    let desk = Installation::on(Engine::Postgres);
    // Small enough to lie in the database.
    let (token, mail) = (token(&desk), mail(100 * 1024));
    let file = file_of_long_values(&desk);
    desk.execute(HANG_UP);
    fill(&file);
    desk.mail(&mail).refused(75, "full");
    assert_nothing_came_in(&desk);

    let server = desk.serve();
    refused_by_http(&server, &token, &mail);
    assert_eq!(server.request("GET", "/health/ready", None, b"").0, 200, "what needs no room goes on");
    make_room(&file);
    desk.execute(HANG_UP);
    let (status, body) = server.request("POST", "/api/v1/inbound/mail", Some(&token), &mail);
    assert!(status == 201 && body.contains("\"received\""), "{status} {body}");
    server.stop().ok();
    assert_eq!(desk.mail(&mail).ok().json()["outcome"], "duplicate");
    assert_eq!(desk.answer(&["verify"])["ok"], true);
}
