//! Taking a body in: never more bytes than a mail may have, never more memory than large bodies
//! share, never longer than a sender may take.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use kernel::limits::{LARGE_BODY_BYTES, MAIL_BYTES};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Limits;
use crate::problem::Problem;

/// A body that came to its end.
pub(crate) struct Whole {
    /// All of it.
    pub(crate) bytes: Bytes,
    /// The memory that it takes of the share of large bodies, held until this is dropped.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Reads a body to its end. `large_bodies` holds one permit for each byte.
pub(crate) async fn take(body: Body, limits: &Limits, large_bodies: &Arc<Semaphore>) -> Result<Whole, Problem> {
    let announced = match body.size_hint().exact().map(usize::try_from) {
        None => None,
        Some(Ok(bytes)) if bytes <= MAIL_BYTES => Some(bytes),
        Some(_) => return Err(Problem::TooLarge),
    };
    timeout(limits.body_time, read(body, announced, limits, large_bodies)).await.unwrap_or(Err(Problem::Slow))
}

async fn read(
    body: Body,
    announced: Option<usize>,
    limits: &Limits,
    large_bodies: &Arc<Semaphore>,
) -> Result<Whole, Problem> {
    let (mut held, mut room) = match announced {
        Some(bytes) if bytes > LARGE_BODY_BYTES => {
            let room = reserve(large_bodies, bytes)?;
            (BytesMut::with_capacity(bytes), Some(room))
        }
        _ => (BytesMut::new(), None),
    };
    let mut pieces = body.into_data_stream();
    while let Some(piece) = timeout(limits.body_pause, pieces.next()).await.map_err(|_| Problem::Slow)? {
        let piece = piece.map_err(|_| Problem::CutShort)?;
        let bytes = held.len() + piece.len();
        if bytes > MAIL_BYTES {
            return Err(Problem::TooLarge);
        }
        if bytes > LARGE_BODY_BYTES && room.is_none() {
            // Nobody said how much will come, so it is the most that may.
            room = Some(reserve(large_bodies, MAIL_BYTES)?);
            held.reserve(MAIL_BYTES - held.len());
        }
        held.extend_from_slice(&piece);
    }
    if held.is_empty() {
        return Err(Problem::Empty);
    }
    Ok(Whole { bytes: held.freeze(), room })
}

fn reserve(large_bodies: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let permits = u32::try_from(bytes).map_err(|_| Problem::TooLarge)?;
    Arc::clone(large_bodies).try_acquire_many_owned(permits).map_err(|_| Problem::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::time::Duration;

    fn chunked(pieces: usize) -> Body {
        let piece = Bytes::from(vec![b'x'; 512 * 1024]);
        Body::from_stream(futures_util::stream::iter((0..pieces).map(move |_| Ok::<_, Infallible>(piece.clone()))))
    }

    fn memory(bytes: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(bytes))
    }

    #[tokio::test]
    async fn a_large_body_holds_its_memory_until_it_is_dropped() {
        let (large, limits) = (memory(3 * 1024 * 1024), Limits::default());
        let body = || Body::from(vec![b'x'; 2 * 1024 * 1024]);
        let first = take(body(), &limits, &large).await.unwrap();
        assert_eq!(first.bytes.len(), 2 * 1024 * 1024);
        assert_eq!(take(body(), &limits, &large).await.err(), Some(Problem::Busy));
        assert!(take(Body::from("small"), &limits, &large).await.is_ok(), "small bodies need no share");
        drop(first);
        assert!(take(body(), &limits, &large).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_counts_as_the_largest_once_it_is_large() {
        let limits = Limits::default();
        let large = memory(MAIL_BYTES);
        let first = take(chunked(3), &limits, &large).await.unwrap();
        assert_eq!(first.bytes.len(), 3 * 512 * 1024);
        assert_eq!(take(chunked(3), &limits, &large).await.err(), Some(Problem::Busy));
        assert!(take(chunked(2), &limits, &large).await.is_ok());
    }

    #[tokio::test]
    async fn too_much_is_refused_whether_announced_or_not() {
        let (large, limits) = (memory(2 * MAIL_BYTES), Limits::default());
        let announced = Body::from(vec![b'x'; MAIL_BYTES + 1]);
        assert_eq!(take(announced, &limits, &large).await.err(), Some(Problem::TooLarge));
        assert_eq!(take(chunked(MAIL_BYTES / (512 * 1024) + 1), &limits, &large).await.err(), Some(Problem::TooLarge));
        assert_eq!(large.available_permits(), 2 * MAIL_BYTES, "a refused body gives its memory back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_or_drips_ends() {
        let limits = Limits::default();
        let stalled = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(take(stalled, &limits, &memory(0)).await.err(), Some(Problem::Slow));
        let drip = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        assert_eq!(take(Body::from_stream(drip), &limits, &memory(0)).await.err(), Some(Problem::Slow));
    }
}
