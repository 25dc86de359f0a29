//! Stopping: the first SIGINT or SIGTERM asks everything to finish, a second one ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;

/// A token that the first signal cancels. To be called inside the runtime.
pub(crate) fn on_signals() -> Result<CancellationToken, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::io("cannot listen for signals", &error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        tracing::info!("stopping: finishing what was begun, a second signal ends at once");
        shutdown.cancel();
        let code = either(&mut interrupt, &mut terminate).await;
        std::process::exit(code);
    });
    Ok(token)
}

/// Waits for one of the two; gives the exit code that shells use for a death by it.
async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> i32 {
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    }
}
