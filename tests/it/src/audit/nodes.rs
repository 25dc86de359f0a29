//! Nodes of one organisation on one PostgreSQL, with one keyring between them.

use std::path::Path;
use std::sync::Arc;

use app::audit::{Action, Audit, Entry, Error};
use app::channels::ResolverConfig;
use app::vault::{SubjectKeys, Vault};
use app::{Actor, App, Context};
use db::{Config, Db, Statement};
use envelope::Keyring;
use envelope::provider::FileProvider;
use kernel::{CustomerId, Id, OrganisationId, SystemClock, SystemEntropy, Timestamp};
use tempfile::TempDir;
use testkit::postgres::Database;

static INSERT_ORGANISATION: Statement = Statement::new(
    "it.insert_organisation",
    "INSERT INTO organisation (org, name, epoch, created_at) VALUES ($1, 'x', 1, 0)",
);

/// A database and a folder of keys that nodes share.
pub(super) struct Site {
    pub(super) database: Database<'static>,
    pub(super) organisation: OrganisationId,
    keys: TempDir,
}

impl Site {
    pub(super) async fn new() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let provider = Arc::new(FileProvider::create(&keys.path().join("root.key"), &SystemEntropy).unwrap());
        let keyring = Keyring::create(&keys.path().join("keyring"), provider, Arc::new(SystemEntropy)).unwrap();
        let organisation = OrganisationId::new(Timestamp::from_seconds(1_800_000_000), &SystemEntropy);
        keyring.add_organisation(organisation).unwrap();
        let site = Self { database: testkit::postgres::database(), organisation, keys };
        let insert = move |tx: &mut db::Tx<'_>| tx.execute_one(&INSERT_ORGANISATION, &[db::id(&organisation)]);
        site.node().await.context.db.write::<_, db::Error, _>("it.organisation", insert).await.unwrap();
        site
    }

    /// A process of its own, as far as the database and the keyring can tell.
    pub(super) async fn node(&self) -> App {
        let context = Context {
            db: Db::open(Config::postgres(self.database.url()), Arc::new(SystemClock)).await.unwrap(),
            keyring: Arc::new(open_keyring(self.keys.path())),
            blobs: self.keys.path().join("blobs"),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        App::new(context, &ResolverConfig::Off).unwrap()
    }

    /// A customer with keys.
    pub(super) async fn customer(&self, node: &App) -> Arc<SubjectKeys> {
        let customer = CustomerId::new(Timestamp::from_seconds(1_800_000_000), &SystemEntropy);
        let new = Arc::new(node.vault.new_keys(self.organisation, customer.into()).unwrap());
        let stored = Arc::clone(&new);
        let insert = move |tx: &mut db::Tx<'_>| Ok(Vault::insert_keys(tx, &stored, Timestamp::from_seconds(0))?);
        node.context.db.write::<_, Error, _>("it.customer", insert).await.unwrap();
        Arc::clone(&new.keys)
    }

    /// Writes entries about a customer in one transaction.
    pub(super) async fn write(&self, node: &App, keys: &SubjectKeys, count: usize) {
        let entries = (0..count).map(|number| {
            let entry = Entry::new(Action::ValueRevealed, Actor::Operator, node.context.clock.now());
            node.audit.prepare(keys, &entry.detail(format!("entry {number}"))).unwrap()
        });
        let (organisation, entries) = (self.organisation, Arc::new(entries.collect::<Vec<_>>()));
        let append = move |tx: &mut db::Tx<'_>| Audit::append(tx, organisation, &entries);
        node.context.db.write("it.append", append).await.unwrap();
    }
}

fn open_keyring(folder: &Path) -> Keyring {
    let provider = Arc::new(FileProvider::open(&folder.join("root.key")).unwrap());
    Keyring::open(&folder.join("keyring"), provider, Arc::new(SystemEntropy)).unwrap()
}
