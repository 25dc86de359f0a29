//! Checking the whole log: every entry, every tile, every checkpoint, every chain, and what the
//! entries say where it can still be read. It changes nothing and trusts nothing that is stored.

mod chains;
mod problem;
mod tree;

use kernel::OrganisationId;
use tlog::{Checkpoint, Verifier};

use super::{Audit, Error, origin};
use problem::Problems;

pub use problem::{Problem, Witness};

/// How the log is to be checked.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// A signed checkpoint that somebody kept: the log must be one that went on from it.
    pub since: Option<String>,
    /// Entries before this size are taken as checked, tiles included; 0 checks all. Chains are
    /// always checked whole.
    pub checked: u64,
    /// Keys that signed earlier, beside the log's present one.
    pub keys: Vec<Verifier>,
    /// Whether sealed bodies are opened and compared with their hashes.
    pub bodies: bool,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Entries in the log.
    pub size: u64,
    /// Whether everything held.
    pub ok: bool,
    /// Root over all of them, base64.
    pub root: String,
    /// Stored checkpoints that were signed and lead to the same log.
    pub checkpoints: u64,
    /// Chains, of customers and of the organisation itself.
    pub chains: u64,
    /// Entries in all chains, pending ones included.
    pub entries: u64,
    /// Entries that no checkpoint signs yet.
    pub pending: u64,
    /// Entries whose body was opened and found as it was written.
    pub opened: u64,
    /// Entries whose content is gone with the keys of the one they were about.
    pub erased: u64,
    /// What did not hold, each as a sentence that names it; the tree's problems first.
    pub problems: Vec<Problem>,
}

impl Audit {
    /// Checks the whole log of an organisation. `progress` is told steps done and steps in all.
    ///
    /// The log may grow meanwhile: what is in it at the start is checked as a tree, and chains as
    /// they are when they are met. Memory does not depend on the log's size.
    pub async fn verify(
        &self,
        organisation: OrganisationId,
        options: VerifyOptions,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Report, Error> {
        let mut keys = options.keys.clone();
        keys.push(self.verifier(organisation).await?);
        let mut witnesses = Vec::new();
        if let Some(note) = &options.since {
            let since = Checkpoint::open(note, &origin(organisation), &keys)?;
            witnesses.push((Witness::Given, since.size, since.root));
        }
        // Before the database is looked at: a log that grows meanwhile is never behind it.
        if let Some(remembered) = self.remembered(organisation).await? {
            witnesses.push((Witness::Remembered, remembered.size, remembered.root));
        }
        let mut problems = Problems::default();
        let question = tree::Question { organisation, keys, witnesses, checked: options.checked };
        let tree = self.verify_tree(question, &mut problems, progress).await?;
        let done = tree.size;
        let links_done = |links: u64| {
            let done = done.saturating_add(links);
            progress(done, tree.size.saturating_mul(2).max(done));
        };
        let chains = self.verify_chains(organisation, options.bodies, &mut problems, &links_done).await?;
        let problems = problems.into_list();
        Ok(Report {
            size: tree.size,
            ok: problems.is_empty(),
            root: tree.root.to_base64(),
            checkpoints: tree.checkpoints,
            chains: chains.count,
            entries: chains.entries,
            pending: chains.pending,
            opened: chains.opened,
            erased: chains.erased,
            problems,
        })
    }
}
