//! The built program as its users meet it: every test here starts `doorward` as a process of its
//! own and looks at exit codes, output and files only.

mod canary;
mod demonstration;
mod disk;
mod erasing;
mod full_disk;
mod keys;
mod log;
mod mail;
mod mailbox;
mod poison;
mod program;
mod serving;
mod watching;

use std::path::{Path, PathBuf};

/// A mail without anything special.
fn letter(from: &str, subject: &str, id: &str) -> Vec<u8> {
    testkit::Letter::new(from, subject).id(id).raw()
}

/// Writes mails as files of a folder and as one mbox.
fn as_files(folder: &Path, mails: &[Vec<u8>]) -> (PathBuf, PathBuf) {
    let (letters, mbox) = (folder.join("letters"), folder.join("inbox.mbox"));
    std::fs::create_dir(&letters).unwrap();
    let mut whole = Vec::new();
    for (number, mail) in mails.iter().enumerate() {
        std::fs::write(letters.join(format!("{number}.eml")), mail).unwrap();
        whole.extend_from_slice(b"From MAILER-DAEMON Mon Mar  2 07:00:00 2026\n");
        whole.extend(mail.iter().filter(|byte| **byte != b'\r'));
        whole.extend_from_slice(b"\n\n");
    }
    std::fs::write(&mbox, whole).unwrap();
    (letters, mbox)
}
