//! A running HTTP entry, and a client that can also be a bad one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::Actor;
use app::access::{NewToken, Scope};
use db::Engine;
use kernel::OrganisationId;
use kernel::limits::LARGE_BODIES_BYTES;
use serde_json::Value;
use testkit::TestApp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use web::{Audience, Limits, Metrics, ROUTES, Route, Server};

/// An answer that takes longer than this is none.
const PATIENCE: Duration = Duration::from_mins(1);

/// A product that answers HTTP on a free port.
pub(super) struct Entry {
    pub(super) test: TestApp,
    pub(super) address: SocketAddr,
    pub(super) large_bodies: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    beside: JoinHandle<()>,
}

impl Entry {
    pub(super) async fn on(engine: Engine) -> Self {
        Self::with(engine, Limits::default()).await
    }

    pub(super) async fn with(engine: Engine, limits: Limits) -> Self {
        let test = TestApp::on(engine).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES_BYTES));
        let (stop, stopped) = oneshot::channel();
        let beside = tokio::spawn(std::future::pending());
        let server = Server {
            app: test.app.clone(),
            metrics: Metrics::of_this_process(),
            large_bodies: Arc::clone(&large_bodies),
            background: vec![("the work beside", beside.abort_handle())],
            limits,
            encrypted: false,
            guests: None,
        };
        let served = tokio::spawn(web::serve(listener, server, async { drop(stopped.await) }));
        Self { test, address, large_bodies, stop, served, beside }
    }

    /// A token of the first organisation.
    pub(super) async fn token(&self, scope: Scope) -> NewToken {
        self.token_of(self.test.organisation, scope).await
    }

    pub(super) async fn token_of(&self, organisation: OrganisationId, scope: Scope) -> NewToken {
        self.test.app.access.create_token(organisation, Actor::Operator, "test", &[scope]).await.unwrap()
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads one answer; it must be one that the OpenAPI document announces.
    pub(super) async fn call(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let bytes = bytes.as_ref();
        let (mut reading, mut writing) = self.connect().await.into_split();
        let sending = async {
            // A refused body may not be taken to its end.
            let _ = writing.write_all(bytes).await;
        };
        let (answer, ()) = tokio::join!(Answer::read(&mut reading), sending);
        assert_announced(bytes, answer.status);
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(request("GET", path, &[], b"")).await
    }

    /// Brings a mail in.
    pub(super) async fn mail(&self, token: &NewToken, raw: impl AsRef<[u8]>) -> Answer {
        let fields = [("authorization", format!("Bearer {}", *token.text)), ("content-type", "message/rfc822".into())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.call(request("POST", "/api/v1/inbound/mail", &fields, raw.as_ref())).await
    }

    /// Ends what must run beside.
    pub(super) fn end_work_beside(&self) {
        self.beside.abort();
    }

    /// Asks the entry to stop, and gives what ends when it has.
    pub(super) fn stop(self) -> (TestApp, JoinHandle<()>) {
        // It may have stopped by itself, which the test will see.
        let _ = self.stop.send(());
        (self.test, self.served)
    }
}

/// A request with a body of known length, the last on its connection.
pub(super) fn request(method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: desk.example\r\nconnection: close\r\n");
    for (name, value) in fields {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    if method == "POST" || !body.is_empty() {
        head.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads one answer and nothing behind it.
    pub(super) async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> Self {
        tokio::time::timeout(PATIENCE, Self::read_at_leisure(stream)).await.expect("an answer in time")
    }

    async fn read_at_leisure(stream: &mut (impl AsyncReadExt + Unpin)) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = stream.read_u8().await.expect("an answer before the connection ends");
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Self { status, fields, body: Vec::new() };
        let length: usize = answer.field("content-length").map_or(0, |length| length.parse().unwrap());
        answer.body = vec![0; length];
        stream.read_exact(&mut answer.body).await.expect("a body as long as it says");
        answer
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field that may stand more than once.
    pub(super) fn fields_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The stable word of a problem, which must be whole.
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.field("content-type"), Some("application/problem+json"));
        let document = self.json();
        assert_eq!(document["status"], self.status);
        assert_eq!(document["request"].as_str(), self.field("x-request-id"));
        for member in ["title", "detail"] {
            assert!(!document[member].as_str().unwrap().is_empty());
        }
        document["type"].as_str().unwrap().strip_prefix("urn:doorward:problem:").unwrap().to_owned()
    }
}

fn assert_announced(request: &[u8], status: u16) {
    let line = String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let is_described = |route: &&Route| route.audience == Audience::Program && route.path == path;
    if !ROUTES.iter().filter(is_described).any(|route| route.method == method) {
        return;
    }
    let document: Value = serde_json::from_str(web::OPENAPI_DOCUMENT).unwrap();
    let announced = &document["paths"][path][method.to_lowercase()]["responses"][status.to_string()];
    assert!(announced.is_object(), "the OpenAPI document does not announce {status} for {method} {path}");
}
