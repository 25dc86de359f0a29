//! What an agent sees at the desk, what anybody else gets there, and what never leaves.

use app::Actor;
use app::channels::Outcome;
use app::identity::{Role, Roles};
use kernel::{ConversationId, Locale};
use testkit::{ENGINES, Letter, Signed};
use web::{Permit, ROUTES};

use super::{Answer, Entry, request};

const BROWSER: (&str, &str) = ("accept", "text/html");
const MAIL: &str = "Guten Tag,\n\nbitte ändern Sie meine Bankverbindung auf die neue Nummer.\n\nJürgen Köhler";

/// A desk with an agent before it and one mail in it.
struct Desk {
    entry: Entry,
    agent: Signed,
    conversation: ConversationId,
}

impl Desk {
    async fn on(engine: db::Engine) -> Self {
        let entry = Entry::on(engine).await;
        let agent = entry.test.sign_in("Aino Mäki", Roles::from(Role::Agent), Locale::En).await;
        let letter =
            Letter::new("Jürgen Köhler <j.koehler@customer.example>", "Neue Bankverbindung").id("m@x").text(MAIL);
        let conversation = opened(entry.test.mail(letter.raw()).await.unwrap());
        Self { entry, agent, conversation }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(path, &self.agent, &[]).await
    }

    async fn ask(&self, path: &str, agent: &Signed, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("cookie", agent.cookie.as_str()), BROWSER];
        all.extend(fields);
        self.entry.call(request("GET", path, &all, b"")).await
    }
}

