//! A network that fails on command: a TCP proxy before a mail server that cuts one connection at a
//! place of the protocol and lets all others through.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Where the next connection that gets there is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Before the server says anything.
    Greeting,
    /// The command that holds this never reaches the server.
    Before(&'static str),
    /// It does, and its answer never reaches the client.
    After(&'static str),
    /// In the middle of a mail.
    WithinMail,
}

pub(super) struct Proxy {
    port: u16,
    cut: Arc<Mutex<Option<Cut>>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Stands before the server on a port of the loopback. It keeps the server from telling by itself
    /// what it can do, so that it has to be asked.
    pub(super) fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (cut, open) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
        let proxy = Self { port, cut: Arc::clone(&cut), open: Arc::clone(&open) };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if strikes(&cut, |cut| cut == Cut::Greeting) {
                    continue;
                }
                let Ok(upstream) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { continue };
                open.lock().expect("sound").extend([copy_of(&client), copy_of(&upstream)]);
                let muted = Arc::new(Mutex::new(false));
                let (to_server, to_client) = ((copy_of(&client), copy_of(&upstream)), (upstream, client));
                let (watched, cuts) = (Arc::clone(&muted), Arc::clone(&cut));
                std::thread::spawn(move || forward_to_server(to_server, &cuts, &watched));
                let cuts = Arc::clone(&cut);
                std::thread::spawn(move || forward_to_client(to_client, &cuts, &muted));
            }
        });
        proxy
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the next connection that gets to this place.
    pub(super) fn cut_at(&self, cut: Cut) {
        *self.cut.lock().expect("sound") = Some(cut);
    }

    /// Ends the connections that are open.
    pub(super) fn end_all(&self) {
        for stream in self.open.lock().expect("sound").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whether the connection that was to be cut has been.
    pub(super) fn has_struck(&self) -> bool {
        self.cut.lock().expect("sound").is_none()
    }
}

/// Whether the cut is due here; if so it is used up.
fn strikes(cut: &Mutex<Option<Cut>>, here: impl FnOnce(Cut) -> bool) -> bool {
    let mut cut = cut.lock().expect("sound");
    let due = cut.is_some_and(here);
    if due {
        *cut = None;
    }
    due
}

fn copy_of(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a second handle")
}

fn holds(sent: &[u8], words: &str) -> bool {
    sent.windows(words.len()).any(|window| window == words.as_bytes())
}

fn forward_to_server((mut client, mut server): (TcpStream, TcpStream), cut: &Mutex<Option<Cut>>, muted: &Mutex<bool>) {
    let mut buffer = [0; 8_192];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let sent = &buffer[..length];
        if strikes(cut, |cut| matches!(cut, Cut::Before(words) if holds(sent, words))) {
            break;
        }
        if strikes(cut, |cut| matches!(cut, Cut::After(words) if holds(sent, words))) {
            *muted.lock().expect("sound") = true;
        }
        if server.write_all(sent).is_err() {
            break;
        }
    }
    end(&client, &server);
}

fn forward_to_client((mut server, mut client): (TcpStream, TcpStream), cut: &Mutex<Option<Cut>>, muted: &Mutex<bool>) {
    let mut buffer = [0; 8_192];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        let mut told = &buffer[..length];
        let hidden = String::from_utf8_lossy(told).replace("[CAPABILITY", "[XAPABILITY").into_bytes();
        let within = holds(told, "BODY[] {") && strikes(cut, |cut| cut == Cut::WithinMail);
        if holds(told, "[CAPABILITY") {
            told = &hidden;
        }
        if within {
            told = &told[..told.len() / 2];
        }
        if *muted.lock().expect("sound") || client.write_all(told).is_err() || within {
            break;
        }
    }
    end(&client, &server);
}

fn end(client: &TcpStream, server: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
