//! How far a long piece of work has come: told by whoever works, shown on a terminal.
//!
//! Only the latest word counts, so that a fast worker never waits for a slow screen.

use std::io::IsTerminal as _;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How far the work is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, in a word or two.
    pub stage: String,
    /// Pieces done.
    pub done: u64,
    /// Pieces in all, when known.
    pub total: Option<u64>,
}

/// Where a worker tells its progress; cheap, never blocks, usable from any thread.
#[derive(Clone)]
pub struct ProgressSink(watch::Sender<Progress>);

impl ProgressSink {
    /// A sink and the place where its latest word is read.
    pub fn channel() -> (Self, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress::default());
        (Self(sender), receiver)
    }

    /// A sink that nobody reads.
    pub fn silent() -> Self {
        Self::channel().0
    }

    /// Tells how far the work is.
    pub fn report(&self, stage: &str, done: u64, total: Option<u64>) {
        self.0.send_replace(Progress { stage: stage.to_owned(), done, total });
    }
}

/// The bar on standard error; nothing at all when that is not a terminal.
pub(crate) struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {human_pos} {per_sec} {elapsed}") {
                bar.set_style(style);
            }
            bar
        });
        Self(Mutex::new(bar))
    }

    pub(crate) fn show(&self, progress: &Progress) {
        let guard = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(bar) = guard.as_ref() else { return };
        if let Some(total) = progress.total
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            if let Ok(style) =
                ProgressStyle::with_template("{msg} [{wide_bar}] {human_pos}/{human_len} {per_sec} eta {eta}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
        }
        bar.set_message(progress.stage.clone());
        bar.set_position(progress.done);
    }

    /// Wipes the bar, so that the result stands alone.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.finish();
    }
}
