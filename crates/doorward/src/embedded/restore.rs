//! `restore`: an empty place is filled from a backup, and what was erased since is erased again
//! before anything may serve.

use std::sync::Arc;

use app::Actor;
use app::backup::Places;
use envelope::CryptoEntropy;
use kernel::{Entropy, SystemClock};

use super::{folder, keys};
use crate::configuration::Settings;
use crate::exit::Failure;
use crate::operations::{Restore, Restored};
use crate::progress::ProgressSink;

pub(super) async fn restore(settings: &Settings, wish: Restore, progress: &ProgressSink) -> Result<Restored, Failure> {
    let entropy: Arc<dyn Entropy> = Arc::new(CryptoEntropy);
    let keyring = keys::open(settings, &entropy)?;
    folder::make_private(&settings.data)?;
    folder::make_private(&folder::blobs(settings))?;
    let app = folder::app(settings, keyring, (Arc::new(SystemClock), entropy)).await?;
    let places = Places { data: wish.from, keys: wish.keys_from };
    let restored = app.backup.restore(&places, Actor::Operator, told(progress)).await;
    app.close().await;
    let restored = restored?;
    Ok(Restored {
        data: settings.data.clone(),
        rows: restored.rows,
        blobs: restored.blobs,
        erasures: restored.erased,
        lost: restored.lost,
    })
}

/// The progress of a backup, told to whoever asked for it.
pub(super) fn told(progress: &ProgressSink) -> app::backup::Progress {
    let progress = progress.clone();
    Arc::new(move |stage: &str, done, total| progress.report(stage, done, total))
}
