//! A name server of one's own on loopback (UDP and TCP, RFC 1035), filled by the test.
//!
//! It answers TXT, A, AAAA, MX and PTR from a table, can fail or keep silent, and counts what it is
//! asked. It never looks anything up elsewhere: a name that is not in the table does not exist.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The largest UDP answer in bytes; above it the answer says "truncated" and the client comes by TCP.
const UDP_ANSWER_BYTES: usize = 1_232;
/// Seconds that every answer may be remembered, also the answer that there is none.
const TTL_SECONDS: u32 = 300;
/// How long a TCP connection may rest before it is closed.
const TCP_PATIENCE: Duration = Duration::from_secs(2);
/// Attempts to find a port that is free for UDP and TCP at the same time.
const PORT_ATTEMPTS: usize = 50;

const TYPE_A: u16 = 1;
const TYPE_SOA: u16 = 6;
const TYPE_PTR: u16 = 12;
const TYPE_MX: u16 = 15;
const TYPE_TXT: u16 = 16;
const TYPE_AAAA: u16 = 28;

/// How the server behaves towards a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes the question and never answers.
    Silent,
    /// Answers SERVFAIL.
    Failing,
}

/// The running server; it stops when dropped.
pub struct StubDns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    stopping: Arc<AtomicBool>,
    servers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Zone {
    records: HashMap<String, Vec<Record>>,
    moods: HashMap<String, Mood>,
    mood: Option<Mood>,
    asked: Vec<String>,
}

struct Record {
    kind: u16,
    data: Vec<u8>,
}

impl StubDns {
    /// Starts with an empty table on a free port of 127.0.0.1.
    pub fn start() -> Self {
        let (datagrams, listener) = bind().expect("loopback has a port that is free for UDP and TCP");
        let address = datagrams.local_addr().expect("a bound socket has an address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let stopping = Arc::new(AtomicBool::new(false));
        let servers = vec![
            thread::spawn({
                let (zone, stopping) = (Arc::clone(&zone), Arc::clone(&stopping));
                move || serve_datagrams(&datagrams, &zone, &stopping)
            }),
            thread::spawn({
                let (zone, stopping) = (Arc::clone(&zone), Arc::clone(&stopping));
                move || serve_streams(&listener, &zone, &stopping)
            }),
        ];
        Self { address, zone, stopping, servers }
    }

    /// Where to ask, for UDP and TCP alike.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a TXT record; a long text is cut into strings of 255 bytes, as DNS wants it.
    pub fn txt(&self, name: &str, text: &str) {
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
            data.extend_from_slice(piece);
        }
        self.add(name, TYPE_TXT, data);
    }

    /// Adds an A or AAAA record.
    pub fn ip(&self, name: &str, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.add(name, TYPE_A, address.octets().to_vec()),
            IpAddr::V6(address) => self.add(name, TYPE_AAAA, address.octets().to_vec()),
        }
    }

    /// Adds an MX record.
    pub fn mx(&self, name: &str, preference: u16, exchange: &str) {
        let mut data = preference.to_be_bytes().to_vec();
        data.extend(wire_name(exchange));
        self.add(name, TYPE_MX, data);
    }

    /// Adds a PTR record under `name`, which is the reversed form (`1.0.0.127.in-addr.arpa`).
    pub fn ptr(&self, name: &str, host: &str) {
        self.add(name, TYPE_PTR, wire_name(host));
    }

    /// Sets how the server behaves towards one name, whatever is asked about it.
    pub fn behave(&self, name: &str, mood: Mood) {
        self.zone().moods.insert(name.to_ascii_lowercase(), mood);
    }

    /// Makes the server answer for one name again.
    pub fn recover(&self, name: &str) {
        self.zone().moods.remove(&name.to_ascii_lowercase());
    }

    /// Sets how the server behaves towards every name; `None` makes it answer again.
    pub fn behave_to_all(&self, mood: Option<Mood>) {
        self.zone().mood = mood;
    }

    /// How many questions came in so far, repeated ones included.
    pub fn questions(&self) -> usize {
        self.zone().asked.len()
    }

    /// How many of them were about `name`.
    pub fn questions_about(&self, name: &str) -> usize {
        self.zone().asked.iter().filter(|asked| asked.eq_ignore_ascii_case(name)).count()
    }

    fn add(&self, name: &str, kind: u16, data: Vec<u8>) {
        self.zone().records.entry(name.to_ascii_lowercase()).or_default().push(Record { kind, data });
    }

    fn zone(&self) -> MutexGuard<'_, Zone> {
        lock(&self.zone)
    }
}

