//! Writing entries: sealed and hashed outside the transaction, linked to their chain inside it.

use db::{Asked, Change, Tx};
use envelope::SubjectId;
use kernel::{AuditEntryId, Id, OrganisationId, Timestamp};
use tlog::Hash;
use tlog::chain::{self, Head};

use super::{Audit, Entry, Error, store};
use crate::vault::{Column, SubjectKeys};

/// What a commit with entries announces.
pub(super) const CHANGE: &str = "audit";

/// An entry that only lacks its place in the chain.
pub struct Prepared {
    pub(super) id: AuditEntryId,
    pub(super) subject: SubjectId,
    pub(super) at: Timestamp,
    pub(super) body_hash: Hash,
    pub(super) sealed: Vec<u8>,
}

impl Prepared {
    /// Whom it is about.
    pub(crate) const fn subject(&self) -> SubjectId {
        self.subject
    }
}

impl Audit {
    /// Salts, hashes and seals an entry under the keys of the one it is about.
    pub fn prepare(&self, keys: &SubjectKeys, entry: &Entry) -> Result<Prepared, Error> {
        let entropy = &*self.context.entropy;
        let id = AuditEntryId::new(entry.at, entropy);
        let salt = entropy.array::<{ chain::SALT_BYTES }>();
        let body = entry.body();
        let body_hash = chain::body_hash(&salt, &body);
        let mut opened = Vec::with_capacity(salt.len() + body.len());
        opened.extend_from_slice(&salt);
        opened.extend_from_slice(&body);
        let sealed = keys.seal(Column::AuditEntry, id.bytes(), &opened, entropy)?;
        Ok(Prepared { id, subject: keys.subject(), at: entry.at, body_hash, sealed })
    }

    /// Links prepared entries to the chains of their subjects and stores them, in order.
    ///
    /// The head row of each chain is held until the transaction ends, so that two actions about
    /// one customer cannot claim the same sequence.
    pub fn append(tx: &mut Tx<'_>, organisation: OrganisationId, entries: &[Prepared]) -> Result<(), Error> {
        let heads = Self::hold_heads(tx, organisation, entries)?;
        Self::append_to(tx, organisation, heads, entries)
    }

    /// The first half of [`Self::append`], for who has more to ask at the same time.
    pub fn hold_heads(tx: &mut Tx<'_>, organisation: OrganisationId, entries: &[Prepared]) -> Result<HeldHeads, Error> {
        let mut subjects: Vec<SubjectId> = entries.iter().map(|entry| entry.subject).collect();
        // One order for all, so that two transactions never wait for each other's heads.
        subjects.sort_unstable();
        subjects.dedup();
        let held = subjects.into_iter().map(|subject| Ok((subject, store::ask_head(tx, organisation, subject)?)));
        held.collect::<Result<_, Error>>().map(HeldHeads)
    }

    /// The second half.
    pub fn append_to(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        heads: HeldHeads,
        entries: &[Prepared],
    ) -> Result<(), Error> {
        for (subject, asked) in heads.0 {
            let mut head = store::held_head(tx, organisation, subject, asked)?;
            for entry in entries.iter().filter(|entry| entry.subject == subject) {
                let next = head.advance(&entry.body_hash);
                store::insert_entry(tx, organisation, entry, &head.commitment, &next)?;
                head = next;
            }
            store::move_head(tx, organisation, subject, &head)?;
        }
        announce(tx, organisation, entries);
        Ok(())
    }

    /// Begins the chains of subjects that come to be in this transaction. Nobody else can have begun
    /// one of them, so nothing is read and all travels together.
    pub fn begin(tx: &mut Tx<'_>, organisation: OrganisationId, entries: &[Prepared]) -> Result<(), Error> {
        store::begin_chains(tx, organisation, entries)?;
        announce(tx, organisation, entries);
        Ok(())
    }
}

/// Heads of chains that are being held.
pub struct HeldHeads(Vec<(SubjectId, Asked<Head>)>);

fn announce(tx: &mut Tx<'_>, organisation: OrganisationId, entries: &[Prepared]) {
    if let Some(first) = entries.first() {
        tx.announce(Change { organisation, kind: CHANGE, id: *first.subject.bytes() });
    }
}
