//! The keyring: it gives each key to the right root key, loses none, and keeps none that was destroyed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use envelope::provider::{EnvironmentProvider, FileProvider};
use envelope::{
    CryptoEntropy, Dek, DekSlot, Kek, KeyProvider, Keyring, KeyringError, OpenError, ProviderError, RetentionClass,
};
use kernel::{CustomerId, Id, OrganisationId};
use tempfile::TempDir;

/// A folder with a root key and a keyring that holds the keys of organisation 1.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    provider: Arc<dyn KeyProvider>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider: Arc<dyn KeyProvider> =
            Arc::new(FileProvider::create(&folder.path().join("root.key"), &CryptoEntropy).unwrap());
        let home = Self { folder, provider };
        let keyring = Keyring::create(&home.path(), Arc::clone(&home.provider), Arc::new(CryptoEntropy)).unwrap();
        keyring.add_organisation(organisation(1)).unwrap();
        home
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("keyring.json")
    }

    pub(crate) fn open(&self) -> Keyring {
        Keyring::open(&self.path(), Arc::clone(&self.provider), Arc::new(CryptoEntropy)).unwrap()
    }
}

pub(crate) fn organisation(number: u8) -> OrganisationId {
    OrganisationId::from_bytes([number; 16])
}

fn root_key(byte: char) -> Arc<dyn KeyProvider> {
    Arc::new(EnvironmentProvider::from_text(&byte.to_string().repeat(64)).unwrap())
}

fn open(path: &Path, provider: Arc<dyn KeyProvider>) -> Result<Keyring, KeyringError> {
    Keyring::open(path, provider, Arc::new(CryptoEntropy))
}

fn slot() -> DekSlot {
    let subject = CustomerId::from_bytes([2; 16]).into();
    DekSlot { organisation: organisation(1), subject, class: RetentionClass(1), version: 1 }
}

fn wrap(kek: &Kek) -> Vec<u8> {
    kek.wrap(&slot(), &Dek::generate(&CryptoEntropy), &CryptoEntropy)
}

#[test]
fn keys_are_the_same_after_opening_again() {
    let home = Home::new();
    let keyring = home.open();
    let wrapped = wrap(&keyring.kek(organisation(1), 1).unwrap());
    let blind = keyring.index_key(organisation(1)).unwrap().blind(1, b"asker@example.org");
    let seed = keyring.log_seed(organisation(1)).unwrap();

    let again = home.open();
    assert_eq!(again.instance(), keyring.instance());
    assert_eq!(again.organisations(), [organisation(1)]);
    assert_eq!(again.current_epoch(organisation(1)).unwrap(), 1);
    assert!(again.kek(organisation(1), 1).unwrap().unwrap(&slot(), &wrapped).is_ok());
    assert_eq!(again.index_key(organisation(1)).unwrap().blind(1, b"asker@example.org"), blind);
    assert_eq!(again.log_seed(organisation(1)).unwrap().expose(), seed.expose());
}

#[test]
fn the_file_is_for_its_owner_alone_and_holds_no_key_in_the_clear() {
    let home = Home::new();
    assert_eq!(home.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let seed = *home.open().log_seed(organisation(1)).unwrap().expose();
    let text = fs::read(home.path()).unwrap();
    assert!(!text.windows(8).any(|window| window == &seed[..8]));
}

#[test]
fn a_wrong_root_key_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring.json");
    let keyring = Keyring::create(&path, root_key('a'), Arc::new(CryptoEntropy)).unwrap();
    keyring.add_organisation(organisation(1)).unwrap();
    let error = open(&path, root_key('b')).err().unwrap();
    assert!(matches!(error, KeyringError::WrongRootKey { instance } if instance == keyring.instance()));
    assert!(error.to_string().starts_with("this root key does not open this keyring; "));

    let home = Home::new();
    let other_file = FileProvider::create(&folder.path().join("other.key"), &CryptoEntropy).unwrap();
    assert!(matches!(open(&home.path(), Arc::new(other_file)), Err(KeyringError::WrongRootKey { .. })));
    assert!(matches!(open(&home.path(), root_key('a')), Err(KeyringError::OtherProvider { .. })));
}

