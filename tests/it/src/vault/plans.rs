//! What is read of one customer costs the same however many others there are, also on a database
//! that nobody has ever analysed.

use db::dialect::sqlite_text;

/// Tables that grow with the customers.
const LARGE: [&str; 6] = ["contact_point", "customer", "customer_value", "data_key", "note", "participant"];
/// Statements that mean a stretch of the whole organisation: they walk an index in its order.
const STRETCHES: [&str; 1] = ["vault.lifecycle.EPOCHS"];

#[tokio::test]
async fn no_statement_about_a_customer_reads_the_whole_organisation() {
    let (_folder, connection) = fresh().await;
    let mut looked_at = 0;
    for statement in app::statements().iter().filter(|statement| !STRETCHES.contains(&statement.name())) {
        for step in plan(&connection, statement) {
            let mut words = step.split(' ');
            let (how, table) = (words.next().unwrap(), words.next().unwrap_or_default());
            if LARGE.contains(&table) {
                looked_at += 1;
                let whole = how == "SCAN" || step.ends_with("(org=?)");
                assert!(!whole, "{} reads every row of the organisation: {step}", statement.name());
            }
        }
    }
    assert!(looked_at > 20, "the statements were found: {looked_at}");
}

#[tokio::test]
async fn folding_the_log_finds_each_entry_by_its_id() {
    let (_folder, connection) = fresh().await;
    let statements = app::statements();
    let place = statements.iter().find(|statement| statement.name() == "audit.PLACE_ENTRY").unwrap();
    let steps = plan(&connection, place);
    let last = steps.last().unwrap();
    assert!(last.contains("audit_entry") && last.ends_with("(org=? AND id=?)"), "{steps:?}");
}

/// A database as the product makes it, still empty.
async fn fresh() -> (tempfile::TempDir, rusqlite::Connection) {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(kernel::SystemClock);
    let db = db::Db::open(db::Config::sqlite(folder.path()), clock).await.unwrap();
    db.close().await;
    let connection = rusqlite::Connection::open(folder.path().join("doorward.sqlite")).unwrap();
    (folder, connection)
}

fn plan(connection: &rusqlite::Connection, statement: &db::Statement) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {}", sqlite_text(statement.text()));
    let mut explained = connection.prepare(&explain).unwrap();
    let parameters = vec![rusqlite::types::Value::Null; explained.parameter_count()];
    explained
        .query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>(3))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}
