//! An organisation on either engine, and customers known by an address.

use std::sync::Arc;

use app::channels::ResolverConfig;
use app::identity::New;
use app::vault::{ContactKind, Error, Import, ImportError, Imported, Index, Normalised, Stored, Vault};
use app::{App, Context};
use envelope::provider::FileProvider;
use envelope::{CryptoEntropy, Keyring};
use kernel::{Clock as _, CustomerId, ManualClock, OrganisationId, SystemEntropy, Timestamp};
use testkit::postgres::{self, Database};

/// Everything that a test of the vault needs.
pub(super) struct Bench {
    pub(super) app: App,
    pub(super) organisation: OrganisationId,
    pub(super) clock: Arc<ManualClock>,
    _database: Option<Database<'static>>,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn open(database: Option<Database<'static>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let provider = FileProvider::create(&folder.path().join("keys/root"), &SystemEntropy).unwrap();
        let entropy = Arc::new(CryptoEntropy);
        let keyring =
            Keyring::create(&folder.path().join("keys/keyring"), Arc::new(provider), entropy.clone()).unwrap();
        let config = match &database {
            None => db::Config::sqlite(folder.path()),
            Some(database) => db::Config::postgres(database.url()),
        };
        let blobs = folder.path().join("blobs");
        std::fs::create_dir(&blobs).unwrap();
        let db = db::Db::open(config, clock.clone()).await.unwrap();
        let context = Context { db, keyring: Arc::new(keyring), blobs, clock: clock.clone(), entropy };
        let app = App::new(context, &ResolverConfig::Off).unwrap();
        let new = New { name: "Bench".to_owned(), admin_email: "admin@bench.example".to_owned() };
        let organisation = app.identity.create_organisation(new).await.unwrap().organisation;
        Self { app, organisation, clock, _database: database, _folder: folder }
    }

    /// One bench on each engine.
    pub(super) async fn both() -> [Self; 2] {
        [Self::open(None).await, Self::open(Some(postgres::database())).await]
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut db::Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.app.context.db.write("bench.write", work).await.unwrap()
    }

    pub(super) async fn customer(&self, address: &str, name: &str) -> CustomerId {
        let contact = Normalised::email(address).unwrap();
        let new = self.app.vault.prepare_customer(self.organisation, &contact, Some(name)).unwrap();
        let (id, organisation, now) = (new.id, self.organisation, self.clock.now());
        self.write(move |tx| Vault::insert_customer(tx, organisation, &new, now)).await;
        id
    }

    pub(super) async fn met_by(&self, address: &str) -> Option<CustomerId> {
        let blind = self.app.vault.blind(self.organisation, Index::Email, address.as_bytes()).unwrap();
        let organisation = self.organisation;
        self.write(move |tx| Vault::find_by_contact(tx, organisation, ContactKind::Email, &blind)).await
    }

    pub(super) async fn set(&self, customer: CustomerId, field: &str, value: &str) -> Result<Stored, Error> {
        testkit::vault(&self.app).set_value(self.organisation, customer, field, value).await
    }

    pub(super) async fn merge(&self, from: CustomerId, into: CustomerId) -> Result<(), Error> {
        testkit::vault(&self.app).merge(self.organisation, from, into).await.map(drop)
    }

    pub(super) async fn import(&self, text: &str) -> Result<Imported, ImportError> {
        let import = Import { columns: Vec::new(), dry_run: false };
        testkit::vault(&self.app).import(self.organisation, &import, text).await
    }

    /// What is listed of a customer, as `field: mask`.
    pub(super) async fn masked(&self, customer: CustomerId) -> Vec<String> {
        let values = testkit::vault(&self.app).masked(self.organisation, customer).await.unwrap();
        values.iter().map(|value| format!("{}: {}", value.name, value.masked)).collect()
    }

    /// Folds and verifies the log: every chain is whole.
    pub(super) async fn log_holds(&self) {
        self.app.audit.fold(self.organisation).await.unwrap();
        let report =
            self.app.audit.verify(self.organisation, app::audit::VerifyOptions::default(), &|_, _| {}).await.unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}
