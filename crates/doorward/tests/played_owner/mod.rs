//! An owner of a data folder that the tests play: it answers on a real control socket.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use doorward::control::{ControlSocket, serve_control};
use doorward::exit::{Failure, Kind};
use doorward::operations::{
    Call, ConversationRow, Conversations, CustomersImported, Finding, Findings, MailOutcome, Moment, Operation,
    Operator, Outcome, ReceivedVia, Rejection, State, Verified, Weight,
};
use doorward::owner::{Owner, Role};
use doorward::progress::ProgressSink;
use futures_util::future::BoxFuture;
use kernel::{ConversationId, CustomerId, Id as _, SystemClock, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A mail as it arrived.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) raw: Vec<u8>,
    pub(crate) envelope: (String, String, String),
    pub(crate) via: ReceivedVia,
}

#[derive(Default)]
pub(crate) struct Played {
    mails: Mutex<Vec<Taken>>,
    known: Mutex<HashSet<Vec<u8>>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

pub(crate) struct PlayedOwner {
    home: tempfile::TempDir,
    data: PathBuf,
    played: Arc<Played>,
    shutdown: CancellationToken,
    runtime: Option<Runtime>,
}

impl PlayedOwner {
    pub(crate) fn start() -> Self {
        Self::start_where(|_| {})
    }

    pub(crate) fn start_in(name: &str) -> Self {
        Self::begin(name, |_| {})
    }

    pub(crate) fn start_where(prepare: impl FnOnce(&Path)) -> Self {
        Self::begin("data", prepare)
    }

    fn begin(name: &str, prepare: impl FnOnce(&Path)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join(name);
        std::fs::create_dir(&data).unwrap();
        prepare(&data);
        let runtime = Runtime::new().unwrap();
        let played = Arc::new(Played::default());
        let shutdown = CancellationToken::new();
        let owner = runtime.block_on(Owner::take(&data, Role::Serve, Duration::ZERO, &SystemClock)).unwrap();
        let operator: Arc<dyn Operator> = played.clone();
        let token = shutdown.clone();
        let guard = runtime.enter();
        let socket = ControlSocket::bind(&owner).unwrap();
        runtime.spawn(async move {
            serve_control(socket, operator, Arc::new(Semaphore::new(256 * 1024 * 1024)), token).await;
            drop(owner);
        });
        drop(guard);
        Self { home, data, played, shutdown, runtime: Some(runtime) }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn data(&self) -> &str {
        self.data.to_str().unwrap()
    }

    pub(crate) fn data_path(&self) -> &Path {
        &self.data
    }

    pub(crate) fn mails(&self) -> Vec<Taken> {
        self.played.mails.lock().unwrap().clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.played.most_at_once.load(Ordering::SeqCst)
    }
}

impl Drop for PlayedOwner {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

impl Operator for Played {
    fn run<'a>(&'a self, call: Call, body: Bytes, progress: &'a ProgressSink) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move {
            match call.operation {
                Operation::Mail { client_ip, helo, mail_from, received_via } => {
                    let address = client_ip.map(|address| address.to_string()).unwrap_or_default();
                    let envelope = (address, helo.unwrap_or_default(), mail_from.unwrap_or_default());
                    self.mail(Taken { raw: body.to_vec(), envelope, via: received_via }).await
                }
                Operation::Verify { since } => {
                    progress.report("entries", 7, Some(7));
                    answer(&Verified {
                        size: 7,
                        ok: since.is_none(),
                        root: "cm9vdA==".to_owned(),
                        checkpoints: 2,
                        chains: 3,
                        entries: 0,
                        pending: 0,
                        erased: 0,
                        problems: since.map(|_| "entry 6 is not in the tree".to_owned()).into_iter().collect(),
                    })
                }
                Operation::ConversationsList { limit, .. } => {
                    answer(&Conversations { conversations: vec![row(); limit * 200], next: None })
                }
                Operation::ConversationShow { .. } => Err(Failure::new(Kind::NotFound, "no such conversation")),
                Operation::ImportCustomers { .. } => answer(&customers(&body)),
                Operation::Doctor => answer(&Findings {
                    findings: vec![Finding {
                        weight: Weight::Weak,
                        what: "engine".to_owned(),
                        found: "played".to_owned(),
                        mend: None,
                    }],
                }),
                _ => Err(Failure::new(Kind::NotFound, "not played")),
            }
        })
    }
}

impl Played {
    /// The text of a mail says what shall become of it.
    async fn mail(&self, mail: Taken) -> Result<Value, Failure> {
        let text = String::from_utf8_lossy(&mail.raw[..mail.raw.len().min(40)]).into_owned();
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        if text.starts_with("slow") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        assert!(text != "panic", "a poisonous mail, as the test wants it");
        if let Some(kind) = text.strip_prefix("fail ") {
            return Err(Failure::new(serde_json::from_value(kind.into()).unwrap(), "as the test wants it"));
        }
        let new = self.known.lock().unwrap().insert(mail.raw.clone());
        self.mails.lock().unwrap().push(mail);
        let outcome = match text.as_str() {
            _ if !new => Outcome::Duplicate,
            "append" => Outcome::Appended,
            "quarantine" => Outcome::Quarantined,
            _ => Outcome::Received,
        };
        answer(&MailOutcome { outcome, conversation: None, message: None, quarantine: None })
    }
}

/// Every row is a new customer, but for one whose name has two lines.
fn customers(body: &[u8]) -> CustomersImported {
    let mut answer = CustomersImported::default();
    for (row, text) in String::from_utf8_lossy(body).replace("\"bad\nname\"", "BAD").lines().skip(1).enumerate() {
        if text.starts_with("BAD") {
            answer.rejected.push(Rejection { row: row as u64 + 1, reason: "the name has two lines".to_owned() });
        } else {
            answer.created += 1;
        }
    }
    answer
}

fn row() -> ConversationRow {
    ConversationRow {
        id: ConversationId::from_bytes([1; 16]),
        state: State::Open,
        subject: "a subject".repeat(10),
        customer: "m•••@•••.example".to_owned(),
        customer_id: CustomerId::from_bytes([2; 16]),
        assignee: None,
        labels: Vec::new(),
        messages: 3,
        moved_at: Moment(Timestamp::from_seconds(1_800_000_000)),
    }
}

fn answer<T: Serialize>(value: &T) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::new(Kind::Software, error))
}
