//! What a mailbox is: its server, the log-in, the folder, and what becomes of mail that was taken
//! in. Everything is checked here before it is stored or used.

use std::str::FromStr;

use kernel::{MailboxId, Timestamp};
use zeroize::Zeroizing;

use super::{Refusal, imap};

/// Characters of a mailbox's name.
pub const MAILBOX_NAME_CHARS: usize = 100;
/// Mailboxes of one organisation.
pub const MAILBOXES: usize = 50;
/// Characters of a host name (RFC 1035).
const HOST_CHARS: usize = 253;
/// Bytes of a user name.
const USER_BYTES: usize = 320;
/// Bytes of a password or an access token.
const SECRET_BYTES: usize = 16 * 1024;
/// Characters of a folder's name.
const FOLDER_CHARS: usize = 255;
/// Bytes of a certificate authority in PEM.
const AUTHORITY_BYTES: usize = 64 * 1024;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }

        impl $name {
            /// The word that is stored and typed.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                match text {
                    $($text => Ok(Self::$word),)*
                    _ => Err(Refusal::Word),
                }
            }
        }
    )*};
}

words! {
    /// How a connection is protected.
    Security {
        /// TLS from the first byte, usually port 993.
        Tls = "tls",
        /// TLS after STARTTLS, usually port 143; without it nothing is said.
        StartTls = "starttls",
        /// None, to this machine only.
        Plain = "plain",
    }

    /// What the secret is.
    Method {
        /// A password.
        Password = "password",
        /// An OAuth 2 access token, for SASL XOAUTH2.
        Xoauth2 = "xoauth2",
    }
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name or address; the certificate must be made out to it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The only certificate authority to be trusted (PEM); none for those of the system.
    pub authority: Option<String>,
}

/// Who logs in. No `Debug`: a user's name is often a person's.
#[derive(Clone)]
pub struct LogIn {
    /// The user's name.
    pub user: String,
    /// Password or token.
    pub secret: Zeroizing<String>,
    /// Which of the two.
    pub method: Method,
}

/// What becomes of a mail on the server once it is durable here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutAway {
    /// It goes to this folder, which is made when it is missing.
    Move(String),
    /// It stays, marked as seen and with the keyword `Doorward` where the server keeps keywords.
    Mark,
}

/// A mailbox to be added.
#[derive(Clone)]
pub struct NewMailbox {
    /// What people call it: 1 to [`MAILBOX_NAME_CHARS`] characters on one line, no personal value.
    pub name: String,
    /// Where it is.
    pub server: Server,
    /// Who logs in.
    pub log_in: LogIn,
    /// The folder that is read.
    pub folder: String,
    /// What becomes of what was read.
    pub put_away: PutAway,
    /// Mail that the server got before this day (UTC) is left alone.
    pub since: Option<Timestamp>,
}

/// A mailbox as it is listed. No `Debug`: a user's name is often a person's.
#[derive(Clone)]
pub struct Mailbox {
    /// Its id.
    pub id: MailboxId,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub server: Server,
    /// Who logs in.
    pub user: String,
    /// What the secret is.
    pub method: Method,
    /// The folder that is read.
    pub folder: String,
    /// What becomes of what was read.
    pub put_away: PutAway,
    /// Mail before this day is left alone.
    pub since: Option<Timestamp>,
    /// Whether it is read at the moment, and how that goes.
    pub state: MailboxState,
    /// When it was added.
    pub created_at: Timestamp,
}

/// How the reading of a mailbox goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxState {
    /// Nobody reads it until it is resumed.
    pub paused: bool,
    /// The folder's UIDVALIDITY, when it was last opened.
    pub uid_validity: Option<u32>,
    /// Every mail up to this UID is dealt with.
    pub uid_done: u32,
    /// When the folder was last found to hold nothing that waits.
    pub succeeded_at: Option<Timestamp>,
    /// When it last failed, and why; none once it succeeded again.
    pub trouble: Option<(Timestamp, String)>,
    /// Mails taken in from it.
    pub taken: u64,
    /// Until when a process has it for itself; one that reads on keeps this ahead of the clock.
    pub read_until: Timestamp,
    /// Mails that lie there for good, too large or refused by their own server.
    pub left_alone: u64,
}

