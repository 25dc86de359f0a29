//! Starts the built program in a home of its own, with nothing of the machine's environment.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use app::channels::ResolverConfig;
use app::{App, Context};
use db::Engine;
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};
use kernel::SystemClock;
use serde_json::Value;
use tempfile::TempDir;
use testkit::postgres::{self, Database};

/// How long one command may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

/// The program beside the tests: `target/<profile>/doorward`. Built when it is missing.
pub(super) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let tests = std::env::current_exe().unwrap();
        let profile = tests.parent().and_then(Path::parent).unwrap();
        let program = profile.join("doorward");
        if !program.exists() {
            let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            build.args(["build", "-p", "doorward", "--target-dir"]).arg(profile.parent().unwrap());
            if profile.ends_with("release") {
                build.arg("--release");
            }
            assert!(build.status().unwrap().success(), "the program cannot be built");
        }
        program
    })
}

/// What a command left behind.
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ended {
    /// The one JSON object on standard output.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err))
    }

    /// It went well.
    pub(super) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{} {}", self.out, self.err);
        self
    }

    /// It was refused with this code, and says this on standard error.
    pub(super) fn refused(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, code, "{} {}", self.out, self.err);
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
        self
    }
}

/// A home folder, a data folder, and perhaps a database.
pub(super) struct Installation {
    folder: TempDir,
    database: Option<Database<'static>>,
}

impl Installation {
    /// Nothing is there yet.
    pub(super) fn empty(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self { folder, database: (engine == Engine::Postgres).then(postgres::database) }
    }

    /// After `init`.
    pub(super) fn on(engine: Engine) -> Self {
        let made = Self::empty(engine);
        made.init("Elm Clinic").ok();
        made
    }

    pub(super) fn init(&self, name: &str) -> Ended {
        self.run(&["init", "--organisation", name, "--admin-email", "admin@elm.example", "--json"])
    }

    /// A place in the test's own folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(super) fn root_key(&self) -> PathBuf {
        self.path("home/keys/root.key")
    }

    pub(super) fn keyring(&self) -> PathBuf {
        self.path("home/keys/root.keyring")
    }

    /// The program with this installation's settings and no others.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.folder.path())
            .env("DOORWARD_DATA", self.data())
            .env("DOORWARD_ROOT_KEY_FILE", self.root_key())
            .env("DOORWARD_SENDER_AUTHENTICATION", "false");
        if let Some(database) = &self.database {
            command.env("DOORWARD_DATABASE", database.url());
        }
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        end(self.command().args(arguments), b"")
    }

    /// The answer of a command that goes well.
    pub(super) fn answer(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--json"]].concat()).ok().json()
    }

    /// `doorward mail` with this mail on standard input.
    pub(super) fn mail(&self, raw: &[u8]) -> Ended {
        end(self.command().args(["mail", "--json"]), raw)
    }

    /// The conversations, the last moved first.
    pub(super) fn conversations(&self) -> Vec<Value> {
        self.answer(&["conversations", "list"])["conversations"].as_array().unwrap().clone()
    }

    /// Runs statements on the database server as its superuser.
    pub(super) fn execute(&self, statements: &str) {
        self.database.as_ref().expect("a database server").execute(statements).unwrap();
    }

    /// The product on this folder, for what no command does yet. Nothing else may be open on it.
    pub(super) async fn product(&self) -> App {
        let clock = Arc::new(SystemClock);
        let provider = FileProvider::open(&self.root_key()).unwrap();
        let entropy = Arc::new(CryptoEntropy);
        let keyring = Arc::new(Keyring::open(&self.keyring(), Arc::new(provider), entropy.clone()).unwrap());
        let config = match &self.database {
            Some(database) => db::Config::postgres(database.url()),
            None => db::Config::sqlite(self.data()),
        };
        let db = db::Db::open(config, clock.clone()).await.unwrap();
        let context = Context { db, keyring, blobs: self.data().join("blobs"), clock, entropy };
        App::new(context, &ResolverConfig::Off).unwrap()
    }

    pub(super) fn serve(&self) -> Server {
        Server::start(self.command())
    }
}

/// Runs a command to its end.
pub(super) fn end(command: &mut Command, input: &[u8]) -> Ended {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || stdin.write_all(input));
        let (over, waits) = mpsc::channel::<()>();
        let pid = child.id();
        scope.spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                signal("KILL", pid);
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(over);
        Ended {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    })
}

fn signal(name: &str, pid: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap();
    assert!(sent.success());
}

/// A running `doorward serve`.
pub(super) struct Server {
    child: Option<Child>,
    pub(super) address: String,
    pub(super) ready: Value,
}

impl Server {
    pub(super) fn start(mut command: Command) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut err = String::new();
            child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            panic!("it does not serve: {line} {err}")
        });
        let address = ready["listening"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Self { child: Some(child), address, ready }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Status and body of one request.
    pub(super) fn request(&self, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{bearer}Content-Type: message/rfc822\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Status of a POST that announces a body of so many bytes, and of which only the head is sent.
    pub(super) fn announce(&self, path: &str, token: &str, bytes: usize) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {bytes}\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Asks it to stop as a service manager does; its exit code and what it had logged.
    pub(super) fn stop(mut self) -> Ended {
        let child = self.child.take().unwrap();
        signal("TERM", child.id());
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Takes the power away.
    pub(super) fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
