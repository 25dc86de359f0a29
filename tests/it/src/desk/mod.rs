//! The desk on both engines: what an agent gets, also when others do something at the same time.

mod feed;
mod invariants;
mod lists;
mod office;
mod plans;
mod steps;
mod threads;

pub(crate) use office::{Engine, Office};

/// Runs each test on either engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::desk::Office::open(crate::desk::Engine::Sqlite).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::desk::Office::open(crate::desk::Engine::Postgres).await).await;
            })*
        }
    };
}
use on_both_engines;
