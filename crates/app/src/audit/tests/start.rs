//! A database that was rolled back is noticed at start, and served only when somebody said so.

use tlog::Checkpoint;

use super::house::House;
use crate::audit::{Announced, Error, Standing, origin};

/// Puts the log back to its first checkpoint, as a database of yesterday would have it.
async fn roll_back(house: &House) {
    for statement in [
        "DELETE FROM audit_entry WHERE org = $1 AND (leaf IS NULL OR leaf > 0)",
        "UPDATE audit_head SET sequence = 1, commitment = (SELECT commitment FROM audit_entry
            WHERE audit_entry.org = $1 AND audit_entry.subject = audit_head.subject) WHERE org = $1",
        "DELETE FROM log_checkpoint WHERE org = $1 AND size > 1",
        "UPDATE log_state SET size = 1, root = (SELECT root FROM log_checkpoint WHERE org = $1) WHERE org = $1",
        "UPDATE log_tile SET hashes = substr(hashes, 1, 32) WHERE org = $1",
    ] {
        assert!(house.sql(statement).await > 0, "{statement}");
    }
}

#[tokio::test]
async fn a_database_as_it_was_left_is_served() {
    let house = House::new().await;
    let start = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap();
    assert_eq!(start, Standing::First { size: 0 });
    let customer = house.customer().await;
    house.write(&customer, 2).await;
    house.audit.fold(house.organisation).await.unwrap();
    let start = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap();
    assert_eq!(start, Standing::Consistent { size: 2 });
}

#[tokio::test]
async fn yesterdays_database_is_refused_and_told_plainly() {
    let (house, customers) = House::with_entries(1, 3).await;
    roll_back(&house).await;

    let refused = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap_err();
    assert!(matches!(refused, Error::RolledBack { remembered: 3, found: 1, found_at: Some(_) }));
    let text = refused.to_string();
    assert!(
        text.contains("ends after 1 entries, signed at 2027-01-15T08:00:00Z") && text.contains("3 entries"),
        "{text}"
    );

    // Nor is anything signed for it behind serve's back.
    house.write(&customers[0], 1).await;
    let refused = house.audit.fold(house.organisation).await.unwrap_err();
    assert!(matches!(refused, Error::RolledBack { remembered: 3, found: 1, .. }));
    let report = house.verify().await;
    let expected =
        "the log ends after 1 entries, but the checkpoint beside the root key is of 3 entries: its end was cut off";
    assert_eq!(report.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[tokio::test]
async fn an_announced_restore_goes_on_from_where_the_backup_ends() {
    let (house, customers) = House::with_entries(1, 3).await;
    roll_back(&house).await;
    let start = house.audit.check_start(house.organisation, Announced::Restore).await.unwrap();
    assert_eq!(start, Standing::Restored { remembered: Some(3), size: 1 });
    house.write(&customers[0], 1).await;
    assert_eq!(house.audit.fold(house.organisation).await.unwrap().size, 2);
    let start = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap();
    assert_eq!(start, Standing::Consistent { size: 2 });
    assert_eq!(house.verify().await.problems, []);
}

#[tokio::test]
async fn an_emptied_log_is_refused() {
    let (house, _) = House::with_entries(1, 2).await;
    for table in ["audit_entry", "audit_head", "log_state", "log_tile", "log_checkpoint"] {
        assert!(house.sql(&format!("DELETE FROM {table} WHERE org = $1")).await > 0);
    }
    let refused = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap_err();
    assert!(matches!(refused, Error::RolledBack { remembered: 2, found: 0, found_at: None }));
}

#[tokio::test]
async fn a_database_of_another_history_is_refused_although_it_is_longer() {
    let (house, _) = House::with_entries(1, 4).await;
    let signer = house.audit.signer(house.organisation).await.unwrap();
    let other = Checkpoint::new(origin(house.organisation), 3, tlog::Hash::new([7; 32]));
    house.context.keyring.remember_checkpoint(house.organisation, &other.sign(&[&signer]).unwrap()).unwrap();
    let refused = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap_err();
    assert!(matches!(refused, Error::Broken(_)), "{refused}");
    assert!(refused.to_string().contains("first 3 entries"), "{refused}");
}

#[tokio::test]
async fn a_keyring_without_its_checkpoint_takes_the_signed_one_of_the_database() {
    let (house, _) = House::with_entries(1, 2).await;
    let file = house.folder.path().join(format!("keyring.checkpoint.{}", house.organisation));
    std::fs::remove_file(file).unwrap();
    let start = house.audit.check_start(house.organisation, Announced::Nothing).await.unwrap();
    assert_eq!(start, Standing::First { size: 2 });
    let remembered = house.context.keyring.last_checkpoint(house.organisation).unwrap().unwrap();
    assert!(remembered.contains("\n2\n"));
}
