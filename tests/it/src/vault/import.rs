//! Imports that meet each other, and one that is long.

use super::bench::Bench;

fn file(rows: usize, name: &str) -> String {
    let rows = (0..rows).map(|n| format!("p{n}@example.fi,{name} {n},+35840{n:07}\n"));
    std::iter::once("email,name,phone\n".to_owned()).chain(rows).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_again_changes_nothing() {
    for bench in Bench::both().await {
        let first = bench.import(&file(450, "Person")).await.unwrap();
        assert_eq!((first.read, first.created), (450, 450));
        let second = bench.import(&file(450, "Person")).await.unwrap();
        assert_eq!((second.read, second.unchanged), (450, 450));
        let third = bench.import(&file(450, "Other")).await.unwrap();
        assert_eq!((third.read, third.updated), (450, 450));
        let one = bench.met_by("p7@example.fi").await.unwrap();
        assert_eq!(bench.masked(one).await[0], "name: Other 7");
        bench.log_holds().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_imports_at_once_make_nobody_twice() {
    for bench in Bench::both().await {
        let text = file(900, "Person");
        let (one, other) = tokio::join!(bench.import(&text), bench.import(&text));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.created + other.created, 900);
        assert_eq!(one.unchanged + other.unchanged, 900);
        assert!(one.rejected.is_empty() && other.rejected.is_empty());
        bench.log_holds().await;
    }
}
