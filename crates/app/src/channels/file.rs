//! Opening a file that came with a message. The look at its conversation is on record before, by
//! the desk; the bytes leave for one who may see that conversation.

use db::Tx;
use kernel::{AttachmentId, ConversationId, Id, OrganisationId};
use zeroize::Zeroizing;

use super::blobs::Stored;
use super::{Channels, Error};
use crate::desk::{AttachmentDescription, Desk};
use crate::vault::{self, Column};

/// A file in the clear. Personal: neither printed nor serialised.
pub struct OpenedFile {
    /// What it is called and holds.
    pub description: AttachmentDescription,
    /// What it holds.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Channels {
    /// Opens a file of a conversation; none when it is not one of this conversation.
    ///
    /// # Errors
    /// An error of the vault when its key is destroyed.
    pub async fn open_file(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        file: AttachmentId,
    ) -> Result<Option<OpenedFile>, Error> {
        let vault = self.vault.clone();
        let read = move |tx: &mut Tx<'_>| {
            let Some(sealed) = Desk::file(tx, organisation, conversation, file)? else { return Ok(None) };
            let keys = vault.keys(tx, organisation, sealed.customer.into())?;
            Ok::<_, Error>(Some((sealed, keys.ok_or(Error::Vault(vault::Error::Erased))?)))
        };
        let Some((sealed, keys)) = self.context.db.read("channels.file", read).await? else { return Ok(None) };
        let about = keys.open(Column::AttachmentDescription, file.bytes(), &sealed.description)?;
        let key = keys.open_file_key(Column::AttachmentKey, file.bytes(), &sealed.key)?;
        let stored = Stored { content: sealed.content, name: sealed.blob_name };
        let bytes = self.blobs.get(&key, file.bytes(), stored).await?;
        Ok(Some(OpenedFile { description: serde_json::from_slice(&about)?, bytes }))
    }
}
