//! Health and counters: what a watcher of the process gets.

use db::Engine;
use testkit::{ENGINES, Letter};

use super::Entry;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_ready_while_its_database_answers() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        assert_eq!(entry.get("/health/live").await.json()["status"], "live");
        assert_eq!(entry.get("/health/ready").await.json()["status"], "ready");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_the_work_beside_it_lives_and_is_not_ready() {
    let entry = Entry::on(Engine::Sqlite).await;
    entry.end_work_beside();
    let mut answer = entry.get("/health/ready").await;
    while answer.status == 200 {
        tokio::task::yield_now().await;
        answer = entry.get("/health/ready").await;
    }
    assert_eq!((answer.status, answer.problem().as_str()), (503, "not-ready"));
    assert!(answer.text().contains("the work beside"));
    assert_eq!(entry.get("/health/live").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_tell_routes_and_nothing_that_a_request_said() {
    let entry = Entry::on(Engine::Sqlite).await;
    let token = entry.token(app::access::Scope::MailWrite).await;
    let raw = Letter::new("zoe.quandt@customer.example", "Kontonummer").raw();
    entry.mail(&token, raw).await;
    entry.get("/zoe.quandt/secret?mail_from=zoe.quandt%40customer.example").await;
    entry.call(super::request("ZOEQUANDT", "/health/live", &[], b"")).await;
    let counted = entry.get("/metrics").await;
    assert_eq!(counted.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = counted.text();
    let known = "doorward_http_requests{method=\"POST\",route=\"/api/v1/inbound/mail\",status=\"201\"}";
    assert!(text.contains(known), "{text}");
    assert!(text.contains("doorward_http_request_seconds_bucket"));
    let lower = text.to_lowercase();
    for personal in ["quandt", "kontonummer", "customer.example", "secret", &token.text, &token.id.to_string()] {
        assert!(!lower.contains(&personal.to_lowercase()), "{personal} is in the counters");
    }
}
