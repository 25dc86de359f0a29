//! Mail as it really came, read in place where it is at hand; else the fixtures made here.

use std::path::PathBuf;

use super::super::*;
use super::whole::RICH;

/// Where collected mail lies: named by the environment, or beside the project.
fn collected() -> Vec<(String, Vec<u8>)> {
    let beside = || {
        let start = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        start.ancestors().map(|folder| folder.join("../shared/samples/mail/collected")).find(|folder| folder.is_dir())
    };
    let folder = std::env::var_os("DOORWARD_SAMPLES").map(PathBuf::from).or_else(beside);
    let Some(folder) = folder else { return vec![("made".to_owned(), RICH.as_bytes().to_vec())] };
    let mails =
        std::fs::read_dir(&folder).expect("the samples can be listed").map(|entry| entry.expect("an entry").path());
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
