//! A product with one organisation and a few customers, whose database can be tampered with.

use std::path::Path;
use std::sync::Arc;

use db::{Config, Db, Statement, Value, id};
use envelope::provider::FileProvider;
use envelope::{Keyring, SubjectId};
use kernel::{CustomerId, Entropy, Id, ManualClock, OrganisationId, SystemEntropy, Timestamp};
use tempfile::TempDir;

use crate::audit::{Action, Audit, Entry, Error, Report, VerifyOptions};
use crate::vault::{NewKeys, SubjectKeys, Vault};
use crate::{Actor, Context};

pub(super) struct House {
    pub(super) folder: TempDir,
    pub(super) context: Arc<Context>,
    pub(super) audit: Audit,
    pub(super) organisation: OrganisationId,
    pub(super) clock: Arc<ManualClock>,
}

impl House {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let entropy = SystemEntropy;
        let provider = Arc::new(FileProvider::create(&folder.path().join("root.key"), &entropy).unwrap());
        let keyring =
            Arc::new(Keyring::create(&folder.path().join("keyring"), provider, Arc::new(SystemEntropy)).unwrap());
        let organisation = OrganisationId::new(Timestamp::from_seconds(1_800_000_000), &entropy);
        keyring.add_organisation(organisation).unwrap();
        let (context, audit) = open(folder.path(), keyring, &clock).await;
        let house = Self { folder, context, audit, organisation, clock };
        house.sql("INSERT INTO organisation (org, name, epoch, created_at) VALUES ($1, 'x', 1, 0)").await;
        house
    }

    /// A second process on the same folder.
    pub(super) async fn neighbour(&self) -> (Arc<Context>, Audit) {
        open_again(self.folder.path(), &self.clock).await
    }

    /// A customer with keys.
    pub(super) async fn customer(&self) -> Arc<SubjectKeys> {
        let vault = Vault::new(Arc::clone(&self.context));
        let customer = CustomerId::new(Timestamp::from_seconds(1_800_000_000), &SystemEntropy);
        let new = Arc::new(vault.new_keys(self.organisation, customer.into()).unwrap());
        let stored: Arc<NewKeys> = Arc::clone(&new);
        self.context
            .db
            .write::<_, Error, _>("test.customer", move |tx| {
                Ok(Vault::insert_keys(tx, &stored, Timestamp::from_seconds(1_800_000_000))?)
            })
            .await
            .unwrap();
        Arc::clone(&new.keys)
    }

    /// Writes entries about a customer, each in a transaction of its own.
    pub(super) async fn write(&self, keys: &SubjectKeys, count: usize) {
        for number in 0..count {
            self.write_at_once(keys, 1, number).await;
        }
    }

    /// Writes entries about a customer in one transaction.
    pub(super) async fn write_at_once(&self, keys: &SubjectKeys, count: usize, first: usize) {
        let entries = (first..first + count).map(|number| {
            let entry = Entry::new(Action::ValueRevealed, Actor::Operator, kernel::Clock::now(&*self.clock));
            self.audit.prepare(keys, &entry.field("email").detail(format!("entry {number}"))).unwrap()
        });
        let (organisation, entries) = (self.organisation, Arc::new(entries.collect::<Vec<_>>()));
        let append = move |tx: &mut db::Tx<'_>| Audit::append(tx, organisation, &entries);
        self.context.db.write("test.append", append).await.unwrap();
    }

    /// A house with `customers` customers of `entries` entries each, folded after each round of one.
    pub(super) async fn with_entries(customers: usize, entries: usize) -> (Self, Vec<Arc<SubjectKeys>>) {
        let house = Self::new().await;
        let mut all = Vec::new();
        for _ in 0..customers {
            all.push(house.customer().await);
        }
        for _ in 0..entries {
            for keys in &all {
                house.write(keys, 1).await;
            }
            house.audit.fold(house.organisation).await.unwrap();
        }
        (house, all)
    }

    /// What somebody with database rights does; $1 is the organisation. Gives the rows changed.
    pub(super) async fn sql(&self, text: &str) -> u64 {
        self.sql_with(text, Vec::new()).await
    }

    /// The same, with bytes as $2 and so on.
    pub(super) async fn sql_with(&self, text: &str, bytes: Vec<Vec<u8>>) -> u64 {
        tamper(&self.context.db, self.organisation, text, bytes).await
    }

    pub(super) async fn verify(&self) -> Report {
        let options = VerifyOptions { bodies: true, ..VerifyOptions::default() };
        self.audit.verify(self.organisation, options, &|_, _| {}).await.unwrap()
    }
}

pub(super) async fn tamper(db: &Db, organisation: OrganisationId, text: &str, bytes: Vec<Vec<u8>>) -> u64 {
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let statement: &'static Statement = Box::leak(Box::new(Statement::new("test.tamper", text)));
    db.write::<_, db::Error, _>("test.tamper", move |tx| {
        let mut values = vec![id(&organisation)];
        values.extend(bytes.iter().map(|bytes| Value::Blob(bytes)));
        tx.execute(statement, &values)
    })
    .await
    .unwrap()
}

/// Opens a folder that a [`House`] has made.
pub(super) async fn open_again(folder: &Path, clock: &Arc<ManualClock>) -> (Arc<Context>, Audit) {
    let provider = Arc::new(FileProvider::open(&folder.join("root.key")).unwrap());
    let keyring = Keyring::open(&folder.join("keyring"), provider, Arc::new(SystemEntropy)).unwrap();
    open(folder, Arc::new(keyring), clock).await
}

async fn open(folder: &Path, keyring: Arc<Keyring>, clock: &Arc<ManualClock>) -> (Arc<Context>, Audit) {
    let context = Arc::new(Context {
        db: Db::open(Config::sqlite(folder), Arc::clone(clock) as _).await.unwrap(),
        keyring,
        blobs: folder.join("blobs"),
        clock: Arc::clone(clock) as _,
        entropy: Arc::new(SystemEntropy) as Arc<dyn Entropy>,
    });
    let audit = Audit::new(Arc::clone(&context), Vault::new(Arc::clone(&context)));
    (context, audit)
}

pub(super) fn customer_id(subject: SubjectId) -> CustomerId {
    CustomerId::from_bytes(*subject.bytes())
}
