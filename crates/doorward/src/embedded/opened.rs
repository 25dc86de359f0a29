//! An open data folder: the domains, and what runs beside them while it is open.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use app::App;
use app::audit::Announced;
use app::channels::MailboxPace;
use envelope::CryptoEntropy;
use futures_util::future::BoxFuture;
use kernel::{Clock, Entropy, SystemClock};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{folder, keys};
use crate::configuration::Settings;
use crate::exit::{Failure, Kind};
use crate::operations::{Finding, HttpEntry, Opened};

/// How often conversations whose time has come are woken and orphaned blobs removed.
const ROUND: Duration = Duration::from_secs(15);

pub(super) struct OpenFolder {
    pub(super) app: App,
    stop: CancellationToken,
    beside: Mutex<Vec<(&'static str, JoinHandle<()>)>>,
    tls_proxy: bool,
    token_requests: NonZeroU32,
    /// Where this process answers HTTP, once it does.
    served: OnceLock<SocketAddr>,
    /// Who comes in by a link, in a demonstration.
    pub(super) guests: OnceLock<Arc<dyn web::Guests>>,
}

impl OpenFolder {
    /// Opens the keys, brings the schema up to date, refuses a log that was rolled back, and
    /// starts what runs beside.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Failure> {
        Self::open_at(settings, Arc::new(SystemClock)).await
    }

    /// The same by another clock.
    pub(super) async fn open_at(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let entropy: Arc<dyn Entropy> = Arc::new(CryptoEntropy);
        let keyring = keys::open(settings, &entropy)?;
        if !folder::blobs(settings).is_dir() {
            return Err(Failure::new(
                Kind::Configuration,
                format_args!("{} is no data folder: run doorward init", settings.data.display()),
            ));
        }
        let app = folder::app(settings, keyring, (clock, entropy)).await?;
        if let Err(failure) = check(&app).await {
            app.close().await;
            return Err(failure);
        }
        let stop = CancellationToken::new();
        let beside = vec![
            ("the folding of the audit log", tokio::spawn(fold(app.clone(), stop.clone()))),
            ("the forgetting of erased keys", tokio::spawn(forget(app.clone(), stop.clone()))),
            ("waking and cleaning", tokio::spawn(rounds(app.clone(), stop.clone()))),
        ];
        Ok(Self {
            app,
            stop,
            beside: Mutex::new(beside),
            tls_proxy: settings.tls_proxy,
            token_requests: settings.token_requests,
            served: OnceLock::new(),
            guests: OnceLock::new(),
        })
    }

    /// Who can reach what this process serves; none when it does not serve.
    pub(super) fn entry(&self) -> Option<Finding> {
        self.served.get().map(|address| Finding::entry(*address, self.tls_proxy))
    }

    /// What must run while this serves, by name.
    fn background(&self) -> Vec<(&'static str, AbortHandle)> {
        let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        beside.iter().map(|(name, task)| (*name, task.abort_handle())).collect()
    }
}

/// Finishes what an interruption left. That the log has not lost its end is asked before serving,
/// not before every command: `verify` must be able to look at a log that was tampered with.
async fn check(app: &App) -> Result<(), Failure> {
    for organisation in app.identity.organisations().await? {
        // What was recorded as erased and not finished is finished before anything is answered.
        app.vault.finish_erasures(&app.audit, organisation.id).await?;
    }
    Ok(())
}

async fn fold(app: App, stop: CancellationToken) {
    app.audit.run_folding(stop.cancelled_owned()).await;
}

async fn forget(app: App, stop: CancellationToken) {
    app.vault.run_forgetting(stop.cancelled_owned()).await;
}

async fn send(app: App, stop: CancellationToken) {
    app.channels.run_sending(stop.cancelled_owned()).await;
}

async fn rounds(app: App, stop: CancellationToken) {
    let mut due = tokio::time::interval(ROUND);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = due.tick() => round(&app).await,
        }
    }
}

async fn round(app: &App) {
    let organisations = match app.identity.organisations().await {
        Ok(organisations) => organisations,
        Err(error) => return tracing::warn!(%error, "organisations cannot be read"),
    };
    for organisation in organisations {
        if let Err(error) = app.desk.wake_due(organisation.id).await {
            tracing::warn!(organisation = %organisation.id, %error, "conversations could not be woken");
        }
        if let Err(error) = app.channels.remove_due_blobs(organisation.id).await {
            tracing::warn!(organisation = %organisation.id, %error, "blobs could not be removed");
        }
    }
}

impl Opened for OpenFolder {
    fn check_start(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            // Those of the keyring, not of the rows: an emptied database has lost its log as well.
            for organisation in self.app.context.keyring.organisations() {
                self.app.audit.check_start(organisation, Announced::Nothing).await?;
            }
            Ok(())
        })
    }

    fn serve_http(&self, entry: HttpEntry) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let address = entry.listener.local_addr();
            let address = address.map_err(|error| Failure::io("cannot tell the address of the entry", &error))?;
            self.served.get_or_init(|| address);
            // Only who serves sends: a command that opens the folder for a moment does not.
            let sending = tokio::spawn(send(self.app.clone(), entry.shutdown.clone()));
            let mut background = self.background();
            background.push(("the sending of mail", sending.abort_handle()));
            let (channels, stop) = (self.app.channels.clone(), entry.shutdown.clone());
            let reading = async move {
                channels.run_mailboxes(MailboxPace::default(), stop.cancelled_owned()).await;
            };
            let mailboxes = tokio::spawn(reading);
            background.push(("the reading of mailboxes", mailboxes.abort_handle()));
            let server = web::Server {
                app: self.app.clone(),
                metrics: web::Metrics::of_this_process(),
                large_bodies: entry.large_bodies,
                background,
                limits: web::Limits { token_requests: self.token_requests, ..web::Limits::default() },
                encrypted: false,
                guests: self.guests.get().cloned(),
            };
            let shutdown = entry.shutdown.clone();
            web::serve(entry.listener, server, entry.shutdown.cancelled_owned()).await;
            shutdown.cancel();
            if sending.await.is_err() {
                tracing::error!("the sending of mail died");
            }
            if mailboxes.await.is_err() {
                tracing::error!("the reading of mailboxes died");
            }
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            self.stop.cancel();
            let beside = std::mem::take(&mut *self.beside.lock().unwrap_or_else(PoisonError::into_inner));
            for (name, task) in beside {
                if task.await.is_err() {
                    tracing::error!(name, "something that ran beside died");
                }
            }
            self.app.close().await;
            Ok(())
        })
    }
}
