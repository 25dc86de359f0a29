//! What an open page hears: that something moved, who else is there, and after a lost connection what
//! it missed. Ids and colleagues' names are all that the stream ever says.

use std::time::Duration;

use app::channels::Outcome;
use app::identity::{Role, Roles};
use kernel::{ConversationId, Locale};
use testkit::{ENGINES, Letter, Signed, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Entry, request};

/// How long a test waits for something that should come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream that is open.
struct Stream {
    socket: TcpStream,
    heard: String,
}

impl Stream {
    async fn open(entry: &Entry, agent: &Signed, fields: &[(&str, &str)]) -> Self {
        let mut socket = entry.connect().await;
        let all: Vec<_> = [("cookie", agent.cookie.as_str())].into_iter().chain(fields.iter().copied()).collect();
        socket.write_all(&request("GET", "/events", &all, b"")).await.unwrap();
        let mut stream = Self { socket, heard: String::new() };
        stream.hear("retry:").await;
        stream
    }

    /// Reads until something was said.
    async fn hear(&mut self, wanted: &str) {
        let mut buffer = [0; 4096];
        while !self.heard.contains(wanted) {
            let read = tokio::time::timeout(PATIENCE, self.socket.read(&mut buffer)).await;
            let bytes = read.unwrap_or_else(|_| panic!("waited for {wanted}, heard {}", self.heard)).unwrap();
            assert!(bytes > 0, "the stream ended before {wanted}: {}", self.heard);
            self.heard.push_str(&String::from_utf8_lossy(&buffer[..bytes]));
        }
    }
}

async fn opened(test: &TestApp, name: &str) -> ConversationId {
    let letter = Letter::new(&format!("{name} Secret <{name}@customer.example>"), "Private matter").id(name);
    match test.mail(letter.raw()).await.unwrap() {
        Outcome::Received { conversation, .. } => conversation,
        _ => panic!("a conversation begins"),
    }
}

async fn read(entry: &Entry, agent: &Signed, conversation: ConversationId) -> String {
    let fields = [("cookie", agent.cookie.as_str()), ("accept", "text/html")];
    entry.call(request("GET", &format!("/desk/all/{conversation}"), &fields, b"")).await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_arrives_is_heard_of_and_nothing_of_it_is_said() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let aino = entry.test.sign_in("Aino", Roles::from(Role::Agent), Locale::En).await;
        let mut stream = Stream::open(&entry, &aino, &[]).await;
        assert!(stream.heard.contains("content-type: text/event-stream"));
        let conversation = opened(&entry.test, "anna").await;
        stream.hear(&format!("event: moved\ndata: {conversation}")).await;
        for never in ["Secret", "anna", "Private", "customer.example"] {
            assert!(!stream.heard.contains(never), "{never}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_page_hears_nothing_of_it() {
    let entry = Entry::on(db::Engine::Sqlite).await;
    let other = entry.test.another_organisation("Oak Clinic").await;
    let stranger = entry.test.sign_in_to(other, "Max", Roles::from(Role::Agent), Locale::En).await;
    let mut stream = Stream::open(&entry, &stranger, &[]).await;
    let conversation = opened(&entry.test, "anna").await;
    // The next sign of life comes after what moved would have.
    stream.hear("\n:\n\n").await;
    assert!(!stream.heard.contains(&conversation.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_hears_what_was_missed() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let aino = entry.test.sign_in("Aino", Roles::from(Role::Agent), Locale::En).await;
        let last = entry.test.clock_now().micros().to_string();
        entry.test.clock.advance(Duration::from_mins(1));
        let conversation = opened(&entry.test, "anna").await;
        let mut stream = Stream::open(&entry, &aino, &[("last-event-id", &last)]).await;
        stream.hear(&format!("event: moved\ndata: {conversation}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_one_conversation_see_each_other_look_and_write() {
    let entry = Entry::on(db::Engine::Sqlite).await;
    let aino = entry.test.sign_in("Aino", Roles::from(Role::Agent), Locale::En).await;
    let lena = entry.test.sign_in("Lena", Roles::from(Role::Agent), Locale::En).await;
    let conversation = opened(&entry.test, "anna").await;
    let mut stream = Stream::open(&entry, &aino, &[]).await;
    let _other = Stream::open(&entry, &lena, &[]).await;
    read(&entry, &aino, conversation).await;
    let page = read(&entry, &lena, conversation).await;
    assert!(page.contains("Aino is looking too"), "also a page that has just been opened says so");
    stream.hear(&format!("event: others\ndata: {conversation} Lena is looking too")).await;
    let (_, rest) = page.split_once("name=\"form_token\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap();
    let fields = [
        ("cookie", lena.cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-form-token", token),
    ];
    let draft = format!("/conversations/{conversation}/draft");
    assert_eq!(entry.call(request("PUT", &draft, &fields, b"kind=note&text=Hm")).await.status, 204);
    stream.hear(&format!("event: others\ndata: {conversation} Lena is writing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_takes_its_stream_with_it() {
    let entry = Entry::on(db::Engine::Sqlite).await;
    let aino = entry.test.sign_in("Aino", Roles::from(Role::Agent), Locale::En).await;
    let mut stream = Stream::open(&entry, &aino, &[]).await;
    entry.test.clock.advance(app::identity::LONGEST);
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.socket.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the stream goes on: {}", String::from_utf8_lossy(&rest));
}
