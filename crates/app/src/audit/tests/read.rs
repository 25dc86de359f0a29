//! Reading entries back: the one who asks gets what was done, and a proof that others can check.

use kernel::{AuditEntryId, Id, Timestamp};
use tlog::chain;

use super::house::House;
use crate::audit::{Error, origin};

#[tokio::test]
async fn a_customer_sees_what_was_done_page_by_page() {
    let (house, customers) = House::with_entries(2, 5).await;
    let subject = customers[0].subject();
    let first = house.audit.entries_of(house.organisation, subject, 0, 3).await.unwrap();
    let rest = house.audit.entries_of(house.organisation, subject, 3, 3).await.unwrap();
    let sequences: Vec<u64> = first.iter().chain(&rest).map(|entry| entry.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    let told = first[0].told.as_ref().unwrap();
    assert_eq!((told.action.as_str(), told.actor.as_str()), ("value.revealed", "operator"));
    assert_eq!((told.field.as_deref(), told.at), (Some("email"), Timestamp::from_seconds(1_800_000_000)));
}

#[tokio::test]
async fn a_proof_convinces_somebody_who_has_only_the_public_key() {
    let (house, customers) = House::with_entries(3, 100).await;
    let entries = house.audit.entries_of(house.organisation, customers[1].subject(), 49, 1).await.unwrap();
    let proof = house.audit.proof(house.organisation, entries[0].id).await.unwrap();

    let keys = [house.audit.verifier(house.organisation).await.unwrap()];
    let (salt, body) = (proof.salt.unwrap(), proof.body.unwrap());
    let commitment = chain::link(&proof.previous, proof.sequence, &chain::body_hash(&salt, &body));
    assert_eq!(proof.sequence, 50);
    let checkpoint = proof.file.verify(commitment.bytes(), &origin(house.organisation), &keys).unwrap();
    assert_eq!(checkpoint.size, 300);
    assert!(String::from_utf8_lossy(&body).contains("\"action\":\"value.revealed\""));
}

#[tokio::test]
async fn an_entry_has_no_proof_before_it_is_signed_and_an_unknown_one_never() {
    let (house, customers) = House::with_entries(1, 1).await;
    house.write(&customers[0], 1).await;
    let entries = house.audit.entries_of(house.organisation, customers[0].subject(), 1, 1).await.unwrap();
    assert!(entries[0].leaf.is_none());
    let early = house.audit.proof(house.organisation, entries[0].id).await;
    assert!(matches!(early, Err(Error::NotSigned(_))));
    let unknown = house.audit.proof(house.organisation, AuditEntryId::from_bytes([1; 16])).await;
    assert!(matches!(unknown, Err(Error::NoEntry(_))));
}

#[tokio::test]
async fn of_an_erased_customer_the_entries_stay_and_their_content_is_gone() {
    let (house, customers) = House::with_entries(2, 2).await;
    let subject = customers[0].subject();
    house.sql_with("DELETE FROM data_key WHERE org = $1 AND subject = $2", vec![subject.bytes().to_vec()]).await;
    let (_neighbour, fresh) = house.neighbour().await;

    let entries = fresh.entries_of(house.organisation, subject, 0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.told.is_some()).collect::<Vec<_>>(), [false, false]);
    let proof = fresh.proof(house.organisation, entries[0].id).await.unwrap();
    assert!(proof.salt.is_none() && proof.body.is_none());
    let keys = [fresh.verifier(house.organisation).await.unwrap()];
    assert!(proof.file.verify(proof.commitment.bytes(), &origin(house.organisation), &keys).is_ok());
}
