//! Texts that open things: held in memory that is wiped, without a way to print them by accident.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::layers::{Lookup, variable};
use super::{Keys, RootKey, Vault};
use crate::exit::{Failure, Kind};

/// The longest secret file that is read, in bytes.
const SECRET_BYTES: u64 = 16 * 1024;

/// A secret text; wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The file's text without the line end that editors add.
    pub(crate) fn from_file(file: &Path) -> Result<Self, Failure> {
        let told = file.display().to_string();
        let opened =
            std::fs::File::open(file).map_err(|error| Failure::io(format_args!("cannot read {told}"), &error))?;
        Self::from_reader(opened, &told)
    }

    /// The same of anything that is read; `told` names it.
    pub(crate) fn from_reader(reader: impl Read, told: &str) -> Result<Self, Failure> {
        let mut text = Zeroizing::new(String::new());
        reader
            .take(SECRET_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| Failure::io(format_args!("cannot read {told}"), &error))?;
        let trimmed = text.trim_end_matches(['\r', '\n']);
        if trimmed.is_empty() {
            return Err(Failure::new(Kind::Configuration, format_args!("{told} is empty")));
        }
        Ok(Self::new(trimmed.to_owned()))
    }

    /// The text itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Keys {
    /// The secret that the chosen kind of root key needs: the passphrase, the key's text or
    /// Vault's token. `None` for a key file, which its provider reads itself.
    pub fn root_secret(&self, environment: Lookup<'_>) -> Result<Option<Secret>, Failure> {
        let (file, name) = match &self.root {
            RootKey::File(_) => return Ok(None),
            RootKey::Passphrase(file) => (file.as_deref(), "DOORWARD_PASSPHRASE"),
            RootKey::Environment => (None, "DOORWARD_ROOT_KEY"),
            RootKey::Vault(Vault { token_file, .. }) => (token_file.as_deref(), "DOORWARD_VAULT_TOKEN"),
        };
        match file {
            Some(file) => Secret::from_file(file).map(Some),
            None => match variable(environment, name)? {
                Some(text) => Ok(Some(Secret::new(text))),
                None => Err(Failure::new(Kind::Configuration, format_args!("the root key needs {name}: set it"))),
            },
        }
    }
}
