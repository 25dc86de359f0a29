//! What a backup brings back must not undo what was done since: erasures are made again, and
//! customers whose keys were destroyed by a rotation since are given up, before anything may serve.

use db::Tx;
use envelope::SubjectId;
use kernel::{CustomerId, Id, OrganisationId, Timestamp};

use super::erase::Erased;
use super::store::{self, lifecycle};
use super::{Error, NewKeys, Vault};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};

/// Erasures made again in one transaction.
const BATCH_ERASURES: usize = 100;

/// What the keyring knows that a backup cannot know.
pub(crate) struct Since {
    /// Whoever was erased, and when.
    erasures: Vec<(CustomerId, Timestamp)>,
    epoch: u32,
    epochs: Vec<u32>,
    /// The organisation's own keys, in case that its old ones are lost.
    organisation_keys: NewKeys,
}

/// What became of the rows of one organisation that came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returned {
    /// Customers who were erased since the backup, and are again.
    pub(crate) erased: Vec<CustomerId>,
    /// Customers whose keys a rotation has destroyed since: nothing of theirs opens.
    pub(crate) lost: Vec<CustomerId>,
    /// Whether that was so for the organisation's own keys, which are new now.
    pub(crate) organisation_lost: bool,
}

impl Vault {
    /// Completes erasures that were recorded beside the root key and not committed, because the
    /// process ended in between; gives whom. To be called before serving.
    pub async fn finish_erasures(&self, audit: &Audit, organisation: OrganisationId) -> Result<Vec<CustomerId>, Error> {
        let recorded = self.recorded_erasures(organisation).await?;
        let missing =
            self.context.db.read("vault.missing_erasures", move |tx| missing(tx, organisation, &recorded)).await?;
        let mut finished = Vec::new();
        for batch in missing.chunks(BATCH_ERASURES) {
            let (vault, audit, batch, now) = (self.clone(), audit.clone(), batch.to_vec(), self.context.clock.now());
            let work = move |tx: &mut Tx<'_>| vault.erase_again(tx, &audit, organisation, &batch, now);
            finished.extend(self.context.db.write("vault.finish_erasures", work).await?);
        }
        self.forget_all(organisation, &finished);
        if !finished.is_empty() {
            self.scrub().await;
        }
        Ok(finished)
    }

    /// Reads what the keyring knows of an organisation; to be read before its rows come back.
    pub(crate) async fn since_backup(&self, organisation: OrganisationId) -> Result<Since, Error> {
        let erasures = self.recorded_erasures(organisation).await?;
        let (epoch, epochs) = self
            .with_keyring(move |keyring| Ok((keyring.current_epoch(organisation)?, keyring.epochs(organisation)?)))
            .await?;
        // Keys are lost only to a later epoch, and so its number is higher than any version before.
        let organisation_keys = self.new_keys_of_version(organisation, organisation.into(), epoch)?;
        Ok(Since { erasures, epoch, epochs, organisation_keys })
    }

    /// Brings the rows of an organisation that came out of a backup to what the keyring knows, and
    /// puts that on record, in the transaction that brought them back.
    ///
    /// # Errors
    /// [`Error::OlderKeyring`] when the backup has moved further than the keyring.
    pub(crate) fn settle_restored(
        &self,
        tx: &mut Tx<'_>,
        audit: &Audit,
        organisation: OrganisationId,
        since: &Since,
        (actor, detail, now): (Actor, &str, Timestamp),
    ) -> Result<Returned, Error> {
        match store::close_epoch(tx, organisation)? {
            // Only its keys were made when the backup was.
            None => return Ok(Returned::default()),
            Some(epoch) if epoch > since.epoch => return Err(Error::OlderKeyring),
            Some(_) => lifecycle::move_epoch(tx, organisation, since.epoch)?,
        }
        let mut returned = Returned::default();
        let lost = lost_subjects(tx, organisation, &since.epochs)?;
        if lost.contains(&organisation.into()) {
            lifecycle::destroy_keys(tx, organisation, organisation.into())?;
            Self::insert_keys(tx, &since.organisation_keys, now)?;
            returned.organisation_lost = true;
        }
        let missing = missing(tx, organisation, &since.erasures)?;
        returned.erased = self.erase_again(tx, audit, organisation, &missing, now)?;
        for subject in lost.into_iter().filter(|subject| *subject != organisation.into()) {
            let Erased { customers, .. } = Self::shred(tx, organisation, customer_of(subject), now, now)?;
            returned.lost.extend(customers);
        }
        let keys = self.organisation_keys(tx, organisation)?;
        let told = format!(
            "{detail}; {} erased again, {} whose keys a rotation had destroyed",
            returned.erased.len(),
            returned.lost.len()
        );
        let entry = Entry::new(Action::BackupRestored, actor, now).detail(told);
        Audit::append(tx, organisation, &[audit.prepare(&keys, &entry)?])?;
        Ok(returned)
    }

    /// Drops from memory whoever is no more, once the rows that came back are durable.
    pub(crate) fn forget_returned(&self, organisation: OrganisationId, returned: &Returned) {
        self.forget_all(organisation, &returned.erased);
        self.forget_all(organisation, &returned.lost);
    }

    /// Erases again whom the keyring names; gives those of whom something was there.
    fn erase_again(
        &self,
        tx: &mut Tx<'_>,
        audit: &Audit,
        organisation: OrganisationId,
        erasures: &[(CustomerId, Timestamp)],
        now: Timestamp,
    ) -> Result<Vec<CustomerId>, Error> {
        let mut again = Vec::new();
        for (customer, at) in erasures {
            lifecycle::insert_erasure(tx, organisation, *customer, *at)?;
            again.extend(Self::shred(tx, organisation, *customer, *at, now)?.customers);
        }
        if again.is_empty() {
            return Ok(again);
        }
        let keys = self.organisation_keys(tx, organisation)?;
        let entry = |customer: &CustomerId| {
            let entry = Entry::new(Action::CustomerErased, Actor::System, now).object(customer);
            audit.prepare(&keys, &entry.detail("as recorded beside the root key"))
        };
        let entries = again.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Audit::append(tx, organisation, &entries)?;
        Ok(again)
    }

    async fn recorded_erasures(&self, organisation: OrganisationId) -> Result<Vec<(CustomerId, Timestamp)>, Error> {
        let recorded = self.with_keyring(move |keyring| keyring.erasures(organisation)).await?;
        let erasures = recorded.into_iter().map(|(subject, at)| (customer_of(subject), Timestamp::from_micros(at)));
        Ok(erasures.collect())
    }
}

fn customer_of(subject: SubjectId) -> CustomerId {
    CustomerId::from_bytes(*subject.bytes())
}

/// Erasures that the database does not know of.
fn missing(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    recorded: &[(CustomerId, Timestamp)],
) -> Result<Vec<(CustomerId, Timestamp)>, Error> {
    let known = lifecycle::erasures(tx, organisation)?;
    Ok(recorded.iter().filter(|(customer, _)| !known.contains(customer)).copied().collect())
}

/// Whoever has a key that was wrapped in an epoch which is no more.
fn lost_subjects(tx: &mut Tx<'_>, organisation: OrganisationId, epochs: &[u32]) -> Result<Vec<SubjectId>, Error> {
    let mut lost = Vec::new();
    for (epoch, _) in lifecycle::epochs(tx, organisation)? {
        if !epochs.contains(&epoch) {
            lost.extend(lifecycle::subjects_of_epoch(tx, organisation, epoch)?);
        }
    }
    lost.sort_unstable();
    lost.dedup();
    Ok(lost)
}
