//! What a commit announces to those who listen: that something moved, never what it says.

use kernel::OrganisationId;

/// One thing that a committed transaction changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// Whose data.
    pub organisation: OrganisationId,
    /// What kind of thing, in a word of the domain that wrote it (`conversation`, `audit`).
    pub kind: &'static str,
    /// Which one.
    pub id: [u8; 16],
}
