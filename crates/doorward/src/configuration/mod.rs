//! The settings of a run: file, then environment, then flags, each stronger than the one before.
//!
//! Secrets are read only when something asks for them, and never from a flag, so that a command
//! beside a running server needs none and no process list shows one.

mod flags;
mod layers;
pub(crate) mod places;
mod secret;
mod setting;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

pub use flags::Flags;
pub use layers::{Lookup, process_environment};
pub use secret::Secret;
pub use setting::{Description, Setting};

use crate::exit::{Failure, Kind};
use layers::Layers;

/// The configuration file's name in the data folder.
pub const FILE_NAME: &str = "doorward.toml";

/// Where `serve` listens when nobody says otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);

/// Where the rows live.
#[derive(Clone)]
pub enum Database {
    /// In the data folder; one process owns it at a time.
    Sqlite,
    /// On a PostgreSQL server, at this address (which may hold a password).
    Postgres(Secret),
}

/// Where the root key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootKey {
    /// A key file, mode 0600.
    File(PathBuf),
    /// A passphrase, from this file or from `DOORWARD_PASSPHRASE`.
    Passphrase(Option<PathBuf>),
    /// `DOORWARD_ROOT_KEY`: 32 bytes in hex or base64.
    Environment,
    /// HashiCorp Vault's transit engine.
    Vault(Vault),
}

/// How Vault is reached. Its token comes from `DOORWARD_VAULT_TOKEN` or the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// `https://vault.example:8200`
    pub address: String,
    /// Mount of the transit engine.
    pub mount: String,
    /// Name of the key.
    pub key: String,
    /// File of the token.
    pub token_file: Option<PathBuf>,
    /// PEM file of authorities; the system's when absent.
    pub certificates: Option<PathBuf>,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what somebody should look at.
    Warn,
    /// And what happened.
    Info,
    /// And how.
    Debug,
    /// Everything.
    Trace,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Where the root key comes from.
    pub root: RootKey,
    /// The wrapped keys: never in the data folder.
    pub keyring_file: PathBuf,
}

/// Everything that a run is told from outside.
#[derive(Clone)]
pub struct Settings {
    /// The data folder: absolute, links followed.
    pub data: PathBuf,
    /// Where the rows live.
    pub database: Database,
    /// The organisation that a command is about, by id or name; needed when there are several.
    pub organisation: Option<String>,
    /// Where `serve` listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether a proxy in front of `serve` speaks TLS.
    pub tls_proxy: bool,
    /// HTTP requests of one token in a minute.
    pub token_requests: NonZeroU32,
    /// What agents type into their browsers.
    pub public_url: String,
    /// Passwords that nobody may choose.
    pub breached_passwords: Option<PathBuf>,
    keys: Option<Keys>,
    /// The DNS server for sender authentication; the system's when absent.
    pub resolver: Option<SocketAddr>,
    /// Whether SPF, DKIM and DMARC are asked for.
    pub sender_authentication: bool,
    /// The folder of own policies; `policies` in the data folder when absent.
    pub policies: Option<PathBuf>,
    /// How much is logged; when absent, the command decides.
    pub log_level: Option<LogLevel>,
    /// The form of a log line.
    pub log_format: LogFormat,
}

impl Settings {
    /// Gathers and checks all settings. Every error names the setting and where it was given.
    pub fn load(flags: &Flags, environment: Lookup<'_>) -> Result<Self, Failure> {
        let layers = Layers::gather(flags, environment)?;
        let data = layers.data.clone();
        let keys = keys(&layers, environment)?;
        let yes_or_no = "say true or false";
        let listen = layers
            .parsed(Setting::Listen, "give an address and a port, as in 127.0.0.1:8480", |text| text.parse().ok())?
            .unwrap_or(DEFAULT_LISTEN);
        Ok(Self {
            database: layers
                .parsed(Setting::Database, "give a postgresql:// address or the word sqlite", database)?
                .unwrap_or(Database::Sqlite),
            organisation: layers.get(Setting::Organisation).map(|given| given.value.clone()),
            listen,
            // By its name: browsers give an address in digits no passkey.
            public_url: layers
                .get(Setting::PublicUrl)
                .map_or_else(|| format!("http://localhost:{}", listen.port()), |given| given.value.clone()),
            breached_passwords: layers
                .get(Setting::BreachedPasswords)
                .map(|given| places::resolve(Path::new(&given.value))),
            tls_proxy: layers.parsed(Setting::TlsProxy, yes_or_no, |text| text.parse().ok())?.unwrap_or(false),
            token_requests: layers
                .parsed(Setting::TokenRequests, "give a number from 1 up", |text| text.parse().ok())?
                .unwrap_or(web::TOKEN_REQUESTS),
            resolver: layers.parsed(Setting::Resolver, "give an address and a port, as in 127.0.0.1:53", |text| {
                text.parse().ok()
            })?,
            sender_authentication: layers
                .parsed(Setting::SenderAuthentication, yes_or_no, |text| text.parse().ok())?
                .unwrap_or(true),
            policies: layers.get(Setting::Policies).map(|given| places::resolve(Path::new(&given.value))),
            log_level: layers.parsed(Setting::LogLevel, "choose error, warn, info, debug or trace", log_level)?,
            log_format: layers
                .parsed(Setting::LogFormat, "choose text or json", log_format)?
                .unwrap_or(LogFormat::Text),
            data,
            keys,
        })
    }

