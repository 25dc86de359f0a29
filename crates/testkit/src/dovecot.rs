//! A private Dovecot for tests: an IMAP server in a temporary folder on free ports of the loopback,
//! run by an unprivileged user, gone when the test process is gone, also when that is killed.
//!
//! It never uses a server that is already there, and never skips: no Dovecot is a failed test.

mod maildir;
mod process;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Entropy, SystemEntropy};
use process::Process;

use crate::postgres::certificate;

/// Why no server is there.
#[derive(Debug, thiserror::Error)]
pub enum DovecotError {
    /// Nothing usable is installed.
    #[error("found no Dovecot 2.3: type `sudo apt-get install dovecot-imapd`, or set DOORWARD_DOVECOT to the program")]
    Missing,
    /// Dovecot gives its work to an unprivileged user, and there is none.
    #[error("/etc/passwd and /etc/group know neither postgres nor nobody to run Dovecot as: add a user")]
    NoUnprivilegedUser,
    /// It did not start.
    #[error("Dovecot did not start: {0}")]
    Start(String),
    /// The temporary folder could not be written.
    #[error("the server's temporary folder failed: {0}")]
    Folder(#[from] std::io::Error),
    /// The certificate for TLS could not be made.
    #[error("the server's certificate failed: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// A running server of its own. Dropping it stops it and removes its folder.
pub struct Dovecot {
    process: Process,
    password: String,
    authority: String,
    users: AtomicU32,
}

/// One account of a server, with its mail in a Maildir. Its mails are files that a test can make and
/// look at without IMAP.
pub struct Account<'server> {
    server: &'server Dovecot,
    user: String,
}

static SHARED: LazyLock<Result<Dovecot, DovecotError>> = LazyLock::new(|| Dovecot::start(None));

impl Dovecot {
    /// Makes and starts a server. `capabilities` are told in place of Dovecot's own after a log-in, for
    /// a server that can do less.
    pub fn start(capabilities: Option<&str>) -> Result<Self, DovecotError> {
        let entropy: &dyn Entropy = &SystemEntropy;
        let password = format!("{:032x}", u128::from_be_bytes(entropy.array()));
        let issued = certificate::issue()?;
        let process = Process::start(&password, capabilities, &issued)?;
        Ok(Self { process, password, authority: issued.authority, users: AtomicU32::new(0) })
    }

    /// The server that all tests of this process share. Panics with what to do when there is none.
    pub fn shared() -> &'static Self {
        match &*SHARED {
            Ok(server) => server,
            Err(error) => panic!("this test needs Dovecot: {error}"),
        }
    }

    /// The port on 127.0.0.1 that begins in the clear and offers STARTTLS.
    pub const fn port(&self) -> u16 {
        self.process.port()
    }

    /// The port on 127.0.0.1 with TLS from the first byte.
    pub const fn tls_port(&self) -> u16 {
        self.process.tls_port()
    }

    /// The authority that signed the server's certificate (PEM), which is made out to `localhost` and
    /// `127.0.0.1`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A fresh, empty account.
    pub fn account(&self) -> Account<'_> {
        let number = self.users.fetch_add(1, Ordering::SeqCst);
        let account = Account { server: self, user: format!("service-{number}@elm.example") };
        account.make();
        account
    }
}

impl Account<'_> {
    /// The name to log in with.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password to log in with.
    pub fn password(&self) -> &str {
        &self.server.password
    }

    /// The folder of the account's mail.
    pub fn maildir(&self) -> PathBuf {
        self.server.process.homes().join(&self.user).join("Maildir")
    }
}
