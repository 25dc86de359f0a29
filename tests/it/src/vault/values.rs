//! Values that several set at once.

use app::vault::{Error, Stored};

use super::bench::Bench;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_set_by_many_at_once_holds_one_value() {
    for bench in Bench::both().await {
        let customer = bench.customer("maija@x.example", "Maija").await;
        let names: Vec<String> = (0..6).map(|number| format!("Name {number}")).collect();
        let sets: Vec<_> = names.iter().map(|name| bench.set(customer, "name", name)).collect();
        for set in futures_util::future::join_all(sets).await {
            assert!(matches!(set, Ok(Stored::Changed(_))), "{set:?}");
        }
        let seen = bench.masked(customer).await;
        assert_eq!(seen.iter().filter(|value| value.starts_with("name: Name ")).count(), 1, "{seen:?}");
        assert_eq!(seen.len(), 2);
        bench.log_holds().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_claimed_by_two_at_once_goes_to_one() {
    for bench in Bench::both().await {
        let one = bench.customer("one@x.example", "One").await;
        let other = bench.customer("other@x.example", "Other").await;
        let (first, second) =
            tokio::join!(bench.set(one, "email", "new@x.example"), bench.set(other, "email", "new@x.example"));
        assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
        let lost = first.and(second).unwrap_err();
        assert!(matches!(lost, Error::Taken { .. }), "{lost:?}");
        bench.log_holds().await;
    }
}
