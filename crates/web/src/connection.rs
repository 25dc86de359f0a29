//! One connection: HTTP/1.1 with bounds on its head and its age, and an end that lets a sender who
//! is still sending see the answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use crate::limits::{HEAD_BYTES, HEADERS, LINGER_BYTES};
use crate::permission::Peer;
use crate::serve::Shared;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// Answers one client until either side has enough; `cut` ends it at once.
pub(crate) async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    shared: Arc<Shared>,
    cut: CancellationToken,
) {
    let limits = shared.limits;
    let service = service_fn(move |request: hyper::Request<Incoming>| -> Answering {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        // A router is always ready.
        Box::pin(router.clone().call(request))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut age = pin!(sleep(limits.connection_time));
    let mut is_last = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|task| connection.poll_without_shutdown(task)) => break ended,
            () = shared.stopping.cancelled(), if !is_last => {
                is_last = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = &mut age => {
                if is_last {
                    return;
                }
                is_last = true;
                Pin::new(&mut connection).graceful_shutdown();
                age.set(sleep(limits.body_time + limits.linger_time));
            }
            () = cut.cancelled() => return,
        }
    };
    if ended.is_ok() {
        let stream = connection.into_parts().io.into_inner();
        tokio::select! {
            _ = timeout(limits.linger_time, see_off(stream)) => {}
            () = cut.cancelled() => {}
        }
    }
}

/// Ends our side and throws away what still comes. Closing at once would reset the connection, and
/// the sender of a body that was refused half-way would lose the answer that says why.
async fn see_off(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let (mut thrown, mut buffer) = (0, vec![0; 16 * 1024]);
    while let Ok(bytes) = stream.read(&mut buffer).await {
        thrown += bytes;
        if bytes == 0 || thrown > LINGER_BYTES {
            return;
        }
    }
}
