//! What became of mails, counted for whoever watches the process. Of the whole installation, by
//! words that stand here, and never by anything that a mail said.

use super::{Error, Outcome};

const MAIL: &str = "doorward_mail";
const REFUSALS: &str = "doorward_mail_refusals";
const REFUSED: &str = "refused";

/// Why a mail was not taken in. The sender was told, and mostly to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has more bytes than any mail may.
    TooLarge,
    /// The memory for large mails is in use.
    Busy,
    /// The disk or the database is full.
    Full,
    /// The database cannot be written.
    ReadOnly,
    /// The database does not answer.
    DatabaseAway,
    /// Others changed the same again and again.
    Overtaken,
    /// The store of large files does not take it.
    LargeFiles,
    /// A fault on our side.
    Fault,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::TooLarge,
        Self::Busy,
        Self::Full,
        Self::ReadOnly,
        Self::DatabaseAway,
        Self::Overtaken,
        Self::LargeFiles,
        Self::Fault,
    ];

    /// The word in the counter.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Busy => "busy",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::DatabaseAway => "database-away",
            Self::Overtaken => "overtaken",
            Self::LargeFiles => "large-files",
            Self::Fault => "fault",
        }
    }

    const fn of(error: &Error) -> Self {
        match error {
            Error::TooLarge { .. } => Self::TooLarge,
            Error::Busy => Self::Busy,
            Error::Stale => Self::Overtaken,
            Error::Blobs(_) => Self::LargeFiles,
            Error::Database(error) | Error::Audit(crate::audit::Error::Database(error)) => match error {
                db::Error::Full => Self::Full,
                db::Error::ReadOnly => Self::ReadOnly,
                db::Error::Unavailable(_) | db::Error::Closed => Self::DatabaseAway,
                db::Error::Conflict => Self::Overtaken,
                _ => Self::Fault,
            },
            _ => Self::Fault,
        }
    }

    /// Counts a mail that was refused before it reached [`super::Channels::receive`], which counts
    /// its own.
    pub fn count(self) {
        metrics::counter!(MAIL, "outcome" => REFUSED).increment(1);
        metrics::counter!(REFUSALS, "reason" => self.word()).increment(1);
    }
}

/// Counts what became of one mail.
pub(super) fn count(received: &Result<Outcome, Error>) {
    let word = match received {
        Ok(Outcome::Received { .. }) => "received",
        Ok(Outcome::Appended { .. }) => "appended",
        Ok(Outcome::Quarantined(_)) => "quarantined",
        Ok(Outcome::Duplicate) => "duplicate",
        Err(error) => return Refusal::of(error).count(),
    };
    metrics::counter!(MAIL, "outcome" => word).increment(1);
}

/// Every counter is there from the start, at nought: what appears only with its first event cannot
/// be watched.
pub(crate) fn begin() {
    metrics::describe_counter!(MAIL, "Mails by what became of them, by every way in of this process.");
    metrics::describe_counter!(REFUSALS, "Mails that were not taken in, by the reason.");
    for word in ["received", "appended", "quarantined", "duplicate", REFUSED] {
        metrics::counter!(MAIL, "outcome" => word).increment(0);
    }
    for refusal in Refusal::ALL {
        metrics::counter!(REFUSALS, "reason" => refusal.word()).increment(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_lacks_is_told_from_a_fault_of_ours() {
        for (error, refusal) in [
            (Error::Database(db::Error::Full), Refusal::Full),
            (Error::Audit(crate::audit::Error::Database(db::Error::Full)), Refusal::Full),
            (Error::Database(db::Error::ReadOnly), Refusal::ReadOnly),
            (Error::Database(db::Error::Unavailable(String::new())), Refusal::DatabaseAway),
            (Error::Database(db::Error::Missing), Refusal::Fault),
            (Error::TooLarge { bytes: 1 }, Refusal::TooLarge),
        ] {
            assert_eq!(Refusal::of(&error), refusal, "{error}");
        }
    }
}
