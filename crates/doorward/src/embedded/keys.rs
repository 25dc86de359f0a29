//! The root key and the keyring, found or made as the settings say.

use std::path::Path;
use std::sync::Arc;

use envelope::provider::{
    EnvironmentProvider, FileProvider, PassphraseProvider, PassphraseSettings, TransitProvider, TransitSettings,
    UreqTransport,
};
use envelope::{KeyProvider, Keyring};
use kernel::Entropy;

use crate::configuration::{Keys, RootKey, Secret, Settings, process_environment};
use crate::exit::{Failure, Kind};

/// Opens the keyring that exists. A wrong root key is told as exactly that.
pub(super) fn open(settings: &Settings, entropy: &Arc<dyn Entropy>) -> Result<Keyring, Failure> {
    let keys = settings.keys()?;
    if !keys.keyring_file.exists() {
        return Err(Failure::new(
            Kind::Configuration,
            format_args!(
                "there is no keyring at {}: put the one that was made with this data there, or name it with --keyring-file; for a new folder run doorward init",
                keys.keyring_file.display()
            ),
        ));
    }
    let provider = provider(keys, &**entropy, false)?;
    Ok(Keyring::open(&keys.keyring_file, provider, Arc::clone(entropy))?)
}

/// Opens the keyring, or makes root key and keyring where there are none. Overwrites nothing.
pub(super) fn open_or_make(settings: &Settings, entropy: &Arc<dyn Entropy>) -> Result<Keyring, Failure> {
    let keys = settings.keys()?;
    // New keys beside old rows would only hide that the old ones are missing.
    if keys.keyring_file.exists() || super::folder::holds_rows(settings) {
        return open(settings, entropy);
    }
    make_folder_of(&keys.keyring_file)?;
    let provider = provider(keys, &**entropy, true)?;
    Ok(Keyring::create(&keys.keyring_file, provider, Arc::clone(entropy))?)
}

fn provider(keys: &Keys, entropy: &dyn Entropy, make: bool) -> Result<Arc<dyn KeyProvider>, Failure> {
    let secret = keys.root_secret(&process_environment)?;
    let secret = secret.as_ref().map_or("", Secret::expose);
    Ok(match &keys.root {
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
                let header = Keyring::header(&keys.keyring_file)?;
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