impl Drop for StubDns {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Both threads wait in the kernel: one datagram and one connection wake them. Should that
        // fail, they are left to the end of the test process instead of being waited for.
        let waker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.send_to(&[], self.address));
        let woken = waker.is_ok() && TcpStream::connect(self.address).is_ok();
        for server in self.servers.drain(..).filter(|_| woken) {
            // A panic of the server has shown itself as a missing answer already.
            let _ = server.join();
        }
    }
}

fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..PORT_ATTEMPTS {
        let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        match TcpListener::bind(datagrams.local_addr()?) {
            Ok(listener) => return Ok((datagrams, listener)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn serve_datagrams(socket: &UdpSocket, zone: &Mutex<Zone>, stopping: &AtomicBool) {
    let mut buffer = [0; 4_096];
    while let Ok((length, client)) = socket.recv_from(&mut buffer) {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        let Some(answer) = buffer.get(..length).and_then(|query| answer(query, zone)) else { continue };
        let answer = if answer.len() > UDP_ANSWER_BYTES { truncated(&answer) } else { answer };
        // A client that went away meanwhile is its own affair.
        let _ = socket.send_to(&answer, client);
    }
}

fn serve_streams(listener: &TcpListener, zone: &Arc<Mutex<Zone>>, stopping: &AtomicBool) {
    for stream in listener.incoming() {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let zone = Arc::clone(zone);
        // Ends by itself when the client closes or rests too long.
        thread::spawn(move || serve_stream(stream, &zone));
    }
}

fn serve_stream(mut stream: TcpStream, zone: &Mutex<Zone>) -> io::Result<()> {
    stream.set_read_timeout(Some(TCP_PATIENCE))?;
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        if let Some(answer) = answer(&query, zone) {
            let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
            stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat())?;
        }
    }
}

/// The whole answer to one query, or `None` where the client is to hear nothing.
fn answer(query: &[u8], zone: &Mutex<Zone>) -> Option<Vec<u8>> {
    let id = query.get(..2)?;
    let (name, kind, question) = question(query)?;
    let mut zone = lock(zone);
    zone.asked.push(name.clone());
    let mood = zone.moods.get(&name).copied().or(zone.mood);
    if mood == Some(Mood::Silent) {
        return None;
    }
    let known = zone.records.get(&name);
    let found: Vec<&Record> = if mood.is_none() {
        known.into_iter().flatten().filter(|record| record.kind == kind).collect()
    } else {
        vec![]
    };
    let code = match (mood, known) {
        (Some(_), _) => 2,    // SERVFAIL
        (None, None) => 3,    // NXDOMAIN
        (None, Some(_)) => 0, // NOERROR, perhaps with no record of this type
    };
    let negative = mood.is_none() && found.is_empty();

    let mut out = id.to_vec();
    out.extend([0x84, 0x80 | code]); // a response, authoritative, recursion available
    out.extend(1_u16.to_be_bytes());
    out.extend(u16::try_from(found.len()).ok()?.to_be_bytes());
    out.extend(u16::from(negative).to_be_bytes());
    out.extend(0_u16.to_be_bytes());
    out.extend_from_slice(question);
    for record in found {
        out.extend([0xC0, 12]); // the name in the question
        put_record(&mut out, record.kind, &record.data)?;
    }
    if negative {
        // The SOA says how long "there is none" holds (RFC 2308).
        out.push(0);
        let mut soa = vec![0, 0];
        soa.extend(
            [1, TTL_SECONDS, TTL_SECONDS, TTL_SECONDS, TTL_SECONDS].iter().flat_map(|field| field.to_be_bytes()),
        );
        put_record(&mut out, TYPE_SOA, &soa)?;
    }
    Some(out)
}

/// The first question: its name in lower case without the last dot, its type, and its bytes.
fn question(query: &[u8]) -> Option<(String, u16, &[u8])> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes(query.get(at..at + 2)?.try_into().ok()?);
    Some((labels.join("."), kind, query.get(12..at + 4)?))
}

fn put_record(out: &mut Vec<u8>, kind: u16, data: &[u8]) -> Option<()> {
    out.extend(kind.to_be_bytes());
    out.extend(1_u16.to_be_bytes()); // IN
    out.extend(TTL_SECONDS.to_be_bytes());
    out.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
    out.extend_from_slice(data);
    Some(())
}

/// The same answer without its records and with the TC bit.
fn truncated(answer: &[u8]) -> Vec<u8> {
    let (_, _, question) = question(answer).unwrap_or_default();
    let mut out = answer.get(..2).unwrap_or_default().to_vec();
    out.extend([0x86, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(question);
    out
}

fn wire_name(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        wire.push(u8::try_from(label.len()).expect("a label has at most 63 bytes"));
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

fn lock(zone: &Mutex<Zone>) -> MutexGuard<'_, Zone> {
    zone.lock().unwrap_or_else(PoisonError::into_inner)
}
