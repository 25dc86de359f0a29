//! Clients that misuse their connection.

use std::time::{Duration, Instant};

use app::access::Scope;
use db::Engine;
use testkit::Letter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use web::Limits;

use super::{Answer, Entry, request};

const SHORT: Duration = Duration::from_millis(300);
/// What a busy machine may add to a limit.
const SLACK: Duration = Duration::from_secs(20);

fn impatient() -> Limits {
    Limits {
        connections: 4,
        head_time: SHORT,
        body_time: 2 * SHORT,
        body_pause: SHORT,
        linger_time: SHORT,
        stop_time: SHORT,
        ..Limits::default()
    }
}

/// Waits for the other side to end the connection.
async fn ends(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // Reset or closed: over is over.
    let over = tokio::time::timeout(SLACK, stream.read_to_end(&mut rest)).await;
    assert!(over.is_ok(), "the connection did not end");
}

/// Sends a byte now and then until the other side has enough.
async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    for byte in bytes.iter().cycle() {
        if stream.write_all(&[*byte]).await.is_err() || began.elapsed() > SLACK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_never_come_or_drip_end_and_make_room_for_others() {
    let entry = Entry::with(Engine::Sqlite, impatient()).await;
    let mut silent = entry.connect().await;
    let mut halfway = entry.connect().await;
    halfway.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let (mut third, mut fourth) = (entry.connect().await, entry.connect().await);
    fourth.write_all(b"G").await.unwrap();
    // All places are taken; whoever comes now waits for the limit and no longer.
    assert_eq!(entry.get("/health/live").await.status, 200);
    tokio::join!(ends(&mut silent), ends(&mut halfway), ends(&mut third), ends(&mut fourth));
    let mut dripping = entry.connect().await;
    dripping.write_all(b"GET /health/live HTTP/1.1\r\nx-slow: ").await.unwrap();
    assert!(drip(&mut dripping, b"a").await < SLACK, "a dripping head did not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_stall_or_drip_are_told_that_they_are_too_slow() {
    let entry = Entry::with(Engine::Sqlite, impatient()).await;
    let token = entry.token(Scope::MailWrite).await;
    let bearer = format!("Bearer {}", *token.text);
    let mut head = request("POST", "/api/v1/inbound/mail", &[("authorization", &bearer)], &vec![b'x'; 100_000]);
    head.truncate(head.len() - 100_000);
    let mut stalling = entry.connect().await;
    stalling.write_all(&head).await.unwrap();
    assert_eq!(Answer::read(&mut stalling).await.status, 408);
    ends(&mut stalling).await;

    let (mut reading, mut writing) = entry.connect().await.into_split();
    writing.write_all(&head).await.unwrap();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    });
    let answer = Answer::read(&mut reading).await;
    assert_eq!((answer.status, answer.problem().as_str()), (408, "slow"));
    tokio::time::timeout(SLACK, dripping).await.expect("the connection ends").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests_and_none_after_its_time() {
    let limits = Limits { connection_time: SHORT, ..Limits::default() };
    let entry = Entry::with(Engine::Sqlite, limits).await;
    let mut stream = entry.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(Answer::read(&mut stream).await.status, 200);
    }
    ends(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_ends_the_connection_and_nothing_else() {
    let entry = Entry::on(Engine::Sqlite).await;
    let endless = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &vec![b'a'; 200 * 1024]].concat();
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(500));
    let wrong: [&[u8]; 6] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n\r\n\r\n",
        &[0; 4_096],
        &endless,
        many.as_bytes(),
    ];
    for bytes in wrong {
        let mut stream = entry.connect().await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        ends(&mut stream).await;
    }
    assert_eq!(entry.get("/health/live").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_neither_sends_nor_goes_does_not_hold_up_the_stop() {
    let entry = Entry::with(Engine::Sqlite, Limits { stop_time: SHORT, ..Limits::default() }).await;
    let token = entry.token(Scope::MailWrite).await;
    let bearer = format!("Bearer {}", *token.text);
    let raw = Letter::new("anna@customer.example", "Order").raw();
    let mut sent = request("POST", "/api/v1/inbound/mail", &[("authorization", &bearer)], &raw);
    sent.truncate(sent.len() - 10);
    let mut stream = entry.connect().await;
    stream.write_all(&sent).await.unwrap();
    let idle = entry.connect().await;
    let (_test, served) = entry.stop();
    tokio::time::timeout(SLACK, served).await.expect("it stops").unwrap();
    drop(idle);
}
