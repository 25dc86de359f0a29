//! A disk without room refuses the mail for the time being, keeps what it had, and takes more
//! once there is room.

use std::sync::Arc;

use app::channels::{Arrival, Client, Outcome, ResolverConfig};
use app::{Actor, App, Context, identity};
use db::{Config, Db, Engine, SqliteConfig};
use envelope::CryptoEntropy;
use kernel::ManualClock;
use testkit::{Letter, Place, START};

async fn open(place: &Place, pages: Option<u32>) -> App {
    let clock = Arc::new(ManualClock::at(START));
    let mut config = SqliteConfig::new(place.data().join("doorward.sqlite"));
    config.max_pages = pages;
    let db = Db::open(Config::Sqlite(config), clock.clone()).await.unwrap();
    let keyring = Arc::new(place.keyring());
    let blobs = place.data().join("blobs");
    let context = Context { db, keyring, blobs, clock, entropy: Arc::new(CryptoEntropy) };
    App::new(context, &ResolverConfig::Off).unwrap()
}

#[tokio::test]
async fn a_full_disk_refuses_for_now_and_loses_nothing() {
    let place = Place::new(Engine::Sqlite);
    let app = open(&place, None).await;
    let new = identity::New { name: "Elm".to_owned(), admin_email: "admin@elm.example".to_owned() };
    let organisation = app.identity.create_organisation(new).await.unwrap().organisation;
    app.close().await;

    let size = place.data().join("doorward.sqlite").metadata().unwrap().len();
    let pages = u32::try_from(size / 4096).unwrap() + 200;
    let small = open(&place, Some(pages)).await;
    let mail = |n: usize| {
        Letter::new("a@x.example", "Large").id(&format!("{n}@x.example")).text(&"words \n".repeat(20_000)).raw()
    };
    let arrival = |raw: Vec<u8>| Arrival {
        raw: raw.into(),
        client: Client::default(),
        actor: Actor::System,
        authenticate: false,
    };
    let deliveries = (0..24).map(|n| small.channels.receive(organisation, arrival(mail(n))));
    let outcomes = futures_util::future::join_all(deliveries).await;
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(refused > 0, "200 pages do not hold 24 such mails");
    assert!(refused < 24, "some fit before the disk was full");
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(error.is_temporary(), "the sender must keep the mail: {error}");
    }
    small.close().await;

    // With room again, what was refused gets in and what was acknowledged is there.
    let roomy = open(&place, None).await;
    for (n, before) in outcomes.iter().enumerate() {
        let now = roomy.channels.receive(organisation, arrival(mail(n))).await.unwrap();
        assert_eq!(matches!(now, Outcome::Duplicate), before.is_ok(), "mail {n}");
    }
    let report = roomy.audit.verify(organisation, app::audit::VerifyOptions::default(), &|_, _| {}).await.unwrap();
    assert!(report.ok, "{:?}", report.problems);
    roomy.close().await;
}
