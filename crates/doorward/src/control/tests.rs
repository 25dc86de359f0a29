//! What a client gets from the control socket, well-behaved or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use kernel::SystemClock;
use kernel::limits::LARGE_BODY_BYTES;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::exit::{Failure, Kind};
use crate::operations::{Call, Operation, Operator};
use crate::owner::{Owner, Role};
use crate::progress::ProgressSink;

/// Counts what it finished; `rotate` waits until it is let go, `token-list` answers the body's size.
#[derive(Default)]
struct Counting {
    finished: AtomicU64,
    begun: Notify,
    let_go: Notify,
}

impl Operator for Counting {
    fn run<'a>(
        &'a self,
        call: Call,
        body: Bytes,
        progress: &'a ProgressSink,
    ) -> BoxFuture<'a, Result<serde_json::Value, Failure>> {
        Box::pin(async move {
            match call.operation {
                Operation::Rotate => {
                    progress.report("keys", 1, Some(2));
                    self.begun.notify_one();
                    self.let_go.notified().await;
                }
                Operation::Doctor => return Ok("x".repeat(ANSWER_FRAME_BYTES).into()),
                _ => {}
            }
            self.finished.fetch_add(1, Ordering::SeqCst);
            Ok(body.len().into())
        })
    }
}

struct Served {
    folder: tempfile::TempDir,
    operator: Arc<Counting>,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
}

impl Served {
    async fn with_memory(bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::take(folder.path(), Role::Serve, Duration::ZERO, &SystemClock).await.unwrap();
        let socket = ControlSocket::bind(&owner).unwrap();
        let (operator, shutdown) = (Arc::new(Counting::default()), CancellationToken::new());
        let (working, token): (Arc<dyn Operator>, _) = (operator.clone(), shutdown.clone());
        let server = tokio::spawn(async move {
            serve_control(socket, working, Arc::new(Semaphore::new(bytes)), token).await;
            drop(owner);
        });
        Self { folder, operator, shutdown, server }
    }

    async fn client(&self) -> Client {
        Client::connect(self.folder.path()).await.unwrap().unwrap()
    }
}

fn call(operation: Operation) -> Call {
    Call { organisation: None, operation }
}

async fn send(client: &mut Client, bytes: usize) -> Result<serde_json::Value, Failure> {
    client.call(call(Operation::TokenList), &vec![7; bytes].into(), &mut |_| {}).await
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing_that_was_begun() {
    let served = Served::with_memory(0).await;
    let mut client = served.client().await;
    let asking = tokio::spawn(async move {
        let _ = client.call(call(Operation::Rotate), &Bytes::new(), &mut |_| {}).await;
    });
    served.operator.begun.notified().await;
    asking.abort();
    let _ = asking.await;
    served.operator.let_go.notify_one();
    served.shutdown.cancel();
    served.server.await.unwrap();
    assert_eq!(served.operator.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stop_lets_what_was_begun_be_finished_and_answered() {
    let served = Served::with_memory(0).await;
    let mut client = served.client().await;
    let asking = tokio::spawn(async move {
        let mut seen = Vec::new();
        let result = client.call(call(Operation::Rotate), &Bytes::new(), &mut |step| seen.push(step.clone())).await;
        (result, seen)
    });
    served.operator.begun.notified().await;
    served.shutdown.cancel();
    tokio::time::sleep(PROGRESS_SEEN).await;
    assert!(!served.server.is_finished());
    served.operator.let_go.notify_one();
    let (result, seen) = asking.await.unwrap();
    assert_eq!(result, Ok(0.into()));
    assert_eq!(seen.first().map(|step| (step.stage.as_str(), step.done, step.total)), Some(("keys", 1, Some(2))));
    served.server.await.unwrap();
    assert!(Client::connect(served.folder.path()).await.unwrap().is_none());
}

/// Longer than the time between two words of progress.
const PROGRESS_SEEN: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_large_body_without_memory_is_told_to_come_back_and_the_connection_goes_on() {
    let served = Served::with_memory(LARGE_BODY_BYTES).await;
    let mut client = served.client().await;
    assert_eq!(send(&mut client, LARGE_BODY_BYTES + 1).await.unwrap_err().kind, Kind::TryAgain);
    assert_eq!(send(&mut client, LARGE_BODY_BYTES).await, Ok(LARGE_BODY_BYTES.into()));
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_by_both_sides() {
    let served = Served::with_memory(BODY_BYTES).await;
    let mut client = served.client().await;
    assert_eq!(send(&mut client, BODY_BYTES + 1).await.unwrap_err().kind, Kind::Data);
    let mut stream = tokio::net::UnixStream::connect(served.folder.path().join(SOCKET_NAME)).await.unwrap();
    let request = Frame::Request(Request { call: call(Operation::TokenList), body_bytes: u64::MAX });
    for frame in [Frame::Hello(VERSION), request] {
        let bytes = frame.encode().unwrap();
        stream.write_u32(u32::try_from(bytes.len()).unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains(&BODY_BYTES.to_string()));
    assert_eq!(served.operator.finished.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn nonsense_on_the_socket_hurts_nobody_else() {
    let served = Served::with_memory(0).await;
    let hello = Frame::Hello(VERSION).encode().unwrap();
    let mut greeted = u32::try_from(hello.len()).unwrap().to_be_bytes().to_vec();
    greeted.extend_from_slice(&hello);
    let long = [greeted.as_slice(), &[0xFF; 64]].concat();
    let empty = [greeted.as_slice(), &[0; 64]].concat();
    let another_version = b"\x00\x00\x00\x02H9".to_vec();
    for nonsense in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), long, empty, another_version] {
        let mut stream = tokio::net::UnixStream::connect(served.folder.path().join(SOCKET_NAME)).await.unwrap();
        stream.write_all(&nonsense).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await.unwrap();
    }
    assert_eq!(send(&mut served.client().await, 3).await, Ok(3.into()));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_told_as_such() {
    let served = Served::with_memory(0).await;
    let mut client = served.client().await;
    let failure = client.call(call(Operation::Doctor), &Bytes::new(), &mut |_| {}).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Data);
    assert_eq!(send(&mut client, 3).await, Ok(3.into()));
}