    /// Where the keys are. Asked only by what opens them: a mail server's pipe beside a running
    /// server may have no home folder, and so no default place.
    pub fn keys(&self) -> Result<&Keys, Failure> {
        self.keys.as_ref().ok_or_else(|| {
            Failure::new(
                Kind::Configuration,
                "HOME is not set: name the root key with --root-key-file (or the keyring with --keyring-file when the root key is no file)",
            )
        })
    }

    /// The same settings for another folder on SQLite, with a root key file of its own. For the
    /// demonstration and the benchmark, which never touch what the user keeps.
    pub fn elsewhere(&self, data: PathBuf, root_key_file: PathBuf) -> Self {
        Self {
            database: Database::Sqlite,
            organisation: None,
            keys: Some(Keys {
                keyring_file: root_key_file.with_extension("keyring"),
                root: RootKey::File(root_key_file),
            }),
            data,
            ..self.clone()
        }
    }

    /// Whether one process at a time owns the data folder.
    pub fn has_one_owner(&self) -> bool {
        matches!(self.database, Database::Sqlite)
    }
}

fn database(text: &str) -> Option<Database> {
    match text {
        "sqlite" => Some(Database::Sqlite),
        _ if text.starts_with("postgresql://") || text.starts_with("postgres://") => {
            Some(Database::Postgres(Secret::new(text.to_owned())))
        }
        _ => None,
    }
}

/// `None` when a place is left to its default and there is no home folder for that.
fn keys(layers: &Layers, environment: Lookup<'_>) -> Result<Option<Keys>, Failure> {
    let Some(root) = root_key(layers, environment)? else { return Ok(None) };
    let keyring_file = match (layers.get(Setting::KeyringFile), &root) {
        (Some(given), _) => Some(places::resolve(Path::new(&given.value))),
        (None, RootKey::File(path)) => Some(path.with_extension("keyring")),
        (None, _) => {
            places::default_root_key(environment, &layers.data)?.map(|default| default.with_extension("keyring"))
        }
    };
    let Some(keyring_file) = keyring_file else { return Ok(None) };
    outside(&layers.data, &keyring_file, "keyring", Setting::KeyringFile)?;
    Ok(Some(Keys { root, keyring_file }))
}

fn root_key(layers: &Layers, environment: Lookup<'_>) -> Result<Option<RootKey>, Failure> {
    let path = |setting| layers.get(setting).map(|given| places::resolve(Path::new(&given.value)));
    let text =
        |setting, default: &str| layers.get(setting).map_or_else(|| default.to_owned(), |given| given.value.clone());
    match text(Setting::RootKeySource, "file").as_str() {
        "file" => {
            let file = match path(Setting::RootKeyFile) {
                Some(file) => file,
                None => match places::default_root_key(environment, &layers.data)? {
                    Some(default) => places::resolve(&default),
                    None => return Ok(None),
                },
            };
            outside(&layers.data, &file, "root key", Setting::RootKeyFile)?;
            Ok(Some(RootKey::File(file)))
        }
        "passphrase" => Ok(Some(RootKey::Passphrase(path(Setting::PassphraseFile)))),
        "environment" => Ok(Some(RootKey::Environment)),
        "vault" => match layers.get(Setting::VaultAddress) {
            Some(address) => Ok(Some(RootKey::Vault(Vault {
                address: address.value.clone(),
                mount: text(Setting::VaultMount, "transit"),
                key: text(Setting::VaultKey, "doorward"),
                token_file: path(Setting::VaultTokenFile),
                certificates: path(Setting::VaultCertificates),
            }))),
            None => Err(Failure::new(Kind::Configuration, "root-key-source is vault: set vault-address as well")),
        },
        _ => Err(layers.get(Setting::RootKeySource).map_or_else(
            || Failure::new(Kind::Configuration, "root-key-source is missing"),
            |given| given.refuse("choose file, passphrase, environment or vault"),
        )),
    }
}

/// A thief of the data folder must not find the keys in it.
fn outside(data: &Path, file: &Path, what: &str, setting: Setting) -> Result<(), Failure> {
    if file.starts_with(data) {
        return Err(Failure::new(
            Kind::Configuration,
            format_args!(
                "the {what} {} lies in the data folder, where whoever takes the folder takes it too: choose another place with --{}",
                file.display(),
                setting.name()
            ),
        ));
    }
    Ok(())
}

fn log_level(text: &str) -> Option<LogLevel> {
    match text {
        "error" => Some(LogLevel::Error),
        "warn" => Some(LogLevel::Warn),
        "info" => Some(LogLevel::Info),
        "debug" => Some(LogLevel::Debug),
        "trace" => Some(LogLevel::Trace),
        _ => None,
    }
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
