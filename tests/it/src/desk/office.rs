//! An organisation with two agents, a clock that tests move, and customers who write.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::audit::{Action, Audit, Entry};
use app::desk::{
    AttachmentDescription, AttachmentPurpose, Desk, Direction, Error, Filter, ListRow, MessageContent, Nature,
    NewAttachment, NewMessage, PageRequest, Party, State,
};
use app::vault::{Column, Vault};
use app::{Actor, App, Context};
use envelope::Keyring;
use envelope::provider::FileProvider;
use kernel::{
    AgentId, AttachmentId, ConversationId, CustomerId, Id, ManualClock, MessageId, OrganisationId, SystemEntropy,
    Timestamp,
};
use testkit::StaffedDesk;
use testkit::load::{self, Shape};
use testkit::postgres::{self, Database};

db::statements! { "office";
    ORGANISATION = "INSERT INTO organisation (org, name, epoch, created_at) VALUES ($1, 'office', $2, 0)";
    AGENT = "INSERT INTO agent (org, id, role, state, email_index, email_sealed, created_at)
        VALUES ($1, $2, 'agent', 'active', $3, $3, 0)";
    NAME_FIELD = "INSERT INTO data_field
        (org, id, name, label, class, purposes, legal_basis, retention, mask, contact_kind, created_at)
        VALUES ($1, 1, 'name', 'Name', 1, 'service', 'b', 1, 'none', NULL, 0)";
    ENTRIES_OF = "SELECT COUNT(*) FROM audit_entry WHERE org = $1 AND subject = $2";
    DESTROY_KEYS = "DELETE FROM data_key WHERE org = $1 AND subject = $2";
    ERASE = "UPDATE customer SET erased_at = $3 WHERE org = $1 AND id = $2";
    MERGE = "UPDATE customer SET merged_into = $3 WHERE org = $1 AND id = $2";
}

/// On which engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) organisation: OrganisationId,
    pub(crate) agents: [AgentId; 2],
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) database: Option<Database<'static>>,
}

/// The moment at which an office opens.
pub(crate) const MORNING: Timestamp = Timestamp::from_seconds(1_800_000_000);

