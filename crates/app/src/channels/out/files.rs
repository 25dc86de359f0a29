//! Files of mail that leaves: kept before the mail is written, opened when it is sent or passed on.
//!
//! A file lies under a key of its own, whatever conversation it will hang in; only that key is sealed
//! for the conversation's customer.

use bytes::Bytes;
use db::Tx;
use envelope::chunked::FileKey;
use kernel::{AttachmentId, ConversationId, Id as _, MessageId, OrganisationId};

use super::compose::Written;
use super::{FILES, FILES_BYTES, Refused, letter};
use crate::channels::blobs::Stored;
use crate::channels::{Channels, Error};
use crate::desk::{AttachmentDescription, AttachmentPurpose, Desk, NewAttachment};
use crate::vault::{Column, SubjectKeys};

/// A file to send along. No `Debug`: its name and bytes are somebody's.
#[derive(Clone)]
pub struct NewFile {
    /// Its name.
    pub filename: String,
    /// Its media type as declared.
    pub media_type: String,
    /// What it holds.
    pub bytes: Bytes,
}

/// A file that lies where it belongs, whatever conversation it will hang in.
pub(super) struct Kept {
    id: AttachmentId,
    key: FileKey,
    description: Vec<u8>,
    pub(super) size: u64,
    content: Option<Vec<u8>>,
    pub(super) blob_name: Option<[u8; 16]>,
}

impl Channels {
    /// Puts files where their sizes belong.
    pub(super) async fn keep(&self, files: &[NewFile]) -> Result<Vec<Kept>, Error> {
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        if files.len() > FILES || bytes > FILES_BYTES {
            return Err(Refused::Files.into());
        }
        let (now, entropy) = (self.context.clock.now(), &*self.context.entropy);
        let mut kept = Vec::with_capacity(files.len());
        for file in files {
            let id = AttachmentId::new(now, entropy);
            let key = FileKey::generate(entropy);
            let description = AttachmentDescription {
                filename: Some(letter::one_line(&file.filename)),
                media_type: letter::one_line(&file.media_type),
                content_id: None,
            };
            let stored = self.blobs.put(&key, id.bytes(), &file.bytes, entropy).await?;
            kept.push(Kept {
                id,
                key,
                description: serde_json::to_vec(&description)?,
                size: file.bytes.len() as u64,
                content: stored.content,
                blob_name: stored.name,
            });
        }
        Ok(kept)
    }

    /// Removes files that no row will name. After an error of the database the commit may stand.
    pub(super) async fn finished(&self, done: Result<Written, Error>, kept: &[Kept]) -> Result<Written, Error> {
        if !matches!(done, Ok(_) | Err(Error::Database(_))) {
            for name in kept.iter().filter_map(|file| file.blob_name) {
                if let Err(error) = self.blobs.remove(&name).await {
                    tracing::warn!(%error, "a blob that is not needed could not be removed");
                }
            }
        }
        done
    }

    /// The files of a message, opened, to be passed on.
    pub(super) async fn files_of(
        &self,
        organisation: OrganisationId,
        (conversation, message): (ConversationId, MessageId),
    ) -> Result<Vec<NewFile>, Error> {
        let read = move |tx: &mut Tx<'_>| {
            Desk::said(tx, organisation, conversation, message)?.ok_or(Error::Out(Refused::NoMessage))?;
            Ok::<_, Error>(())
        };
        self.context.db.read("channels.is_in", read).await?;
        let opened = self.opened_files(organisation, message).await?;
        let passed = opened.into_iter().map(|file| NewFile {
            filename: file.description.filename.unwrap_or_else(|| "file".to_owned()),
            media_type: file.description.media_type,
            bytes: Bytes::copy_from_slice(&file.bytes),
        });
        Ok(passed.collect())
    }

    /// The files of a message, opened; without the raw mail, which is no file of anybody's.
    pub(super) async fn opened_files(
        &self,
        organisation: OrganisationId,
        message: MessageId,
    ) -> Result<Vec<letter::OpenedFile>, Error> {
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let mut files = Vec::new();
            for file in Desk::files(tx, organisation, message)? {
                let keys = channels.vault.keys(tx, organisation, file.customer.into())?.ok_or(Refused::Erased)?;
                files.push((file, keys));
            }
            Ok::<_, Error>(files)
        };
        let stored = self.context.db.read("channels.files", read).await?;
        let mut opened = Vec::with_capacity(stored.len());
        for (file, keys) in stored.into_iter().filter(|(file, _)| file.purpose != AttachmentPurpose::Raw) {
            let id = *file.id.bytes();
            let description = keys.open(Column::AttachmentDescription, &id, &file.description_sealed)?;
            let key = keys.open_file_key(Column::AttachmentKey, &id, &file.key_sealed)?;
            let place = Stored { content: file.content, name: file.blob_name };
            opened.push(letter::OpenedFile {
                description: serde_json::from_slice(&description)?,
                is_inline: file.purpose == AttachmentPurpose::Inline,
                bytes: self.blobs.get(&key, &id, place).await?,
            });
        }
        Ok(opened)
    }
}

impl Kept {
    pub(super) fn attach(&self, keys: &SubjectKeys, entropy: &dyn kernel::Entropy) -> Result<NewAttachment, Error> {
        let id = self.id;
        Ok(NewAttachment {
            id,
            purpose: AttachmentPurpose::File,
            size: self.size,
            description_sealed: keys.seal(Column::AttachmentDescription, id.bytes(), &self.description, entropy)?,
            key_sealed: keys.seal_file_key(Column::AttachmentKey, id.bytes(), &self.key, entropy)?,
            content: self.content.clone(),
            blob_name: self.blob_name,
        })
    }
}
