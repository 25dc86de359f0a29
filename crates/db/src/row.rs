//! One row of an answer, read column by column.

use std::ops::ControlFlow;

use kernel::{Id, Timestamp};

use crate::Error;

/// A row while it is being read. Columns count from 0.
pub struct Row<'a> {
    pub(crate) statement: &'static str,
    pub(crate) columns: Columns<'a>,
}

/// What takes the rows of a query one by one, until it has enough.
pub(crate) type Each<'f> = dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Error> + 'f;

pub(crate) enum Columns<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    fn get<T>(&self, column: usize) -> Result<T, Error>
    where
        T: rusqlite::types::FromSql + for<'p> tokio_postgres::types::FromSql<'p>,
    {
        let wrong = Error::Column { statement: self.statement, column };
        match &self.columns {
            Columns::Sqlite(row) => row.get(column).map_err(|_| wrong),
            Columns::Postgres(row) => row.try_get(column).map_err(|_| wrong),
        }
    }

    /// A BIGINT.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.get(column)
    }

    /// A BIGINT that counts something and so is not negative.
    pub fn count(&self, column: usize) -> Result<u64, Error> {
        u64::try_from(self.int(column)?).map_err(|_| self.wrong(column))
    }

    /// A BIGINT or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.get(column)
    }

    /// A BIGINT that is 0 or 1.
    pub fn flag(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// A TEXT.
    pub fn text(&self, column: usize) -> Result<String, Error> {
        self.get(column)
    }

    /// A TEXT or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        self.get(column)
    }

    /// A TEXT that a domain turns into one of its own words.
    pub fn word<T: std::str::FromStr>(&self, column: usize) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| self.wrong(column))
    }

    /// Bytes.
    pub fn blob(&self, column: usize) -> Result<Vec<u8>, Error> {
        self.get(column)
    }

    /// Bytes or NULL.
    pub fn opt_blob(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.get(column)
    }

    /// Bytes of a fixed length: a hash, a salt.
    pub fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], Error> {
        self.blob(column)?.try_into().map_err(|_| self.wrong(column))
    }

    /// An id.
    pub fn id<T: Id>(&self, column: usize) -> Result<T, Error> {
        self.array(column).map(T::from_bytes)
    }

    /// An id or NULL.
    pub fn opt_id<T: Id>(&self, column: usize) -> Result<Option<T>, Error> {
        self.opt_blob(column)?.map(|bytes| T::from_slice(&bytes).map_err(|_| self.wrong(column))).transpose()
    }

    /// A moment.
    pub fn time(&self, column: usize) -> Result<Timestamp, Error> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// A moment or NULL.
    pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    const fn wrong(&self, column: usize) -> Error {
        Error::Column { statement: self.statement, column }
    }
}