#[test]
fn a_keyring_is_never_overwritten() {
    let home = Home::new();
    let before = fs::read(home.path()).unwrap();
    let again = Keyring::create(&home.path(), root_key('a'), Arc::new(CryptoEntropy));
    assert!(matches!(again, Err(KeyringError::Exists { .. })));
    assert!(matches!(Keyring::restore(&home.path(), &before), Err(KeyringError::Exists { .. })));
    assert!(matches!(home.open().add_organisation(organisation(1)), Err(KeyringError::OrganisationExists(_))));
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

#[test]
fn files_that_are_no_keyring_are_refused() {
    let home = Home::new();
    let whole = fs::read(home.path()).unwrap();
    let later = String::from_utf8(whole.clone()).unwrap().replace("doorward-keyring-1", "doorward-keyring-2");
    for bytes in [&whole[..whole.len() / 2], b"", b"{}", b"\0\0\0\0", later.as_bytes()] {
        fs::write(home.path(), bytes).unwrap();
        let opened = Keyring::open(&home.path(), root_key('a'), Arc::new(CryptoEntropy));
        assert!(matches!(opened, Err(KeyringError::Malformed { .. })));
    }
    fs::remove_file(home.path()).unwrap();
    assert!(matches!(Keyring::header(&home.path()), Err(KeyringError::Missing { .. })));
}

#[test]
fn a_new_epoch_seals_and_a_destroyed_one_is_gone_for_everybody() {
    let home = Home::new();
    let (here, elsewhere) = (home.open(), home.open());
    let old = here.kek(organisation(1), 1).unwrap();
    let wrapped = wrap(&old);
    elsewhere.kek(organisation(1), 1).unwrap();

    assert_eq!(here.start_epoch(organisation(1)).unwrap(), 2);
    let rewrapped = {
        let dek = old.unwrap(&slot(), &wrapped).ok().unwrap();
        here.kek(organisation(1), 2).unwrap().wrap(&slot(), &dek, &CryptoEntropy)
    };
    assert!(matches!(here.destroy_epoch(organisation(1), 2), Err(KeyringError::CurrentEpoch { epoch: 2, .. })));
    here.destroy_epoch(organisation(1), 1).unwrap();
    here.destroy_epoch(organisation(1), 1).unwrap();

    assert_eq!(here.epochs(organisation(1)).unwrap(), [2]);
    let gone =
        |keyring: &Keyring| matches!(keyring.kek(organisation(1), 1), Err(KeyringError::NoSuchKey { number: 1, .. }));
    assert!(gone(&here));
    assert!(gone(&home.open()));
    // A process that did not make the change learns of the new epoch by asking, of the lost one by looking again.
    let new = elsewhere.kek(organisation(1), 2).unwrap();
    assert!(new.unwrap(&slot(), &rewrapped).is_ok());
    assert_eq!(new.unwrap(&slot(), &wrapped).err(), Some(OpenError::OtherKey));
    elsewhere.refresh().unwrap();
    assert!(gone(&elsewhere));
    assert_eq!(elsewhere.current_epoch(organisation(1)).unwrap(), 2);
}

#[test]
fn the_bytes_of_a_destroyed_epoch_are_overwritten() {
    let home = Home::new();
    let keyring = home.open();
    keyring.start_epoch(organisation(1)).unwrap();
    // A second name keeps the old file's bytes in sight.
    let old = home.folder.path().join("old.json");
    fs::hard_link(home.path(), &old).unwrap();
    keyring.destroy_epoch(organisation(1), 1).unwrap();
    assert!(fs::read(&old).unwrap().iter().all(|byte| *byte == 0));
    assert_eq!(home.open().epochs(organisation(1)).unwrap(), [2]);
}

#[test]
fn keys_cannot_be_swapped_inside_the_file() {
    let home = Home::new();
    home.open().add_organisation(organisation(2)).unwrap();
    home.open().start_epoch(organisation(1)).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(home.path()).unwrap()).unwrap();
    let (first, second) = (organisation(1).to_string(), organisation(2).to_string());
    let swaps: [(&[&str], &[&str]); 3] = [
        (&[&first, "epochs", "1"], &[&second, "epochs", "1"]),
        (&[&first, "epochs", "1"], &[&first, "epochs", "2"]),
        (&[&first, "epochs", "1"], &[&first, "index_key"]),
    ];
    for (to, from) in swaps {
        let mut swapped = whole.clone();
        let pointer = |path: &[&str]| format!("/organisations/{}", path.join("/"));
        *swapped.pointer_mut(&pointer(to)).unwrap() = whole.pointer(&pointer(from)).unwrap().clone();
        fs::write(home.path(), swapped.to_string()).unwrap();
        let opened = home.open().kek(organisation(1), 1);
        assert!(matches!(opened, Err(KeyringError::Damaged { number: 1, .. })), "{from:?}");
    }
    let mut renamed = whole.clone();
    renamed["instance"] = "00000000000000000000000000000000".into();
    fs::write(home.path(), renamed.to_string()).unwrap();
    let provider = FileProvider::open(&home.folder.path().join("root.key")).unwrap();
    assert!(matches!(open(&home.path(), Arc::new(provider)), Err(KeyringError::WrongRootKey { .. })));
}

