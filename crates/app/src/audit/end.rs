//! Where the log stood when a backup was made, as its manifest tells.

use db::Tx;
use kernel::OrganisationId;

use super::store::{self, LogState};
use super::{Audit, Error};

impl Audit {
    /// Entries in the log, and its last signed checkpoint.
    pub(crate) fn end(tx: &mut Tx<'_>, organisation: OrganisationId) -> Result<(u64, Option<String>), Error> {
        let state = store::log_state(tx, organisation)?.unwrap_or_else(LogState::empty);
        Ok((state.size, store::last_checkpoint(tx, organisation)?.map(|last| last.note)))
    }
}
