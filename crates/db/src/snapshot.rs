//! One unchanging view of everything on a connection of its own, for work that takes longer than a
//! read may: copies of whole tables. It waits for nobody, and no worker thread waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Config, Db, Error, Tx, postgres, sqlite};

impl Db {
    /// Runs a closure once on one unchanging view of the data, for as long as it takes.
    ///
    /// While it runs, SQLite keeps its write-ahead log and PostgreSQL its dead rows. What answers a
    /// question uses [`Db::read`].
    pub async fn snapshot<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let config = self.config.clone();
        let run = move || {
            let guarded = |tx: &mut Tx<'_>| {
                // The view ends with the connection, whatever the closure did to it.
                catch_unwind(AssertUnwindSafe(|| closure(tx))).unwrap_or_else(|_| Err(Error::Panicked(name).into()))
            };
            match &config {
                Config::Sqlite(config) => sqlite::snapshot(config, guarded),
                Config::Postgres(config) => postgres::snapshot(config, guarded),
            }
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}
