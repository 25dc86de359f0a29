//! Importing customers from CSV: whoever is known by a contact point is brought up to date,
//! everybody else is made. Run again, or taken up after a stop, it changes nothing twice.
//!
//! A rejected row is told by its number, field and reason, never by its values.

mod batch;
mod columns;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;

use kernel::{OrganisationId, fail_point};

use super::inventory::{FIELDS, Field};
use super::store::inventory as store;
use super::{Error, Vault};
use crate::access::Permit;
use crate::access::action::ImportCustomers;
use crate::audit::Audit;
use batch::{DryRun, Outcome};
use columns::Columns;
use rows::{Row, Rows};

/// Rows that are stored in one transaction.
const BATCH_ROWS: usize = 200;
/// Rejected rows after which an import stops: the mapping is wrong, not the rows.
const REJECTED_ROWS: usize = 100_000;

/// Where a column of the file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into the field of this name.
    Field(String),
    /// Nowhere.
    Ignore,
}

impl FromStr for Target {
    type Err = Infallible;

    /// `-` ignores the column; anything else is the name of a field.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" { Self::Ignore } else { Self::Field(text.to_owned()) })
    }
}

/// How a file is taken in.
#[derive(Clone, Debug)]
pub struct Import {
    /// Columns by their heading, where the heading alone does not say what they hold. The names
    /// and labels of fields, and the usual headings in five languages, are understood without.
    pub columns: Vec<(String, Target)>,
    /// Check everything and store nothing.
    pub dry_run: bool,
}

/// What an import did, or would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Rows read, the heading not counted.
    pub read: u64,
    /// New customers.
    pub created: u64,
    /// Known customers of whom something changed.
    pub updated: u64,
    /// Known customers of whom nothing changed.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub rejected: Vec<Rejection>,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rejection {
    /// The row, the first below the heading being 1.
    pub row: u64,
    /// The field that stood in the way, if one did.
    pub field: Option<String>,
    /// Why, without any value.
    pub reason: String,
}

/// Why a file could not be taken in. Batches that were stored before the error stay.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is empty, or its first line is not text.
    #[error("the first line must name the columns, in UTF-8: save the file as CSV in UTF-8")]
    Heading,
    /// No heading was understood, which is what a file without one looks like.
    #[error("no column is understood: the first line must name the columns, or each must be mapped to a field")]
    NoColumns,
    /// A column that is neither understood nor mapped. Only the place is named: in a file without
    /// headings the first line is somebody's data.
    #[error("column {number} is not understood: map it to a field, or ignore it with `-`")]
    UnknownColumn {
        /// Counted from 1.
        number: usize,
    },
    /// A mapping names a column that the file does not have.
    #[error("the file has no column {0:?}")]
    MissingColumn(String),
    /// Two columns for one value.
    #[error("two columns are mapped to the field {0}: ignore one with `-`")]
    TwiceMapped(String),
    /// Nothing by which a customer is met again.
    #[error("no column holds an e-mail address or a phone number, so nobody could be recognised")]
    NoContact,
    /// Not CSV.
    #[error("the file cannot be read as CSV near row {row}: look for a quote that is not closed")]
    Row {
        /// The row, the first below the heading being 1.
        row: u64,
    },
    /// The mapping must be wrong.
    #[error("more than {REJECTED_ROWS} rows were rejected: look at the columns and the delimiter")]
    TooManyRejected,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] Error),
}

impl From<db::Error> for ImportError {
    fn from(error: db::Error) -> Self {
        Self::Vault(error.into())
    }
}

