//! Fills an organisation with conversations through the domains' own code, for benchmarks and for
//! tests that need an archive: every value sealed, every step on record, nothing shortened but
//! that many conversations share a commit.
//!
//! Names and texts are made up from a seed, so that two runs of one seed load the same words.

use std::sync::Arc;
use std::time::Duration;

use app::audit::{self, Action, Audit, Entry};
use app::desk::{self, Desk, Direction, MessageContent, Nature, NewConversation, NewMessage, Party, State};
use app::vault::{self, Column, NewCustomer, Normalised, Vault};
use app::{Actor, Context, STALE_TRIES};
use db::Engine;
use kernel::{ConversationId, Entropy, Id, MessageId, OrganisationId, SeededEntropy, Timestamp};
use tokio::task::{JoinSet, spawn_blocking};

db::statements! { "testkit";
    /// Takes stock of the tables for the planner.
    ANALYZE = "ANALYZE";
}

/// Conversations in one commit.
const BATCH: usize = 1_024;
/// Batches under way at a time: one is prepared while others are written.
const UNDER_WAY: usize = 4;

/// What is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many conversations, each of a customer of its own.
    pub conversations: usize,
    /// Messages of each.
    pub messages: usize,
    /// Of a hundred conversations, this many are settled; the others are new.
    pub resolved_percent: usize,
    /// When the first one begins; the others follow at [`Shape::apart`].
    pub begins: Timestamp,
    /// The time between the beginnings of two.
    pub apart: Duration,
    /// Characters of each message, about.
    pub text_chars: usize,
    /// Sets the words and addresses. Two loads of one organisation need two seeds: an address
    /// belongs to one customer.
    pub seed: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            conversations: 1_000,
            messages: 1,
            resolved_percent: 0,
            begins: Timestamp::from_seconds(1_700_000_000),
            apart: Duration::from_mins(1),
            text_chars: 600,
            seed: 1,
        }
    }
}

/// Where it is loaded.
#[derive(Clone)]
pub struct Place {
    /// What the domains stand on.
    pub context: Arc<Context>,
    /// Whose keys seal it.
    pub vault: Vault,
    /// Where it is recorded.
    pub audit: Audit,
    /// An organisation that is set up: its keys and its data inventory are there.
    pub organisation: OrganisationId,
}

/// Why a load stopped.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The desk refused.
    #[error(transparent)]
    Desk(#[from] desk::Error),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// The audit log refused.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// A thread ended in a panic.
    #[error("the work of loading stopped unexpectedly")]
    Stopped,
}

/// One conversation with all that it needs, sealed.
struct Prepared {
    customer: NewCustomer,
    conversation: NewConversation,
    messages: Vec<NewMessage>,
    is_resolved: bool,
    begins: Timestamp,
    entries: Vec<audit::Prepared>,
}

/// The number of a batch's first conversation, and the ids of all.
type Loaded = (usize, Vec<ConversationId>);

