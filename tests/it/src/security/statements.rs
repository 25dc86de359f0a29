//! Every statement of every domain is understood by both engines.

use testkit::{ENGINES, TestApp};

#[tokio::test]
async fn both_engines_prepare_every_statement() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let statements: &'static [&'static db::Statement] = app::statements().leak();
        assert!(statements.len() > 50, "the registry lists the stores");
        let refused = test.app.context.db.prepare_all(statements).await.unwrap();
        assert!(refused.is_empty(), "{engine:?}: {refused:#?}");
        test.close().await;
    }
}

#[test]
fn no_two_statements_share_a_name() {
    let mut names: Vec<_> = app::statements().iter().map(|statement| statement.name()).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    // PostgreSQL's sessions keep prepared statements by name.
    assert_eq!(names.len(), before);
}
