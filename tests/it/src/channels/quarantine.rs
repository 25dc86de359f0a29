//! What cannot be read stays whole, sealed, listed with its reason, and comes out again.

use app::access::{Action, OrganisationWide, Permit};
use app::channels::{Error, Outcome};
use app::identity::Role;
use kernel::OrganisationId;
use testkit::{ENGINES, TestApp, permit_as};

const POISON: &[u8] = b"\x01\x02canary-in-quarantine-7731\x03 this is not a mail at all\n";

/// As a privacy officer.
async fn may<A: Action>(test: &TestApp, organisation: OrganisationId, resource: A::Resource) -> Permit<A> {
    permit_as(&test.app, organisation, (testkit::agent(), Role::PrivacyOfficer), resource).await.unwrap()
}

#[tokio::test]
async fn an_unreadable_mail_is_kept_whole_with_its_reason() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let Outcome::Quarantined(id) = test.mail(POISON).await.unwrap() else { panic!("quarantine") };
        let listed = test
            .app
            .channels
            .quarantined(&may(&test, test.organisation, OrganisationWide).await, None, 10)
            .await
            .unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].reason.contains("not a mail"));
        let opened = test.app.channels.open_quarantined(&may(&test, test.organisation, id).await).await.unwrap();
        assert_eq!(opened.raw.as_slice(), POISON);
        // The same bytes again are nothing new.
        assert_eq!(test.mail(POISON).await.unwrap(), Outcome::Duplicate);
        let release = test.app.channels.release(&may(&test, test.organisation, id).await).await;
        assert!(matches!(release, Err(Error::StillUnreadable(_))));
        test.close().await;
    }
}

#[tokio::test]
async fn another_organisation_sees_nothing_of_it() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let other = test.another_organisation("Oak Bank").await;
        let Outcome::Quarantined(id) = test.mail(POISON).await.unwrap() else { panic!("quarantine") };
        assert!(
            test.app
                .channels
                .quarantined(&may(&test, other, OrganisationWide).await, None, 10)
                .await
                .unwrap()
                .is_empty()
        );
        let refused = test.app.channels.open_quarantined(&may(&test, other, id).await).await;
        assert!(matches!(refused, Err(Error::NotQuarantined)));
        test.close().await;
    }
}