impl Vault {
    /// Takes in the customers of a CSV file with commas, semicolons or tabs and a heading.
    ///
    /// A customer is recognised by the e-mail address, else by the phone number. An empty cell
    /// changes nothing. Rows are stored in batches, each whole or not at all; `progress` hears of
    /// each batch once it is durable.
    pub async fn import(
        &self,
        audit: &Audit,
        permit: &Permit<ImportCustomers>,
        import: &Import,
        source: impl Read + Send,
        mut progress: impl FnMut(&Imported) + Send,
    ) -> Result<Imported, ImportError> {
        permit.in_force(self.context.clock.now()).map_err(Error::from)?;
        let (organisation, actor) = (permit.organisation(), permit.actor());
        let inventory: Vec<Arc<Field>> = self
            .context
            .db
            .read("vault.fields", move |tx| Ok::<_, Error>(store::fields(tx, organisation, FIELDS)?))
            .await?
            .into_iter()
            .map(Arc::new)
            .collect();
        let mut rows = Rows::new(source)?;
        let columns = Columns::understand(rows.heading(), &import.columns, &inventory)?;
        let mut dry_run = import.dry_run.then(DryRun::default);
        let mut report = Imported::default();
        let mut waiting = VecDeque::new();
        loop {
            let more = self.fill(organisation, &mut rows, &columns, &mut waiting, &mut report)?;
            if waiting.is_empty() && !more {
                return Ok(report);
            }
            let batch = take_batch(&mut waiting);
            let (outcomes, left) = self.take_in(audit, organisation, actor, batch, dry_run.as_mut()).await?;
            for row in left.into_iter().rev() {
                waiting.push_front(row);
            }
            for outcome in outcomes {
                report.count(outcome);
            }
            fail_point::pass("vault.import.batch");
            progress(&report);
        }
    }

    /// Reads rows until a batch waits; false when the file has ended.
    fn fill<R: Read>(
        &self,
        organisation: OrganisationId,
        rows: &mut Rows<R>,
        columns: &Columns,
        waiting: &mut VecDeque<Row>,
        report: &mut Imported,
    ) -> Result<bool, ImportError> {
        let now = self.context.clock.now();
        while waiting.len() < BATCH_ROWS {
            if report.rejected.len() > REJECTED_ROWS {
                return Err(ImportError::TooManyRejected);
            }
            let Some((number, cells)) = rows.next_row()? else { return Ok(false) };
            report.read += 1;
            let details = match cells {
                Ok(cells) => match columns.details(self, organisation, &cells, now) {
                    Ok(details) if details.contacts.is_empty() => {
                        let reason = "it has neither an e-mail address nor a phone number".to_owned();
                        Err(Rejection { row: number, field: None, reason })
                    }
                    Ok(details) => Ok(details),
                    Err(error) => Err(rejected(number, error)?),
                },
                Err(reason) => Err(Rejection { row: number, field: None, reason }),
            };
            match details {
                Ok(details) => waiting.push_back(Row { number, details }),
                Err(rejection) => report.rejected.push(rejection),
            }
        }
        Ok(true)
    }
}

/// Rows of whom no two name the same contact point, so that each can be looked up by itself.
fn take_batch(waiting: &mut VecDeque<Row>) -> Vec<Row> {
    let mut taken = std::collections::HashSet::new();
    let mut batch = Vec::with_capacity(waiting.len());
    while let Some(row) = waiting.front() {
        if row.details.contacts.iter().any(|contact| taken.contains(&contact.blind)) {
            break;
        }
        taken.extend(row.details.contacts.iter().map(|contact| contact.blind));
        batch.extend(waiting.pop_front());
    }
    batch
}

impl Imported {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Rejected(rejection) => self.rejected.push(rejection),
        }
    }
}

/// What is wrong with a row, unless the error is not about the row at all.
fn rejected(row: u64, error: Error) -> Result<Rejection, Error> {
    match error {
        Error::Value { field, reason } => Ok(Rejection { row, field: Some(field), reason: reason.to_owned() }),
        Error::Taken { field } => {
            let reason = "another customer has it already: merge the two if they are one".to_owned();
            Ok(Rejection { row, field: Some(field), reason })
        }
        other => Err(other),
    }
}
