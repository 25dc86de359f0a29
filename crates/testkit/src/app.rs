//! A whole product on a real database, for tests: its own folder, its own keys, its own clock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::channels::{Arrival, Client, Error, Outcome, ResolverConfig};
use app::{Actor, App, Context, identity};
use db::{Db, Engine};
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};
use kernel::{Entropy, ManualClock, OrganisationId, Timestamp};
use tempfile::TempDir;

use crate::postgres::{self, Cluster, Database};

/// Both engines, for loops.
pub const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
/// When a test begins: 2026-03-02T07:00:00Z.
pub const START: Timestamp = Timestamp::from_seconds(1_772_434_800);

/// A product that a test may do anything to.
pub struct TestApp {
    /// The product.
    pub app: App,
    /// The organisation that every test has.
    pub organisation: OrganisationId,
    /// The time, which moves only when told.
    pub clock: Arc<ManualClock>,
    /// Which engine holds the rows.
    pub engine: Engine,
    place: Place,
}

/// Where a product lies; it survives the product, so that a test can open it again.
pub struct Place {
    folder: TempDir,
    database: Option<Database<'static>>,
}

impl Place {
    /// A new place on an engine. PostgreSQL's does not wait for the disk, which tests of what a
    /// crash leaves and measurements must not forget: they take [`Place::durable`].
    pub fn new(engine: Engine) -> Self {
        Self::with(engine, postgres::database)
    }

    /// A new place on an engine where a commit waits for the disk, as in production.
    pub fn durable(engine: Engine) -> Self {
        Self::with(engine, || Cluster::shared_durable().database())
    }

    fn with(engine: Engine, database: impl FnOnce() -> Database<'static>) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for part in ["data", "data/blobs", "keys"] {
            std::fs::create_dir(folder.path().join(part)).expect("a folder for the test");
        }
        let database = (engine == Engine::Postgres).then(database);
        Self { folder, database }
    }

    /// The data folder: what a thief of the disk would take.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of root key and keyring.
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// The database on the server, when it is there.
    pub const fn database(&self) -> Option<&Database<'static>> {
        self.database.as_ref()
    }

    /// How the database is opened.
    pub fn config(&self) -> db::Config {
        match &self.database {
            Some(database) => db::Config::postgres(database.url()),
            None => db::Config::sqlite(self.data()),
        }
    }

    /// Opens the product, making its keys when there are none.
    pub async fn open(&self, clock: Arc<ManualClock>) -> App {
        let db = Db::open(self.config(), clock.clone()).await.expect("the database opens");
        let context = Context {
            db,
            keyring: Arc::new(self.keyring()),
            blobs: self.data().join("blobs"),
            clock,
            entropy: entropy(),
        };
        App::new(context, &ResolverConfig::Off).expect("the product opens")
    }

    /// Opens the keyring, or makes it.
    pub fn keyring(&self) -> Keyring {
        let (root, ring) = (self.keys().join("root.key"), self.keys().join("root.keyring"));
        if ring.exists() {
            let provider = FileProvider::open(&root).expect("the root key opens");
            return Keyring::open(&ring, Arc::new(provider), entropy()).expect("the keyring opens");
        }
        let provider = FileProvider::create(&root, &CryptoEntropy).expect("a root key is made");
        Keyring::create(&ring, Arc::new(provider), entropy()).expect("a keyring is made")
    }
}

fn entropy() -> Arc<dyn Entropy> {
    Arc::new(CryptoEntropy)
}

impl TestApp {
    /// A fresh product with one organisation.
    pub async fn on(engine: Engine) -> Self {
        Self::at(Place::new(engine), engine).await
    }

    /// The same where a commit waits for the disk.
    pub async fn durable_on(engine: Engine) -> Self {
        Self::at(Place::durable(engine), engine).await
    }

    async fn at(place: Place, engine: Engine) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let app = place.open(clock.clone()).await;
        let organisation = Self::set_up(&app, "Elm Clinic").await;
        Self { app, organisation, clock, engine, place }
    }

    async fn set_up(app: &App, name: &str) -> OrganisationId {
        let new = identity::New { name: name.to_owned(), admin_email: "admin@elm.example".to_owned() };
        app.identity.create_organisation(new).await.expect("an organisation is set up").organisation
    }

    /// One more organisation beside the first.
    pub async fn another_organisation(&self, name: &str) -> OrganisationId {
        Self::set_up(&self.app, name).await
    }

    /// Where it lies.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.place.data()
    }

    /// Takes a mail in as a mail server's pipe would.
    pub async fn mail(&self, raw: impl Into<Vec<u8>>) -> Result<Outcome, Error> {
        self.mail_to(self.organisation, raw).await
    }

    /// The same, for any organisation.
    pub async fn mail_to(&self, organisation: OrganisationId, raw: impl Into<Vec<u8>>) -> Result<Outcome, Error> {
        let arrival =
            Arrival { raw: raw.into().into(), client: Client::default(), actor: Actor::System, authenticate: false };
        self.app.channels.receive(organisation, arrival).await
    }

    /// Closes the product and gives its place back, to be copied, changed or opened again.
    pub async fn close(self) -> Place {
        self.app.close().await;
        self.place
    }

    /// Closes and opens again, as a restart does.
    pub async fn restart(self) -> Self {
        let Self { app, organisation, clock, engine, place } = self;
        app.close().await;
        let app = place.open(clock.clone()).await;
        Self { app, organisation, clock, engine, place }
    }
}

/// Every byte below a folder, file by file; for searching what a thief would search. What a server
/// removes meanwhile is no longer there to be stolen.
pub fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Some(entries) = still_there(std::fs::read_dir(&next)) else { continue };
        for entry in entries {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file()
                && let Some(bytes) = still_there(std::fs::read(&path))
            {
                found.push((path, bytes));
            }
        }
    }
    found
}

fn still_there<T>(read: std::io::Result<T>) -> Option<T> {
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        read => Some(read.expect("what is there can be read")),
    }
}
