//! What every answer has, also that of a path that is not there.

use db::Engine;
use serde_json::Value;
use web::ROUTES;

use super::{Entry, request};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_a_browser_may_do_with_it_and_has_an_id_of_its_own() {
    let entry = Entry::on(Engine::Sqlite).await;
    let mut ids = std::collections::BTreeSet::new();
    let paths = ROUTES.iter().map(|route| (route.method, route.path)).chain([("GET", "/nothing")]);
    for (method, path) in paths {
        let answer = entry.call(request(method, path, &[], b"")).await;
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{path}");
        assert!(answer.field("content-security-policy").unwrap().starts_with("default-src 'none'"), "{path}");
        assert!(ids.insert(answer.field("x-request-id").unwrap().to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_path_or_method_is_a_problem_that_repeats_nothing() {
    let entry = Entry::on(Engine::Sqlite).await;
    let nowhere = entry.get("/api/v1/customers/anna%40customer.example?q=anna").await;
    assert_eq!((nowhere.status, nowhere.problem().as_str()), (404, "no-such-route"));
    assert!(!nowhere.text().contains("anna"));
    let method = entry.call(request("DELETE", "/api/v1/inbound/mail", &[], b"")).await;
    assert_eq!((method.status, method.problem().as_str()), (405, "method"));
    assert_eq!(method.field("allow"), Some("POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_describes_itself() {
    let entry = Entry::on(Engine::Sqlite).await;
    let answer = entry.get("/api/v1/openapi.json").await;
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(answer.json(), serde_json::from_str::<Value>(web::OPENAPI_DOCUMENT).unwrap());
}
