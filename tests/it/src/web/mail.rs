//! Mail over HTTP: what its sender is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::access::Scope;
use db::Engine;
use kernel::limits::{LARGE_BODIES_BYTES, MAIL_BYTES};
use testkit::{ENGINES, Letter};
use tokio::io::AsyncWriteExt;

use super::{Answer, Entry, request};

const PATH: &str = "/api/v1/inbound/mail";

fn bearer(token: &app::access::NewToken) -> String {
    format!("Bearer {}", *token.text)
}

/// A mail of exactly this many bytes.
fn mail_of(bytes: usize) -> Vec<u8> {
    let mut raw = Letter::new("anna@customer.example", "Large").id("large@x").raw();
    while raw.len() < bytes {
        raw.extend_from_slice(b"0123456789 012345678 012345678 012345678 012345678 012345678\r\n");
    }
    raw.truncate(bytes);
    raw
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_received_its_answer_appended_and_its_copy_a_duplicate() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let token = entry.token(Scope::MailWrite).await;
        let first = Letter::new("anna@customer.example", "Order").id("one@x").raw();
        let received = entry.mail(&token, &first).await;
        assert_eq!((received.status, &received.json()["outcome"]), (201, &"received".into()));
        let reply = Letter::new("anna@customer.example", "Re: Order").id("two@x").answers("one@x").raw();
        let appended = entry.mail(&token, reply).await.json();
        assert_eq!(appended["outcome"], "appended");
        assert_eq!(appended["conversation"], received.json()["conversation"]);
        assert_ne!(appended["message"], received.json()["message"]);
        let duplicate = entry.mail(&token, &first).await;
        assert_eq!((duplicate.status, &duplicate.json()["outcome"]), (200, &"duplicate".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mail_server_knows_comes_in_the_query_and_nothing_else_does() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(Scope::MailWrite).await;
    let bearer = bearer(&token);
    let ask = async |query: &str, kind: &str, body: &[u8]| {
        let fields = [("authorization", bearer.as_str()), ("content-type", kind), ("idempotency-key", "7")];
        entry.call(request("POST", &format!("{PATH}?{query}"), &fields, body)).await
    };
    let raw = Letter::new("anna@customer.example", "Order").raw();
    let known = "client_ip=2001:db8::1&helo=mx.customer.example&mail_from=anna%40customer.example";
    assert_eq!(ask(known, "message/rfc822", &raw).await.status, 201);
    let long = format!("helo={}", "x".repeat(1_001));
    for wrong in ["client_ip=nobody", "client-ip=192.0.2.1", "helo=a&helo=b", &long] {
        let answer = ask(wrong, "message/rfc822", &raw).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "query"), "{wrong}");
        assert!(!answer.text().contains("nobody"), "a refusal does not repeat what it refuses");
    }
    assert_eq!(ask("", "application/x-www-form-urlencoded", &raw).await.problem(), "media-type");
    assert_eq!(ask("", "message/rfc822", b"").await.problem(), "empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_25_mb_works_and_one_of_26_is_refused_with_the_limit_named_and_counted() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(Scope::MailWrite).await;
    assert_eq!(entry.mail(&token, mail_of(25 * 1024 * 1024)).await.json()["outcome"], "received");
    assert_eq!(entry.large_bodies.available_permits(), LARGE_BODIES_BYTES, "its memory is given back");
    let refused = entry.mail(&token, mail_of(26 * 1024 * 1024)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (413, "too-large"));
    assert!(refused.text().contains(&MAIL_BYTES.to_string()));
    let counted = entry.get("/metrics").await.text();
    let line = counted.lines().find(|line| line.starts_with("doorward_http_problems{problem=\"too-large\"}"));
    let count: u64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(count >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_say_its_length_is_bounded_all_the_same() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(Scope::MailWrite).await;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: desk.example\r\nauthorization: {}\r\ntransfer-encoding: chunked\r\n\r\n",
        bearer(&token)
    );
    let raw = mail_of(26 * 1024 * 1024);
    let chunked = |bytes: &[u8]| {
        let mut sent = head.clone().into_bytes();
        for chunk in bytes.chunks(64 * 1024) {
            sent.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            sent.extend_from_slice(chunk);
            sent.extend_from_slice(b"\r\n");
        }
        sent.extend_from_slice(b"0\r\n\r\n");
        sent
    };
    let refused = entry.call(chunked(&raw)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (413, "too-large"));
    assert_eq!(refused.field("connection"), Some("close"));
    assert_eq!(entry.large_bodies.available_permits(), LARGE_BODIES_BYTES);
    let taken = entry.call(chunked(raw.get(..3 * 1024 * 1024).unwrap())).await;
    assert_eq!(taken.json()["outcome"], "received");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_mail_beyond_the_shared_memory_is_told_to_come_back_and_a_small_one_is_taken() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(Scope::MailWrite).await;
    let others = LARGE_BODIES_BYTES - 1024 * 1024;
    let held = Arc::clone(&entry.large_bodies).try_acquire_many_owned(u32::try_from(others).unwrap()).unwrap();
    let large = mail_of(2 * 1024 * 1024);
    let busy = entry.mail(&token, &large).await;
    assert_eq!((busy.status, busy.problem().as_str()), (503, "busy"));
    assert!(busy.field("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(entry.mail(&token, Letter::new("ben@customer.example", "Small").raw()).await.status, 201);
    drop(held);
    assert_eq!(entry.mail(&token, &large).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_goes_away_without_an_answer_may_come_again_and_never_makes_two() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(Scope::MailWrite).await;
    let bearer = bearer(&token);
    let mut conversations = BTreeSet::new();
    for _ in 0..20 {
        let raw = Letter::new("anna@customer.example", "Order").id("lost@x").raw();
        let mut stream = entry.connect().await;
        stream.write_all(&request("POST", PATH, &[("authorization", &bearer)], &raw)).await.unwrap();
        drop(stream);
        let again = entry.mail(&token, &raw).await.json();
        if again["outcome"] != "duplicate" {
            assert!(conversations.insert(again["conversation"].to_string()));
        }
        assert_eq!(entry.mail(&token, &raw).await.json()["outcome"], "duplicate");
    }
    assert!(conversations.len() <= 1, "the same mail became several: {conversations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_under_way_is_finished_when_the_process_stops() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(Scope::MailWrite).await;
    let raw = Letter::new("anna@customer.example", "Order").id("last@x").raw();
    let (before, after) = raw.split_at(raw.len() / 2);
    let bearer = bearer(&token);
    let mut sent = request("POST", PATH, &[("authorization", &bearer)], &raw);
    sent.truncate(sent.len() - after.len());
    assert!(sent.ends_with(before));
    let mut stream = entry.connect().await;
    stream.write_all(&sent).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let address = entry.address;
    let (test, served) = entry.stop();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing new is taken");
    stream.write_all(after).await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.json()["outcome"], "received");
    served.await.unwrap();
    assert_eq!(test.mail(raw).await.unwrap(), app::channels::Outcome::Duplicate);
}