/// Loads conversations and returns their ids in the order of their beginnings. `progress` hears
/// how many are durable.
pub async fn conversations(
    place: &Place,
    shape: Shape,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<ConversationId>, LoadError> {
    let mut under_way: JoinSet<Result<Loaded, LoadError>> = JoinSet::new();
    let mut loaded: Vec<Loaded> = Vec::new();
    let mut durable = 0;
    let mut first = 0;
    loop {
        while under_way.len() < UNDER_WAY && first < shape.conversations {
            let end = shape.conversations.min(first + BATCH);
            let place = place.clone();
            under_way.spawn(async move { Ok((first, load_batch(place, shape, first..end).await?)) });
            first = end;
        }
        let Some(done) = under_way.join_next().await else { break };
        let batch = done.map_err(|_| LoadError::Stopped)??;
        durable += batch.1.len();
        progress(durable);
        loaded.push(batch);
    }
    if place.context.db.engine() == Engine::Postgres {
        // What the server does by itself within a minute; until then it would plan for empty tables.
        let analyze = |tx: &mut db::Tx<'_>| tx.execute(&ANALYZE, &[]);
        place.context.db.write("testkit.analyze", analyze).await.map_err(desk::Error::Database)?;
    }
    loaded.sort_unstable_by_key(|(first, _)| *first);
    Ok(loaded.into_iter().flat_map(|(_, ids)| ids).collect())
}

async fn load_batch(
    place: Place,
    shape: Shape,
    numbers: std::ops::Range<usize>,
) -> Result<Vec<ConversationId>, LoadError> {
    let organisation = place.organisation;
    for _ in 0..STALE_TRIES {
        let (preparing, numbers) = (place.clone(), numbers.clone());
        let prepare = move || numbers.map(|number| preparing.prepare(shape, number)).collect::<Result<Vec<_>, _>>();
        let batch: Vec<Prepared> = spawn_blocking(prepare).await.map_err(|_| LoadError::Stopped)??;
        let ids = batch.iter().map(|prepared| prepared.conversation.id).collect();
        let write = move |tx: &mut db::Tx<'_>| batch.iter().try_for_each(|prepared| prepared.store(tx, organisation));
        match place.context.db.write("testkit.load", write).await {
            Err(desk::Error::Stale | desk::Error::Vault(vault::Error::Stale)) => {}
            done => return Ok(done.map(|()| ids)?),
        }
    }
    Err(desk::Error::Stale.into())
}

impl Place {
    fn prepare(&self, shape: Shape, number: usize) -> Result<Prepared, LoadError> {
        let Self { context, vault, audit, organisation } = self;
        let entropy = &*context.entropy;
        let words = Words::of(shape.seed, number);
        let begins = shape.begins.plus(shape.apart.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX)));

        let address = format!("{}.{number}.{}@example.org", words.name, shape.seed);
        let contact = Normalised::email(&address).ok_or(vault::Error::NoCustomer)?;
        let name = format!("{} {}", words.name, words.surname);
        let customer = vault.prepare_customer(*organisation, &contact, Some(&name))?;
        let keys = customer.opened();

        let id = ConversationId::new(begins, entropy);
        let subject = format!("{} about order {number}", words.topic);
        let conversation = NewConversation {
            language: None,
            id,
            customer: customer.id,
            channel: "mail",
            subject_sealed: keys.seal(Column::Subject, id.bytes(), subject.as_bytes(), entropy)?,
            subject_index: Some(vault.blind(*organisation, vault::Index::Subject, subject.as_bytes())?),
        };
        let entry = |action, at| Entry::new(action, Actor::System, at).conversation(id);
        let mut entries = vec![
            audit.prepare(keys, &entry(Action::CustomerCreated, begins).object(customer.id))?,
            audit.prepare(keys, &entry(Action::ConversationOpened, begins))?,
        ];
        let mut messages = Vec::with_capacity(shape.messages);
        for reply in 0..shape.messages {
            let received_at = begins.plus(Duration::from_secs(u64::try_from(reply).unwrap_or(u64::MAX)));
            let message = MessageId::new(received_at, entropy);
            let content = MessageContent {
                from: Some(Party { name: Some(name.clone()), address: address.clone() }),
                subject: subject.clone(),
                text: words.text(shape.text_chars),
                ..MessageContent::default()
            };
            let plain = serde_json::to_vec(&content).unwrap_or_default();
            messages.push(NewMessage {
                id: message,
                conversation: id,
                customer: customer.id,
                direction: Direction::In,
                nature: Nature::Personal,
                sealed: keys.seal(Column::Message, message.bytes(), &plain, entropy)?,
                authentication: "none,none,none".to_owned(),
                size: u64::try_from(plain.len()).unwrap_or(u64::MAX),
                received_at,
                attachments: Vec::new(),
            });
            entries.push(audit.prepare(keys, &entry(Action::MessageReceived, received_at).object(message))?);
        }
        let is_resolved = number % 100 < shape.resolved_percent;
        if is_resolved {
            let settled = entry(Action::ConversationChanged, begins).detail(State::Resolved.word());
            entries.push(audit.prepare(keys, &settled)?);
        }
        Ok(Prepared { customer, conversation, messages, is_resolved, begins, entries })
    }
}

impl Prepared {
    fn store(&self, tx: &mut db::Tx<'_>, organisation: OrganisationId) -> Result<(), desk::Error> {
        Vault::insert_customer(tx, organisation, &self.customer, self.begins)?;
        let mut standing = Desk::open(tx, organisation, &self.conversation, self.begins)?;
        for message in &self.messages {
            standing = Desk::receive(tx, organisation, message, standing)?;
        }
        if self.is_resolved {
            Desk::settle(tx, organisation, self.conversation.id, Actor::System, self.begins)?;
        }
        Ok(Audit::append(tx, organisation, &self.entries)?)
    }
}

/// The words of one made-up conversation.
struct Words {
    name: &'static str,
    surname: &'static str,
    topic: &'static str,
    random: SeededEntropy,
}

impl Words {
    const NAMES: [&str; 8] = ["aino", "maija", "jonas", "lena", "piotr", "olga", "emma", "noah"];
    const SURNAMES: [&str; 8] = ["virtanen", "korhonen", "keller", "braun", "nowak", "petrova", "smith", "lindqvist"];
    const TOPICS: [&str; 8] =
        ["question", "late delivery", "wrong invoice", "refund", "new address", "broken part", "return", "contract"];
    const FILLING: [&str; 12] =
        ["the", "parcel", "has", "not", "come", "yet", "please", "tell", "me", "when", "it", "will"];

    fn of(seed: u64, number: usize) -> Self {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let random = SeededEntropy::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number));
        Self {
            name: pick(&Self::NAMES, &random),
            surname: pick(&Self::SURNAMES, &random),
            topic: pick(&Self::TOPICS, &random),
            random,
        }
    }

    fn text(&self, chars: usize) -> String {
        let mut text = String::with_capacity(chars + 16);
        while text.len() < chars {
            text.push_str(pick(&Self::FILLING, &self.random));
            text.push(' ');
        }
        text
    }
}

fn pick(words: &'static [&'static str], random: &SeededEntropy) -> &'static str {
    let [byte] = (random as &dyn Entropy).array::<1>();
    words.iter().cycle().nth(usize::from(byte)).copied().unwrap_or("")
}
