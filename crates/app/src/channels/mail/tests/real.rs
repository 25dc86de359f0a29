//! Mail as it really came, read in place where it is at hand; the fuzzer's beginnings always.

use std::path::{Path, PathBuf};

use super::super::*;
use super::whole::RICH;

const HOME: &str = env!("CARGO_MANIFEST_DIR");
/// Where collected mail lies within the folder of samples.
const COLLECTED: &str = "samples/mail/collected";

/// The project's own mails.
fn own() -> Vec<(String, Vec<u8>)> {
    let mut mails = read_folder(&Path::new(HOME).join("../../fuzz/seeds/mail"));
    assert!(mails.len() >= 5, "the fuzzer's beginnings are there");
    mails.push(("made".to_owned(), RICH.as_bytes().to_vec()));
    mails
}

/// Ours, and what was collected in the folder that `DOORWARD_SAMPLES` names, or beside the project.
fn collected() -> Vec<(String, Vec<u8>)> {
    let beside = || {
        let start = PathBuf::from(HOME);
        start.ancestors().map(|folder| folder.join("../shared")).find(|folder| folder.join(COLLECTED).is_dir())
    };
    let mut mails = own();
    if let Some(folder) = std::env::var_os("DOORWARD_SAMPLES").map(PathBuf::from).or_else(beside) {
        let before = mails.len();
        mails.extend(read_folder(&folder.join(COLLECTED)));
        assert!(mails.len() > before, "the folder of collected mail is empty");
    }
    mails
}

fn read_folder(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mails =
        std::fs::read_dir(folder).expect("the samples can be listed").map(|entry| entry.expect("an entry").path());
    let mails = mails.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    mails.map(|path| (path.display().to_string(), std::fs::read(&path).expect("a sample can be read"))).collect()
}

#[test]
fn no_collected_mail_is_refused() {
    let mails = collected();
    assert!(!mails.is_empty());
    let refused: Vec<_> =
        mails.iter().filter_map(|(name, raw)| parse(raw).err().map(|why| format!("{name}: {why}"))).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn collected_mail_has_a_sender_a_subject_and_something_to_read() {
    let mails = collected();
    let read: Vec<Mail> = mails.iter().filter_map(|(_, raw)| parse(raw).ok()).collect();
    let share = |count: usize| count * 100 / read.len();
    assert!(
        share(read.iter().filter(|mail| mail.from.as_ref().is_some_and(|from| from.normalised.is_some())).count())
            >= 95
    );
    assert!(share(read.iter().filter(|mail| !mail.text.is_empty() || !mail.attachments.is_empty()).count()) >= 90);
    for mail in &read {
        assert_eq!(mail.reply.trim().is_empty(), mail.text.trim().is_empty());
    }
}

#[test]
fn collected_mail_cut_or_garbled_anywhere_does_no_harm() {
    for (_, raw) in collected() {
        for step in 1..20 {
            let at = raw.len() * step / 20;
            let _ = parse(&raw[..at]);
            let mut garbled = raw.clone();
            for (index, byte) in garbled.iter_mut().enumerate().skip(at).step_by(37) {
                *byte = byte.wrapping_mul(31).wrapping_add(u8::try_from(index % 251).unwrap());
            }
            let _ = parse(&garbled);
        }
    }
}
