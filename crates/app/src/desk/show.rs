//! One thread, opened: messages, notes and events in the order of time, a page from the end.
//!
//! The look is on record before anything is opened. Addresses leave as their masks; what was
//! written is the case itself and is shown. What was sealed under destroyed keys shows as erased.

use std::collections::HashMap;

use db::Tx;
use kernel::{
    AgentId, AttachmentId, ConversationId, CustomerId, Id, Locale, MessageId, NoteId, OrganisationId, Timestamp, limits,
};

use super::cursor::{Cursor, Order};
use super::event::{EventId, EventKind};
use super::list::Opener;
use super::message::{AttachmentDescription, AttachmentPurpose, Direction, MessageContent, Nature, Party};
use super::state::State;
use super::step::Asked;
use super::store::{self, SealedAttachment, SealedMessage, SealedNote, Slot, SlotKind};
use super::{Desk, Error};
use crate::Actor;
use crate::access::Permit;
use crate::access::action::ReadConversation;
use crate::channels::{Channels, Delivery, SealedDelivery};
use crate::vault::{Column, Mask};

/// Sealed bytes that one page opens; one item is always shown, however large it is.
const PAGE_BYTES: u64 = 16 * 1024 * 1024;
/// Participants that are shown.
const PARTICIPANTS: usize = limits::PAGE_ROWS;

/// Which stretch of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadRequest {
    /// Shows what lies before this place: [`Thread::earlier`] of the page before.
    pub before: Option<Cursor>,
    /// Items, from 1 to [`limits::PAGE_ROWS`]; more or fewer are taken as the nearest of these.
    pub limit: usize,
}

/// An opened thread. No `Debug`: it holds customers' words.
#[derive(Clone)]
pub struct Thread {
    /// Its id.
    pub id: ConversationId,
    /// Whose matter it is.
    pub customer: CustomerId,
    /// That customer's name, if one is known.
    pub customer_name: Option<String>,
    /// The subject; none when its key is destroyed.
    pub subject: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Who works on it.
    pub assignee: Option<AgentId>,
    /// The channel it came by.
    pub channel: String,
    /// Messages in it.
    pub messages: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last message joined.
    pub activity_at: Timestamp,
    /// When it wakes, if it sleeps.
    pub snoozed_until: Option<Timestamp>,
    /// Names of its labels, in their order.
    pub labels: Vec<String>,
    /// The language that it was begun in, when its words told.
    pub language: Option<Locale>,
    /// Customers who wrote into it besides the one whose matter it is.
    pub participants: Vec<Participant>,
    /// The page's items, the oldest first.
    pub items: Vec<Item>,
    /// Where the page before this one ends; none when this one holds the beginning.
    pub earlier: Option<Cursor>,
}

/// Somebody else in the conversation.
#[derive(Clone)]
pub struct Participant {
    /// Who.
    pub customer: CustomerId,
    /// That customer's name, if one is known.
    pub name: Option<String>,
    /// When they first wrote into it.
    pub joined_at: Timestamp,
}

/// One thing in a thread.
#[derive(Clone)]
pub enum Item {
    /// Somebody wrote.
    Message(Box<Message>),
    /// One of us noted something.
    Note(Note),
    /// Something was done.
    Event(Event),
}

impl Item {
    /// When it came.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Message(message) => message.received_at,
            Self::Note(note) => note.created_at,
            Self::Event(event) => event.at,
        }
    }
}

/// A message, opened.
#[derive(Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Whose key seals it.
    pub customer: CustomerId,
    /// Whether its author is a participant and not the one whose matter it is.
    pub by_participant: bool,
    /// Who wrote it.
    pub direction: Direction,
    /// What it is by nature.
    pub nature: Nature,
    /// What it says, its addresses masked; none when its key is destroyed.
    pub content: Option<MessageContent>,
    /// What SPF, DKIM and DMARC said, in three words with commas between.
    pub authentication: String,
    /// When it was reported undelivered.
    pub bounced_at: Option<Timestamp>,
    /// Bytes of the mail as it came.
    pub size: u64,
    /// When it came.
    pub received_at: Timestamp,
    /// What becomes of it on its way, for mail of ours.
    pub delivery: Option<Delivery>,
    /// Its files, in their order.
    pub attachments: Vec<Attachment>,
}

/// A file of a message.
#[derive(Clone)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is for.
    pub purpose: AttachmentPurpose,
    /// Plain bytes.
    pub size: u64,
    /// What it is called and holds; none when its key is destroyed.
    pub description: Option<AttachmentDescription>,
}

