//! How a command ends: one table of exit codes, one failure type.
//!
//! A [`Failure`] is shown to people and may be logged: it never carries a personal value.

use std::fmt::{Display, Write as _};
use std::io;

use serde::{Deserialize, Serialize};

/// Why a command ended as it did. The numbers are those of `sysexits.h` where that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whoever read the output has closed it; nothing went wrong.
    OutputClosed,
    /// A check that was asked for did not hold.
    CheckFailed,
    /// The command line is wrong.
    Usage,
    /// The input itself cannot be taken: too large, empty, not what it claims to be.
    Data,
    /// What was named does not exist.
    NotFound,
    /// A service that is needed (database, Vault) does not answer.
    Unavailable,
    /// A fault of this program.
    Software,
    /// Something that would be made exists already or cannot be made.
    CannotCreate,
    /// Reading or writing failed: disk full, read-only, broken.
    Io,
    /// Another process is in the way or memory is short: the same call succeeds later.
    TryAgain,
    /// The operating system or a policy forbids it.
    NoPermission,
    /// A setting or the data folder is wrong, or the root key does not fit.
    Configuration,
}

impl Kind {
    /// Every kind, by rising code.
    pub const ALL: [Self; 12] = [
        Self::OutputClosed,
        Self::CheckFailed,
        Self::Usage,
        Self::Data,
        Self::NotFound,
        Self::Unavailable,
        Self::Software,
        Self::CannotCreate,
        Self::Io,
        Self::TryAgain,
        Self::NoPermission,
        Self::Configuration,
    ];

    /// The exit code of every command but `mail`.
    pub const fn code(self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::CheckFailed => 1,
            Self::Usage => 2,
            Self::Data => 65,
            Self::NotFound => 66,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::CannotCreate => 73,
            Self::Io => 74,
            Self::TryAgain => 75,
            Self::NoPermission => 77,
            Self::Configuration => 78,
        }
    }

    /// The exit code of `mail`, which a mail server reads: 64 and 65 say that this call or this
    /// mail will never do; everything else is 75, because a mail must not bounce for a fault on
    /// our side that somebody can mend while the mail server keeps it.
    pub const fn code_for_mail(self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Usage => 64,
            Self::Data => 65,
            _ => 75,
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::OutputClosed => "done (also when the reader of the output went away)",
            Self::CheckFailed => "a check did not hold (verify, doctor)",
            Self::Usage => "wrong use of the command line (64 for mail)",
            Self::Data => "the input cannot be taken: too large, empty or malformed",
            Self::NotFound => "what was named does not exist",
            Self::Unavailable => "a service that is needed does not answer",
            Self::Software => "a fault of this program",
            Self::CannotCreate => "it exists already, or cannot be made",
            Self::Io => "reading or writing failed",
            Self::TryAgain => "try again later (mail: every failure but 64 and 65)",
            Self::NoPermission => "not permitted",
            Self::Configuration => "a setting, the data folder or the root key is wrong",
        }
    }
}

/// The table of exit codes as `--help` shows it.
pub fn table() -> String {
    let mut text = String::from("Exit codes:");
    for kind in Kind::ALL {
        let _ = write!(text, "\n  {:>2}  {}", kind.code(), kind.meaning());
    }
    text
}

/// A command that could not do what was asked: why, in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// Lower-case, no full stop, says what to do; no personal value.
    pub message: String,
}

impl Failure {
    /// A failure of `kind` that says `message`.
    pub fn new(kind: Kind, message: impl Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    /// A failed read or write: `doing` names the act and the place (`cannot read /x/y`).
    pub fn io(doing: impl Display, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => Kind::NotFound,
            io::ErrorKind::PermissionDenied => Kind::NoPermission,
            io::ErrorKind::AlreadyExists => Kind::CannotCreate,
            _ => Kind::Io,
        };
        Self::new(kind, format_args!("{doing}: {}", reason(error)))
    }
}

/// What is wrong, without the number that the standard library adds.
fn reason(error: &io::Error) -> impl Display {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_told_to_retry_unless_the_call_or_the_mail_is_wrong() {
        for kind in Kind::ALL {
            let expected = match kind {
                Kind::OutputClosed => 0,
                Kind::Usage => 64,
                Kind::Data => 65,
                _ => 75,
            };
            assert_eq!(kind.code_for_mail(), expected, "{kind:?}");
        }
    }

    #[test]
    fn every_code_stands_once_in_the_table_of_the_help() {
        let table = table();
        for kind in Kind::ALL {
            assert_eq!(table.matches(&format!("\n  {:>2}  ", kind.code())).count(), 1, "{kind:?}");
        }
    }

    #[test]
    fn a_file_failure_names_the_act_and_the_reason_without_numbers() {
        let failure = Failure::io("cannot read /x", &io::Error::from_raw_os_error(2));
        assert_eq!(failure, Failure::new(Kind::NotFound, "cannot read /x: no such file or directory"));
    }
}
