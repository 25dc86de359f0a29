//! The log as chains, one subject after the other: no link is missing, each names the one before
//! it, the last is the one on record, and what is sealed is what was hashed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use db::Tx;
use envelope::SubjectId;
use kernel::{Id, OrganisationId};
use tlog::chain::{ChainCheck, Head};

use super::super::log_key::blocking;
use super::super::read::open_body;
use super::super::store::{self, Link};
use super::super::{Audit, Error};
use super::problem::{Problem, Problems, name_of};
use crate::vault::{self, SubjectKeys, Vault};

/// Links of one page; each holds a sealed body of some hundred bytes.
const PAGE_LINKS: usize = 4_096;
/// Heads of one page.
const PAGE_HEADS: usize = 8_192;

/// What the chains came to.
#[derive(Default)]
pub(super) struct Chains {
    pub(super) count: u64,
    pub(super) entries: u64,
    pub(super) pending: u64,
    pub(super) opened: u64,
    pub(super) erased: u64,
}

/// The keys of those whom a page is about.
type PageKeys = BTreeMap<SubjectId, Result<Option<Arc<SubjectKeys>>, String>>;

impl Audit {
    pub(super) async fn verify_chains(
        &self,
        organisation: OrganisationId,
        bodies: bool,
        problems: &mut Problems,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Chains, Error> {
        let mut check = ChainsCheck::new(organisation, std::mem::take(problems));
        let mut last = (SubjectId::from_bytes([0; 16]), i64::MIN);
        loop {
            let vault = bodies.then(|| self.vault.clone());
            let read = move |tx: &mut Tx<'_>| read_links(tx, organisation, last, vault.as_ref());
            let (links, keys) = self.context.db.read("audit.verify.links", read).await?;
            let Some(end) = links.last() else { break };
            last = (end.subject, i64::try_from(end.sequence).unwrap_or(i64::MAX));
            let is_full = links.len() == PAGE_LINKS;
            check = blocking(move || Ok(check.take(links, &keys))).await?;
            progress(check.found.entries);
            if !is_full {
                break;
            }
        }
        check.end_chain();
        self.verify_heads(&mut check).await?;
        *problems = check.problems;
        Ok(check.found)
    }

    /// A chain whose entries are all gone has only its head left to tell.
    async fn verify_heads(&self, check: &mut ChainsCheck) -> Result<(), Error> {
        let organisation = check.organisation;
        let mut after = None;
        loop {
            let read = move |tx: &mut Tx<'_>| Ok::<_, Error>(store::heads(tx, organisation, after, PAGE_HEADS)?);
            let heads = self.context.db.read("audit.verify.heads", read).await?;
            for head in &heads {
                check.found.count += 1;
                if !head.has_entries && head.sequence > 0 {
                    let subject = name_of(organisation, head.subject);
                    check.problems.add(Problem::NoEntries { subject, entries: head.sequence });
                }
            }
            after = heads.last().map(|head| head.subject);
            if heads.len() < PAGE_HEADS {
                return Ok(());
            }
        }
    }
}

fn read_links(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    after: (SubjectId, i64),
    vault: Option<&Vault>,
) -> Result<(Vec<Link>, PageKeys), Error> {
    let links = store::links(tx, organisation, after, PAGE_LINKS)?;
    let mut keys = PageKeys::new();
    let Some(vault) = vault else { return Ok((links, keys)) };
    for link in &links {
        if let Entry::Vacant(place) = keys.entry(link.subject) {
            place.insert(match vault.keys(tx, organisation, link.subject) {
                Err(vault::Error::Database(error)) => return Err(error.into()),
                opened => opened.map_err(|error| error.to_string()),
            });
        }
    }
    Ok((links, keys))
}

/// The chain that is being walked.
struct Walk {
    subject: SubjectId,
    chain: ChainCheck,
    /// The head on record, as the newest page shows it.
    head: Option<Head>,
}

struct ChainsCheck {
    organisation: OrganisationId,
    walk: Option<Walk>,
    found: Chains,
    problems: Problems,
}

impl ChainsCheck {
    fn new(organisation: OrganisationId, problems: Problems) -> Self {
        Self { organisation, walk: None, found: Chains::default(), problems }
    }

    fn take(mut self, links: Vec<Link>, keys: &PageKeys) -> Self {
        for link in links {
            self.take_link(&link);
            if let Some(keys) = keys.get(&link.subject) {
                self.take_body(&link, keys);
            }
        }
        self
    }

    fn take_link(&mut self, link: &Link) {
        self.found.entries += 1;
        self.found.pending += u64::from(link.leaf.is_none());
        if self.walk.as_ref().is_some_and(|walk| walk.subject != link.subject) {
            self.end_chain();
        }
        let organisation = self.organisation;
        let walk = self.walk.get_or_insert_with(|| Walk {
            subject: link.subject,
            chain: ChainCheck::new(organisation.bytes(), link.subject.bytes()),
            head: None,
        });
        walk.head = link.head;
        if let Err(fault) = walk.chain.push(link.sequence, &link.previous, &link.body_hash, &link.commitment) {
            // Go on behind the break, so that a second one is named too.
            walk.chain = ChainCheck::after(Head { sequence: link.sequence, commitment: link.commitment });
            let subject = name_of(organisation, link.subject);
            self.problems.add(Problem::Link { subject, entry: link.entry, fault });
        }
    }

    fn end_chain(&mut self) {
        let Some(Walk { subject, chain, head }) = self.walk.take() else { return };
        let subject = name_of(self.organisation, subject);
        match head.map(|head| chain.finish(&head)) {
            Some(Ok(())) => {}
            Some(Err(fault)) => self.problems.add(Problem::Head { subject, fault }),
            None => self.problems.add(Problem::NoHead { subject }),
        }
    }

    fn take_body(&mut self, link: &Link, keys: &Result<Option<Arc<SubjectKeys>>, String>) {
        let entry = link.entry;
        let opened = match keys {
            Ok(Some(keys)) => open_body(keys, link),
            Ok(None) => Err(vault::Error::Erased.into()),
            Err(reason) => {
                self.problems.add(Problem::Sealed { entry, reason: reason.clone() });
                return;
            }
        };
        match opened {
            Ok(body) if body.hash() == link.body_hash => self.found.opened += 1,
            Ok(_) => self.problems.add(Problem::Body { entry }),
            Err(Error::Vault(vault::Error::Erased)) => self.found.erased += 1,
            Err(error) => self.problems.add(Problem::Sealed { entry, reason: error.to_string() }),
        }
    }
}
