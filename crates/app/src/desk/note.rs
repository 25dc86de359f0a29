//! Internal notes: what agents write for each other, sealed under the customer's key.

use kernel::{Id, NoteId, limits};

use super::step::{Also, By, Decided};
use super::{Desk, Error};
use crate::access::Permit;
use crate::access::action::AddNote;
use crate::audit::Action;
use crate::vault::{self, Column};

impl Desk {
    /// Adds a note of at most [`limits::NOTE_BYTES`]. It moves no state; on the matter of an
    /// erased customer nothing can be written any more.
    pub async fn add_note(&self, permit: &Permit<AddNote>, text: &str) -> Result<NoteId, Error> {
        if text.trim().is_empty() || text.len() > limits::NOTE_BYTES {
            return Err(Error::NoteText);
        }
        let entropy = &*self.context.entropy;
        let note = NoteId::new(self.context.clock.now(), entropy);
        let done = self.step("desk.note", By::permit(permit), |seen, _| {
            let keys = seen.keys.as_ref().ok_or(Error::Vault(vault::Error::Erased))?;
            let sealed = keys.seal(Column::Note, note.bytes(), text.as_bytes(), entropy)?;
            Ok(Some(Decided {
                to: seen.standing,
                also: Also::Note { id: note, sealed },
                event: None,
                action: Action::NoteAdded,
                object: Some(note.to_string()),
                detail: None,
            }))
        });
        done.await.map(|_| note)
    }
}
