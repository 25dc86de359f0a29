//! What a server tells about a folder when it opens it (RFC 3501, 6.3.1).

use super::response::Status;

/// A folder that was opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::channels::mailbox) struct Folder {
    /// UIDs mean the same mails for as long as this number stands; none on a server without.
    pub(in crate::channels::mailbox) validity: Option<u32>,
    /// The UID that the next mail will have, or a lower one.
    pub(in crate::channels::mailbox) next: Option<u32>,
    /// How many mails are in it.
    pub(in crate::channels::mailbox) exists: u32,
    /// Whether a mail can bear a keyword of ours.
    pub(in crate::channels::mailbox) keywords: bool,
    read_only: bool,
}

impl Folder {
    /// Whether it may only be looked at.
    pub(super) const fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Takes what a status tells about it.
    pub(super) fn learn(&mut self, status: &Status) {
        self.validity = status.code_number("UIDVALIDITY").or(self.validity);
        self.next = status.code_number("UIDNEXT").or(self.next);
        match status.code_word().as_deref() {
            Some("READ-ONLY") => self.read_only = true,
            Some("READ-WRITE") => self.read_only = false,
            Some("PERMANENTFLAGS") => {
                self.keywords = status.code.as_deref().is_some_and(|code| code.contains("\\*"));
            }
            _ => {}
        }
    }
}
