//! The log's name and its key: who signs checkpoints, and what was last signed. The seed stays with
//! the keyring; what is kept here is one opened signer per organisation.

use std::sync::{Arc, PoisonError};

use kernel::OrganisationId;
use tlog::checkpoint::CheckpointError;
use tlog::{Checkpoint, Signer, Verifier};

use super::{Audit, Error};

/// The origin of an organisation's log, the first line of each of its checkpoints.
pub fn origin(organisation: OrganisationId) -> String {
    format!("doorward/{organisation}")
}

impl Audit {
    /// The public key that checks the organisation's checkpoints; its text is for auditors.
    pub async fn verifier(&self, organisation: OrganisationId) -> Result<Verifier, Error> {
        Ok(self.signer(organisation).await?.verifier().clone())
    }

    pub(super) async fn signer(&self, organisation: OrganisationId) -> Result<Arc<Signer>, Error> {
        let known = self.signers.lock().unwrap_or_else(PoisonError::into_inner).get(&organisation).map(Arc::clone);
        if let Some(signer) = known {
            return Ok(signer);
        }
        let keyring = Arc::clone(&self.context.keyring);
        // A provider out of process is asked over the network.
        let signer = blocking(move || {
            let seed = keyring.log_seed(organisation)?;
            let signer = Signer::from_seed(&origin(organisation), seed.expose()).map_err(CheckpointError::from)?;
            Ok(Arc::new(signer))
        })
        .await?;
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(signers.entry(organisation).or_insert(signer)))
    }

    /// The checkpoint beside the root key; none before the first.
    pub(super) async fn remembered(&self, organisation: OrganisationId) -> Result<Option<Checkpoint>, Error> {
        let keyring = Arc::clone(&self.context.keyring);
        let note = blocking(move || Ok(keyring.last_checkpoint(organisation)?)).await?;
        note.map(|note| read_remembered(&note, organisation)).transpose()
    }

    /// Keeps a durable checkpoint beside the root key, in place of whatever stands there.
    pub(super) async fn remember(&self, organisation: OrganisationId, note: String) -> Result<(), Error> {
        let keyring = Arc::clone(&self.context.keyring);
        blocking(move || Ok(keyring.remember_checkpoint(organisation, &note)?)).await
    }
}

/// Reads a remembered checkpoint. It is trusted for where it lies, so that it holds also when the
/// log's key was replaced since it was signed.
fn read_remembered(note: &str, organisation: OrganisationId) -> Result<Checkpoint, Error> {
    let broken = || Error::Broken("the checkpoint beside the root key is not one of this log".to_owned());
    let (text, _) = note.rsplit_once("\n\n").ok_or_else(broken)?;
    let checkpoint = Checkpoint::parse(&format!("{text}\n")).map_err(|_| broken())?;
    if checkpoint.origin == origin(organisation) { Ok(checkpoint) } else { Err(broken()) }
}

/// Runs what waits for a disk, a lock or a key service, or computes for long, beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let stopped = |_| Error::Database(db::Error::Panicked("audit"));
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}
