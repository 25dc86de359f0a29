//! What can go wrong with organisations and agents.

use kernel::OrganisationId;

/// An error of identity. Texts hold no addresses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name of an organisation.
    #[error("an organisation's name has 1 to {} characters on one line: choose another name", super::NAME_CHARS)]
    Name,
    /// A name that reads like an id would hide whoever bears that id.
    #[error("an organisation's name does not begin with org_: choose another name")]
    NameLikeId,
    /// Somebody has the name.
    #[error("there is an organisation of this name already: choose another name")]
    NameTaken,
    /// Two organisations bear the name.
    #[error("several organisations bear this name: give the id instead")]
    Ambiguous,
    /// The administrator's address.
    #[error("the administrator's address is no e-mail address: give one like name@example.org")]
    Address,
    /// No more organisations.
    #[error("one installation holds {} organisations at most", super::ORGANISATIONS)]
    TooMany,
    /// The keyring belongs to data that is not here.
    #[error(
        "the keyring holds the keys of {0}, whose log has entries, but this database does not know it: \
         bring its data back, or use another keyring"
    )]
    LostData(OrganisationId),
    /// Others set organisations up at the same time, again and again.
    #[error("another organisation is being set up: try again in a moment")]
    Busy,
    /// The work on the keyring died.
    #[error("the keyring could not be changed: the log says where it failed")]
    Died,
    /// The keyring cannot serve.
    #[error(transparent)]
    Keyring(#[from] envelope::KeyringError),
    /// The organisation has no keys, so nothing of it can be read.
    #[error("there is no such organisation")]
    NoOrganisation,
    /// A key is missing or does not open.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// The audit entry could not be written, so nothing happened.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}
