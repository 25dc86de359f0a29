//! What an agent does at the desk, what becomes of it, and what somebody gets who comes too late, may
//! not, or was never asked.

use std::time::Duration;

use app::audit::Told;
use app::channels::{Outcome, Tls};
use app::desk::State;
use app::identity::{Role, Roles};
use app::{Actor, App};
use kernel::{ConversationId, CustomerId, Locale};
use testkit::{ENGINES, Letter, ScriptedSink, Signed};
use web::{Permit, ROUTES};

use super::{Answer, Entry, request};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A desk with one mail in it, assigned to nobody.
struct Desk {
    entry: Entry,
    aino: Signed,
    conversation: ConversationId,
    /// Where its mail goes.
    sink: ScriptedSink,
}

impl Desk {
    async fn on(engine: db::Engine) -> Self {
        let entry = Entry::on(engine).await;
        let aino = entry.test.sign_in("Aino", Roles::from(Role::Agent), Locale::En).await;
        let letter = Letter::new("Jürgen Köhler <j.koehler@customer.example>", "Konto").id("m@x");
        let Outcome::Received { conversation, .. } = entry.test.mail(letter.raw()).await.unwrap() else {
            panic!("a conversation begins")
        };
        let sink = ScriptedSink::start().await;
        entry.test.sends_by(&sink.server(Tls::None)).await;
        Self { entry, aino, conversation, sink }
    }

    const fn app(&self) -> &App {
        &self.entry.test.app
    }

    fn page(&self) -> String {
        format!("/desk/unassigned/{}", self.conversation)
    }

    async fn read(&self, agent: &Signed) -> String {
        let fields = [("cookie", agent.cookie.as_str()), ("accept", "text/html")];
        self.entry.call(request("GET", &self.page(), &fields, b"")).await.text()
    }

    /// A request of a script on an open page.
    async fn ask(&self, agent: &Signed, method: &str, what: &str, body: &str) -> Answer {
        let page = self.read(agent).await;
        let (_, rest) = page.split_once("name=\"form_token\" value=\"").unwrap();
        let token = rest.split('"').next().unwrap();
        let url = format!("http://localhost{}", self.page());
        let fields = [
            ("cookie", agent.cookie.as_str()),
            FORM,
            ("x-form-token", token),
            ("hx-request", "true"),
            ("hx-current-url", &url),
            ("sec-fetch-site", "same-origin"),
        ];
        let path = format!("/conversations/{}/{what}", self.conversation);
        let path = if what.starts_with('/') { what.to_owned() } else { path };
        self.entry.call(request(method, &path, &fields, body.as_bytes())).await
    }

    async fn standing(&self) -> app::desk::Standing {
        let (organisation, conversation) = (self.entry.test.organisation, self.conversation);
        let read = move |tx: &mut db::Tx<'_>| app::desk::Desk::standing(tx, organisation, conversation);
        self.app().context.db.read("test.standing", read).await.unwrap().unwrap()
    }

    async fn customer(&self) -> CustomerId {
        self.standing().await.customer
    }