impl Office {
    pub(crate) async fn open(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(MORNING));
        let database = (engine == Engine::Postgres).then(postgres::database);
        let config = match &database {
            None => db::Config::sqlite(folder.path()),
            Some(database) => db::Config::postgres(database.url()),
        };
        let provider = FileProvider::create(&folder.path().join("root.key"), &SystemEntropy).unwrap();
        let path = folder.path().join("keyring");
        let keyring = Keyring::create(&path, Arc::new(provider), Arc::new(SystemEntropy)).unwrap();
        let context = Context {
            db: db::Db::open(config, clock.clone()).await.unwrap(),
            keyring: Arc::new(keyring),
            blobs: folder.path().join("blobs"),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        };
        let app = App::new(context, &app::channels::ResolverConfig::Off).unwrap();
        let organisation = OrganisationId::new(MORNING, &SystemEntropy);
        let agents = [(); 2].map(|()| AgentId::new(MORNING, &SystemEntropy));
        let office = Self { app, organisation, agents, clock, folder, database };
        office.set_up().await;
        office
    }

    async fn set_up(&self) {
        let (organisation, agents) = (self.organisation, self.agents);
        let keyring = &self.app.context.keyring;
        keyring.add_organisation(organisation).unwrap();
        let epoch = keyring.current_epoch(organisation).unwrap();
        let keys = self.app.vault.new_keys(organisation, organisation.into()).unwrap();
        let write = move |tx: &mut db::Tx<'_>| {
            tx.execute_one(&ORGANISATION, &[db::id(&organisation), db::int(epoch)])?;
            tx.execute_one(&NAME_FIELD, &[db::id(&organisation)])?;
            for agent in &agents {
                tx.execute_one(&AGENT, &[db::id(&organisation), db::id(agent), db::id(agent)])?;
            }
            Vault::insert_keys(tx, &keys, MORNING)
        };
        self.app.context.db.write("office.set_up", write).await.unwrap();
    }

    pub(crate) fn desk(&self) -> StaffedDesk<'_> {
        testkit::desk(&self.app)
    }

    pub(crate) fn agent(&self) -> Actor {
        Actor::Agent(self.agents[0])
    }

    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.folder.path().join("doorward.sqlite")
    }

    pub(crate) fn later(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Conversations that came in before the morning, a minute apart, the oldest first.
    pub(crate) async fn load(&self, conversations: usize, seed: u64) -> Vec<ConversationId> {
        let begins = MORNING.minus(Duration::from_hours(24 * 30));
        self.load_shape(Shape { conversations, seed, begins, text_chars: 80, ..Shape::default() }).await
    }

    pub(crate) async fn load_shape(&self, shape: Shape) -> Vec<ConversationId> {
        let place = load::Place {
            context: Arc::clone(&self.app.context),
            vault: self.app.vault.clone(),
            audit: self.app.audit.clone(),
            organisation: self.organisation,
        };
        load::conversations(&place, shape, &|_| {}).await.unwrap()
    }

    pub(crate) async fn conversation(&self, seed: u64) -> ConversationId {
        self.load(1, seed).await[0]
    }

    pub(crate) async fn customer_of(&self, conversation: ConversationId) -> CustomerId {
        self.row(conversation).await.customer
    }

    /// The conversation as lists show it.
    pub(crate) async fn row(&self, conversation: ConversationId) -> ListRow {
        let mut cursor = None;
        loop {
            let request = PageRequest { cursor, limit: 100, ..PageRequest::default() };
            let page = self.desk().list(self.organisation, Filter::default(), request).await.unwrap();
            if let Some(row) = page.rows.into_iter().find(|row| row.id == conversation) {
                return row;
            }
            cursor = page.next;
            assert!(cursor.is_some(), "{conversation} is in no list");
        }
    }

    pub(crate) async fn state(&self, conversation: ConversationId) -> State {
        self.row(conversation).await.state
    }

    /// A customer writes into a conversation, now, with a file.
    pub(crate) async fn receive(
        &self,
        conversation: ConversationId,
        customer: CustomerId,
        nature: Nature,
        text: &str,
    ) -> Result<MessageId, Error> {
        let (organisation, received_at, entropy) = (self.organisation, self.now(), SystemEntropy);
        let vault = self.app.vault.clone();
        let read = move |tx: &mut db::Tx<'_>| vault.keys(tx, organisation, customer.into());
        let keys = self.app.context.db.read("office.keys", read).await?.unwrap();
        let id = MessageId::new(received_at, &entropy);
        let content = MessageContent {
            from: Some(Party { name: Some("Maija".to_owned()), address: "maija.virtanen@example.fi".to_owned() }),
            to: vec![Party { name: Some("help@shop.example".to_owned()), address: "help@shop.example".to_owned() }],
            subject: "Hello".to_owned(),
            message_id: Some("maija.17@example.fi".to_owned()),
            text: text.to_owned(),
            ..MessageContent::default()
        };
        let sealed = keys.seal(Column::Message, id.bytes(), &serde_json::to_vec(&content).unwrap(), &entropy)?;
        let file = AttachmentId::new(received_at, &entropy);
        let description = AttachmentDescription {
            filename: Some("photo.jpg".to_owned()),
            media_type: "image/jpeg".to_owned(),
            content_id: None,
        };
        let description = serde_json::to_vec(&description).unwrap();
        let attachment = NewAttachment {
            id: file,
            purpose: AttachmentPurpose::File,
            size: 3,
            description_sealed: keys.seal(Column::AttachmentDescription, file.bytes(), &description, &entropy)?,
            key_sealed: Vec::new(),
            content: Some(vec![1, 2, 3]),
            blob_name: None,
        };
        let message = NewMessage {
            id,
            conversation,
            customer,
            direction: Direction::In,
            nature,
            sealed,
            authentication: "pass,pass,none".to_owned(),
            size: 1_234,
            received_at,
            attachments: vec![attachment],
        };
        let entry = Entry::new(Action::MessageReceived, Actor::Customer(customer), received_at).object(id);
        let entry = [self.app.audit.prepare(&keys, &entry)?];
        let write = move |tx: &mut db::Tx<'_>| {
            let held = Desk::hold(tx, organisation, conversation)?;
            let standing = Desk::held(tx, held)?.ok_or(Error::Stale)?;
            Desk::receive(tx, organisation, &message, standing)?;
            Ok::<_, Error>(Audit::append(tx, organisation, &entry)?)
        };
        self.app.context.db.write("office.receive", write).await.map(|()| id)
    }

    pub(crate) fn now(&self) -> Timestamp {
        use kernel::Clock as _;
        self.clock.now()
    }

    /// Entries in the audit log about somebody.
    pub(crate) async fn entries_about(&self, subject: impl Into<envelope::SubjectId>) -> u64 {
        let (organisation, subject) = (self.organisation, subject.into());
        let read = move |tx: &mut db::Tx<'_>| {
            tx.query_one(&ENTRIES_OF, &[db::id(&organisation), db::blob(subject.bytes())], |row| row.count(0))
        };
        self.app.context.db.read::<_, db::Error, _>("office.entries", read).await.unwrap()
    }

    /// What an erasure does to keys and to the customer's row.
    pub(crate) async fn erase(&self, customer: CustomerId) {
        let organisation = self.organisation;
        let write = move |tx: &mut db::Tx<'_>| {
            tx.execute(&DESTROY_KEYS, &[db::id(&organisation), db::id(&customer)])?;
            tx.execute_one(&ERASE, &[db::id(&organisation), db::id(&customer), db::time(MORNING)])
        };
        self.app.context.db.write::<_, db::Error, _>("office.erase", write).await.unwrap();
        self.app.vault.forget(organisation, customer.into());
    }

    /// Two customers turn out to be one.
    pub(crate) async fn merge(&self, from: CustomerId, into: CustomerId) {
        let organisation = self.organisation;
        let write =
            move |tx: &mut db::Tx<'_>| tx.execute_one(&MERGE, &[db::id(&organisation), db::id(&from), db::id(&into)]);
        self.app.context.db.write::<_, db::Error, _>("office.merge", write).await.unwrap();
    }
}
