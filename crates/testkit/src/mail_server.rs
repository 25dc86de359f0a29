//! A mail server that is not ours (Debian's aiosmtpd), behind a wire that is cut on command.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use app::channels::{MailServer, Tls};
use tempfile::TempDir;

/// Debian's interpreter, for which the package is made; another one in the path does not know it.
const PYTHON: &str = "/usr/bin/python3";
/// How long the server may take to start.
const START: Duration = Duration::from_secs(30);

/// Where the wire is cut, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection is not taken at all.
    Connection,
    /// The command never reaches the server.
    Before(&'static str),
    /// The server has the command, and its answer never comes.
    Behind(&'static str),
    /// Half of the text arrives.
    MidText,
    /// Everything but the last dot arrives.
    BeforeDot,
    /// The server has the mail, and its answer never comes.
    BehindDot,
}

/// A running server; dropped, it ends.
pub struct ForeignServer {
    server: Child,
    folder: TempDir,
    port: u16,
    cut: Arc<Mutex<Option<Cut>>>,
}

impl Drop for ForeignServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl ForeignServer {
    /// Starts one on a free port of this machine.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the mail");
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|port| port.local_addr()).expect("a port").port();
        let mut command = Command::new(PYTHON);
        command.args(["-m", "aiosmtpd", "--nosetuid", "--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--class", "aiosmtpd.handlers.Mailbox"]).arg(folder.path().join("mail"));
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = quiet.spawn().expect("cargo xtask test installs python3-aiosmtpd");
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < START, "the mail server does not answer: is python3-aiosmtpd installed?");
            std::thread::sleep(Duration::from_millis(20));
        }
        let cut = Arc::default();
        Self { server, folder, port: wire(port, Arc::clone(&cut)), cut }
    }

    /// How it is reached.
    pub fn server(&self) -> MailServer {
        let (host, port) = ("127.0.0.1".to_owned(), self.port);
        MailServer { host, port, tls: Tls::None, user: None, password: None, authority: None }
    }

    /// Cuts the wire the next time that this place comes.
    pub fn cut(&self, cut: Cut) {
        *self.cut.lock().expect("sound") = Some(cut);
    }

    /// Whether it was cut.
    pub fn was_cut(&self) -> bool {
        self.cut.lock().expect("sound").is_none()
    }

    /// The mails that it took, in no order.
    pub fn received(&self) -> Vec<Vec<u8>> {
        let folder: PathBuf = self.folder.path().join("mail/new");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| std::fs::read(file.path()).expect("a mail")).collect()
    }
}

fn wire(server: u16, cut: Arc<Mutex<Option<Cut>>>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            if take(&cut, |cut| cut == Cut::Connection).is_some() {
                continue;
            }
            let Ok(upstream) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { continue };
            let muted = Arc::new(Mutex::new(false));
            let copies = (client.try_clone().expect("a handle"), upstream.try_clone().expect("a handle"));
            let (cut, also_muted) = (Arc::clone(&cut), Arc::clone(&muted));
            std::thread::spawn(move || to_server(copies, &cut, &also_muted));
            std::thread::spawn(move || to_client((upstream, client), &muted));
        }
    });
    port
}

/// The cut that was asked for, if it is one of these, and never again.
fn take(cut: &Mutex<Option<Cut>>, wanted: impl Fn(Cut) -> bool) -> Option<Cut> {
    let mut cut = cut.lock().expect("sound");
    if cut.is_some_and(wanted) { cut.take() } else { None }
}

fn to_server((mut client, mut server): (TcpStream, TcpStream), cut: &Mutex<Option<Cut>>, muted: &Mutex<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut in_text = false;
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let sent = front(&buffer, length);
        let forward = if in_text {
            let has_dot = sent == b".\r\n" || sent.ends_with(b"\r\n.\r\n");
            in_text = !has_dot;
            match take(cut, |cut| cut == Cut::MidText || (has_dot && matches!(cut, Cut::BeforeDot | Cut::BehindDot))) {
                Some(Cut::MidText) => Err(front(sent, length / 2)),
                Some(Cut::BeforeDot) => Err(front(sent, length - 3)),
                Some(_) => {
                    *muted.lock().expect("sound") = true;
                    Ok(sent)
                }
                None => Ok(sent),
            }
        } else {
            in_text = sent.starts_with(b"DATA");
            let is_meant = |word: &str| sent.starts_with(word.as_bytes());
            let meant = |cut| matches!(cut, Cut::Before(word) | Cut::Behind(word) if is_meant(word));
            match take(cut, meant) {
                Some(Cut::Before(_)) => Err(front(sent, 0)),
                Some(_) => {
                    *muted.lock().expect("sound") = true;
                    Ok(sent)
                }
                None => Ok(sent),
            }
        };
        let (bytes, goes_on) = match forward {
            Ok(bytes) => (bytes, true),
            Err(bytes) => (bytes, false),
        };
        if server.write_all(bytes).is_err() || !goes_on {
            break;
        }
    }
    end(&client, &server);
}

fn to_client((mut server, mut client): (TcpStream, TcpStream), muted: &Mutex<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        if *muted.lock().expect("sound") || client.write_all(front(&buffer, length)).is_err() {
            break;
        }
    }
    end(&client, &server);
}

fn front(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).expect("no more than was read")
}

fn end(client: &TcpStream, server: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