fn opened(outcome: Outcome) -> ConversationId {
    match outcome {
        Outcome::Received { conversation, .. } | Outcome::Appended { conversation, .. } => conversation,
        _ => panic!("the mail came in"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_not_signed_in_is_led_there_and_back() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let tampered = "__Host-doorward=dws_".to_owned() + &"0".repeat(103);
        for route in ROUTES.iter().filter(|route| route.permit == Permit::SignedIn && route.method == "GET") {
            let path = route.path.replace("{view}", "mine").replace(['{', '}'], "");
            for cookie in ["", "__Host-doorward=", "__Host-doorward=dws_1", &tampered] {
                let answer = entry.call(request("GET", &path, &[BROWSER, ("cookie", cookie)], b"")).await;
                assert_eq!(answer.status, 303, "{path} with {cookie}");
                let back = path.replace('/', "%2F");
                assert_eq!(answer.field("location"), Some(format!("/sign-in?back={back}").as_str()));
            }
            let fields =
                [BROWSER, ("hx-request", "true"), ("hx-current-url", "http://localhost/desk/all?order=oldest")];
            let answer = entry.call(request("GET", &path, &fields, b"")).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.field("hx-redirect"), Some("/sign-in?back=%2Fdesk%2Fall%3Forder%3Doldest"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reads_the_case_and_sees_the_rest_masked() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let list = desk.get("/desk/unassigned").await;
        assert_eq!(list.status, 200);
        let page = desk.get(&format!("/desk/unassigned/{}", desk.conversation)).await;
        let text = page.text();
        for shown in ["Neue Bankverbindung", "Jürgen Köhler", "bitte ändern Sie", "j•••@•••", "writes German"]
        {
            assert!(text.contains(shown), "{shown}");
        }
        for answer in [list.text(), text] {
            assert!(!answer.contains("koehler@") && !answer.contains("customer.example"));
        }
        // The look is on record, and the page says who looked.
        let entries = desk.entry.test.app.audit.entries_of(
            desk.entry.test.organisation,
            desk.entry.test.organisation.into(),
            0,
            100,
        );
        assert!(!entries.await.unwrap().is_empty());
        assert!(page.text().contains("Aino Mäki, thread"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_agent_finds_nothing_at_the_same_address() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let other = desk.entry.test.another_organisation("Oak Clinic").await;
        let stranger = desk.entry.test.sign_in_to(other, "Max", Roles::from(Role::Agent), Locale::En).await;
        let list = desk.ask("/desk/all", &stranger, &[]).await;
        assert!(list.status == 200 && !list.text().contains("Bankverbindung"));
        for path in [
            format!("/desk/all/{}", desk.conversation),
            format!("/conversations/{}/messages/msg_{}/design", desk.conversation, "0".repeat(26)),
            format!("/conversations/{}/files/att_{}", desk.conversation, "0".repeat(26)),
        ] {
            let answer = desk.ask(&path, &stranger, &[]).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.text().contains("Bankverbindung"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_gets_the_thread_and_the_customer_and_not_the_whole_page() {
    let desk = Desk::on(db::Engine::Sqlite).await;
    let path = format!("/desk/unassigned/{}", desk.conversation);
    let part = desk.ask(&path, &desk.agent, &[("hx-request", "true")]).await;
    assert!(part.text().contains("<main id=\"main\"") && part.text().contains("hx-swap-oob=\"true\""));
    assert!(!part.text().contains("<html") && !part.text().contains("id=\"rail\""));
    // Going back in the history needs the page.
    let again = [("hx-request", "true"), ("hx-history-restore-request", "true")];
    assert!(desk.ask(&path, &desk.agent, &again).await.text().contains("<html"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_comes_page_by_page_also_without_a_script() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        for n in 0..90 {
            let letter =
                Letter::new(&format!("c{n}@customer.example"), &format!("Case number {n}.")).id(&format!("{n}@x"));
            desk.entry.test.mail(letter.raw()).await.unwrap();
        }
        let (mut path, mut seen, mut pages) = ("/desk/unassigned?order=newest".to_owned(), 0, 0);
        loop {
            let text = desk.get(&path).await.text();
            seen += text.matches("<li id=\"row-").count();
            pages += 1;
            let Some((_, more)) = text.split_once("<li class=\"more\"><a href=\"") else { break };
            path = more.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
        }
        assert_eq!((seen, pages), (91, 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_narrowed_by_the_language_that_a_conversation_was_begun_in() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let letter = Letter::new("grace@customer.example", "Appointment").id("g@x");
        let letter = letter.text("Hello,\n\nI have to move my appointment on Thursday. Is Friday possible?");
        desk.entry.test.mail(letter.raw()).await.unwrap();
        let german = desk.get("/desk/all?language=de").await.text();
        assert!(german.contains("Neue Bankverbindung") && !german.contains("Appointment"));
        let finnish = desk.get("/desk/all?language=fi").await.text();
        assert!(finnish.contains("Nothing here matches the filter."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_design_that_wants_to_run_or_to_fetch_does_neither() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let html = "<html><body><h1>Hi</h1><script>alert(1)</script><form action=https://evil.example><input></form>\
             <p style=\"position:fixed\" onclick=\"x()\">Text</p><img src=\"https://evil.example/p.png\">\
             <img src=\"cid:pic@x\"><a href=\"javascript:x()\">go</a></body></html>";
        let body = format!(
            "--b\nContent-Type: text/html\n\n{html}\n--b\nContent-Type: image/png\nContent-ID: <pic@x>\n\
             Content-Disposition: inline; filename=\"p.png\"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n"
        );
        let letter = Letter::new("eve@customer.example", "Look").id("h@x").text(&body);
        let letter = letter.header("MIME-Version", "1.0").header("Content-Type", "multipart/related; boundary=\"b\"");
        let conversation = opened(desk.entry.test.mail(letter.raw()).await.unwrap());
        let page = desk.get(&format!("/desk/all/{conversation}")).await.text();
        let (_, rest) = page.split_once("<iframe src=\"").expect("the design stands in a frame");
        let address = rest.split('"').next().unwrap();
        assert!(rest.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""));
        let design = desk.get(address).await;
        assert_eq!(design.status, 200, "{address}: {}", design.text());
        let policy = design.field("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; img-src data:;") && policy.contains("sandbox"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("allow-scripts"));
        let text = design.text();
        for gone in ["<script", "<form", "<input", "onclick", "position:fixed", "javascript:", " src=\"https:"] {
            assert!(!text.contains(gone), "{gone}");
        }
        assert!(text.contains("src=\"data:image/png;base64,iVBORw0KGgo=\""));
        // The page itself never holds the design.
        assert!(!page.contains("<h1>Hi</h1>"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_kept_and_never_shown() {
    for engine in ENGINES {
        let desk = Desk::on(engine).await;
        let body = "--b\nContent-Type: text/plain\n\nSee the file.\n--b\nContent-Type: text/html; name=\"x.html\"\n\
             Content-Disposition: attachment; filename=\"x.html\"\n\n<script>alert(1)</script>\n--b--\n";
        let letter = Letter::new("eve@customer.example", "File").id("f@x").text(body);
        let letter = letter.header("MIME-Version", "1.0").header("Content-Type", "multipart/mixed; boundary=\"b\"");
        let conversation = opened(desk.entry.test.mail(letter.raw()).await.unwrap());
        let page = desk.get(&format!("/desk/all/{conversation}")).await.text();
        let (_, rest) = page.split_once(&format!("href=\"/conversations/{conversation}/files/")).expect("a file");
        let file = rest.split('"').next().unwrap().to_owned();
        let answer = desk.get(&format!("/conversations/{conversation}/files/{file}")).await;
        assert_eq!(answer.field("content-type"), Some("application/octet-stream"));
        assert_eq!(answer.field("content-disposition"), Some("attachment; filename*=UTF-8''x.html"));
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
        assert!(answer.text().contains("alert(1)"));
        // It is of its own conversation and of no other.
        let elsewhere = desk.get(&format!("/conversations/{}/files/{file}", desk.conversation)).await;
        assert_eq!(elsewhere.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_does_is_told_in_the_agents_language() {
    let desk = Desk::on(db::Engine::Sqlite).await;
    let app = &desk.entry.test.app;
    let organisation = desk.entry.test.organisation;
    let actor = Actor::Agent(desk.agent.agent);
    testkit::desk(app).label(organisation, desk.conversation, actor, "Rück/frage").await.unwrap();
    testkit::desk(app).resolve(organisation, desk.conversation, actor).await.unwrap();
    let finn = desk.entry.test.sign_in("Eero", Roles::from(Role::Agent), Locale::Fi).await;
    let page = desk.ask(&format!("/desk/resolved/{}", desk.conversation), &finn, &[]).await.text();
    assert!(page.contains("<html lang=\"fi\"") && page.contains("Ratkaistu: Aino Mäki"));
    assert!(page.contains("href=\"/desk/label:R%C3%BCck%2Ffrage\""));
}