/// A note, opened.
#[derive(Clone)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// Who wrote it.
    pub author: Actor,
    /// What it says; none when its key is destroyed.
    pub text: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A step in the conversation's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// Further words, as [`EventKind`] tells.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

impl Desk {
    /// Opens a page of a thread, from its end by default, and puts the look on record.
    pub async fn show(&self, permit: &Permit<ReadConversation>, page: ThreadRequest) -> Result<Thread, Error> {
        let before = Cursor::within(page.before, Order::NewestFirst)?;
        permit.in_force(self.context.clock.now())?;
        let asked = Asked::of(permit);
        self.record_read(asked).await?;
        let Asked { organisation, conversation, .. } = asked;
        let limit = page.limit.clamp(1, limits::PAGE_ROWS);
        let desk = self.clone();
        let read = move |tx: &mut Tx<'_>| desk.thread(tx, organisation, conversation, &before, limit);
        self.context.db.read("desk.show", read).await
    }

    // Opened on the database's own thread, so that the threads of the network never decrypt.
    fn thread(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        conversation: ConversationId,
        before: &Cursor,
        limit: usize,
    ) -> Result<Thread, Error> {
        let row = store::rows(tx, organisation, &[conversation])?.pop().ok_or(Error::NoConversation)?;
        let labels = store::labels_of(tx, organisation, conversation)?;
        let participants = store::participants(tx, organisation, conversation, PARTICIPANTS)?;
        let slots = store::slots_before(tx, organisation, conversation, before, limit + 1)?;
        let (slots, earlier) = page_of(slots, limit);
        let sealed = Sealed::read(tx, organisation, &slots)?;

        let others = participants.iter().map(|(customer, _)| *customer).chain(sealed.customers());
        let opener = Opener::new(&self.vault, tx, organisation, others.chain([row.customer]))?;
        Ok(Thread {
            customer_name: opener.name(row.customer),
            subject: opener.subject(&row),
            participants: participants
                .into_iter()
                .map(|(customer, joined_at)| Participant { customer, name: opener.name(customer), joined_at })
                .collect(),
            items: sealed.open(&opener, row.customer, &slots),
            earlier,
            labels,
            id: row.id,
            customer: row.customer,
            state: row.state,
            assignee: row.assignee,
            channel: row.channel,
            messages: row.messages,
            created_at: row.created_at,
            activity_at: row.activity_at,
            snoozed_until: row.snoozed_until,
            language: row.language,
        })
    }
}

/// The slots that one page takes, the oldest first, and where the page before it ends.
fn page_of(mut slots: Vec<Slot>, limit: usize) -> (Vec<Slot>, Option<Cursor>) {
    let found = slots.len();
    let mut bytes = 0;
    let fitting = slots.iter().take(limit).take_while(|slot| {
        bytes += slot.bytes;
        bytes <= PAGE_BYTES
    });
    let taken = fitting.count().max(1).min(found);
    slots.truncate(taken);
    let last = slots.last().filter(|_| taken < found);
    let earlier = last.map(|slot| Cursor { order: Order::NewestFirst, at: slot.at, id: slot.id });
    slots.reverse();
    (slots, earlier)
}

/// The rows of one page before they are opened.
struct Sealed {
    messages: HashMap<[u8; 16], SealedMessage>,
    deliveries: HashMap<[u8; 16], SealedDelivery>,
    notes: HashMap<[u8; 16], SealedNote>,
    events: HashMap<[u8; 16], Event>,
}

impl Sealed {
    fn read(tx: &mut Tx<'_>, organisation: OrganisationId, slots: &[Slot]) -> Result<Self, Error> {
        let messages = store::messages(tx, organisation, &ids_of::<MessageId>(slots, SlotKind::Message))?;
        let ours: Vec<MessageId> =
            messages.iter().filter(|message| message.direction == Direction::Out).map(|message| message.id).collect();
        let deliveries = Channels::deliveries(tx, organisation, &ours)?;
        let notes = store::notes(tx, organisation, &ids_of::<NoteId>(slots, SlotKind::Note))?;
        let events = store::events(tx, organisation, &ids_of::<EventId>(slots, SlotKind::Event))?;
        Ok(Self {
            messages: messages.into_iter().map(|message| (*message.id.bytes(), message)).collect(),
            deliveries: deliveries.into_iter().map(|sealed| (*sealed.message.bytes(), sealed)).collect(),
            notes: notes.into_iter().map(|note| (*note.id.bytes(), note)).collect(),
            events: events
                .into_iter()
                .map(|row| {
                    (*row.id.bytes(), Event { kind: row.kind, actor: row.actor, detail: row.detail, at: row.at })
                })
                .collect(),
        })
    }

