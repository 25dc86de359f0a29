//! What a thread shows beside its text: the design of a message and its files. Files are opened by
//! `channels`, which has their keys and their place; the look at the thread is on record before.

use db::Tx;
use kernel::{AttachmentId, ConversationId, CustomerId, MessageId, OrganisationId};

use super::list::Opener;
use super::message::{AttachmentPurpose, MessageContent};
use super::step::Asked;
use super::store;
use super::{AttachmentDescription, Desk, Error};
use crate::access::Permit;
use crate::access::action::ReadConversation;
use crate::vault::Column;

/// A file as it is stored.
pub struct SealedFile {
    /// Whose key seals it.
    pub customer: CustomerId,
    /// What it is for.
    pub purpose: AttachmentPurpose,
    /// Plain bytes.
    pub size: u64,
    /// Sealed [`super::AttachmentDescription`].
    pub description: Vec<u8>,
    /// Its sealed key.
    pub key: Vec<u8>,
    /// The sealed chunks, when they lie in the database.
    pub content: Option<Vec<u8>>,
    /// The name in the blob store otherwise.
    pub blob_name: Option<[u8; 16]>,
}

/// A message as its sender designed it. No `Debug`: it holds a customer's words.
pub struct Designed {
    /// Sanitised HTML; its own images are `cid:` addresses.
    pub html: String,
    /// What those addresses name.
    pub images: Vec<InlineImage>,
}

/// A file that a message shows within itself.
pub struct InlineImage {
    /// The file.
    pub file: AttachmentId,
    /// The Content-ID without its brackets.
    pub content_id: String,
    /// The declared media type.
    pub media_type: String,
    /// Plain bytes.
    pub size: u64,
}

impl Desk {
    /// Puts a look at a conversation on record, unless one is there from a little while ago: for
    /// whoever opens a part of it by itself.
    pub async fn look(&self, permit: &Permit<ReadConversation>) -> Result<(), Error> {
        permit.in_force(self.context.clock.now())?;
        self.record_read(Asked::of(permit)).await
    }

    /// A file of a conversation, still sealed; none when it is not one of this conversation.
    pub fn file(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        file: AttachmentId,
    ) -> Result<Option<SealedFile>, Error> {
        Ok(store::file(tx, organisation, conversation, file)?)
    }

    /// A message of a conversation as it was designed; none when it has no design, its key is
    /// destroyed, or it is not of this conversation. The look is on record before.
    pub async fn designed(
        &self,
        permit: &Permit<ReadConversation>,
        message: MessageId,
    ) -> Result<Option<Designed>, Error> {
        self.look(permit).await?;
        let Asked { organisation, conversation, .. } = Asked::of(permit);
        let vault = self.vault.clone();
        let read = move |tx: &mut Tx<'_>| {
            if !store::is_of(tx, organisation, conversation, message)? {
                return Ok(None);
            }
            let Some(sealed) = store::messages(tx, organisation, &[message])?.pop() else { return Ok(None) };
            let opener = Opener::new(&vault, tx, organisation, std::iter::once(sealed.customer))?;
            let text = sealed.sealed.and_then(|text| opener.open(sealed.customer, Column::Message, &message, &text));
            let content: Option<MessageContent> = text.and_then(|text| serde_json::from_slice(&text).ok());
            let Some(html) = content.and_then(|content| content.html) else { return Ok(None) };
            let images = sealed.attachments.into_iter().filter_map(|file| {
                let opened = opener.open(file.customer, Column::AttachmentDescription, &file.id, &file.description)?;
                let about: AttachmentDescription = serde_json::from_slice(&opened).ok()?;
                let content_id = about.content_id?;
                Some(InlineImage { file: file.id, content_id, media_type: about.media_type, size: file.size })
            });
            Ok(Some(Designed { html, images: images.collect() }))
        };
        self.context.db.read("desk.designed", read).await
    }
}
