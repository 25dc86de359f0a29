//! PostgreSQL: who is let in, whom we trust, and what is told when not.

use std::sync::Arc;

use db::{Config, Db, Error};
use kernel::SystemClock;
use testkit::postgres::{Cluster, Durability, Transport, database};

use crate::ground::{ids, insert, open, with_table};

/// An authority that has signed nothing here.
const OTHER_AUTHORITY: &str = include_str!("other_authority.pem");

async fn refused(url: String) -> Error {
    match Db::open(Config::postgres(url), Arc::new(SystemClock)).await {
        Ok(_) => panic!("let in"),
        Err(error) => error,
    }
}

fn password(url: &str) -> &str {
    url.split_once("postgres:").and_then(|(_, rest)| rest.split_once('@')).expect("a password").0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_wrong_database_are_told_as_settings() {
    let url = tokio::task::spawn_blocking(|| Cluster::shared().url("postgres")).await.expect("a cluster");
    let guess = "a-secret-that-is-wrong";
    let error = refused(url.replace(password(&url), guess)).await;
    assert!(matches!(error, Error::Settings(_)) && !error.is_temporary(), "{error}");
    assert!(!error.to_string().contains(guess));

    let error = refused(url.replace("/postgres", "/not_there")).await;
    assert!(matches!(&error, Error::Settings(text) if text.contains("not_there")), "{error}");

    let error = refused("postgresql://127.0.0.1:1/doorward?user=postgres".to_owned()).await;
    assert!(matches!(error, Error::Unavailable(_)) && error.is_temporary(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_only_the_named_authority_is_trusted() {
    let (cluster, folder) = tokio::task::spawn_blocking(|| {
        (Cluster::start(Durability::Fast, Transport::Tls).expect("a cluster"), tempfile::tempdir().expect("a folder"))
    })
    .await
    .expect("a cluster with TLS");
    let (good, bad) = (folder.path().join("good authority.pem"), folder.path().join("bad.pem"));
    std::fs::write(&good, cluster.ca_certificate().expect("an authority")).expect("written");
    std::fs::write(&bad, OTHER_AUTHORITY).expect("written");
    let base = cluster.url("postgres");
    let base = base.split_once('?').map_or(base.as_str(), |(base, _)| base);
    let escaped = good.display().to_string().replace(' ', "%20");

    for url in [
        format!("{base}?sslmode=verify-full&sslrootcert={escaped}"),
        format!("{base}?sslrootcert={escaped}"),
        format!("{}?sslmode=require&sslrootcert={escaped}", base.replace("127.0.0.1", "localhost")),
    ] {
        let db = open(Config::postgres(url)).await;
        let encrypted = db.read("test.tls", |tx| tx.query_one(&ENCRYPTED, &[], |row| row.int(0))).await;
        assert_eq!(encrypted.expect("an answer"), 1);
        db.close().await;
    }

    let error = refused(format!("{base}?sslmode=require&sslrootcert={}", bad.display())).await;
    assert!(matches!(&error, Error::Settings(text) if text.contains("not trusted")), "{error}");
    let error = refused(format!("{base}?sslmode=disable")).await;
    assert!(matches!(error, Error::Settings(_)), "a server that wants TLS was reached without: {error}");
}

db::statements! { "connection";
    ENCRYPTED = "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    BACKEND = "SELECT CAST(pg_backend_pid() AS BIGINT)";
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_while_idle_are_replaced_unseen() {
    let database = tokio::task::spawn_blocking(database).await.expect("a database");
    let db = with_table(open(Config::postgres(database.url())).await).await;
    ids(&db).await;
    database
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .expect("all are gone");
    for id in 0..40 {
        db.write("test.insert", move |tx| insert(tx, id)).await.expect("on a new connection");
        assert_eq!(ids(&db).await.len(), usize::try_from(id).expect("small") + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_killed_before_its_commit_runs_the_closure_again() {
    let database = tokio::task::spawn_blocking(database).await.expect("a database");
    let db = with_table(open(Config::postgres(database.url())).await).await;
    let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (counted, killer) = (Arc::clone(&runs), std::sync::Mutex::new(database));
    db.write("test.killed", move |tx| {
        insert(tx, 1)?;
        if counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            let backend = tx.query_one(&BACKEND, &[], |row| row.int(0))?;
            let killed = killer.lock().expect("one at a time");
            killed.execute(&format!("select pg_terminate_backend({backend})")).expect("killed");
            drop(killed);
        }
        insert(tx, 2)
    })
    .await
    .expect("nothing had happened yet, so it ran again");
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 2);
}
