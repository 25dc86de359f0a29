//! Taking a mail back before it leaves: the message goes, the conversation stands as before, and
//! what was written comes back to be written anew.

use std::time::Duration;

use bytes::Bytes;
use db::Tx;
use kernel::{ConversationId, Id as _, MessageId, OrganisationId, OwnAddressId};

use super::delivery::DeliveryState;
use super::files::NewFile;
use super::{LONGEST_UNDO, Refused, UNDO, store};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::channels::{Channels, Error};
use crate::desk::{Desk, MessageContent};
use crate::vault::{Column, Index};

/// What was written in a mail that was taken back. No `Debug`: it holds words and addresses.
#[derive(Clone)]
pub struct TakenBack {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Whether the conversation is gone too, because nothing else was in it.
    pub conversation_is_gone: bool,
    /// The address of ours that it would have come from.
    pub from: OwnAddressId,
    /// To whom it would have gone.
    pub to: Vec<String>,
    /// Those in copy.
    pub cc: Vec<String>,
    /// The subject.
    pub subject: String,
    /// What was newly written.
    pub text: String,
    /// Its files.
    pub files: Vec<NewFile>,
}

impl Channels {
    /// Takes a mail back that has not begun to leave; [`Refused::OnItsWay`] afterwards.
    pub async fn take_back(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        message: MessageId,
    ) -> Result<TakenBack, Error> {
        let files = self.opened_files(organisation, message).await?;
        let now = self.context.clock.now();
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let row = store::mail(tx, organisation, message, false)?.ok_or(Error::Out(Refused::NoMail))?;
            if row.state != DeliveryState::Held {
                return Err(Refused::OnItsWay.into());
            }
            let keys = channels.vault.keys(tx, organisation, row.customer.into())?.ok_or(Refused::Erased)?;
            let said = Desk::said(tx, organisation, row.conversation, message)?.and_then(|said| said.sealed);
            let document = keys.open(Column::Message, message.bytes(), &said.ok_or(Refused::Erased)?)?;
            let content: MessageContent = serde_json::from_slice(&document)?;
            Ok::<_, Error>((row, keys, content))
        };
        let (row, keys, content) = self.context.db.read("channels.mail_to_take_back", read).await?;
        let own = content.message_id.clone().unwrap_or_default();
        let reference = self.vault.blind(organisation, Index::MessageId, own.as_bytes())?;
        let entry = Entry::new(Action::MessageTakenBack, actor, now).conversation(row.conversation).object(message);
        let entry = [self.audit.prepare(&keys, &entry)?];
        let (conversation, from) = (row.conversation, row.own_address);
        let write = move |tx: &mut Tx<'_>| {
            let there = store::mail(tx, organisation, message, true)?.ok_or(Error::Out(Refused::NoMail))?;
            if there.state != DeliveryState::Held {
                return Err(Refused::OnItsWay.into());
            }
            let blobs: Vec<[u8; 16]> =
                Desk::files(tx, organisation, message)?.into_iter().filter_map(|file| file.blob_name).collect();
            store::remove_mail(tx, organisation, message, &reference)?;
            let is_gone = Desk::take_back(tx, organisation, (there.conversation, message), there.moved, now)?;
            Self::remove_later(tx, organisation, &blobs, now)?;
            Audit::append(tx, organisation, &entry)?;
            Ok::<_, Error>(is_gone)
        };
        let conversation_is_gone = self.context.db.write("channels.take_back", write).await?;
        let address = |party: crate::desk::Party| party.address;
        Ok(TakenBack {
            conversation,
            conversation_is_gone,
            from,
            to: content.to.into_iter().map(address).collect(),
            cc: content.cc.into_iter().map(address).collect(),
            subject: content.subject,
            text: content.text,
            files: files
                .into_iter()
                .map(|file| NewFile {
                    filename: file.description.filename.unwrap_or_default(),
                    media_type: file.description.media_type,
                    bytes: Bytes::copy_from_slice(&file.bytes),
                })
                .collect(),
        })
    }

    /// How long mail is held back, so that it can be taken back.
    pub async fn undo_time(&self, organisation: OrganisationId) -> Result<Duration, Error> {
        let read = move |tx: &mut Tx<'_>| Ok(store::undo_seconds(tx, organisation)?);
        let seconds: Option<u64> = self.context.db.read::<_, Error, _>("channels.undo_time", read).await?;
        Ok(seconds.map_or(UNDO, Duration::from_secs))
    }

    /// Sets how long mail is held back, up to [`LONGEST_UNDO`]; whole seconds count.
    pub async fn set_undo_time(&self, organisation: OrganisationId, actor: Actor, time: Duration) -> Result<(), Error> {
        if time > LONGEST_UNDO {
            return Err(Refused::Undo.into());
        }
        let now = self.context.clock.now();
        let keys = self.read_own_keys(organisation).await?;
        let told = format!("mail is held back for {} s", time.as_secs());
        let entry = [self.audit.prepare(&keys, &Entry::new(Action::ChannelChanged, actor, now).detail(told))?];
        let write = move |tx: &mut Tx<'_>| {
            store::set_undo(tx, organisation, Some(time.as_secs()))?;
            Ok(Audit::append(tx, organisation, &entry)?)
        };
        self.context.db.write("channels.set_undo_time", write).await
    }
}
