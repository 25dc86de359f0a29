//! Erasures are remembered beside the keyring, whatever happens to the database and its backups.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use envelope::{KeyringError, SubjectId};

use super::keyring::{Home, organisation};

fn subject(number: u8) -> SubjectId {
    SubjectId::from_bytes([number; 16])
}

fn file(home: &Home) -> std::path::PathBuf {
    home.folder.path().join(format!("keyring.json.erasures.{}", organisation(1)))
}

#[test]
fn whoever_was_erased_is_named_again_after_opening() {
    let home = Home::new();
    let keyring = home.open();
    assert_eq!(keyring.erasures(organisation(1)).unwrap(), []);
    keyring.record_erasures(organisation(1), &[subject(1), subject(2)], 70).unwrap();
    keyring.record_erasures(organisation(1), &[], 75).unwrap();
    keyring.record_erasures(organisation(1), &[subject(0xAB)], i64::MAX).unwrap();
    let expected = [(subject(1), 70), (subject(2), 70), (subject(0xAB), i64::MAX)];
    assert_eq!(home.open().erasures(organisation(1)).unwrap(), expected);
    assert_eq!(home.open().erasures(organisation(2)).unwrap(), []);
    assert_eq!(file(&home).metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_line_that_a_crash_cut_short_hides_none_before_and_none_after() {
    let home = Home::new();
    home.open().record_erasures(organisation(1), &[subject(1)], 70).unwrap();
    let whole = fs::read(file(&home)).unwrap();
    for cut in 1..whole.len() {
        fs::write(file(&home), [&whole[..], &whole[..cut]].concat()).unwrap();
        assert_eq!(home.open().erasures(organisation(1)).unwrap(), [(subject(1), 70)], "{cut}");
        home.open().record_erasures(organisation(1), &[subject(2)], 80).unwrap();
        assert_eq!(home.open().erasures(organisation(1)).unwrap(), [(subject(1), 70), (subject(2), 80)], "{cut}");
    }
}

#[test]
fn a_damaged_record_is_told_and_not_taken_for_nobody() {
    let home = Home::new();
    let keyring = home.open();
    keyring.record_erasures(organisation(1), &[subject(1), subject(2)], 70).unwrap();
    let mut damaged = fs::read(file(&home)).unwrap();
    damaged[3] = b'x';
    fs::write(file(&home), damaged).unwrap();
    assert!(matches!(keyring.erasures(organisation(1)), Err(KeyringError::Malformed { .. })));
}

#[test]
fn many_who_erase_at_once_lose_none() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let keyring = home.open();
            scope.spawn(move || {
                for number in 0..8 {
                    keyring.record_erasures(organisation(1), &[subject(worker * 8 + number)], 1).unwrap();
                }
            });
        }
    });
    let mut erased: Vec<_> = home.open().erasures(organisation(1)).unwrap();
    erased.sort_unstable();
    assert_eq!(erased, (0..32).map(|number| (subject(number), 1)).collect::<Vec<_>>());
    OpenOptions::new().append(true).open(file(&home)).unwrap().write_all(b"no line\n").unwrap();
    assert!(home.open().erasures(organisation(1)).is_err());
}
