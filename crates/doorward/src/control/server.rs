//! The owner's side of the control socket.
//!
//! Whatever was begun is finished, also when the client goes away or the process is asked to stop.

use std::sync::Arc;
use std::time::Duration;

use app::channels::Refusal;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::codec::{Framed, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::frame::{Frame, Request, codec};
use super::{ANSWER_FRAME_BYTES, BODY_BYTES, CONNECTIONS, ControlSocket, PATIENCE, REQUEST_FRAME_BYTES, VERSION};
use crate::exit::{Failure, Kind};
use crate::operations::{Call, Operation, Operator};
use crate::progress::ProgressSink;

/// Pause after a failed accept, which mostly means that file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time between two words of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Answers on the socket until `shutdown`; returns when everything that was begun is finished.
/// `large_bodies` holds one permit per byte for bodies above [`kernel::limits::LARGE_BODY_BYTES`].
pub async fn serve_control(
    socket: ControlSocket,
    operator: Arc<dyn Operator>,
    large_bodies: Arc<Semaphore>,
    shutdown: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let tasks = TaskTracker::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = shutdown.cancelled() => break,
            next = next => next,
        };
        match accepted {
            Ok(stream) => {
                let desk = Desk {
                    operator: Arc::clone(&operator),
                    large_bodies: Arc::clone(&large_bodies),
                    shutdown: shutdown.clone(),
                    tasks: tasks.clone(),
                };
                tasks.spawn(async move {
                    let _place = place;
                    if desk.converse(stream).await.is_none() {
                        tracing::debug!("a control connection ended early");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept on the control socket");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}

type Connection = Framed<UnixStream, LengthDelimitedCodec>;

/// What came of the body of a request.
enum Body {
    Whole(Bytes, OwnedSemaphorePermit),
    /// It came to its end and was dropped: the connection goes on.
    Dropped(Failure),
}

struct Desk {
    operator: Arc<dyn Operator>,
    large_bodies: Arc<Semaphore>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Desk {
    /// Answers one client. `None` when the connection broke or the client spoke nonsense.
    async fn converse(&self, stream: UnixStream) -> Option<()> {
        let mut connection = Framed::new(stream, codec(REQUEST_FRAME_BYTES));
        let greeting = receive(&mut connection).await?;
        send(&mut connection, &Frame::Hello(VERSION)).await?;
        if !matches!(greeting, Frame::Hello(VERSION)) {
            return None;
        }
        loop {
            let bytes = tokio::select! {
                () = self.shutdown.cancelled() => return Some(()),
                next = connection.next() => match next { Some(bytes) => bytes.ok()?, None => return Some(()) },
            };
            let Ok(Frame::Request(request)) = Frame::decode(bytes.freeze()) else {
                let failure = Failure::new(Kind::Software, "expected a request");
                send(&mut connection, &Frame::Failed(failure)).await?;
                return None;
            };
            let Request { call, body_bytes } = request;
            let Some(size) = usize::try_from(body_bytes).ok().filter(|size| *size <= BODY_BYTES) else {
                count_refusal(&call, Refusal::TooLarge);
                let failure = Failure::new(Kind::Data, format_args!("the limit of one body is {BODY_BYTES} bytes"));
                send(&mut connection, &Frame::Failed(failure)).await?;
                return None;
            };
            let end = match self.take_body(&mut connection, size).await? {
                Body::Whole(body, permit) => self.answer(&mut connection, call, body, permit).await?,
                Body::Dropped(failure) => {
                    count_refusal(&call, Refusal::Busy);
                    Frame::Failed(failure)
                }
            };
            finish(&mut connection, &end).await?;
        }
    }

    /// Takes the pieces of a body; drops them as they come when memory for it is short.
    async fn take_body(&self, connection: &mut Connection, size: usize) -> Option<Body> {
        let wanted = if size > kernel::limits::LARGE_BODY_BYTES { u32::try_from(size).ok()? } else { 0 };
        let Ok(permit) = Arc::clone(&self.large_bodies).try_acquire_many_owned(wanted) else {
            let mut left = size;
            while left > 0 {
                left = left.checked_sub(piece(connection).await?.len())?;
            }
            let busy = "the memory for large mails is in use: try again in a moment";
            return Some(Body::Dropped(Failure::new(Kind::TryAgain, busy)));
        };
        let mut body = BytesMut::with_capacity(size);
        while body.len() < size {
            let piece = piece(connection).await?;
            if body.len() + piece.len() > size {
                return None;
            }
            body.extend_from_slice(&piece);
        }
        Some(Body::Whole(body.freeze(), permit))
    }

    /// Runs the call in a task of its own, which outlives the connection, and tells its progress.
    async fn answer(
        &self,
        connection: &mut Connection,
        call: Call,
        body: Bytes,
        permit: OwnedSemaphorePermit,
    ) -> Option<Frame> {
        let name = call.operation.name();
        let (sink, mut seen) = ProgressSink::channel();
        let operator = Arc::clone(&self.operator);
        let mut run = self.tasks.spawn(async move {
            let _permit = permit;
            operator.run(call, body, &sink).await
        });
        let mut tick = interval(PROGRESS_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                result = &mut run => return Some(match result {
                    Ok(Ok(answer)) => Frame::Done(answer),
                    Ok(Err(failure)) => Frame::Failed(failure),
                    Err(_) => {
                        tracing::error!(operation = name, "an operation died");
                        let fault = "a fault of this program stopped the operation: the server's log says where";
                        Frame::Failed(Failure::new(Kind::Software, fault))
                    }
                }),
                _ = tick.tick() => {
                    if seen.has_changed().unwrap_or(false) {
                        let progress = seen.borrow_and_update().clone();
                        send(connection, &Frame::Progress(progress)).await?;
                    }
                }
            }
        }
    }
}

/// Counts a mail whose body was never taken.
fn count_refusal(call: &Call, refusal: Refusal) {
    if matches!(call.operation, Operation::Mail { .. }) {
        refusal.count();
    }
}

/// Sends the last frame of an answer; one that is too large is replaced by a failure.
async fn finish(connection: &mut Connection, frame: &Frame) -> Option<()> {
    let bytes = frame.encode().ok()?;
    if bytes.len() > ANSWER_FRAME_BYTES {
        let failure = Failure::new(Kind::Data, "the answer is too large: ask for less at a time");
        return send(connection, &Frame::Failed(failure)).await;
    }
    connection.codec_mut().set_max_frame_length(ANSWER_FRAME_BYTES);
    let sent = connection.send(bytes).await.ok();
    connection.codec_mut().set_max_frame_length(REQUEST_FRAME_BYTES);
    sent
}

async fn send(connection: &mut Connection, frame: &Frame) -> Option<()> {
    connection.send(frame.encode().ok()?).await.ok()
}

async fn receive(connection: &mut Connection) -> Option<Frame> {
    let bytes = timeout(PATIENCE, connection.next()).await.ok()??.ok()?;
    Frame::decode(bytes.freeze()).ok()
}

/// The next piece of a body, never an empty one: an endless row of those would hold the place.
async fn piece(connection: &mut Connection) -> Option<Bytes> {
    match receive(connection).await? {
        Frame::Piece(piece) if !piece.is_empty() => Some(piece),
        _ => None,
    }
}
