//! A gate: many transactions pass it together, and one closes it behind them. It stands in line with
//! all of them, so that those who pass without a pause cannot keep the one that closes waiting, as
//! they can with a row that each of them holds `FOR SHARE`.

use crate::Statement;

/// What is guarded, as a number. Two gates that share a number only wait for each other needlessly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate(i64);

impl Gate {
    /// The gate of one organisation's id, or of anything else with 16 bytes of its own.
    pub const fn of(bytes: &[u8; 16]) -> Self {
        let both = u128::from_be_bytes(*bytes);
        #[allow(clippy::cast_possible_truncation, reason = "both halves are folded into one")]
        let folded = (both >> 64) as u64 ^ both as u64;
        Self(folded.cast_signed())
    }

    pub(crate) const fn number(self) -> i64 {
        self.0
    }
}

/// PostgreSQL's own locks are granted in the order in which they were asked for, write no row and
/// end with the transaction. SQLite's single writer has passed every gate already.
pub(crate) static PASS: Statement = Statement::new("db.PASS_GATE", "SELECT pg_advisory_xact_lock_shared($1)");
pub(crate) static CLOSE: Statement = Statement::new("db.CLOSE_GATE", "SELECT pg_advisory_xact_lock($1)");
