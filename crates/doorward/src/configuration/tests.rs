//! What a user gets for each setting, wherever it is given.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::*;

struct Machine {
    home: tempfile::TempDir,
    variables: BTreeMap<String, OsString>,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let variables = BTreeMap::from([("HOME".to_owned(), home.path().canonicalize().unwrap().into_os_string())]);
        Self { home, variables }
    }

    fn root(&self) -> PathBuf {
        self.home.path().canonicalize().unwrap()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.into());
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.root().join("settings.toml");
        fs::write(&path, text).unwrap();
        path
    }

    fn load(&self, flags: &Flags) -> Result<Settings, Failure> {
        Settings::load(flags, &|name| self.variables.get(name).cloned())
    }
}

fn flags(config: Option<&Path>, given: &[(Setting, &str)]) -> Flags {
    Flags {
        config: config.map(Path::to_path_buf),
        json: false,
        given: given.iter().map(|(setting, value)| (*setting, (*value).to_owned())).collect(),
    }
}

/// Three different values for a setting, and what else must stand in the file for it to matter.
fn samples(setting: Setting) -> ([&'static str; 3], &'static str) {
    match setting {
        Setting::Data => (["/from/file", "/from/environment", "/from/flag"], ""),
        Setting::Database => (["postgresql://file/d", "postgresql://environment/d", "postgresql://flag/d"], ""),
        Setting::Organisation => (["File", "Environment", "Flag"], ""),
        Setting::Listen => (["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"], ""),
        Setting::PublicUrl => (["https://file", "https://environment", "https://flag"], ""),
        Setting::BreachedPasswords => (["/b/file", "/b/environment", "/b/flag"], ""),
        Setting::TlsProxy => (["false", "true", "false"], ""),
        Setting::TokenRequests => (["1", "2", "3"], ""),
        Setting::RootKeySource => (["environment", "passphrase", "file"], ""),
        Setting::RootKeyFile | Setting::KeyringFile => (["/k/file", "/k/environment", "/k/flag"], ""),
        Setting::PassphraseFile => (["/p/file", "/p/environment", "/p/flag"], "root-key-source = \"passphrase\"\n"),
        Setting::VaultAddress => {
            (["http://file", "http://environment", "http://flag"], "root-key-source = \"vault\"\n")
        }
        Setting::VaultMount | Setting::VaultKey => {
            (["file", "environment", "flag"], "root-key-source = \"vault\"\nvault-address = \"http://v\"\n")
        }
        Setting::VaultTokenFile | Setting::VaultCertificates => {
            (["/v/file", "/v/environment", "/v/flag"], "root-key-source = \"vault\"\nvault-address = \"http://v\"\n")
        }
        Setting::Resolver => (["127.0.0.1:53", "127.0.0.2:53", "127.0.0.3:53"], ""),
        Setting::SenderAuthentication => (["true", "false", "true"], ""),
        Setting::Policies => (["/p/file", "/p/environment", "/p/flag"], ""),
        Setting::LogLevel => (["error", "warn", "info"], ""),
        Setting::LogFormat => (["text", "json", "text"], ""),
    }
}

/// The setting as the product would use it, as text.
fn effect(settings: &Settings, setting: Setting) -> String {
    let vault = |pick: fn(&Vault) -> String| match &settings.keys().unwrap().root {
        RootKey::Vault(vault) => pick(vault),
        other => format!("{other:?}"),
    };
    let shown = |path: &Option<PathBuf>| path.as_ref().map_or_else(String::new, |path| path.display().to_string());
    match setting {
        Setting::Data => settings.data.display().to_string(),
        Setting::Database => match &settings.database {
            Database::Sqlite => "sqlite".to_owned(),
            Database::Postgres(url) => url.expose().to_owned(),
        },
        Setting::Organisation => settings.organisation.clone().unwrap(),
        Setting::Listen => settings.listen.to_string(),
        Setting::PublicUrl => settings.public_url.clone(),
        Setting::BreachedPasswords => shown(&settings.breached_passwords),
        Setting::TlsProxy => settings.tls_proxy.to_string(),
        Setting::TokenRequests => settings.token_requests.to_string(),
        Setting::RootKeySource => match &settings.keys().unwrap().root {
            RootKey::File(_) => "file".to_owned(),
            RootKey::Passphrase(_) => "passphrase".to_owned(),
            RootKey::Environment => "environment".to_owned(),
            RootKey::Vault(_) => "vault".to_owned(),
        },
        Setting::RootKeyFile => match &settings.keys().unwrap().root {
            RootKey::File(path) => path.display().to_string(),
            other => format!("{other:?}"),
        },
        Setting::KeyringFile => settings.keys().unwrap().keyring_file.display().to_string(),
        Setting::PassphraseFile => match &settings.keys().unwrap().root {
            RootKey::Passphrase(path) => shown(path),
            other => format!("{other:?}"),
        },
        Setting::VaultAddress => vault(|vault| vault.address.clone()),
        Setting::VaultMount => vault(|vault| vault.mount.clone()),
        Setting::VaultKey => vault(|vault| vault.key.clone()),
        Setting::VaultTokenFile => vault(|vault| vault.token_file.as_ref().unwrap().display().to_string()),
        Setting::VaultCertificates => vault(|vault| vault.certificates.as_ref().unwrap().display().to_string()),
        Setting::Resolver => settings.resolver.unwrap().to_string(),
        Setting::SenderAuthentication => settings.sender_authentication.to_string(),
        Setting::Policies => shown(&settings.policies),
        Setting::LogLevel => format!("{:?}", settings.log_level.unwrap()).to_lowercase(),
        Setting::LogFormat => format!("{:?}", settings.log_format).to_lowercase(),
    }
}

#[test]
fn the_environment_beats_the_file_and_a_flag_beats_both_for_every_setting() {
    for setting in Setting::ALL {
        let ([file, environment, flag], besides) = samples(setting);
        let mut machine = Machine::new();
        let path = machine.file(&format!("{besides}{} = \"{file}\"\n", setting.name()));
        let from_file = machine.load(&flags(Some(&path), &[])).unwrap();
        assert_eq!(effect(&from_file, setting), file, "{setting:?} from the file");
        machine.set(&setting.variable(), environment);
        let from_environment = machine.load(&flags(Some(&path), &[])).unwrap();
        assert_eq!(effect(&from_environment, setting), environment, "{setting:?} from the environment");
        let from_flag = machine.load(&flags(Some(&path), &[(setting, flag)])).unwrap();
        assert_eq!(effect(&from_flag, setting), flag, "{setting:?} from the flag");
    }
}

#[test]
fn without_any_setting_the_folders_are_those_of_the_user_and_the_key_lies_apart() {
    let machine = Machine::new();
    let settings = machine.load(&Flags::default()).unwrap();
    assert_eq!(settings.data, machine.root().join(".local/share/doorward"));
    let keys = settings.keys().unwrap();
    let RootKey::File(key) = &keys.root else { panic!("a key file is the default") };
    assert_eq!(key.parent(), Some(machine.root().join(".config/doorward").as_path()));
    assert!(!key.starts_with(&settings.data) && keys.keyring_file.parent() == key.parent());
    assert!(settings.has_one_owner() && settings.listen.ip().is_loopback());
}

#[test]
fn a_root_key_in_the_data_folder_is_refused_also_behind_a_link() {
    let machine = Machine::new();
    let data = machine.root().join("data");
    fs::create_dir(&data).unwrap();
    std::os::unix::fs::symlink(&data, machine.root().join("link")).unwrap();
    for key in ["data/root.key", "data/../data/root.key", "link/root.key", "link/deeper/root.key"] {
        let key = machine.root().join(key);
        let failure = machine
            .load(&flags(
                None,
                &[(Setting::Data, data.to_str().unwrap()), (Setting::RootKeyFile, key.to_str().unwrap())],
            ))
            .err()
            .unwrap();
        assert_eq!(failure.kind, Kind::Configuration);
        assert!(failure.message.contains("lies in the data folder"), "{}", failure.message);
    }
}

#[test]
fn the_file_of_the_data_folder_is_read_and_cannot_move_the_folder() {
    let mut machine = Machine::new();
    let data = machine.root().join("data");
    fs::create_dir(&data).unwrap();
    machine.set("DOORWARD_DATA", data.to_str().unwrap());
    fs::write(data.join(FILE_NAME), "listen = \"127.0.0.1:7\"\n").unwrap();
    assert_eq!(machine.load(&Flags::default()).unwrap().listen.port(), 7);
    fs::write(data.join(FILE_NAME), "data = \"/elsewhere\"\n").unwrap();
    assert_eq!(machine.load(&Flags::default()).err().unwrap().kind, Kind::Configuration);
}

#[test]
fn an_unknown_key_is_refused_by_name_and_a_secret_is_never_quoted() {
    let machine = Machine::new();
    let unknown = machine.load(&flags(Some(&machine.file("lisen = \"127.0.0.1:7\"\n")), &[])).err().unwrap();
    assert!(unknown.message.contains("unknown setting \"lisen\""), "{}", unknown.message);
    for text in ["listen = \"x\"\ndatabase = \"postgresql://u:hunter2@h/d\n", "database = \"mysql://u:hunter2@h/d\"\n"]
    {
        let failure = machine.load(&flags(Some(&machine.file(text)), &[])).err().unwrap();
        assert_eq!(failure.kind, Kind::Configuration);
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
    }
}

#[test]
fn a_wrong_value_is_told_where_it_was_given() {
    let mut machine = Machine::new();
    let flag = machine.load(&flags(None, &[(Setting::Listen, "here")])).err().unwrap();
    assert_eq!(flag.kind, Kind::Usage);
    assert!(flag.message.starts_with("--listen: "), "{}", flag.message);
    machine.set("DOORWARD_LISTEN", "here");
    let variable = machine.load(&Flags::default()).err().unwrap();
    assert!(variable.message.starts_with("DOORWARD_LISTEN: "), "{}", variable.message);
}

#[test]
fn an_endless_configuration_file_is_refused() {
    let machine = Machine::new();
    let path = machine.file(&"# a comment that goes on and on\n".repeat(4_000));
    assert!(machine.load(&flags(Some(&path), &[])).err().unwrap().message.contains("at most 65536 bytes"));
}

#[test]
fn a_secret_is_asked_for_only_when_it_is_needed_and_loses_the_line_end_of_its_file() {
    let mut machine = Machine::new();
    machine.set("DOORWARD_ROOT_KEY", "0123456789abcdef");
    let settings = Settings::load(&flags(None, &[(Setting::RootKeySource, "passphrase")]), &|name| {
        machine.variables.get(name).cloned()
    })
    .unwrap();
    let keys = settings.keys().unwrap().clone();
    let missing = keys.root_secret(&|_| None).err().unwrap();
    assert!(missing.message.contains("DOORWARD_PASSPHRASE"), "{}", missing.message);
    let in_environment = Keys { root: RootKey::Environment, ..keys.clone() };
    let secret = in_environment.root_secret(&|name| machine.variables.get(name).cloned()).unwrap().unwrap();
    assert_eq!(secret.expose(), "0123456789abcdef");
    let file = machine.file("correct horse\r\n");
    let with_file = Keys { root: RootKey::Passphrase(Some(file)), ..keys };
    assert_eq!(with_file.root_secret(&|_| None).unwrap().unwrap().expose(), "correct horse");
}

#[test]
fn a_user_without_a_home_is_asked_for_the_key_only_when_it_is_needed() {
    let nowhere = |_: &str| None;
    let settings = Settings::load(&flags(None, &[(Setting::Data, "/var/lib/doorward")]), &nowhere).unwrap();
    let failure = settings.keys().unwrap_err();
    assert_eq!(failure.kind, Kind::Configuration);
    assert!(failure.message.contains("--root-key-file"), "{}", failure.message);
}
