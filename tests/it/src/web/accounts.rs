//! Enrolling, signing in and the own account, as a browser does them.

use std::time::Duration;

use app::identity::Role;
use serde_json::Value;
use testkit::{ENGINES, ORIGIN, PASSWORD, authenticator::Authenticator};

use super::{Answer, Entry, request};

const BROWSER: (&str, &str) = ("accept", "text/html");

/// A browser: its cookies and the page before it.
struct Browser<'e> {
    entry: &'e Entry,
    cookies: Vec<(String, String)>,
    token: String,
}

impl<'e> Browser<'e> {
    fn new(entry: &'e Entry) -> Self {
        Self { entry, cookies: Vec::new(), token: String::new() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let cookie = self.cookie();
        let answer = self.entry.call(request("GET", path, &[BROWSER, ("cookie", &cookie)], b"")).await;
        self.keep(&answer);
        answer
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let pairs = [("form_token", token.as_str())].into_iter().chain(fields.iter().copied());
        let body: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let cookie = self.cookie();
        let head = [BROWSER, ("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let answer = self.entry.call(request("POST", path, &head, body.join("&").as_bytes())).await;
        self.keep(&answer);
        answer
    }

    /// Begins a passkey's ceremony, as the page's script does.
    async fn begin(&mut self, path: &str, fields: &[(&str, &str)]) -> (String, String) {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 200, "{path}");
        let begun: Value = answer.json();
        (begun["ceremony"].as_str().unwrap().to_owned(), begun["options"].to_string())
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for written in answer.fields_named("set-cookie") {
            assert!(written.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{written}");
            let (name, value) = written.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some((_, rest)) = answer.text().split_once("name=\"form_token\" value=\"") {
            self.token = rest.split('"').next().unwrap().to_owned();
        }
    }
}

fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |coded, byte| coded + &format!("%{byte:02X}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leads_to_a_passkey_recovery_codes_and_the_desk_and_is_then_gone() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let invited = entry.test.invite("maria@elm.example", Role::Agent).await;
        let (mut browser, mut keys) = (Browser::new(&entry), Authenticator::at(ORIGIN));
        let path = format!("/enrol/{}", *invited.text);
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Elm Clinic") && page.text().contains("maria@elm.example"));
        let (ceremony, options) = browser.begin(&format!("{path}/ceremony"), &[]).await;
        let response = keys.create(&options);
        let sent = [("name", "Maria"), ("language", "fi"), ("ceremony", &*ceremony), ("response", &*response)];
        let done = browser.post(&path, &sent).await;
        assert_eq!(done.status, 200);
        assert_eq!(done.text().matches("<li>").count(), 10, "ten codes");
        assert!(browser.cookie().contains("__Host-doorward=dws_"));
        let account = browser.get("/account").await;
        assert!(account.text().contains("value=\"Maria\"") && account.text().contains("Oma tili"));
        assert_eq!(browser.get(&path).await.status, 404);
        // Back with the passkey, to where the agent was.
        let mut again = Browser::new(&entry);
        again.get("/sign-in?back=%2Fdesk%2Fmine").await;
        let (ceremony, options) = again.begin("/sign-in/passkey/ceremony", &[]).await;
        let response = keys.get(&options);
        let sent = [("ceremony", &*ceremony), ("response", &*response), ("back", "/desk/mine")];
        let signed_in = again.post("/sign-in/passkey", &sent).await;
        assert_eq!((signed_in.status, signed_in.field("location")), (303, Some("/desk/mine")));
        assert_eq!(again.get("/account").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_keeps_what_was_typed_and_looks_the_same_for_everybody() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let invited = entry.test.invite("maria@elm.example", Role::Agent).await;
        let maria = entry.test.enrol_with_password(&invited.text, "Maria").await;
        entry.test.clock.advance(Duration::from_mins(1));
        let code = entry.test.code(&maria.secret);
        let mut browser = Browser::new(&entry);
        browser.get("/sign-in").await;
        let mut said = Vec::new();
        for (address, password) in [("maria@elm.example", "wrong password"), ("nobody@elm.example", PASSWORD)] {
            let fields = [("address", address), ("password", password), ("code", &*code), ("back", "/desk")];
            let refused = browser.post("/sign-in", &fields).await;
            assert_eq!(refused.status, 422);
            assert!(refused.text().contains(&format!("value=\"{address}\"")));
            assert!(!refused.text().contains(password), "a password is not sent back");
            let told = refused.text();
            said.push(told.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_owned());
        }
        assert_eq!(said.first(), said.last());
        let fields =
            [("address", "maria@elm.example"), ("password", PASSWORD), ("code", &*code), ("back", "//evil.example")];
        let signed_in = browser.post("/sign-in", &fields).await;
        assert_eq!((signed_in.status, signed_in.field("location")), (303, Some("/desk")));
        let cookie = browser.cookie();
        browser.get("/account").await;
        assert_eq!(browser.post("/sign-out", &[]).await.status, 303);
        let over = entry.call(request("GET", "/account", &[BROWSER, ("cookie", &cookie)], b"")).await;
        assert_eq!(over.status, 303, "the session has ended and not only its cookie");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_app_code_shows_the_same_secret_again() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let invited = entry.test.invite("maria@elm.example", Role::Agent).await;
        let mut browser = Browser::new(&entry);
        let path = format!("/enrol/{}/password", *invited.text);
        let page = browser.get(&path).await.text();
        let between = |page: &str, before: &str, after: &str| {
            page.split(before).nth(1).unwrap().split(after).next().unwrap().to_owned()
        };
        let secret = between(&page, "<code>", "</code>");
        let ceremony = between(&page, "name=\"ceremony\" value=\"", "\"");
        let fields = |code: &'static str| {
            [("name", "Maria"), ("language", "en"), ("ceremony", &*ceremony), ("password", PASSWORD), ("code", code)]
        };
        let wrong = browser.post(&path, &fields("12345")).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains(&secret) && wrong.text().contains("value=\"Maria\""));
        let code = entry.test.code(&secret);
        let sent =
            [("name", "Maria"), ("language", "en"), ("ceremony", &*ceremony), ("password", PASSWORD), ("code", &*code)];
        assert_eq!(browser.post(&path, &sent).await.status, 200);
        // A code from the paper leads to a new way in.
        let mut lost = Browser::new(&entry);
        lost.get("/sign-in/recovery").await;
        let wrong = lost.post("/sign-in/recovery", &[("address", "maria@elm.example"), ("code", "0000")]).await;
        assert_eq!(wrong.status, 422);
    }
}
