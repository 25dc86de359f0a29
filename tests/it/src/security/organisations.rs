//! What one organisation holds does not exist for another, whatever id it names, and nothing that
//! it tries changes anything.

use app::access::Reveal;
use app::access::action::RevealValue;
use app::desk::{Filter, PageRequest, ThreadRequest};
use app::identity::Role;
use app::vault::Purpose;
use testkit::{ENGINES, Letter, TestApp, permit_as};

#[tokio::test]
async fn another_organisation_can_neither_see_nor_change_anything() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let other = test.another_organisation("Oak Bank").await;
        test.mail(Letter::new("Anna <anna@x.example>", "Mine").id("1@x.example")).await.unwrap();
        test.mail(Letter::new("Bert <bert@x.example>", "His").id("2@x.example")).await.unwrap();
        let before = rows(&test).await;
        let (conversation, customer, second) = (before[0].id, before[0].customer, before[1].customer);
        let (desk, vault, actor) = (testkit::desk(&test.app), testkit::vault(&test.app), testkit::agent());
        let values = vault.masked(test.organisation, customer).await.unwrap();

        assert!(desk.show(other, conversation, actor, ThreadRequest::default()).await.is_err());
        assert!(desk.resolve(other, conversation, actor).await.is_err());
        assert!(desk.label(other, conversation, actor, "stolen").await.is_err());
        assert!(desk.add_note(other, conversation, actor, "was here").await.is_err());
        assert!(vault.masked(other, customer).await.map_or(true, |found| found.is_empty()));
        assert!(vault.set_value(other, customer, "company", "Oak").await.is_err());
        assert!(vault.merge(other, customer, second).await.is_err());
        assert!(vault.erase(other, customer, "not theirs").await.is_err());
        for value in values {
            let purpose: Purpose = "service".parse().unwrap();
            let reveal = Reveal { customer, value: value.id, purpose, conversation };
            let asked = permit_as::<RevealValue>(&test.app, other, (actor, Role::Agent), reveal).await;
            assert!(asked.is_err(), "{}", value.name);
        }

        let after = rows(&test).await;
        assert!(before == after, "{engine:?}: nothing of it left a trace");
        test.close().await;
    }
}

async fn rows(test: &TestApp) -> Vec<app::desk::ListRow> {
    let page = PageRequest { limit: 10, ..PageRequest::default() };
    testkit::desk(&test.app).list(test.organisation, Filter::default(), page).await.unwrap().rows
}
