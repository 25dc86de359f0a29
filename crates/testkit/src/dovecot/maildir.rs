//! Mail as files: delivered as a mail server delivers it, looked at as it lies.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Account;

static DELIVERED: AtomicU32 = AtomicU32::new(0);

impl Account<'_> {
    /// Makes the folders that an empty account has.
    pub(super) fn make(&self) {
        let maildir = self.maildir();
        let home = maildir.parent().expect("a home").to_owned();
        std::fs::create_dir(&home).expect("a home is made");
        std::fs::create_dir(&maildir).expect("a mail folder is made");
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir(maildir.join(part)).expect("a mail folder is made");
        }
        for path in [home, maildir.clone(), maildir.join("tmp"), maildir.join("new"), maildir.join("cur")] {
            self.server.process.runs_as().own(&path).expect("it is the server's");
        }
    }

    /// Delivers a mail into the inbox; it appears whole.
    pub fn deliver(&self, raw: impl AsRef<[u8]>) {
        let name = format!("{}.test.{}", DELIVERED.fetch_add(1, Ordering::SeqCst), std::process::id());
        let begun = self.maildir().join("tmp").join(&name);
        std::fs::write(&begun, raw).expect("a mail is written");
        self.server.process.runs_as().own(&begun).expect("it is the server's");
        std::fs::rename(&begun, self.maildir().join("new").join(&name)).expect("a mail is delivered");
    }

    /// Mails in the inbox, those marked as deleted left out.
    pub fn inbox(&self) -> usize {
        Self::mails(&self.maildir()).iter().filter(|path| !has_flag(path, 'T')).count()
    }

    /// Mails in the inbox that bear a flag of Maildir's: `S` for seen, `T` for deleted, `a` for the
    /// first keyword.
    pub fn flagged(&self, flag: char) -> usize {
        Self::mails(&self.maildir()).iter().filter(|path| has_flag(path, flag)).count()
    }

    /// Mails in another folder, by its name as it is stored.
    pub fn folder(&self, name: &str) -> usize {
        Self::mails(&self.maildir().join(format!(".{name}"))).len()
    }

    /// Lets the server forget which UIDs it gave, so that the folder gets another UIDVALIDITY.
    pub fn forget_uids(&self) {
        for name in
            ["dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache", "dovecot-uidvalidity"]
        {
            // One that was never written need not be removed.
            let _ = std::fs::remove_file(self.maildir().join(name));
        }
    }

    fn mails(folder: &Path) -> Vec<PathBuf> {
        let entries = ["new", "cur"].map(|part| folder.join(part)).into_iter().flat_map(std::fs::read_dir).flatten();
        entries.flatten().map(|entry| entry.path()).collect()
    }
}

/// The flags stand at the end of the name, behind `:2,`.
fn has_flag(path: &Path, flag: char) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains(flag))
}
