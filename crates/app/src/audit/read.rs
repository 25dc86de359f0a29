//! Reading entries back: what was done about one customer, and the proof of one entry, which
//! carries its salt and body in the clear to whom it is given.

use db::Tx;
use envelope::SubjectId;
use kernel::{AuditEntryId, ConversationId, Id, OrganisationId, Timestamp, limits};
use tlog::chain::{SALT_BYTES, body_hash};
use tlog::proof::inclusion;
use tlog::{Hash, ProofFile};
use zeroize::Zeroizing;

use super::store::{self, Link, Tiles};
use super::{Audit, Error};
use crate::vault::{self, Column, SubjectKeys};

/// An entry as it stands in the log. It cannot be printed: it may name what was done about whom.
pub struct Written {
    /// Its id.
    pub id: AuditEntryId,
    /// Its place in the subject's chain, counted from 1.
    pub sequence: u64,
    /// Its place in the log, counted from 0; none before it is folded.
    pub leaf: Option<u64>,
    /// What it says; none when the subject was erased.
    pub told: Option<Told>,
}

/// What an entry says, word for word.
#[derive(serde::Deserialize)]
pub struct Told {
    /// What was done, in the stable word of [`super::Action::word`].
    pub action: String,
    /// By whom, as [`crate::Actor`] writes it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The conversation that gave the reason.
    pub conversation: Option<ConversationId>,
    /// What it was done to.
    pub object: Option<String>,
    /// The field.
    pub field: Option<String>,
    /// The purpose.
    pub purpose: Option<String>,
    /// What else it says.
    pub detail: Option<String>,
}

/// One entry with all that is needed to check it with the log's public key alone.
pub struct EntryProof {
    /// The entry.
    pub id: AuditEntryId,
    /// Whose chain it is in: the 16 bytes of a customer's or the organisation's id.
    pub subject: SubjectId,
    /// Its place in the chain, counted from 1.
    pub sequence: u64,
    /// Commitment of the entry before it in the chain.
    pub previous: Hash,
    /// SHA-256(salt ‖ body).
    pub body_hash: Hash,
    /// The leaf input of the tree.
    pub commitment: Hash,
    /// The salt; none when the subject was erased.
    pub salt: Option<Zeroizing<[u8; SALT_BYTES]>>,
    /// The body, JSON; none when the subject was erased.
    pub body: Option<Zeroizing<Vec<u8>>>,
    /// Inclusion proof and signed checkpoint (C2SP tlog-proof).
    pub file: ProofFile,
}

/// A body with the salt that hides it.
pub(super) struct Body {
    salt: Zeroizing<[u8; SALT_BYTES]>,
    text: Zeroizing<Vec<u8>>,
}

impl Body {
    pub(super) fn hash(&self) -> Hash {
        body_hash(&self.salt, &self.text)
    }
}

impl Audit {
    /// Entries about one subject behind a sequence, the oldest first; at most [`limits::PAGE_ROWS`].
    pub async fn entries_of(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Written>, Error> {
        let vault = self.vault.clone();
        let limit = limit.min(limits::PAGE_ROWS);
        let read = move |tx: &mut Tx<'_>| {
            let links = store::chain(tx, organisation, subject, after, limit)?;
            let keys = vault.keys(tx, organisation, subject)?;
            links.iter().map(|link| written(link, keys.as_deref())).collect()
        };
        self.context.db.read("audit.entries_of", read).await
    }

    /// The last entries about one subject, the newest first; at most [`limits::PAGE_ROWS`].
    pub async fn latest_of(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        limit: usize,
    ) -> Result<Vec<Written>, Error> {
        let vault = self.vault.clone();
        let limit = limit.min(limits::PAGE_ROWS);
        let read = move |tx: &mut Tx<'_>| {
            let links = store::last_links(tx, organisation, subject, limit)?;
            let keys = vault.keys(tx, organisation, subject)?;
            links.iter().map(|link| written(link, keys.as_deref())).collect()
        };
        self.context.db.read("audit.latest_of", read).await
    }

    /// The proof of one entry against the newest checkpoint; [`Error::NotSigned`] when there is none
    /// for it yet.
    pub async fn proof(&self, organisation: OrganisationId, entry: AuditEntryId) -> Result<EntryProof, Error> {
        let vault = self.vault.clone();
        let read = move |tx: &mut Tx<'_>| {
            let link = store::entry(tx, organisation, entry)?.ok_or(Error::NoEntry(entry))?;
            let last = store::last_checkpoint(tx, organisation)?.ok_or(Error::NotSigned(entry))?;
            let index = link.leaf.filter(|leaf| *leaf < last.state.size).ok_or(Error::NotSigned(entry))?;
            let hashes = inclusion(index, last.state.size, &Tiles::new(tx, organisation))?;
            let keys = vault.keys(tx, organisation, link.subject)?;
            let body = opened(keys.as_deref(), &link)?;
            let (salt, body) = body.map(|body| (body.salt, body.text)).unzip();
            Ok(EntryProof {
                id: entry,
                subject: link.subject,
                sequence: link.sequence,
                previous: link.previous,
                body_hash: link.body_hash,
                commitment: link.commitment,
                salt,
                body,
                file: ProofFile { extra: None, index, hashes, checkpoint: last.note },
            })
        };
        self.context.db.read("audit.proof", read).await
    }
}

fn written(link: &Link, keys: Option<&SubjectKeys>) -> Result<Written, Error> {
    let told = match opened(keys, link)? {
        Some(body) if body.hash() != link.body_hash => return Err(strange(link)),
        Some(body) => Some(serde_json::from_slice(&body.text).map_err(|_| strange(link))?),
        None => None,
    };
    Ok(Written { id: link.entry, sequence: link.sequence, leaf: link.leaf, told })
}

/// The body of a link; none when its keys are gone.
fn opened(keys: Option<&SubjectKeys>, link: &Link) -> Result<Option<Body>, Error> {
    match keys.map(|keys| open_body(keys, link)) {
        None | Some(Err(Error::Vault(vault::Error::Erased))) => Ok(None),
        Some(body) => body.map(Some),
    }
}

/// Opens the sealed salt and body of a link.
pub(super) fn open_body(keys: &SubjectKeys, link: &Link) -> Result<Body, Error> {
    let opened = keys.open(Column::AuditEntry, link.entry.bytes(), &link.sealed)?;
    let (salt, text) = opened.split_first_chunk().ok_or_else(|| strange(link))?;
    Ok(Body { salt: Zeroizing::new(*salt), text: Zeroizing::new(text.to_vec()) })
}

fn strange(link: &Link) -> Error {
    Error::Broken(format!("the content of entry {} is not what its hash says", link.entry))
}
