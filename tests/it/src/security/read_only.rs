//! A database that cannot be written refuses the mail for the time being, on the server engine too.

use app::channels::Outcome;
use db::Engine;
use testkit::{Letter, TestApp};

/// Ends every other connection to this database.
const HANG_UP: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

#[tokio::test]
async fn a_server_that_became_read_only_refuses_for_now_and_takes_the_mail_later() {
    let test = TestApp::on(Engine::Postgres).await;
    let letter = Letter::new("a@x.example", "Keep me").id("keep@x.example").raw();
    let database = test.place().database().expect("a database of its own");
    let name = database.name();
    database.execute(&format!("alter database {name} set default_transaction_read_only = on")).unwrap();
    // The setting counts for new connections, as after a failover.
    database.execute(HANG_UP).unwrap();
    let refused = test.mail(letter.clone()).await.unwrap_err();
    assert!(refused.is_temporary(), "{refused}");

    let back = format!("begin read write; alter database {name} reset default_transaction_read_only; commit");
    database.execute(&back).unwrap();
    database.execute(HANG_UP).unwrap();
    assert!(matches!(test.mail(letter).await.unwrap(), Outcome::Received { .. }));
    test.close().await;
}
