//! The server process, and the watcher that ends it together with the test process. Knows nothing
//! of SQL.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::certificate::Issued;
use super::programs::{User, unprivileged_user};
use super::{ClusterError, Durability, MAX_CONNECTIONS, read_or_empty};

/// How long a start may take, recovery included.
const START: Duration = Duration::from_mins(1);
/// How often a start is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Ports tried when another process takes the free one first.
const PORTS_TRIED: usize = 5;

/// The longest folder that leaves room for a socket's name within the 107 bytes of sockaddr_un.
const BASE_FOLDER_BYTES: usize = 60;

/// Runs the server and reads orders from its own input. The end of that input is the end of the
/// test process, however it ended: the server is stopped and the folder removed.
const WATCHER: &str = r#"
postgres=$1 folder=$2
start() { : >"$folder/log"; "$postgres" -D "$folder/data" >>"$folder/log" 2>&1 </dev/null & server=$!; }
stop() { kill -QUIT "$server" 2>/dev/null; wait "$server"; }
start
while read -r order; do
    case $order in
        crash) stop; start; echo started ;;
    esac
done
stop
rm -rf "$folder"
"#;

pub(super) struct Server {
    port: u16,
    folder: PathBuf,
    watcher: Mutex<Watcher>,
}

struct Watcher {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    pub(super) fn start(
        durability: Durability,
        password: &str,
        certificate: Option<&Issued>,
    ) -> Result<Self, ClusterError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::start_on(free_port()?, durability, password, certificate) {
                Err(ClusterError::Program { output, .. })
                    if output.contains("could not bind") && tries < PORTS_TRIED => {}
                outcome => return outcome,
            }
        }
    }

    fn start_on(
        port: u16,
        durability: Durability,
        password: &str,
        certificate: Option<&Issued>,
    ) -> Result<Self, ClusterError> {
        let programs = super::program_folder()?;
        let folder = tempfile::Builder::new().prefix("doorward-pg-").tempdir_in(base_folder())?;
        let private = Private { folder: folder.path(), user: server_user(folder.path())? };
        if let Some(user) = private.user {
            chown(folder.path(), Some(user.uid), Some(user.gid))?;
        }

        private.write("password", password)?;
        make_cluster(&private, &programs)?;
        private.write("data/postgresql.conf", &settings(port, durability, certificate.is_some(), folder.path()))?;
        private.write("data/pg_hba.conf", access(certificate.is_some()))?;
        if let Some(issued) = certificate {
            private.write("data/server.crt", &issued.certificate)?;
            private.write("data/server.key", &issued.key)?;
        }

        let watcher = Mutex::new(watch(&private, &programs)?);
        // From here on the watcher removes the folder.
        let server = Self { port, folder: folder.keep(), watcher };
        server.wait_until_ready()?;
        Ok(server)
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn data_folder(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) fn socket_folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn crash_and_recover(&self) -> Result<(), ClusterError> {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let Watcher { orders, answers, .. } = &mut *watcher;
        if let Some(orders) = orders {
            orders.write_all(b"crash\n")?;
            answers.read_line(&mut String::new())?;
        }
        self.wait_until_ready()
    }

    fn wait_until_ready(&self) -> Result<(), ClusterError> {
        let (state, log) = (self.folder.join("data/postmaster.pid"), self.folder.join("log"));
        let began = Instant::now();
        loop {
            let told = read_or_empty(&state);
            // The last line of the file is the server's state (src/include/utils/pidfile.h).
            if told.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            let ended = told.is_empty() && read_or_empty(&log).contains("FATAL");
            if ended || began.elapsed() > START {
                return Err(ClusterError::Program { doing: "starting PostgreSQL", output: read_or_empty(&log) });
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let watcher = self.watcher.get_mut().unwrap_or_else(PoisonError::into_inner);
        watcher.orders = None;
        // It ends as soon as the server has; there is nothing to do about one that does not.
        let _ = watcher.process.wait();
    }
}

/// The cluster's folder and who works in it.
struct Private<'folder> {
    folder: &'folder Path,
    user: Option<User>,
}

impl Private<'_> {
    /// Writes a file that only the server's user reads.
    fn write(&self, name: &str, content: &str) -> Result<(), ClusterError> {
        let path = self.folder.join(name);
        std::fs::write(&path, content)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
        if let Some(user) = self.user {
            chown(&path, Some(user.uid), Some(user.gid))?;
        }
        Ok(())
    }

    /// A command that runs as the server's user, in the folder, untouched by the caller's settings.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder).stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// Where clusters live: root's own TMPDIR may be closed to the user that runs the server, or too
/// long for the path of a socket.
fn base_folder() -> PathBuf {
    let usual = std::env::temp_dir();
    let open = usual.ancestors().all(|part| std::fs::metadata(part).is_ok_and(|at| at.mode() & 0o001 != 0));
    if open && usual.as_os_str().len() <= BASE_FOLDER_BYTES { usual } else { PathBuf::from("/tmp") }
}

/// Whom to run as: nobody else, unless this is root. A folder just made belongs to its maker.
fn server_user(just_made: &Path) -> Result<Option<User>, ClusterError> {
    if std::fs::metadata(just_made)?.uid() != 0 {
        return Ok(None);
    }
    unprivileged_user(&read_or_empty(Path::new("/etc/passwd"))).map(Some).ok_or(ClusterError::NoUnprivilegedUser)
}

fn make_cluster(private: &Private<'_>, programs: &Path) -> Result<(), ClusterError> {
    let made = private
        .command(programs.join("initdb"))
        .args(["--pgdata=data", "--username=postgres", "--pwfile=password", "--auth=scram-sha-256"])
        .args(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .output()?;
    if made.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&made.stderr).into_owned();
    Err(ClusterError::Program { doing: "making a cluster with initdb", output })
}

fn settings(port: u16, durability: Durability, tls: bool, folder: &Path) -> String {
    let on_off = |on| if on { "on" } else { "off" };
    let durable = on_off(durability == Durability::Durable);
    format!(
        "port = {port}\n\
         listen_addresses = '127.0.0.1'\n\
         unix_socket_directories = '{}'\n\
         max_connections = {MAX_CONNECTIONS}\n\
         shared_buffers = '64MB'\n\
         fsync = {durable}\n\
         synchronous_commit = {durable}\n\
         full_page_writes = {durable}\n\
         ssl = {}\n",
        folder.display(),
        on_off(tls),
    )
}

/// The socket lies in a folder that only the server's user and root enter; TCP asks for the
/// password, so that other users of the machine stay outside.
const fn access(tls: bool) -> &'static str {
    if tls {
        "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    } else {
        "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    }
}

fn free_port() -> Result<u16, ClusterError> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn watch(private: &Private<'_>, programs: &Path) -> Result<Watcher, ClusterError> {
    let mut process = private
        .command("/bin/sh")
        .args(["-c", WATCHER, "watcher"])
        .args([programs.join("postgres").as_path(), private.folder])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // In a group of its own: an interrupt at the keyboard ends the test, and through it this.
        .process_group(0)
        .spawn()?;
    let (orders, answers) = (process.stdin.take(), process.stdout.take());
    let answers = answers.ok_or_else(|| std::io::Error::other("the watcher has no output"))?;
    Ok(Watcher { process, orders, answers: BufReader::new(answers) })
}
