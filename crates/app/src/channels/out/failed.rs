//! Mail that failed: listed with the server's words, and sent again when somebody has mended what
//! was wrong. And what became of each mail of a thread.

use db::Tx;
use kernel::{ConversationId, CustomerId, Id as _, MessageId, OrganisationId, limits};

use super::delivery::{Delivery, DeliveryState, Envelope, RecipientState, SealedDelivery};
use super::{Refused, store};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::channels::{Channels, Error};
use crate::desk::Desk;
use crate::vault::Column;

/// A mail that will not be tried again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedMail {
    /// The message.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// That conversation's customer.
    pub customer: CustomerId,
    /// For whom it failed, and why.
    pub delivery: Delivery,
}

impl Channels {
    /// What failed, the newest first, before a given one.
    pub async fn failed_mail(
        &self,
        organisation: OrganisationId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<FailedMail>, Error> {
        let before = before.unwrap_or_else(|| MessageId::from_bytes([0xFF; 16]));
        let limit = limit.clamp(1, limits::PAGE_ROWS);
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let rows = store::failed(tx, organisation, before, limit)?;
            let messages: Vec<MessageId> = rows.iter().map(|(message, ..)| *message).collect();
            let whose: Vec<CustomerId> = rows.iter().map(|(.., customer)| *customer).collect();
            let keys = channels.vault.keys_of_page(tx, organisation, &whose)?;
            let sealed = store::deliveries(tx, organisation, &messages)?;
            let shown = rows.into_iter().filter_map(|(message, conversation, customer)| {
                let sealed = sealed.iter().find(|sealed| sealed.message == message)?;
                let document = sealed.sealed.as_ref().zip(keys.get(&customer));
                let opened = document
                    .and_then(|(document, keys)| keys.open(Column::OutgoingMail, message.bytes(), document).ok());
                Some(FailedMail { message, conversation, customer, delivery: sealed.opened(opened.as_ref()) })
            });
            Ok::<_, Error>(shown.collect())
        };
        self.context.db.read("channels.failed_mail", read).await
    }

    /// Tries a failed mail again, for those recipients who do not have it.
    pub async fn send_again(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        message: MessageId,
    ) -> Result<(), Error> {
        let now = self.context.clock.now();
        let channels = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let row = store::mail(tx, organisation, message, false)?.ok_or(Error::Out(Refused::NoMail))?;
            let keys = channels.vault.keys(tx, organisation, row.customer.into())?.ok_or(Refused::Erased)?;
            Ok::<_, Error>((row, keys))
        };
        let (mut row, keys) = self.context.db.read("channels.failed_one", read).await?;
        if row.state != DeliveryState::Failed {
            return Err(Refused::NotFailed.into());
        }
        let sealed = row.sealed.as_ref().ok_or(Refused::Erased)?;
        let mut envelope: Envelope =
            serde_json::from_slice(&keys.open(Column::OutgoingMail, message.bytes(), sealed)?)?;
        for recipient in envelope.recipients.iter_mut().filter(|one| one.state == RecipientState::Refused) {
            recipient.state = RecipientState::Waiting;
        }
        let document = serde_json::to_vec(&envelope)?;
        row.sealed = Some(keys.seal(Column::OutgoingMail, message.bytes(), &document, &*self.context.entropy)?);
        row.state = DeliveryState::Queued;
        row.due_at = Some(now);
        row.tries = 0;
        let entry = Entry::new(Action::MessageSentAgain, actor, now).conversation(row.conversation).object(message);
        let entry = [self.audit.prepare(&keys, &entry)?];
        let write = move |tx: &mut Tx<'_>| {
            let there = store::mail(tx, organisation, message, true)?.ok_or(Error::Out(Refused::NoMail))?;
            if there.state != DeliveryState::Failed || there.sealed.is_none() {
                return Err(Refused::NotFailed.into());
            }
            store::move_mail(tx, organisation, &row, now)?;
            store::announce(tx, organisation, *message.bytes());
            Desk::touch(tx, organisation, row.conversation, now)?;
            Ok(Audit::append(tx, organisation, &entry)?)
        };
        self.context.db.write("channels.send_again", write).await
    }

    /// What became of those of these messages that are mail of ours, still sealed.
    pub fn deliveries(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        messages: &[MessageId],
    ) -> Result<Vec<SealedDelivery>, db::Error> {
        store::deliveries(tx, organisation, messages)
    }

    /// Takes what an erased customer was sent out of the mails: those that wait do not leave.
    pub fn forget_mail_out(
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        customer: CustomerId,
    ) -> Result<(), db::Error> {
        store::forget(tx, organisation, customer)
    }
}
