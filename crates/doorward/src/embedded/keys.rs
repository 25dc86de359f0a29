//! The root key and the keyring, found or made as the settings say.

use std::path::Path;
use std::sync::Arc;

use envelope::provider::{
    EnvironmentProvider, FileProvider, PassphraseProvider, PassphraseSettings, TransitProvider, TransitSettings,
    UreqTransport,
};
use envelope::{KeyProvider, Keyring};
use kernel::Entropy;

use crate::configuration::{RootKey, Secret, Settings, process_environment};
use crate::exit::{Failure, Kind};

/// Opens the keyring that exists. A wrong root key is told as exactly that.
pub(super) fn open(settings: &Settings, entropy: &Arc<dyn Entropy>) -> Result<Keyring, Failure> {
    if !settings.keyring_file.exists() {
        return Err(Failure::new(
            Kind::Configuration,
            format_args!(
                "there is no keyring at {}: run doorward init, or name the one that belongs to this data with --keyring-file",
                settings.keyring_file.display()
            ),
        ));
    }
    let provider = provider(settings, &**entropy, false)?;
    Ok(Keyring::open(&settings.keyring_file, provider, Arc::clone(entropy))?)
}

/// Opens the keyring, or makes root key and keyring where there are none. Overwrites nothing.
pub(super) fn open_or_make(settings: &Settings, entropy: &Arc<dyn Entropy>) -> Result<Keyring, Failure> {
    if settings.keyring_file.exists() {
        return open(settings, entropy);
    }
    make_folder_of(&settings.keyring_file)?;
    let provider = provider(settings, &**entropy, true)?;
    Ok(Keyring::create(&settings.keyring_file, provider, Arc::clone(entropy))?)
}

fn provider(settings: &Settings, entropy: &dyn Entropy, make: bool) -> Result<Arc<dyn KeyProvider>, Failure> {
    let secret = settings.root_secret(&process_environment)?;
    let secret = secret.as_ref().map_or("", Secret::expose);
    Ok(match &settings.root_key {
        RootKey::File(path) if make && !path.exists() => {
            make_folder_of(path)?;
            Arc::new(FileProvider::create(path, entropy)?)
        }
        RootKey::File(path) => Arc::new(FileProvider::open(path)?),
        RootKey::Environment => Arc::new(EnvironmentProvider::from_text(secret)?),
        RootKey::Passphrase(_) => {
            let chosen = if make {
                PassphraseSettings::generate(entropy)
            } else {
                let header = Keyring::header(&settings.keyring_file)?;
                let parameters = header.parameters.ok_or_else(|| {
                    Failure::new(
                        Kind::Configuration,
                        "this keyring was not made with a passphrase: check root-key-source",
                    )
                })?;
                parameters.parse().map_err(|error| Failure::new(Kind::Configuration, error))?
            };
            Arc::new(PassphraseProvider::new(secret, chosen)?)
        }
        RootKey::Vault(vault) => {
            let transport = UreqTransport::new(&vault.address, vault.certificates.as_deref())
                .map_err(|error| Failure::new(Kind::Configuration, error))?;
            let settings =
                TransitSettings { mount: vault.mount.clone(), key: vault.key.clone(), token: secret.to_owned() };
            Arc::new(TransitProvider::new(transport, &settings)?)
        }
    })
}

fn make_folder_of(file: &Path) -> Result<(), Failure> {
    file.parent().map_or(Ok(()), super::folder::make_private)
}