    fn customers(&self) -> impl Iterator<Item = CustomerId> {
        let attachments = self.messages.values().flat_map(|message| &message.attachments);
        let of_messages = self.messages.values().map(|message| message.customer);
        of_messages.chain(attachments.map(|file| file.customer)).chain(self.notes.values().map(|note| note.customer))
    }

    fn open(mut self, opener: &Opener, owner: CustomerId, slots: &[Slot]) -> Vec<Item> {
        let items = slots.iter().filter_map(|slot| match slot.kind {
            SlotKind::Message => {
                let sealed = self.messages.remove(&slot.id)?;
                let customer = sealed.customer;
                let delivery = self.deliveries.remove(&slot.id).map(|sealed| delivery(opener, customer, &sealed));
                Some(Item::Message(Box::new(message(opener, owner, (sealed, delivery)))))
            }
            SlotKind::Note => self.notes.remove(&slot.id).map(|sealed| Item::Note(note(opener, sealed))),
            SlotKind::Event => self.events.remove(&slot.id).map(Item::Event),
        });
        items.collect()
    }
}

fn ids_of<T: Id>(slots: &[Slot], kind: SlotKind) -> Vec<T> {
    slots.iter().filter(|slot| slot.kind == kind).map(|slot| T::from_bytes(slot.id)).collect()
}

/// A mail of ours lies under the key of its conversation's customer, like its message.
fn delivery(opener: &Opener, customer: CustomerId, sealed: &SealedDelivery) -> Delivery {
    let document = sealed.sealed.as_ref();
    let opened = document.and_then(|bytes| opener.open(customer, Column::OutgoingMail, &sealed.message, bytes));
    sealed.opened(opened.as_ref())
}

fn message(opener: &Opener, owner: CustomerId, (sealed, delivery): (SealedMessage, Option<Delivery>)) -> Message {
    let opened = sealed.sealed.and_then(|bytes| opener.open(sealed.customer, Column::Message, &sealed.id, &bytes));
    // What opens was written by this product; a later version's document may still not be read.
    let content = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Message {
        by_participant: sealed.direction == Direction::In && sealed.customer != owner,
        content: content.map(with_masks),
        attachments: sealed.attachments.into_iter().map(|file| attachment(opener, file)).collect(),
        id: sealed.id,
        customer: sealed.customer,
        direction: sealed.direction,
        nature: sealed.nature,
        authentication: sealed.authentication,
        bounced_at: sealed.bounced_at,
        size: sealed.size,
        received_at: sealed.received_at,
        delivery,
    }
}

/// The content with every address as its mask, and without the Message-ID, which nobody reads and
/// which often holds an address.
fn with_masks(mut content: MessageContent) -> MessageContent {
    let lists = [&mut content.reply_to, &mut content.to, &mut content.cc];
    for party in lists.into_iter().flatten().chain(&mut content.from) {
        mask_party(party);
    }
    content.bounce_recipient = content.bounce_recipient.as_deref().map(mask_address);
    content.message_id = None;
    content
}

/// A name that is an address again, as some programs write it, is masked as one.
fn mask_party(party: &mut Party) {
    party.address = mask_address(&party.address);
    if let Some(name) = party.name.as_mut().filter(|name| name.contains('@')) {
        *name = mask_address(name);
    }
}

fn mask_address(address: &str) -> String {
    let mask = if address.contains('@') { Mask::Email } else { Mask::Phone };
    mask.apply(address).to_string()
}

fn attachment(opener: &Opener, sealed: SealedAttachment) -> Attachment {
    let SealedAttachment { id, customer, purpose, size, description } = sealed;
    let opened = opener.open(customer, Column::AttachmentDescription, &id, &description);
    let description = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Attachment { id, purpose, size, description }
}

fn note(opener: &Opener, sealed: SealedNote) -> Note {
    let opened = sealed.sealed.and_then(|bytes| opener.open(sealed.customer, Column::Note, &sealed.id, &bytes));
    Note {
        id: sealed.id,
        author: sealed.author,
        text: opened.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        created_at: sealed.at,
    }
}
