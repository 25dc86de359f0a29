//! A data folder: made by `init`, laid out the same everywhere.
//!
//! `doorward.sqlite` (unless PostgreSQL holds the rows), `blobs/` for large sealed files, the
//! owner's lock and socket, the configuration file. Never a key.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::access::Policies;
use app::channels::ResolverConfig;
use app::{App, Context, identity};
use db::Db;
use envelope::{CryptoEntropy, Keyring};
use kernel::{Clock, Entropy, SystemClock};

use super::keys;
use crate::configuration::{Database, RootKey, Settings};
use crate::exit::{Failure, Kind};
use crate::operations::{Initialise, Initialised, Moment};

/// The folder of large sealed files.
pub(super) fn blobs(settings: &Settings) -> PathBuf {
    settings.data.join("blobs")
}

pub(super) fn database(settings: &Settings) -> db::Config {
    match &settings.database {
        Database::Sqlite => db::Config::sqlite(&settings.data),
        Database::Postgres(url) => db::Config::postgres(url.expose()),
    }
}

/// Whether rows lie in the folder already. What PostgreSQL holds is asked after it is opened.
pub(super) fn holds_rows(settings: &Settings) -> bool {
    matches!(database(settings), db::Config::Sqlite(config) if config.path.exists())
}

/// Makes a folder that only its user may enter; one that exists is left as it is.
pub(super) fn make_private(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::io(format_args!("cannot make {}", path.display()), &error))
}

/// Puts the product together on an opened keyring, which must be the one that belongs to the rows.
pub(super) async fn app(
    settings: &Settings,
    keyring: Keyring,
    (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
) -> Result<App, Failure> {
    let policies = policies(settings)?;
    let db = Db::open(database(settings), Arc::clone(&clock)).await?;
    let resolver = match (settings.sender_authentication, settings.resolver) {
        (false, _) => ResolverConfig::Off,
        (true, Some(server)) => ResolverConfig::Servers(vec![server]),
        (true, None) => ResolverConfig::System,
    };
    let keyring = Arc::new(keyring);
    let context = Context { db, keyring: Arc::clone(&keyring), blobs: blobs(settings), clock, entropy };
    // A machine without name servers still takes mail in; it only cannot check senders.
    let identity = identity::Settings::new(&settings.public_url, settings.breached_passwords.clone())
        .map_err(|error| Failure::new(Kind::Configuration, error))?;
    let app = match App::with_policies(context, &resolver, policies) {
        Err(app::channels::Error::Resolver(error)) => return Err(Failure::new(Kind::Configuration, error)),
        done => done?.with_identity(identity),
    };
    if let Err(failure) = belongs(&app, &keyring).await {
        app.close().await;
        return Err(failure);
    }
    Ok(app)
}

/// The policies in force. One's own that do not hold are refused before anything is opened.
fn policies(settings: &Settings) -> Result<Arc<Policies>, Failure> {
    let named = settings.policies.as_ref();
    if let Some(folder) = named.filter(|folder| !folder.is_dir()) {
        let message = format_args!("there is no folder {}: name the one of your policies", folder.display());
        return Err(Failure::new(Kind::Configuration, message));
    }
    let folder = named.cloned().unwrap_or_else(|| settings.data.join("policies"));
    Policies::with_folder(&folder).map_err(|error| Failure::new(Kind::Configuration, error))
}

/// Refuses the keyring of other data: nothing would open, and what is new would need two keyrings.
async fn belongs(app: &App, keyring: &Keyring) -> Result<(), Failure> {
    let rows = app.identity.organisations().await?;
    // Another process may have set an organisation up since the keyring was read.
    keyring.refresh()?;
    let known = keyring.organisations();
    match rows.iter().find(|organisation| !known.contains(&organisation.id)) {
        None => Ok(()),
        Some(stranger) => Err(Failure::new(
            Kind::Configuration,
            format_args!(
                "the keyring holds no keys of {}: it belongs to other data; name the one that was made with this data with --keyring-file",
                stranger.id
            ),
        )),
    }
}

pub(super) async fn initialise(settings: &Settings, wish: Initialise) -> Result<Initialised, Failure> {
    let entropy: Arc<dyn Entropy> = Arc::new(CryptoEntropy);
    make_private(&settings.data)?;
    make_private(&blobs(settings))?;
    let keyring = keys::open_or_make(settings, &entropy)?;
    let app = app(settings, keyring, (Arc::new(SystemClock), entropy)).await?;
    let new = identity::New { name: wish.organisation, admin_email: wish.admin_email };
    let created = app.identity.create_organisation(new).await;
    let folded = match &created {
        Ok(created) => app.audit.fold(created.organisation).await.map(drop),
        Err(_) => Ok(()),
    };
    let link = created.as_ref().map(|created| app.identity.settings().link(&created.invited.text));
    let link = link.unwrap_or_default();
    app.close().await;
    let created = created?;
    folded?;
    let keys = settings.keys()?;
    Ok(Initialised {
        organisation: created.organisation,
        administrator: created.admin,
        enrolment_url: link,
        expires_at: Moment(created.invited.expires_at),
        data: settings.data.clone(),
        root_key: match &keys.root {
            RootKey::File(path) => Some(path.clone()),
            RootKey::Passphrase(_) | RootKey::Environment | RootKey::Vault(_) => None,
        },
        keyring: keys.keyring_file.clone(),
    })
}