    /// The log of the customer, oldest first.
    async fn log(&self) -> Vec<Told> {
        let (organisation, customer) = (self.entry.test.organisation, self.customer().await);
        let entries = self.app().audit.entries_of(organisation, customer.into(), 0, 100).await.unwrap();
        entries.into_iter().filter_map(|entry| entry.told).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_taken_shown_and_recorded() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let aino = &desk.aino;
        let taken = desk.ask(aino, "POST", "assignment", "to=me&from=").await;
        assert_eq!((taken.status, taken.field("hx-trigger")), (200, Some("desk-changed")));
        assert!(taken.text().contains("Taken: Aino"));
        assert_eq!(desk.standing().await.assignee, Some(aino.agent));

        let until = desk.standing().await.activity_at.seconds() + 3600;
        assert_eq!(desk.ask(aino, "POST", "snooze", &format!("until={until}")).await.status, 200);
        assert_eq!(desk.standing().await.state, State::Snoozed);
        let labelled = desk.ask(aino, "POST", "labels", "name=R%C3%BCck%2Ffrage").await;
        assert!(labelled.text().contains("labels/R%C3%BCck%2Ffrage"));
        let unlabelled = desk.ask(aino, "DELETE", "labels/R%C3%BCck%2Ffrage", "").await;
        assert!(!unlabelled.text().contains("labels/R%C3%BCck%2Ffrage"));
        assert_eq!(desk.ask(aino, "POST", "closure", "").await.status, 200);
        assert_eq!(desk.standing().await.state, State::Resolved);
        assert_eq!(desk.ask(aino, "DELETE", "closure", "").await.status, 200);
        assert_eq!(desk.standing().await.state, State::Open);
        let put_back = desk.ask(aino, "DELETE", &format!("assignment?to=&from={}", aino.agent), "").await;
        assert_eq!((put_back.status, desk.standing().await.assignee), (200, None));
        let noted = desk.ask(aino, "POST", "notes", "text=Call+back+on+Friday").await;
        assert!(noted.text().contains("Call back on Friday"));

        let changes = desk.log().await.into_iter().filter(|told| told.actor == aino.agent.to_string());
        let words: Vec<_> = changes.filter(|told| told.action != "conversation.read").map(|told| told.action).collect();
        let expected = [&["conversation.changed"; 7][..], &["note.added"]].concat();
        assert_eq!(words, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_sees_what_the_other_did_and_overwrites_nothing() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let lena = desk.entry.test.sign_in("Lena", Roles::from(Role::Lead), Locale::En).await;
        assert_eq!(desk.ask(&lena, "POST", "assignment", "to=me&from=").await.status, 200);
        // Aino's page still shows nobody.
        let late = desk.ask(&desk.aino, "POST", "assignment", "to=me&from=").await;
        assert!(late.text().contains("Taken: Lena") && late.text().contains("Somebody was faster"));
        assert_eq!(desk.standing().await.assignee, Some(lena.agent));
        assert_eq!(desk.ask(&lena, "POST", "closure", "").await.status, 200);
        let late = desk.ask(&desk.aino, "POST", "closure", "").await;
        assert!(late.text().contains("Somebody was faster: the conversation is resolved now."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reveal_needs_the_conversation_and_a_purpose_and_stands_in_the_log() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let (organisation, customer) = (desk.entry.test.organisation, desk.customer().await);
        testkit::vault(desk.app()).set_value(organisation, customer, "iban", "DE89370400440532013000").await.unwrap();
        let page = desk.read(&desk.aino).await;
        assert!(page.contains("••• 3000") && !page.contains("DE8937"));
        let (_, rest) = page.split_once("name=\"value\" value=\"val_").expect("a locked value");
        let value = format!("val_{}", rest.split('"').next().unwrap());
        let body = |purpose: &str| format!("customer={customer}&value={value}&purpose={purpose}");

        let refused = desk.ask(&desk.aino, "POST", "reveals", &body("billing")).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("must be assigned to you") && !refused.text().contains("DE89"));
        assert_eq!(desk.ask(&desk.aino, "POST", "assignment", "to=me&from=").await.status, 200);
        assert_eq!(desk.ask(&desk.aino, "POST", "reveals", &body("service")).await.status, 403);
        let revealed = desk.ask(&desk.aino, "POST", "reveals", &body("billing")).await;
        assert_eq!(revealed.status, 200);
        assert!(revealed.text().contains("DE89370400440532013000"));
        assert_eq!(revealed.field("cache-control"), Some("no-store"));
        let told: Vec<_> = desk.log().await.into_iter().filter(|told| told.action == "value.revealed").collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].purpose.as_deref(), Some("billing"));
        // The page says who looked, and shows the mask again.
        let page = desk.read(&desk.aino).await;
        assert!(page.contains("Aino, Bank") && !page.contains("DE8937"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_for_its_writer_alone_until_it_is_sent() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let lena = desk.entry.test.sign_in("Lena", Roles::from(Role::Agent), Locale::En).await;
        assert_eq!(desk.ask(&desk.aino, "PUT", "draft", "kind=reply&text=Half+a+sentence").await.status, 204);
        // A session later it is still there.
        let page = desk.read(&desk.aino).await;
        assert!(page.contains("Half a sentence</textarea>"), "{}", &page[page.find("<textarea").unwrap()..][..300]);
        assert!(!desk.read(&lena).await.contains("Half a sentence"));
        let sent = desk.ask(&desk.aino, "POST", "replies", "text=A+whole+sentence.&then=wait").await;
        assert_eq!(sent.status, 200);
        let text = sent.text();
        assert!(text.contains("leaves in a moment") && text.contains("</textarea>") && !text.contains("Half a"));
        assert_eq!(desk.standing().await.state, State::Waiting);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_taken_back_is_a_draft_again_and_the_conversation_stands_as_before() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let sent = desk.ask(&desk.aino, "POST", "replies", "text=Too+early.&then=resolve").await.text();
        assert_eq!(desk.standing().await.state, State::Resolved);
        let (_, rest) = sent.split_once("data-undo hx-delete=\"").expect("a way to take it back");
        let back = rest.split('"').next().unwrap();
        let taken = desk.ask(&desk.aino, "DELETE", back, "").await;
        assert!(taken.text().contains("Too early.</textarea>") && taken.text().contains("Taken back."));
        assert_eq!(desk.standing().await.state, State::New);
        // Once it is on its way, it is.
        let sent = desk.ask(&desk.aino, "POST", "replies", "text=Now.&then=wait").await.text();
        let (_, rest) = sent.split_once("data-undo hx-delete=\"").unwrap();
        let back = rest.split('"').next().unwrap().to_owned();
        desk.entry.test.send_after(Duration::from_secs(11)).await;
        assert_eq!(desk.sink.received().len(), 1, "what was taken back never left");
        let late = desk.ask(&desk.aino, "DELETE", &back, "").await;
        assert_eq!(late.status, 422);
        assert!(late.text().contains("on its way already"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_stays_in_the_draft_and_says_why() {
    let desk = Desk::on(db::Engine::Sqlite).await;
    let refused = desk.ask(&desk.aino, "POST", "replies", "text=Hello&cc=not+an+address&then=wait").await;
    assert_eq!((refused.status, refused.field("hx-retarget")), (422, Some("#notices")));
    assert!(refused.text().contains("One of the addresses cannot be used"));
    assert!(desk.read(&desk.aino).await.contains("Hello</textarea>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_moved_at_once_and_those_that_moved_meanwhile_are_counted() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let mut ids = vec![desk.conversation];
        for n in 0..5 {
            let letter = Letter::new(&format!("c{n}@customer.example"), &format!("Case {n}")).id(&format!("{n}@x"));
            let Outcome::Received { conversation, .. } = desk.entry.test.mail(letter.raw()).await.unwrap() else {
                panic!("a conversation begins")
            };
            ids.push(conversation);
        }
        let body = ids.iter().map(|id| format!("id={id}")).collect::<Vec<_>>().join("&");
        testkit::desk(desk.app())
            .resolve(desk.entry.test.organisation, ids[3], Actor::Agent(desk.aino.agent))
            .await
            .unwrap();
        let done = desk.ask(&desk.aino, "POST", "/selection/closure", &body).await;
        assert_eq!((done.status, done.field("hx-trigger")), (200, Some("desk-changed")));
        assert!(done.text().contains("5 conversations done.") && done.text().contains("1 had changed meanwhile"));
        let labelled = desk.ask(&desk.aino, "POST", "/selection/labels", &format!("{body}&name=Batch")).await;
        assert!(labelled.text().contains("6 conversations done."));
    }
}

/// What every route that changes something answers to somebody who must not: nothing happens.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_anything_without_a_session_a_role_and_a_token_of_the_page() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let auditor = desk.entry.test.sign_in("Olga", Roles::from(Role::Auditor), Locale::En).await;
        let before = desk.standing().await;
        let changing = ROUTES.iter().filter(|route| route.permit == Permit::SignedIn && route.method != "GET");
        for route in changing.filter(|route| route.path.starts_with("/conversations")) {
            let path = route.path.replace("{conversation}", &desk.conversation.to_string());
            let path = path.replace("{name}", "x").replace("{message}", &format!("msg_{}", "0".repeat(26)));
            let body = b"to=me&from=&text=x&name=x&until=9999999999&then=wait&customer=x&value=x&purpose=service";
            let html = ("accept", "text/html");
            let nobody = desk.entry.call(request(route.method, &path, &[FORM, html], body)).await;
            assert_eq!(nobody.status, 303, "{} {path} without a session", route.method);
            let cookie = ("cookie", desk.aino.cookie.as_str());
            let forged = desk.entry.call(request(route.method, &path, &[cookie, FORM, html], body)).await;
            assert_eq!(forged.status, 400, "{} {path} without a token", route.method);
            let cookie = ("cookie", auditor.cookie.as_str());
            let unfit = desk.entry.call(request(route.method, &path, &[cookie, FORM, html], body)).await;
            assert_eq!(unfit.status, 403, "{} {path} as an auditor", route.method);
        }
        let seen = desk.entry.call(request("GET", &desk.page(), &[("cookie", &auditor.cookie)], b"")).await;
        assert_eq!(seen.status, 403, "an auditor reads no thread");
        assert_eq!(desk.standing().await, before);
    }
}
