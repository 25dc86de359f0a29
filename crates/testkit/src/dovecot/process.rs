//! The server's processes, and the watcher that ends them together with the test process.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::DovecotError;
use crate::postgres::certificate::Issued;

/// How long a start may take.
const START: Duration = Duration::from_mins(1);
/// How often a start is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the server and reads its own input, whose end is the end of the test process, however it
/// ended: the server is stopped and the folder removed.
const WATCHER: &str = r#"
dovecot=$1 folder=$2
"$dovecot" -F -c "$folder/conf" >>"$folder/out" 2>&1 </dev/null & server=$!
while read -r order; do :; done
kill "$server" 2>/dev/null; wait "$server"
rm -rf "$folder"
"#;

pub(super) struct Process {
    port: u16,
    tls_port: u16,
    folder: PathBuf,
    runs_as: Runner,
    watcher: Mutex<(Child, Option<ChildStdin>)>,
}

/// Whom the server runs as.
#[derive(Clone)]
pub(super) struct Runner {
    user: String,
    group: String,
    uid: u32,
    gid: u32,
}

impl Process {
    pub(super) fn start(
        password: &str,
        capabilities: Option<&str>,
        certificate: &Issued,
    ) -> Result<Self, DovecotError> {
        let program = program().ok_or(DovecotError::Missing)?;
        // Its sockets need a short path, and its user must be able to enter it.
        let folder = tempfile::Builder::new().prefix("doorward-imap-").tempdir_in("/tmp")?;
        let is_root = std::fs::metadata(folder.path())?.uid() == 0;
        let runs_as = runner(folder.path(), is_root)?;
        let (port, tls_port) = (free_port()?, free_port()?);
        let settings = settings(folder.path(), &runs_as, (port, tls_port), password, capabilities);
        let files = [("conf", &settings), ("cert.pem", &certificate.certificate), ("key.pem", &certificate.key)];
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, content)?;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
            runs_as.own(&path)?;
        }
        std::fs::create_dir(folder.path().join("home"))?;
        runs_as.own(&folder.path().join("home"))?;
        runs_as.own(folder.path())?;

        let mut watcher = Command::new("/bin/sh");
        watcher.args(["-c", WATCHER, "watcher"]).args([program.as_path(), folder.path()]);
        watcher.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // In a group of its own: an interrupt at the keyboard ends the test, and through it this.
        watcher.process_group(0);
        if is_root {
            watcher.uid(runs_as.uid).gid(runs_as.gid);
        }
        let mut watcher = watcher.spawn()?;
        let orders = watcher.stdin.take();
        // From here on the watcher removes the folder.
        let process = Self { port, tls_port, folder: folder.keep(), runs_as, watcher: Mutex::new((watcher, orders)) };
        process.wait_until_ready()?;
        Ok(process)
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub(super) fn homes(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub(super) const fn runs_as(&self) -> &Runner {
        &self.runs_as
    }

    fn wait_until_ready(&self) -> Result<(), DovecotError> {
        let began = Instant::now();
        let answers = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        while !(answers(self.port) && answers(self.tls_port)) {
            if began.elapsed() > START || self.has_failed() {
                let told =
                    ["out", "log"].map(|name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default());
                return Err(DovecotError::Start(told.concat()));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn has_failed(&self) -> bool {
        std::fs::read_to_string(self.folder.join("out")).is_ok_and(|told| told.contains("Fatal"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let (watcher, orders) = self.watcher.get_mut().unwrap_or_else(PoisonError::into_inner);
        *orders = None;
        // It ends as soon as the server has; there is nothing to do about one that does not.
        let _ = watcher.wait();
    }
}

impl Runner {
    /// Gives a file to the server's user.
    pub(super) fn own(&self, path: &Path) -> std::io::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
    }
}

fn program() -> Option<PathBuf> {
    if let Some(chosen) = std::env::var_os("DOORWARD_DOVECOT") {
        return Some(PathBuf::from(chosen)).filter(|program| program.is_file());
    }
    ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].map(PathBuf::from).into_iter().find(|program| program.is_file())
}

/// The user of the folder, unless that is root. Dovecot wants names.
fn runner(folder: &Path, is_root: bool) -> Result<Runner, DovecotError> {
    let (passwd, groups) = (std::fs::read_to_string("/etc/passwd")?, std::fs::read_to_string("/etc/group")?);
    let users: Vec<Vec<&str>> = passwd.lines().map(|line| line.split(':').collect()).collect();
    let wanted = |fields: &&Vec<&str>| {
        if is_root {
            return ["postgres", "nobody"].contains(fields.first().unwrap_or(&""));
        }
        std::fs::metadata(folder).is_ok_and(|at| fields.get(2) == Some(&at.uid().to_string().as_str()))
    };
    let user = users.iter().find(wanted).ok_or(DovecotError::NoUnprivilegedUser)?;
    let (name, gid) = (user.first().unwrap_or(&""), user.get(3).unwrap_or(&""));
    let group = groups
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(gid))
        .and_then(|fields| fields.first().map(|name| (*name).to_owned()));
    let number = |text: Option<&&str>| text.and_then(|text| text.parse().ok()).ok_or(DovecotError::NoUnprivilegedUser);
    Ok(Runner {
        user: (*name).to_owned(),
        group: group.ok_or(DovecotError::NoUnprivilegedUser)?,
        uid: number(user.get(2))?,
        gid: number(Some(gid))?,
    })
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn settings(
    folder: &Path,
    Runner { user, group, uid, gid }: &Runner,
    (port, tls_port): (u16, u16),
    password: &str,
    capabilities: Option<&str>,
) -> String {
    let folder = folder.display();
    let capabilities = capabilities.map(|told| format!("imap_capability = {told}\n")).unwrap_or_default();
    format!(
        "base_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = {folder}/log\n\
         protocols = imap\nlisten = 127.0.0.1\n\
         default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
         first_valid_uid = 1\nmail_max_userip_connections = 0\nauth_failure_delay = 0\n\
         mailbox_idle_check_interval = 1 secs\n\
         disable_plaintext_auth = no\nauth_mechanisms = plain login xoauth2\n\
         ssl = yes\nssl_cert = <{folder}/cert.pem\nssl_key = <{folder}/key.pem\n{capabilities}\
         passdb {{\n driver = static\n args = password={password}\n}}\n\
         userdb {{\n driver = static\n args = uid={uid} gid={gid} home={folder}/home/%u\n}}\n\
         mail_location = maildir:~/Maildir\n\
         service anvil {{\n chroot =\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n port = {port}\n }}\n \
         inet_listener imaps {{\n port = {tls_port}\n ssl = yes\n }}\n}}\n"
    )
}
