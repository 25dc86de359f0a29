//! Two customers that turn out to be one are met, seen and revealed as one.

use super::*;
use crate::access::{Merge, Reveal};
use crate::vault::{ContactKind, Index, Merged};

impl Bench {
    async fn merge(&self, from: CustomerId, into: CustomerId) -> Result<Merged, Error> {
        let permit = self.ask(Role::Lead, Merge { from, into }).await?;
        self.vault.merge(&self.audit, &permit).await
    }

    async fn met_by(&self, address: &str) -> Option<CustomerId> {
        let blind = self.vault.blind(self.organisation, Index::Email, address.as_bytes()).unwrap();
        let organisation = self.organisation;
        self.write(move |tx| Vault::find_by_contact(tx, organisation, ContactKind::Email, &blind)).await
    }
}

#[tokio::test]
async fn both_addresses_meet_the_survivor_and_both_values_are_seen() {
    let bench = Bench::new().await;
    let old = bench.customer("maija@old.example", "M. Virtanen").await;
    let new = bench.customer("maija@new.example", "Maija Virtanen").await;
    bench.set(old, "iban", "FI21 1234 5600 0007 85").await.unwrap();
    assert_eq!(bench.merge(old, new).await.unwrap(), Merged { from: old, into: new });

    assert_eq!(bench.met_by("maija@old.example").await, Some(new));
    assert_eq!(bench.met_by("maija@new.example").await, Some(new));
    let seen = ["name: Maija Virtanen", "name: M. Virtanen", "email: m•••@•••", "email: m•••@•••", "iban: ••• 0785"];
    assert_eq!(bench.masked(new).await, seen);
    assert_eq!(bench.masked(old).await, seen, "by either id");
    assert_eq!(bench.actions(old).await, ["value.changed", "customer.merged"]);
    assert_eq!(bench.actions(new).await, ["customer.merged"]);

    let conversation = bench.assigned(new, &[]).await;
    let iban = bench.value(old, "iban").await;
    let purpose = "billing".parse().unwrap();
    let reveal = Reveal { customer: new, value: iban, purpose, conversation };
    let permit = bench.ask(Role::Agent, reveal).await.unwrap();
    let revealed = bench.vault.reveal(&bench.audit, &permit).await.unwrap();
    assert_eq!(revealed.expose(), "FI2112345600000785");
    assert_eq!(bench.actions(old).await.last().unwrap(), "value.revealed", "in the chain of whose value it is");
}

#[tokio::test]
async fn a_new_value_replaces_that_of_the_merged_one_too() {
    let bench = Bench::new().await;
    let (old, new) = (bench.customer("a@x.example", "Old").await, bench.customer("b@x.example", "New").await);
    bench.merge(old, new).await.unwrap();
    bench.set(old, "name", "Newest").await.unwrap();
    assert_eq!(bench.masked(new).await, ["name: Newest", "email: •••@•••", "email: •••@•••"]);
    assert_eq!(bench.actions(new).await, ["customer.merged", "value.changed"]);
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused() {
    let bench = Bench::new().await;
    let (a, b) = (bench.customer("a@x.example", "A").await, bench.customer("b@x.example", "B").await);
    let c = bench.customer("c@x.example", "C").await;
    assert!(matches!(bench.merge(a, a).await, Err(Error::Merged)), "oneself");
    assert!(matches!(bench.merge(a, CustomerId::from_bytes([9; 16])).await, Err(Error::NoCustomer)));
    bench.merge(a, b).await.unwrap();
    assert!(matches!(bench.merge(a, b).await, Err(Error::Merged)), "again");
    assert!(matches!(bench.merge(b, a).await, Err(Error::Merged)), "a loop");
    assert!(matches!(bench.merge(a, c).await, Err(Error::Merged)), "elsewhere");
    assert_eq!(bench.merge(c, a).await.unwrap().into, b, "into whom the other lives as");
    assert_eq!(bench.met_by("c@x.example").await, Some(b));

    let unknown = bench.vault.prepare_customer(bench.organisation, &Normalised::unknown(), None).unwrap();
    let (nobody, organisation, now) = (unknown.id, bench.organisation, bench.clock.now());
    bench.write(move |tx| Vault::insert_customer(tx, organisation, &unknown, now)).await;
    assert!(matches!(bench.merge(nobody, b).await, Err(Error::UnknownSenders)));
    assert!(matches!(bench.merge(b, nobody).await, Err(Error::UnknownSenders)));
}

#[tokio::test]
async fn no_chain_of_merges_grows_beyond_what_is_looked_at() {
    let bench = Bench::new().await;
    let mut survivor = bench.customer("p0@x.example", "Person").await;
    let mut merged = 1;
    let refused = loop {
        let next = bench.customer(&format!("p{merged}@x.example"), "Person").await;
        match bench.merge(survivor, next).await {
            Ok(_) => (survivor, merged) = (next, merged + 1),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::TooManyMerged(bound) if bound == merged));
    assert_eq!(bench.met_by("p0@x.example").await, Some(survivor));
    assert_eq!(bench.masked(survivor).await.len(), 2 * merged, "all of them are seen");
}
