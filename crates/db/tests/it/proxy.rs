//! A network that fails on command: a TCP proxy that cuts a connection around its COMMIT, or is
//! not there at all.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// What the proxy does to the next connection that commits.
pub(crate) const NOTHING: u8 = 0;
/// The COMMIT never reaches the server.
pub(crate) const LOSE_COMMIT: u8 = 1;
/// The server commits, and its answer never reaches the client.
pub(crate) const LOSE_ANSWER: u8 = 2;
/// Nothing is forwarded at all.
pub(crate) const DOWN: u8 = 3;

/// COMMIT as a simple query (PostgreSQL 15, 55.7: 'Q', Int32 length, String).
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

pub(crate) struct Proxy {
    port: u16,
    mood: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Stands before the server on a port of the loopback.
    pub(crate) fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mood = Arc::new(AtomicU8::new(NOTHING));
        let open = Arc::new(Mutex::new(Vec::new()));
        let proxy = Self { port, mood: Arc::clone(&mood), open: Arc::clone(&open) };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if mood.load(Ordering::SeqCst) == DOWN {
                    continue;
                }
                let Ok(upstream) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { continue };
                open.lock().expect("sound").extend([copy_of(&client), copy_of(&upstream)]);
                let muted = Arc::new(AtomicU8::new(NOTHING));
                let (to_server, to_client) = ((copy_of(&client), copy_of(&upstream)), (upstream, client));
                let (mood, watched) = (Arc::clone(&mood), Arc::clone(&muted));
                std::thread::spawn(move || forward_to_server(to_server, &mood, &watched));
                std::thread::spawn(move || forward_to_client(to_client, &muted));
            }
        });
        proxy
    }

    /// The URL with this proxy in place of the server.
    pub(crate) fn url(&self, direct: &str, server: u16) -> String {
        direct.replace(&format!(":{server}/"), &format!(":{}/", self.port))
    }

    pub(crate) fn set(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
        if mood == DOWN {
            for stream in self.open.lock().expect("sound").drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Whether the connection that the mood was meant for has come.
    pub(crate) fn has_struck(&self) -> bool {
        self.mood.load(Ordering::SeqCst) == NOTHING
    }
}

fn copy_of(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a second handle")
}

fn forward_to_server((mut client, mut server): (TcpStream, TcpStream), mood: &AtomicU8, muted: &AtomicU8) {
    let mut buffer = [0; 8_192];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let sent = &buffer[..length];
        let commits = sent.windows(COMMIT.len()).any(|window| window == COMMIT);
        if commits && mood.compare_exchange(LOSE_COMMIT, NOTHING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            break;
        }
        if commits && mood.compare_exchange(LOSE_ANSWER, NOTHING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            muted.store(LOSE_ANSWER, Ordering::SeqCst);
        }
        if server.write_all(sent).is_err() {
            break;
        }
    }
    cut(&client, &server);
}

fn forward_to_client((mut server, mut client): (TcpStream, TcpStream), muted: &AtomicU8) {
    let mut buffer = [0; 8_192];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        if muted.load(Ordering::SeqCst) == LOSE_ANSWER || client.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    cut(&client, &server);
}

fn cut(client: &TcpStream, server: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
