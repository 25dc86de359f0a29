//! A private PostgreSQL for tests: a cluster in a temporary folder on a free port of the loopback,
//! run by an unprivileged user, gone when the test process is gone, also when that is killed.
//!
//! It never uses a server that is already there, and never skips: no PostgreSQL is a failed test.

pub(crate) mod certificate;
mod programs;
mod server;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use kernel::{Entropy, SystemEntropy};
use server::Server;

/// The oldest PostgreSQL the product runs on, and so the oldest one tested.
pub const OLDEST_MAJOR_VERSION: u32 = 15;
/// Connections one cluster serves at a time, over all databases of a test process.
pub const MAX_CONNECTIONS: u32 = 200;

/// Why a cluster, or a database of it, is not there.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing usable is installed.
    #[error(
        "found no PostgreSQL {OLDEST_MAJOR_VERSION} or newer: type `sudo apt-get install postgresql`, \
         or set DOORWARD_PG_BIN to the folder that holds its initdb and postgres"
    )]
    Missing,
    /// PostgreSQL refuses to run as root, and there is nobody else to run it as.
    #[error("PostgreSQL does not run as root, and /etc/passwd knows neither postgres nor nobody: add a user")]
    NoUnprivilegedUser,
    /// A program of PostgreSQL failed.
    #[error("{doing} failed: {output}")]
    Program {
        /// What was being done.
        doing: &'static str,
        /// What the program or the server's log said.
        output: String,
    },
    /// The temporary folder could not be written.
    #[error("the cluster's temporary folder failed: {0}")]
    Folder(#[from] std::io::Error),
    /// The certificate for TLS could not be made.
    #[error("the cluster's certificate failed: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A statement failed.
    #[error("the cluster refused a statement: {0}")]
    Statement(#[from] tokio_postgres::Error),
}

/// Whether a commit reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: `fsync=on`, `synchronous_commit=on`.
    Durable,
    /// Faster, for tests that do not look at durability: `fsync=off`.
    Fast,
}

/// How connections over TCP are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP on the loopback.
    Plain,
    /// TLS only: a connection without it is refused. See [`Cluster::ca_certificate`].
    Tls,
}

/// A running cluster of its own. Dropping it stops the server and removes its folder.
pub struct Cluster {
    server: Server,
    password: String,
    ca_certificate: Option<String>,
}

static FAST: LazyLock<Result<Cluster, ClusterError>> =
    LazyLock::new(|| Cluster::start(Durability::Fast, Transport::Plain));
static DURABLE: LazyLock<Result<Cluster, ClusterError>> =
    LazyLock::new(|| Cluster::start(Durability::Durable, Transport::Plain));

impl Cluster {
    /// Makes and starts a cluster; returns when it takes connections.
    pub fn start(durability: Durability, transport: Transport) -> Result<Self, ClusterError> {
        let entropy: &dyn Entropy = &SystemEntropy;
        let password = format!("{:032x}", u128::from_be_bytes(entropy.array()));
        let certificate = match transport {
            Transport::Plain => None,
            Transport::Tls => Some(certificate::issue()?),
        };
        let server = Server::start(durability, &password, certificate.as_ref())?;
        Ok(Self { server, password, ca_certificate: certificate.map(|issued| issued.authority) })
    }

    /// The cluster that all tests of this process share, without `fsync`. Panics with what to do
    /// when there is none.
    pub fn shared() -> &'static Self {
        expect_running(&FAST)
    }

    /// The cluster for tests of this process that look at durability. Panics with what to do when
    /// there is none.
    pub fn shared_durable() -> &'static Self {
        expect_running(&DURABLE)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Where to connect to a database of this cluster: `postgresql://postgres:…@127.0.0.1:PORT/db`.
    pub fn url(&self, database: &str) -> String {
        let scheme = format!("postgresql://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port());
        if self.ca_certificate.is_some() { scheme + "?sslmode=require" } else { scheme }
    }

    /// The authority that signed the server's certificate (PEM), when the transport is TLS. The
    /// certificate is good for `127.0.0.1` and `localhost`.
    pub fn ca_certificate(&self) -> Option<&str> {
        self.ca_certificate.as_deref()
    }

    /// The server's own files, for tests that look at what a thief of the disk would see.
    pub fn data_folder(&self) -> PathBuf {
        self.server.data_folder()
    }

    /// A fresh, empty database. Panics when the cluster refuses, since no test can go on without.
    pub fn database(&self) -> Database<'_> {
        match self.create_database() {
            Ok(database) => database,
            Err(error) => panic!("no fresh database: {error}"),
        }
    }

    /// A fresh, empty database.
    pub fn create_database(&self) -> Result<Database<'_>, ClusterError> {
        let entropy: &dyn Entropy = &SystemEntropy;
        let name = format!("t_{:016x}", u64::from_be_bytes(entropy.array()));
        self.run("postgres", &format!("create database {name}"))?;
        Ok(Database { cluster: self, name })
    }

    /// Kills the server as a power cut of its machine would (connections break, nothing is
    /// flushed), starts it again on the same port and returns when it has recovered.
    pub fn crash_and_recover(&self) -> Result<(), ClusterError> {
        self.server.crash_and_recover()
    }

    /// Runs statements as the superuser, over the cluster's own socket.
    fn run(&self, database: &str, statements: &str) -> Result<(), ClusterError> {
        let mut target = tokio_postgres::Config::new();
        target.host_path(self.server.socket_folder()).port(self.port()).user("postgres").dbname(database);
        // On a thread with a runtime of its own, so that tests with and without one can call this.
        std::thread::scope(|scope| {
            scope
                .spawn(|| run_alone(&target, statements))
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn run_alone(target: &tokio_postgres::Config, statements: &str) -> Result<(), ClusterError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (client, connection) = target.connect(tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        let outcome = client.batch_execute(statements).await;
        drop(client);
        // A connection that broke has already told the statement.
        let _ = connection.await;
        Ok(outcome?)
    })
}

fn expect_running(shared: &'static LazyLock<Result<Cluster, ClusterError>>) -> &'static Cluster {
    match &**shared {
        Ok(cluster) => cluster,
        Err(error) => panic!("this test needs PostgreSQL: {error}"),
    }
}

/// One database of a cluster, for one test. Dropping it breaks its connections and removes it, so
/// keep it for as long as the test runs.
#[must_use]
pub struct Database<'cluster> {
    cluster: &'cluster Cluster,
    name: String,
}

impl Database<'_> {
    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// The cluster it lives in.
    pub fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Runs statements as the superuser, without a result: to damage, to look up by raising, to
    /// `checkpoint`.
    pub fn execute(&self, statements: &str) -> Result<(), ClusterError> {
        self.cluster.run(&self.name, statements)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // The whole cluster goes with the test process: what is left behind lives no longer.
        let _ = self.cluster.run("postgres", &format!("drop database if exists {} with (force)", self.name));
    }
}

/// A fresh database on [`Cluster::shared`]: what most tests want.
pub fn database() -> Database<'static> {
    Cluster::shared().database()
}

/// The folder that holds the programs of PostgreSQL ([`OLDEST_MAJOR_VERSION`] or newer).
pub fn program_folder() -> Result<PathBuf, ClusterError> {
    programs::find(&programs::Places::of_this_machine()).ok_or(ClusterError::Missing)
}

fn read_or_empty(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
