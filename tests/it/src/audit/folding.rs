//! Whoever folds at the same time on one PostgreSQL, there is one history, and tampering is named.

use app::audit::{Announced, Error, Problem, Report, Standing, VerifyOptions};

use super::nodes::Site;

async fn verify(node: &app::App, site: &Site) -> Report {
    let options = VerifyOptions { bodies: true, ..VerifyOptions::default() };
    node.audit.verify(site.organisation, options, &|_, _| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_fold_one_log_sign_one_history() {
    let site = Site::new().await;
    let nodes = [site.node().await, site.node().await, site.node().await];
    let mut folding = Vec::new();
    for node in &nodes {
        let (audit, organisation) = (node.audit.clone(), site.organisation);
        folding.push(tokio::spawn(async move {
            let mut added = 0;
            for _ in 0..30 {
                added += audit.fold(organisation).await.unwrap().added;
            }
            added
        }));
    }
    let customers = [site.customer(&nodes[0]).await, site.customer(&nodes[1]).await];
    for _ in 0..20 {
        for (node, customer) in nodes.iter().zip(customers.iter().cycle()) {
            site.write(node, customer, 7).await;
        }
    }
    let mut added = 0;
    for fold in folding {
        added += fold.await.unwrap();
    }
    added += nodes[0].audit.fold(site.organisation).await.unwrap().added;
    assert_eq!(added, 420, "each entry was placed once");
    for node in &nodes {
        let start = node.audit.check_start(site.organisation, Announced::Nothing).await.unwrap();
        assert_eq!(start, Standing::Consistent { size: 420 });
    }
    let report = verify(&nodes[2], &site).await;
    assert_eq!(report.problems, []);
    assert_eq!((report.size, report.opened, report.chains, report.pending), (420, 420, 2, 0));
}

#[tokio::test]
async fn a_log_of_several_tiles_is_folded_proved_and_verified() {
    let site = Site::new().await;
    let node = site.node().await;
    let customer = site.customer(&node).await;
    for _ in 0..9 {
        site.write(&node, &customer, 1_000).await;
    }
    assert_eq!(node.audit.fold(site.organisation).await.unwrap().size, 9_000);
    assert_eq!(verify(&node, &site).await.problems, []);

    let entries = node.audit.entries_of(site.organisation, customer.subject(), 4_321, 1).await.unwrap();
    assert_eq!(entries[0].sequence, 4_322);
    let proof = node.audit.proof(site.organisation, entries[0].id).await.unwrap();
    let keys = [node.audit.verifier(site.organisation).await.unwrap()];
    let origin = app::audit::origin(site.organisation);
    assert_eq!(proof.file.verify(proof.commitment.bytes(), &origin, &keys).unwrap().size, 9_000);
}

#[tokio::test]
async fn what_an_operator_with_sql_changes_is_named() {
    let site = Site::new().await;
    let node = site.node().await;
    let customer = site.customer(&node).await;
    for _ in 0..4 {
        site.write(&node, &customer, 1).await;
        node.audit.fold(site.organisation).await.unwrap();
    }
    site.database
        .execute("UPDATE audit_entry SET commitment = decode(repeat('00', 32), 'hex') WHERE leaf = 1")
        .unwrap();
    site.database.execute("DELETE FROM audit_entry WHERE leaf = 2").unwrap();
    let problems = verify(&node, &site).await.problems;
    assert!(problems.iter().any(|problem| matches!(problem, Problem::Entry { leaf: 1, .. })), "{problems:?}");
    assert!(problems.contains(&Problem::Missing { leaf: 2 }), "{problems:?}");

    site.database.execute("DELETE FROM log_checkpoint WHERE size > 2").unwrap();
    let cut = "UPDATE log_state SET size = 2, root = (SELECT root FROM log_checkpoint WHERE size = 2)";
    site.database.execute(cut).unwrap();
    let refused = node.audit.check_start(site.organisation, Announced::Nothing).await;
    assert!(matches!(refused, Err(Error::RolledBack { remembered: 4, found: 2, .. })), "{refused:?}");
}
