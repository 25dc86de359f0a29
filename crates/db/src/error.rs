//! Everything that can go wrong between a closure and the disk.

/// An error of the database layer. Texts hold no values of rows.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A unique index already holds this key.
    #[error("a row with this key is there already")]
    Unique,
    /// A foreign key or check constraint refused the row.
    #[error("a constraint refused the change: {0}")]
    Constraint(String),
    /// No space is left for the data; the same change may work later.
    #[error("the disk or the database is full")]
    Full,
    /// The database cannot be written; the same change may work later.
    #[error("the database is read-only")]
    ReadOnly,
    /// The server or the disk cannot be reached; the same change may work later.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// Two transactions met; the closure is run again, and this shows only when that never helps.
    #[error("the change met another one too often")]
    Conflict,
    /// A statement ran longer than it may ([`kernel::limits::QUERY_TIME`] for reads) and was stopped.
    #[error("{0} took too long and was stopped: ask for less at a time")]
    TooLong(&'static str),
    /// An earlier statement of this closure failed, so nothing more runs in it.
    #[error("the transaction has ended after an earlier error")]
    Aborted,
    /// The closure panicked.
    #[error("the work {0} stopped unexpectedly")]
    Panicked(&'static str),
    /// A query that must give one row gave none.
    #[error("a row that must be there is missing")]
    Missing,
    /// A statement changed another number of rows than it must.
    #[error("{statement} changed {found} rows instead of {expected}")]
    Affected {
        /// The statement's name.
        statement: &'static str,
        /// Rows that had to change.
        expected: u64,
        /// Rows that changed.
        found: u64,
    },
    /// A column holds what its reader cannot take.
    #[error("column {column} of {statement} does not hold what it must")]
    Column {
        /// The statement's name.
        statement: &'static str,
        /// The column, counted from 0.
        column: usize,
    },
    /// The data was written by a later version.
    #[error(
        "the data is of version {found}, this program knows {known}: install the newer program, or restore a backup"
    )]
    NewerSchema {
        /// The number of the last migration that ran.
        found: i64,
        /// The last migration that this program has.
        known: i64,
    },
    /// A migration that ran is not the one this program holds.
    #[error("migration {0} is not the one that this database has run")]
    ChangedMigration(i64),
    /// The settings cannot be used.
    #[error("database settings: {0}")]
    Settings(String),
    /// The worker threads have ended.
    #[error("the database is closed")]
    Closed,
    /// Anything else the engine said.
    #[error("{statement}: {message}")]
    Engine {
        /// The statement's name.
        statement: &'static str,
        /// The engine's words, without values.
        message: String,
    },
}

impl Error {
    /// Whether the same request may succeed later without a change to it.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly | Self::Unavailable(_) | Self::Conflict | Self::Closed)
    }
}
