//! Rotating the keys of an organisation: a new epoch begins, every live key is wrapped anew under it,
//! and the old epoch is destroyed; with it every key that was shredded but still lies in some backup.
//!
//! The product goes on meanwhile. Interrupted anywhere, the next rotation first finishes this one.

use db::{Change, Tx};
use kernel::{Id, OrganisationId, fail_point};

use super::store::{self, lifecycle};
use super::{Error, Vault};
use crate::audit::{self, Action, Audit, Entry};
use crate::{Actor, STALE_TRIES};
use lifecycle::WrappedKey;

/// Keys wrapped anew in one transaction: some milliseconds of a writer's time.
const BATCH_KEYS: usize = 512;

/// What a commit that ends a rotation announces.
pub(super) const ROTATION: &str = "keys";

/// A rotation that is done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rotated {
    /// The epoch that is now in force.
    pub epoch: u32,
    /// Keys wrapped anew.
    pub rewrapped: u64,
    /// Epochs destroyed.
    pub destroyed: Vec<u32>,
}

impl Vault {
    /// Moves an organisation to a new epoch and destroys the old ones; one that was begun and not
    /// finished is finished instead of beginning another. `progress` hears keys done and keys in all.
    ///
    /// # Errors
    /// [`Error::Sealed`] when a wrapped key does not open: the old epoch stays until that is mended.
    pub async fn rotate(
        &self,
        audit: &Audit,
        organisation: OrganisationId,
        actor: Actor,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Rotated, Error> {
        let mut rewrapped = 0;
        for _ in 0..STALE_TRIES {
            let (epoch, old) = self.begin_rotation(organisation).await?;
            match self.rewrap_all(organisation, &old, epoch, &mut rewrapped, progress).await {
                Err(Error::Stale) => continue,
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            match self.finish_rotation(audit, organisation, actor, &old, (epoch, rewrapped)).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(Rotated { epoch, rewrapped, destroyed: old }),
            }
        }
        Err(db::Error::Conflict.into())
    }

    /// The epoch to move to, and the old ones that are still there. Begins one unless one was begun.
    async fn begin_rotation(&self, organisation: OrganisationId) -> Result<(u32, Vec<u32>), Error> {
        let (epoch, old) = self
            .with_keyring(move |keyring| {
                keyring.refresh()?;
                let epoch = if keyring.epochs(organisation)?.len() > 1 {
                    keyring.current_epoch(organisation)?
                } else {
                    keyring.start_epoch(organisation)?
                };
                // Read anew: another rotation may have begun an epoch between the two, which is old now.
                let known = keyring.epochs(organisation)?;
                Ok((epoch, known.into_iter().filter(|known| *known < epoch).collect()))
            })
            .await?;
        fail_point::pass("vault.rotate.begun");
        self.context
            .db
            .write("vault.rotate.move", move |tx| {
                // Whoever still stores keys of the old epoch has done so before they are wrapped anew.
                store::close_epoch(tx, organisation)?;
                Ok::<_, Error>(lifecycle::move_epoch(tx, organisation, epoch)?)
            })
            .await?;
        fail_point::pass("vault.rotate.moved");
        Ok((epoch, old))
    }

    async fn rewrap_all(
        &self,
        organisation: OrganisationId,
        old: &[u32],
        to: u32,
        rewrapped: &mut u64,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), Error> {
        let known = self
            .context
            .db
            .read("vault.rotate.count", move |tx| Ok::<_, Error>(lifecycle::epochs(tx, organisation)?))
            .await?;
        let left: u64 = known.iter().filter(|(epoch, _)| old.contains(epoch)).map(|(_, keys)| keys).sum();
        let total = *rewrapped + left;
        progress(*rewrapped, total);
        for from in old.iter().copied() {
            loop {
                let keys = self
                    .context
                    .db
                    .read("vault.rotate.read", move |tx| {
                        Ok::<_, Error>(lifecycle::keys_of_epoch(tx, organisation, from, BATCH_KEYS)?)
                    })
                    .await?;
                if keys.is_empty() {
                    break;
                }
                *rewrapped += self.rewrap(organisation, keys, (from, to)).await?;
                fail_point::pass("vault.rotate.batch");
                progress(*rewrapped, total.max(*rewrapped));
            }
        }
        Ok(())
    }

    /// Wraps keys anew outside the transaction that stores them.
    async fn rewrap(
        &self,
        organisation: OrganisationId,
        keys: Vec<WrappedKey>,
        (from, to): (u32, u32),
    ) -> Result<u64, Error> {
        let (keyring, entropy) = (&self.context.keyring, &*self.context.entropy);
        let (old, new) = (keyring.kek(organisation, from)?, keyring.kek(organisation, to)?);
        let rewrap = |key: WrappedKey| {
            let dek = old.unwrap(&key.slot, &key.wrapped)?;
            Ok(WrappedKey { wrapped: new.wrap(&key.slot, &dek, entropy), slot: key.slot })
        };
        let keys = keys.into_iter().map(rewrap).collect::<Result<Vec<_>, envelope::OpenError>>()?;
        self.context
            .db
            .write("vault.rotate.rewrap", move |tx| {
                // Another rotation may have gone further: what it has finished gets no new keys.
                let epoch = store::pass_epoch(tx, organisation)?;
                if tx.answer_opt(epoch)? != Some(to) {
                    return Err(Error::Stale);
                }
                Ok(lifecycle::rewrap_keys(tx, (from, to), &keys)?)
            })
            .await
    }

    /// Makes sure that nothing is left of the old epochs, puts the rotation on record, and destroys them.
    async fn finish_rotation(
        &self,
        audit: &Audit,
        organisation: OrganisationId,
        actor: Actor,
        old: &[u32],
        (epoch, rewrapped): (u32, u64),
    ) -> Result<(), Error> {
        let vault = self.clone();
        let keys =
            self.context.db.read("vault.rotate.keys", move |tx| vault.organisation_keys(tx, organisation)).await?;
        let told = format!("epoch {epoch}, {rewrapped} keys wrapped anew");
        let entry = Entry::new(Action::KeysRotated, actor, self.context.clock.now()).detail(told);
        let entry = [audit.prepare(&keys, &entry)?];
        let gone = old.to_vec();
        self.context
            .db
            .write("vault.rotate.finish", move |tx| check_and_record(tx, organisation, &gone, epoch, &entry))
            .await?;
        fail_point::pass("vault.rotate.recorded");
        let gone = old.to_vec();
        self.with_keyring(move |keyring| {
            gone.into_iter().try_for_each(|epoch| {
                keyring.destroy_epoch(organisation, epoch)?;
                fail_point::pass("vault.rotate.destroyed");
                Ok(())
            })
        })
        .await?;
        // Other nodes read the keyring again when they hear of it, and so only now.
        self.context
            .db
            .write("vault.rotate.announce", move |tx| {
                tx.announce(Change { organisation, kind: ROTATION, id: *organisation.bytes() });
                Ok::<_, Error>(())
            })
            .await?;
        self.scrub().await;
        Ok(())
    }
}

/// With the gate of the epoch closed, no key of an old epoch comes in any more.
fn check_and_record(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    old: &[u32],
    epoch: u32,
    entry: &[audit::Prepared],
) -> Result<(), Error> {
    if store::close_epoch(tx, organisation)? != Some(epoch) {
        return Err(Error::Stale);
    }
    for gone in old {
        if !lifecycle::keys_of_epoch(tx, organisation, *gone, 1)?.is_empty() {
            return Err(Error::Stale);
        }
    }
    Ok(Audit::append(tx, organisation, entry)?)
}
