//! Merges that meet each other.

use app::vault::Error;

use super::bench::Bench;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_opposite_merges_at_once_one_wins_and_no_loop_remains() {
    for bench in Bench::both().await {
        for round in 0..10 {
            let (a, b) = (format!("a{round}@x.example"), format!("b{round}@x.example"));
            let (one, other) = (bench.customer(&a, "A").await, bench.customer(&b, "B").await);
            let (there, back) = tokio::join!(bench.merge(one, other), bench.merge(other, one));
            assert_ne!(there.is_ok(), back.is_ok(), "{there:?} {back:?}");
            for lost in [there, back].into_iter().filter_map(Result::err) {
                assert!(matches!(lost, Error::Merged), "{lost:?}");
            }
            let met = bench.met_by(&a).await;
            assert!(met.is_some() && met == bench.met_by(&b).await);
        }
        bench.log_holds().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_of_merges_at_once_ends_in_one_customer() {
    for bench in Bench::both().await {
        let mut ring = Vec::new();
        for number in 0..5 {
            ring.push(bench.customer(&format!("p{number}@x.example"), "P").await);
        }
        let merges: Vec<_> = (0..ring.len()).map(|n| bench.merge(ring[n], ring[(n + 1) % ring.len()])).collect();
        let done = futures_util::future::join_all(merges).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), ring.len() - 1, "the last would close the ring");
        let survivor = bench.met_by("p0@x.example").await.unwrap();
        for number in 0..ring.len() {
            assert_eq!(bench.met_by(&format!("p{number}@x.example")).await, Some(survivor));
        }
        assert_eq!(bench.masked(survivor).await.len(), 2 * ring.len());
        bench.log_holds().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_set_during_a_merge_is_not_lost() {
    for bench in Bench::both().await {
        for round in 0..10 {
            let one = bench.customer(&format!("a{round}@x.example"), "A").await;
            let other = bench.customer(&format!("b{round}@x.example"), "B").await;
            let (merged, set) = tokio::join!(bench.merge(one, other), bench.set(one, "company", "Acme Works"));
            merged.unwrap();
            set.unwrap();
            let seen = bench.masked(other).await;
            assert!(seen.contains(&"company: A. W.".to_owned()), "{seen:?}");
        }
        bench.log_holds().await;
    }
}
