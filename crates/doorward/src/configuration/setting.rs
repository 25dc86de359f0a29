//! The list of settings: name, shape, meaning. File, environment and flags are all made from it,
//! so that a setting cannot exist in one and be missing from another.

/// One setting. Its name is the key in the file and the flag; the variable is `DOORWARD_NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// The data folder.
    Data,
    /// Where the rows live.
    Database,
    /// Which organisation a command is about.
    Organisation,
    /// Where `serve` listens.
    Listen,
    /// Whether a proxy in front speaks TLS.
    TlsProxy,
    /// How often one token may ask.
    TokenRequests,
    /// What agents type into their browsers.
    PublicUrl,
    /// Passwords that nobody shall use.
    BreachedPasswords,
    /// What kind of root key. Not `root-key`, whose variable holds the key itself.
    RootKeySource,
    /// The file of the root key.
    RootKeyFile,
    /// The file of the wrapped keys.
    KeyringFile,
    /// The file of the passphrase.
    PassphraseFile,
    /// Vault's address.
    VaultAddress,
    /// Vault's mount of the transit engine.
    VaultMount,
    /// Vault's key.
    VaultKey,
    /// The file of Vault's token.
    VaultTokenFile,
    /// Certificates that Vault is trusted by.
    VaultCertificates,
    /// The DNS server for sender authentication.
    Resolver,
    /// Whether senders are authenticated at all.
    SenderAuthentication,
    /// The folder of the organisation's own policies.
    Policies,
    /// How much is logged.
    LogLevel,
    /// In which form.
    LogFormat,
}

/// What is told about a setting.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Key in the file and long flag.
    pub name: &'static str,
    /// Shape of the value, for the help.
    pub value: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Shown by `-h`; the others by `--help` only.
    pub everyday: bool,
}

impl Setting {
    /// Every setting, in the order of the help.
    pub const ALL: [Self; 22] = [
        Self::Data,
        Self::Database,
        Self::Organisation,
        Self::Listen,
        Self::TlsProxy,
        Self::TokenRequests,
        Self::PublicUrl,
        Self::BreachedPasswords,
        Self::RootKeySource,
        Self::RootKeyFile,
        Self::KeyringFile,
        Self::PassphraseFile,
        Self::VaultAddress,
        Self::VaultMount,
        Self::VaultKey,
        Self::VaultTokenFile,
        Self::VaultCertificates,
        Self::Resolver,
        Self::SenderAuthentication,
        Self::Policies,
        Self::LogLevel,
        Self::LogFormat,
    ];

    /// Name, shape and help.
    pub const fn describe(self) -> Description {
        let (name, value, help, everyday) = match self {
            Self::Data => ("data", "DIR", "Data folder", true),
            Self::Database => (
                "database",
                "URL",
                "postgresql://… to keep the rows in PostgreSQL; `sqlite` (the default) keeps them in the data folder",
                true,
            ),
            Self::Organisation => ("organisation", "ID|NAME", "Organisation, when there are several", true),
            Self::Listen => {
                ("listen", "ADDR", "Address and port that serve listens on [default: 127.0.0.1:8480]", true)
            }
            Self::TlsProxy => ("tls-proxy", "true|false", "Whether a proxy in front of serve speaks TLS", false),
            Self::TokenRequests => {
                ("token-requests", "N", "HTTP requests of one token in a minute [default: 60000]", false)
            }
            Self::PublicUrl => (
                "public-url",
                "URL",
                "What agents type into their browsers [default: http://localhost and the port of listen]",
                true,
            ),
            Self::BreachedPasswords => (
                "breached-passwords",
                "FILE",
                "Passwords that nobody may choose: sorted SHA-1 in hex, one a line, as Have I Been Pwned gives it",
                false,
            ),
            Self::RootKeySource => (
                "root-key-source",
                "KIND",
                "Where the root key comes from: file, passphrase, environment or vault",
                false,
            ),
            Self::RootKeyFile => (
                "root-key-file",
                "FILE",
                "Root key file, never in the data folder [default: in ~/.config/doorward]",
                true,
            ),
            Self::KeyringFile => ("keyring-file", "FILE", "Wrapped keys [default: beside the root key]", false),
            Self::PassphraseFile => {
                ("passphrase-file", "FILE", "File with the passphrase, in place of DOORWARD_PASSPHRASE", false)
            }
            Self::VaultAddress => ("vault-address", "URL", "Address of HashiCorp Vault", false),
            Self::VaultMount => ("vault-mount", "PATH", "Mount of Vault's transit engine [default: transit]", false),
            Self::VaultKey => ("vault-key", "NAME", "Name of the key in Vault [default: doorward]", false),
            Self::VaultTokenFile => {
                ("vault-token-file", "FILE", "File with Vault's token, in place of DOORWARD_VAULT_TOKEN", false)
            }
            Self::VaultCertificates => {
                ("vault-certificates", "FILE", "PEM file of the authorities that Vault is trusted by", false)
            }
            Self::Resolver => {
                ("resolver", "ADDR", "DNS server for sender authentication [default: the system's]", false)
            }
            Self::SenderAuthentication => (
                "sender-authentication",
                "true|false",
                "Whether SPF, DKIM and DMARC are asked for [default: true]",
                false,
            ),
            Self::Policies => {
                ("policies", "DIR", "Folder of own access policies [default: policies in the data folder]", false)
            }
            Self::LogLevel => ("log-level", "LEVEL", "error, warn, info, debug or trace", false),
            Self::LogFormat => ("log-format", "FORM", "text or json", false),
        };
        Description { name, value, help, everyday }
    }

    /// The key in the file and the long flag.
    pub const fn name(self) -> &'static str {
        self.describe().name
    }

    /// The environment variable.
    pub fn variable(self) -> String {
        format!("DOORWARD_{}", self.name().to_uppercase().replace('-', "_"))
    }

    /// The setting of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }
}
