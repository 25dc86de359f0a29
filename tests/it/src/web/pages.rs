//! What a browser gets before anybody signs in: a language, a look, strict header fields, and forms
//! that nobody else can send.

use db::Engine;

use super::{Entry, request};

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml");

fn form(fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let fields: Vec<_> = [("content-type", "application/x-www-form-urlencoded"), BROWSER]
        .into_iter()
        .chain(fields.iter().copied())
        .collect();
    request("POST", "/appearance", &fields, body.as_bytes())
}

/// The value of the first hidden token of a page.
fn token(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"form_token\" value=\"").expect("a form with a token");
    rest.split('"').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_speaks_the_readers_language_and_runs_its_own_scripts_alone() {
    let entry = Entry::on(Engine::Sqlite).await;
    for (wished, said) in [("de-CH, en;q=0.3", "Anmelden"), ("fi", "Kirjaudu"), ("pl", "Zaloguj"), ("ru", "Войти")]
    {
        let answer = entry.call(request("GET", "/", &[BROWSER, ("accept-language", wished)], b"")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains(said), "{wished}");
        let policy = answer.field("content-security-policy").unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(nonce.len() >= 22 && answer.text().contains(&format!("nonce=\"{nonce}\"")));
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-") && !policy.contains("unsafe"));
        assert_eq!(answer.field("cache-control"), Some("no-store"));
        assert_eq!(answer.field("cross-origin-opener-policy"), Some("same-origin"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pages_share_no_nonce_and_no_token() {
    let entry = Entry::on(Engine::Sqlite).await;
    let ask = || request("GET", "/", &[BROWSER, ("cookie", "__Host-doorward-visitor=abc")], b"");
    let (one, other) = (entry.call(ask()).await, entry.call(ask()).await);
    assert_ne!(one.field("content-security-policy"), other.field("content-security-policy"));
    assert_ne!(token(&one.text()), token(&other.text()));
    assert_eq!(one.field("set-cookie"), None, "a browser that is known keeps its cookie");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_taken_only_from_a_page_of_this_browser() {
    let entry = Entry::on(Engine::Sqlite).await;
    let page = entry.call(request("GET", "/", &[BROWSER], b"")).await;
    let cookie = page.field("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-doorward-visitor=") && cookie.contains("; Secure; HttpOnly; SameSite=Lax"));
    let cookie = cookie.split(';').next().unwrap();
    let text = page.text();
    let body = format!("form_token={}&theme=dark&back=%2F", token(&text));

    let taken = entry.call(form(&[("cookie", cookie)], &body)).await;
    assert_eq!((taken.status, taken.field("location")), (303, Some("/")));
    assert!(taken.field("set-cookie").unwrap().starts_with("__Host-doorward-theme=dark;"));

    let bare = "theme=dark&back=%2F";
    for (what, fields, body) in [
        ("without a token", vec![("cookie", cookie)], bare),
        ("without the cookie", vec![], body.as_str()),
        ("with another browser's cookie", vec![("cookie", "__Host-doorward-visitor=other")], body.as_str()),
        ("from another site", vec![("cookie", cookie), ("sec-fetch-site", "cross-site")], body.as_str()),
        ("from a neighbouring site", vec![("cookie", cookie), ("sec-fetch-site", "same-site")], body.as_str()),
    ] {
        let refused = entry.call(form(&fields, body)).await;
        assert_eq!((refused.status, refused.field("set-cookie")), (400, None), "{what}");
    }
    let elsewhere = body.replace("back=%2F", "back=%2F%2Fevil.example");
    assert_eq!(entry.call(form(&[("cookie", cookie)], &elsewhere)).await.field("location"), Some("/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_in_a_browser_is_a_page_that_says_what_to_do() {
    let entry = Entry::on(Engine::Sqlite).await;
    let nowhere = entry.call(request("GET", "/nothing?q=anna", &[BROWSER, ("accept-language", "fi")], b"")).await;
    assert_eq!((nowhere.status, nowhere.field("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(nowhere.text().contains("Täällä ei ole mitään") && !nowhere.text().contains("anna"));
    // A script gets a line that it puts where notices stand.
    let fields = [BROWSER, ("hx-request", "true")];
    let line = entry.call(request("GET", "/nothing", &fields, b"")).await;
    assert_eq!((line.status, line.field("hx-retarget")), (404, Some("#notices")));
    assert!(!line.text().contains("<html"));
}

#[tokio::test(flavor = "multi_thread")]
async fn styles_and_scripts_are_kept_for_ever_under_the_hash_of_their_content() {
    let entry = Entry::on(Engine::Sqlite).await;
    let page = entry.call(request("GET", "/", &[BROWSER], b"")).await;
    let text = page.text();
    let address = text.split("href=\"").find(|rest| rest.starts_with("/assets/") && rest.contains(".css")).unwrap();
    let address = address.split('"').next().unwrap();
    let plain = entry.get(address).await;
    assert_eq!((plain.status, plain.field("content-encoding")), (200, None));
    assert_eq!(plain.field("cache-control"), Some("public, max-age=31536000, immutable"));
    let packed = entry.call(request("GET", address, &[("accept-encoding", "gzip, br")], b"")).await;
    assert_eq!(packed.field("content-encoding"), Some("gzip"));
    let hash = address.split('/').nth(2).unwrap();
    let stale = entry.get(&address.replace(hash, "0000000000000000")).await;
    assert_eq!((stale.status, stale.field("cache-control")), (200, Some("no-cache")));
    assert_eq!(entry.get("/assets/0/nothing.css").await.status, 404);
}
