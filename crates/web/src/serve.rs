//! Taking connections, and stopping: nothing new is taken, what was begun is finished.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::guests::Guests;
use crate::presence::Presence;
use crate::rate::Rates;
use crate::{Limits, Metrics, connection, routes};

/// Pause after a failed accept, which mostly means that file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often measurements are taken in.
const SETTLE: Duration = Duration::from_secs(5);

/// What the HTTP entry serves.
pub struct Server {
    /// The product.
    pub app: App,
    /// What it counts.
    pub metrics: Metrics,
    /// Memory for bodies above [`kernel::limits::LARGE_BODY_BYTES`], one permit for each byte, shared
    /// with every other way in.
    pub large_bodies: Arc<Semaphore>,
    /// What must run beside, by name (`the folding of the audit log`): once one has ended, the
    /// process is not ready.
    pub background: Vec<(&'static str, AbortHandle)>,
    /// How long and how much a client may.
    pub limits: Limits,
    /// Whether clients come by HTTPS, here or at a proxy: browsers are told to come by nothing else.
    pub encrypted: bool,
    /// Who comes in by a link, in a demonstration.
    pub guests: Option<Arc<dyn Guests>>,
}

/// What handlers see.
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) metrics: Metrics,
    pub(crate) large_bodies: Arc<Semaphore>,
    pub(crate) background: Vec<(&'static str, AbortHandle)>,
    pub(crate) limits: Limits,
    pub(crate) encrypted: bool,
    pub(crate) guests: Option<Arc<dyn Guests>>,
    pub(crate) presence: Presence,
    /// How often each token asks.
    pub(crate) rates: Rates,
    /// Cancelled once the process shall stop.
    pub(crate) stopping: CancellationToken,
    /// Work that is finished whatever becomes of its connection.
    pub(crate) begun: TaskTracker,
}

/// Answers on the listener until `shutdown` is ready. Returns when everything that was begun is
/// finished; a client that takes longer than [`Limits::stop_time`] to send or to read is cut off.
pub async fn serve(listener: TcpListener, server: Server, shutdown: impl Future<Output = ()>) {
    let Server { app, metrics, large_bodies, background, limits, encrypted, guests } = server;
    let (stopping, begun) = (CancellationToken::new(), TaskTracker::new());
    let rates = Rates::new(limits.token_requests);
    let shared = Shared {
        app,
        metrics,
        large_bodies,
        background,
        limits,
        encrypted,
        guests,
        rates,
        presence: Presence::new(),
        stopping,
        begun,
    };
    let shared = Arc::new(shared);
    let router = routes::router(Arc::clone(&shared));
    let (connections, cut) = (TaskTracker::new(), CancellationToken::new());
    tokio::select! {
        () = shutdown => {}
        () = accept(&listener, &router, &shared, &connections, &cut) => {}
        () = settle(&shared.metrics) => {}
    }
    shared.stopping.cancel();
    drop(listener);
    connections.close();
    if timeout(limits.stop_time, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cutting off clients that do not come to an end");
        cut.cancel();
        connections.wait().await;
    }
    shared.begun.close();
    shared.begun.wait().await;
}

/// Takes connections for ever, as many at a time as there are places.
async fn accept(
    listener: &TcpListener,
    router: &Router,
    shared: &Arc<Shared>,
    connections: &TaskTracker,
    cut: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    let open = ::metrics::gauge!("doorward_http_connections");
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and shall not wait for each other.
                let _ = stream.set_nodelay(true);
                let talk = connection::converse(stream, peer, router.clone(), Arc::clone(shared), cut.clone());
                let open = open.clone();
                connections.spawn(async move {
                    let _place = place;
                    open.increment(1);
                    talk.await;
                    open.decrement(1);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn settle(metrics: &Metrics) {
    let mut tick = interval(SETTLE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        metrics.settle();
    }
}
