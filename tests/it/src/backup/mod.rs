//! Backups on both engines: what comes back, what must not, and what is refused.

mod refusals;
mod round_trip;
mod shred;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use app::backup::{Error, Places, Progress, Restored, Written};
use app::{Actor, App};
use db::{Engine, Statement};
use kernel::ManualClock;
use testkit::{Place, TestApp};

use crate::keys::copy_keys;

/// Two folders below one, as a test keeps them.
fn places(folder: &Path) -> Places {
    Places { data: folder.join("data"), keys: folder.join("keys") }
}

fn silent() -> Progress {
    Arc::new(|_, _, _| ())
}

async fn back_up(test: &TestApp, folder: &Path) -> Written {
    test.app.backup.write(&places(folder), Actor::Operator, silent()).await.unwrap()
}

/// An empty product on an engine, with the keyring of another.
async fn empty(engine: Engine, keys_of: &Place, clock: &Arc<ManualClock>) -> (App, Place) {
    let place = Place::new(engine);
    copy_keys(keys_of, &place);
    (place.open(clock.clone()).await, place)
}

async fn restore(app: &App, folder: &Path) -> Result<Restored, Error> {
    app.backup.restore(&places(folder), Actor::Operator, silent()).await
}

/// Rows of each table.
async fn counts(app: &App) -> BTreeMap<&'static str, u64> {
    let count = |tx: &mut db::Tx<'_>| {
        db::copy::tables()?.iter().map(|table| Ok((table.name(), table.count(tx)?))).collect::<Result<_, db::Error>>()
    };
    app.context.db.read("it.counts", count).await.unwrap()
}

/// Runs a change that a test makes behind the product's back.
async fn tamper(app: &App, statement: &'static Statement) -> u64 {
    app.context.db.write::<_, db::Error, _>("it.tamper", |tx| tx.execute(statement, &[])).await.unwrap()
}
