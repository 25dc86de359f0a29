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
    /// The address of an agent.
    #[error("this is no e-mail address: give one like name@example.org")]
    AgentAddress,
    /// Somebody in the organisation has the address.
    #[error("an agent with this address is there already: invite that agent again")]
    AddressTaken,
    /// An agent without a role may do nothing.
    #[error("an agent needs a role: give at least one of {}", super::Role::ALL.map(super::Role::word).join(", "))]
    NoRole,
    /// No more agents.
    #[error("an organisation has {} agents at most", super::AGENTS)]
    TooManyAgents,
    /// Nobody by this id.
    #[error("there is no such agent")]
    NoAgent,
    /// Nobody could administer the organisation any more.
    #[error("this is the only administrator: make somebody else an administrator first")]
    LastAdministrator,
    /// An agent's name.
    #[error("a name has 1 to {} characters on one line", super::DISPLAY_NAME_CHARS)]
    DisplayName,
    /// A link that opens nothing.
    #[error("this link was used, replaced or is too old: ask for another one")]
    LinkOver,
    /// A ceremony that took too long, or that was finished before.
    #[error("this took too long or was done already: begin again")]
    CeremonyOver,
    /// Browsers allow no passkey here.
    #[error("passkeys need https and a name, or http://localhost: set the public URL, or use a password")]
    NoPasskeysHere,
    /// The browser's answer is not good.
    #[error("the passkey was not accepted: try again, or use another one")]
    PasskeyRefused,
    /// No more passkeys.
    #[error("an agent has {} passkeys at most: remove one first", super::PASSKEYS)]
    TooManyPasskeys,
    /// Nothing by this id.
    #[error("there is no such passkey")]
    NoPasskey,
    /// Nothing would be left to sign in with.
    #[error("this is the only way to sign in: add another one first")]
    LastMeans,
    /// The password is too short, or far too long.
    #[error("a password has at least {} characters: a few words are easy to remember", super::PASSWORD_CHARS)]
    PasswordLength,
    /// The password is the address.
    #[error("a password is not the address: choose another one")]
    PasswordIsAddress,
    /// The password is on the operator's list.
    #[error("this password is on a list of stolen passwords: choose another one")]
    PasswordBreached,
    /// The one-time password, while an app is being set up.
    #[error("this is not what the app shows now: check the clock of the device and type the next six digits")]
    WrongCode,
    /// Somebody may not come in, whatever the reason.
    #[error("this did not work: check what you typed and try again")]
    Refused,
    /// A budget of attempts is used up.
    #[error("too many attempts: try again in {} minutes", seconds.div_ceil(60))]
    TooManyAttempts {
        /// When the next attempt may work, in seconds from now.
        seconds: u64,
    },
    /// The agent signed in too long ago for a change of this weight.
    #[error("sign in again to change this")]
    SignInAgain,
    /// Too many at one time.
    #[error("too many sign in at this moment: try again in a minute")]
    Overloaded,
    /// The public URL cannot be used.
    #[error("the public URL is like https://desk.example.org, without a path")]
    PublicUrl,
    /// The operator's list of passwords cannot be read.
    #[error("the list of stolen passwords cannot be read: {0}")]
    BreachedList(std::io::Error),
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