#[test]
fn a_missing_key_is_never_made_anew() {
    let home = Home::new();
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(home.path()).unwrap()).unwrap();
    let keys = &mut text["organisations"][organisation(1).to_string()];
    keys["log_seeds"] = serde_json::json!({});
    keys["epochs"] = serde_json::json!({});
    keys["index_key"] = "".into();
    fs::write(home.path(), text.to_string()).unwrap();
    let before = fs::read(home.path()).unwrap();
    let keyring = home.open();
    assert!(matches!(keyring.log_seed(organisation(1)), Err(KeyringError::NoSuchKey { .. })));
    assert!(matches!(keyring.kek(organisation(1), 1), Err(KeyringError::NoSuchKey { .. })));
    assert!(matches!(keyring.index_key(organisation(1)), Err(KeyringError::Damaged { .. })));
    assert!(matches!(keyring.index_key(organisation(9)), Err(KeyringError::UnknownOrganisation(_))));
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

#[test]
fn log_seeds_are_renewed_and_the_newest_signs() {
    let home = Home::new();
    let keyring = home.open();
    let first = *keyring.log_seed(organisation(1)).unwrap().expose();
    assert_eq!(keyring.renew_log_seed(organisation(1)).unwrap(), 1);
    let second = *keyring.log_seed(organisation(1)).unwrap().expose();
    assert_ne!(first, second);
    assert_eq!(*home.open().log_seed(organisation(1)).unwrap().expose(), second);
}

#[test]
fn the_last_checkpoint_stays_beside_the_keyring() {
    let home = Home::new();
    let keyring = home.open();
    assert_eq!(keyring.last_checkpoint(organisation(1)).unwrap(), None);
    keyring.remember_checkpoint(organisation(1), "doorward/log\n1\n").unwrap();
    keyring.remember_checkpoint(organisation(1), "doorward/log\n2\n").unwrap();
    assert_eq!(home.open().last_checkpoint(organisation(1)).unwrap().as_deref(), Some("doorward/log\n2\n"));
    assert_eq!(home.open().last_checkpoint(organisation(2)).unwrap(), None);
    let long = "x".repeat(16 * 1024 + 1);
    assert!(matches!(keyring.remember_checkpoint(organisation(1), &long), Err(KeyringError::CheckpointTooLong)));
}

#[test]
fn a_backup_comes_back_with_every_key() {
    let home = Home::new();
    let keyring = home.open();
    let wrapped = wrap(&keyring.kek(organisation(1), 1).unwrap());
    let backup = Keyring::backup(&home.path()).unwrap();
    fs::remove_file(home.path()).unwrap();
    assert!(matches!(Keyring::restore(&home.path(), &backup[1..]), Err(KeyringError::Malformed { .. })));
    Keyring::restore(&home.path(), &backup).unwrap();
    assert!(home.open().kek(organisation(1), 1).unwrap().unwrap(&slot(), &wrapped).is_ok());
}

#[test]
fn many_openers_at_once_lose_none_of_each_others_changes() {
    let home = Arc::new(Home::new());
    let threads: Vec<_> = (0..6u8)
        .map(|thread| {
            let home = Arc::clone(&home);
            std::thread::spawn(move || {
                let keyring = home.open();
                for round in 0..4 {
                    let mine = organisation(10 + thread * 4 + round);
                    keyring.add_organisation(mine).unwrap();
                    keyring.start_epoch(organisation(1)).unwrap();
                    let epoch = keyring.start_epoch(mine).unwrap();
                    keyring.destroy_epoch(mine, epoch - 1).unwrap();
                    keyring.refresh().unwrap();
                    keyring.kek(mine, epoch).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let keyring = home.open();
    assert_eq!(keyring.organisations().len(), 1 + 6 * 4);
    assert_eq!(keyring.current_epoch(organisation(1)).unwrap(), 1 + 6 * 4);
    for organisation in keyring.organisations() {
        let epoch = keyring.current_epoch(organisation).unwrap();
        keyring.kek(organisation, epoch).unwrap();
        keyring.index_key(organisation).unwrap();
        keyring.log_seed(organisation).unwrap();
    }
}

/// A provider whose service stops answering after a while.
struct Failing(std::sync::atomic::AtomicU32, EnvironmentProvider);

impl KeyProvider for Failing {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn wrap(
        &self,
        context: &[u8],
        key: &envelope::SecretKey,
        entropy: &dyn kernel::Entropy,
    ) -> Result<Vec<u8>, ProviderError> {
        if self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return Err(ProviderError::TimedOut);
        }
        self.1.wrap(context, key, entropy)
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<envelope::SecretKey, ProviderError> {
        self.1.unwrap(context, wrapped)
    }
}

#[test]
fn a_provider_that_fails_in_the_middle_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring.json");
    let failing = Failing(2.into(), EnvironmentProvider::from_text(&"a".repeat(64)).unwrap());
    let keyring = Keyring::create(&path, Arc::new(failing), Arc::new(CryptoEntropy)).unwrap();
    let before = fs::read(&path).unwrap();
    let added = keyring.add_organisation(organisation(1));
    assert!(matches!(added, Err(KeyringError::Provider(ProviderError::TimedOut))));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(keyring.organisations(), []);
}