impl MailboxState {
    /// Of a mailbox that nobody has read yet.
    pub(super) const fn new() -> Self {
        Self {
            paused: false,
            uid_validity: None,
            uid_done: 0,
            succeeded_at: None,
            trouble: None,
            taken: 0,
            read_until: Timestamp::EPOCH,
            left_alone: 0,
        }
    }
}

impl NewMailbox {
    /// The same without blanks around names, or why it cannot be.
    pub(super) fn checked(mut self) -> Result<Self, Refusal> {
        self.name = self.name.trim().to_owned();
        self.server.host = self.server.host.trim().trim_end_matches('.').to_ascii_lowercase();
        one_line(&self.name, MAILBOX_NAME_CHARS).ok_or(Refusal::Name)?;
        one_line(&self.server.host, HOST_CHARS).filter(|host| is_host(host)).ok_or(Refusal::Host)?;
        if self.server.port == 0 {
            return Err(Refusal::Host);
        }
        if let Some(authority) = &self.server.authority
            && (authority.len() > AUTHORITY_BYTES || !imap::check_authority(authority))
        {
            return Err(Refusal::Authority);
        }
        one_line(&self.log_in.user, USER_BYTES).ok_or(Refusal::User)?;
        checked_secret(&self.log_in.secret)?;
        one_line(&self.folder, FOLDER_CHARS).ok_or(Refusal::Folder)?;
        if let PutAway::Move(to) = &self.put_away {
            one_line(to, FOLDER_CHARS).ok_or(Refusal::Folder)?;
            if same_folder(to, &self.folder) {
                return Err(Refusal::SameFolder);
            }
        }
        Ok(self)
    }
}

/// Refuses a secret that no server can be told.
pub(super) fn checked_secret(secret: &str) -> Result<(), Refusal> {
    let fits = !secret.is_empty() && secret.len() <= SECRET_BYTES && !secret.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Refusal::Secret) }
}

fn one_line(text: &str, chars: usize) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= 4 * chars && text.chars().count() <= chars;
    (fits && !text.chars().any(|sign| sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}'))).then_some(text)
}

/// Only what a name or an address is made of, so that nothing else is looked up.
fn is_host(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'))
}

/// INBOX is the same in any letters (RFC 3501, 5.1).
fn same_folder(one: &str, other: &str) -> bool {
    one == other || (one.eq_ignore_ascii_case("inbox") && other.eq_ignore_ascii_case("inbox"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewMailbox {
        NewMailbox {
            name: " Service ".to_owned(),
            server: Server {
                host: "Mail.Elm.Example.".to_owned(),
                port: 993,
                security: Security::Tls,
                authority: None,
            },
            log_in: LogIn {
                user: "service@elm.example".to_owned(),
                secret: Zeroizing::new("s3cret".to_owned()),
                method: Method::Password,
            },
            folder: "INBOX".to_owned(),
            put_away: PutAway::Move("Doorward".to_owned()),
            since: None,
        }
    }

    fn refused(change: impl FnOnce(&mut NewMailbox)) -> Option<Refusal> {
        let mut changed = new();
        change(&mut changed);
        changed.checked().err()
    }

    #[test]
    fn what_is_good_is_taken_in_its_plain_form() {
        let checked = new().checked().expect("good");
        assert_eq!((checked.name.as_str(), checked.server.host.as_str()), ("Service", "mail.elm.example"));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        assert_eq!(refused(|new| new.name = "two\nlines".to_owned()), Some(Refusal::Name));
        assert_eq!(refused(|new| new.server.host = "mail.example/path".to_owned()), Some(Refusal::Host));
        assert_eq!(refused(|new| new.server.host = String::new()), Some(Refusal::Host));
        assert_eq!(refused(|new| new.server.port = 0), Some(Refusal::Host));
        assert_eq!(refused(|new| new.server.authority = Some("none".to_owned())), Some(Refusal::Authority));
        assert_eq!(refused(|new| new.log_in.user = "a\r\nb".to_owned()), Some(Refusal::User));
        assert_eq!(refused(|new| new.log_in.secret = Zeroizing::new("a\0b".to_owned())), Some(Refusal::Secret));
        assert_eq!(refused(|new| new.folder = "a\r\nb".to_owned()), Some(Refusal::Folder));
        assert_eq!(refused(|new| new.put_away = PutAway::Move("inbox".to_owned())), Some(Refusal::SameFolder));
    }
}
