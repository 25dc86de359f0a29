//! Memory of the server on an archive of 100,000 conversations while mail comes in from many
//! senders and lists are asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use db::Engine;
use testkit::{ENGINES, TestApp};

use crate::figures::{Figures, rate};
use crate::server::{Seat, Server};
use crate::{archive, ingest, machine};

/// Conversations in the archive.
const CONVERSATIONS: usize = 100_000;
/// Mails that come in while memory is watched.
const MAILS: usize = 20_000;
/// Senders at one time, each on one connection.
const SENDERS: usize = 32;
/// Pages of the list that are walked, over and over, beside them.
const PAGES: usize = 200;
/// From the start until memory is read for the first time.
const REST: Duration = Duration::from_secs(1);

pub async fn run(figures: &mut Figures) {
    for engine in ENGINES {
        let test = TestApp::durable_on(engine).await;
        archive::grow(&test, 0, CONVERSATIONS).await;
        let place = test.close().await;
        machine::settle();
        let database = place.database().map(testkit::postgres::Database::url);
        let seat = Seat { data: place.data(), root_key: place.keys().join("root.key"), database };
        measure(figures, engine, &seat);
    }
}

fn measure(figures: &mut Figures, engine: Engine, seat: &Seat) {
    let made = seat.ask(&["token", "create", "--scope", "mail:write"]);
    let token = made.get("token").and_then(|token| token.as_str()).expect("a token").to_owned();
    let server = Server::start(seat);
    std::thread::sleep(REST);
    let before = server.memory();
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let begun = Instant::now();
    let (time, pages) = std::thread::scope(|scope| {
        let lists = scope.spawn(|| walk(seat, &is_over));
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(|| send(&server.address, &token, &next))).collect();
        for sender in senders {
            sender.join().expect("a sender ends");
        }
        let time = begun.elapsed();
        is_over.store(true, Ordering::Relaxed);
        (time, lists.join().expect("the lists end"))
    });
    let under_load = server.memory();
    figures.add(
        format_args!("memory, {CONVERSATIONS} conversations, {SENDERS} senders and a reader of lists"),
        format_args!("{engine:?}"),
        format_args!(
            "peak {:.0} MB; then {:.0} MB, {:.0} MB of them not mapped files; {:.0} MB after the start",
            under_load.most, under_load.now, under_load.own, before.now
        ),
        format_args!(
            "floor 300 MB, aim 150 MB; Request Tracker 1,060 MB; {MAILS} mails at {:.0}/s and {pages} list pages meanwhile",
            rate(MAILS, time)
        ),
    );
}

/// Posts mails on one connection until all are sent.
fn send(address: &str, token: &str, next: &AtomicUsize) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= MAILS {
            return;
        }
        let mail = ingest::mail(number);
        let mut request = format!(
            "POST /api/v1/inbound/mail HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: message/rfc822\r\nContent-Length: {}\r\n\r\n",
            mail.len()
        )
        .into_bytes();
        request.extend_from_slice(&mail);
        stream.write_all(&request).expect("it hears");
        let status = answer(&mut answers);
        assert!(status.contains(" 201 "), "mail {number}: {status}");
    }
}

/// Reads one answer to its end; its first line.
fn answer(stream: &mut impl BufRead) -> String {
    let mut status = String::new();
    stream.read_line(&mut status).expect("it answers");
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("it answers");
        if line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("its body");
    status
}

/// Walks the list through the command line, which asks the server, until the mail is in.
fn walk(seat: &Seat, is_over: &AtomicBool) -> usize {
    let mut asked = 0;
    loop {
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            if is_over.load(Ordering::Relaxed) {
                return asked;
            }
            let mut arguments = vec!["conversations", "list", "--limit", "100"];
            if let Some(cursor) = &cursor {
                arguments.extend(["--cursor", cursor]);
            }
            let page = seat.ask(&arguments);
            asked += 1;
            cursor = page.get("next").and_then(|next| next.as_str()).map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
    }
}
