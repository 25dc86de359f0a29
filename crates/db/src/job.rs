//! A closure on its way to a worker thread and its answer on the way back.
//!
//! Nothing a closure does, and nothing it leaves behind to be dropped, ends the thread that runs it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{BoxedJob, Error, Tx};

/// What running a closure once came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It succeeded: its changes are to be kept.
    Keep,
    /// It failed or panicked: its changes are to be undone.
    Undo,
}

/// A closure whose types are hidden, so that one queue holds them all.
pub(crate) trait Job: Send {
    fn name(&self) -> &'static str;
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the closure and keeps its result; may be called again, which forgets the earlier one.
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran;
    /// Hands the kept result over, or `error` in its place.
    fn answer(self: Box<Self>, error: Option<Error>);
}

pub(crate) struct Closure<T, E, F> {
    name: &'static str,
    body: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Closure<T, E, F>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    pub(crate) fn boxed(name: &'static str, closure: F) -> (BoxedJob, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Self { name, body: closure, result: None, reply }), answer)
    }
}

impl<T, E, F> Job for Closure<T, E, F>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Ran {
        let earlier = self.result.take();
        survive(|| drop(earlier));
        let result = survive(|| (self.body)(tx)).unwrap_or_else(|| Err(Error::Panicked(self.name).into()));
        // A closure that swallowed a failed statement must not commit half of what it meant.
        let result = if result.is_ok() && tx.is_aborted() { Err(Error::Aborted.into()) } else { result };
        let ran = if result.is_ok() { Ran::Keep } else { Ran::Undo };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, error: Option<Error>) {
        survive(move || {
            let result = match error {
                Some(error) => Err(error.into()),
                None => self.result.unwrap_or_else(|| Err(Error::Closed.into())),
            };
            // Nobody may be waiting any more; the change stands all the same.
            let _ = self.reply.send(result);
        });
    }
}

/// Runs work that is not ours; nothing if it panicked.
///
/// Going on is sound: the caller undoes the work's savepoint or transaction, and what the work
/// borrowed ends with it. What a panic carries may itself panic when it is dropped, and what that
/// carries is leaked rather than tried.
fn survive<R>(work: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|payload| {
            if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(worse);
            }
        })
        .ok()
}
