//! Setting organisations up, and finding them and their agents again.

use std::sync::Arc;

use app::identity::{Error, New};
use db::Engine;
use kernel::{Id, ManualClock, OrganisationId};
use testkit::{ENGINES, Letter, Place, START, TestApp, files_below};

fn new(name: &str, address: &str) -> New {
    New { name: name.to_owned(), admin_email: address.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_found_by_its_id_and_its_name() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let created = identity.create_organisation(new(" Praxis Süd ", "Chefin@Süd.example")).await.unwrap();
        for text in ["Praxis Süd", " Praxis Süd ", &created.organisation.to_string()] {
            let found = identity.find_organisation(text).await.unwrap().unwrap();
            assert_eq!((found.id, found.name.as_str(), found.created_at), (created.organisation, "Praxis Süd", START));
        }
        assert!(identity.find_organisation("praxis").await.unwrap().is_none());
        assert_eq!(identity.count_organisations().await.unwrap(), 2);
        assert_eq!(identity.organisations().await.unwrap().len(), 2);
        assert!(test.mail_to(created.organisation, Letter::new("a@customer.example", "Hello")).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_is_found_however_the_address_is_written_and_only_there() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let created = identity.create_organisation(new("Praxis Süd", "Chefin@Example.ORG")).await.unwrap();
        let found = identity.find_agent(created.organisation, "chefin@example.org").await.unwrap();
        assert_eq!(found, Some(created.admin));
        assert_eq!(identity.find_agent(test.organisation, "chefin@example.org").await.unwrap(), None);
        assert_eq!(identity.find_agent(created.organisation, "no address").await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_up_is_on_record_and_leaves_no_address_behind() {
    let test = TestApp::on(Engine::Sqlite).await;
    let organisation = test.organisation;
    let entries = test.app.audit.entries_of(organisation, organisation.into(), 0, 100).await.unwrap();
    let actions: Vec<_> = entries.into_iter().map(|entry| entry.told.unwrap().action).collect();
    assert!(actions.starts_with(&["organisation.created".to_owned(), "agent.invited".to_owned()]), "{actions:?}");
    let place = test.close().await;
    for folder in [place.data(), place.keys()] {
        for (path, bytes) in files_below(&folder) {
            assert!(!bytes.windows(5).any(|window| window == b"admin@"), "the address is in {}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_given_once_and_wrong_ones_leave_nothing_behind() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let refused = |name: &'static str, address: &'static str| async move {
            identity.create_organisation(new(name, address)).await.unwrap_err()
        };
        assert!(matches!(refused("Elm Clinic", "b@elm.example").await, Error::NameTaken));
        assert!(matches!(refused("", "b@elm.example").await, Error::Name));
        assert!(matches!(refused("org_1", "b@elm.example").await, Error::NameLikeId));
        assert!(matches!(refused("Oak", "not an address").await, Error::Address));
        assert_eq!(test.app.context.keyring.organisations(), [test.organisation]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_stopped_half_way_is_finished_by_the_next_one() {
    for engine in ENGINES {
        let place = Place::new(engine);
        let begun = OrganisationId::from_bytes([5; 16]);
        place.keyring().add_organisation(begun).unwrap();
        let app = place.open(Arc::new(ManualClock::at(START))).await;
        let created = app.identity.create_organisation(new("Elm Clinic", "a@elm.example")).await.unwrap();
        assert_eq!(created.organisation, begun);
        assert_eq!(app.context.keyring.organisations(), [begun]);
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_whose_data_is_elsewhere_are_not_used_for_somebody_else() {
    let place = Place::new(Engine::Sqlite);
    let lost = OrganisationId::from_bytes([5; 16]);
    let keyring = place.keyring();
    keyring.add_organisation(lost).unwrap();
    keyring.remember_checkpoint(lost, "a checkpoint").unwrap();
    let app = place.open(Arc::new(ManualClock::at(START))).await;
    let refused = app.identity.create_organisation(new("Elm Clinic", "a@elm.example")).await.unwrap_err();
    assert!(matches!(refused, Error::LostData(named) if named == lost), "{refused}");
    assert!(app.identity.organisations().await.unwrap().is_empty());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn organisations_set_up_at_once_do_not_share_keys() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let made = ["A", "B", "C"].map(|name| identity.create_organisation(new(name, "a@elm.example")));
        let [a, b, c] = made;
        let (a, b, c) = tokio::join!(a, b, c);
        let mut ids = vec![test.organisation];
        ids.extend([a, b, c].map(|created| created.unwrap().organisation));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4);
        let mut keyed = test.app.context.keyring.organisations();
        keyed.sort_unstable();
        assert_eq!(keyed, ids);
    }
}
