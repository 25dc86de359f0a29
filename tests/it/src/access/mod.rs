//! Tokens: what they open, what is kept of them, what is put on record.

mod reveal;

use std::time::Duration;

use app::Actor;
use app::access::{Denied, Error, Scope};
use db::Engine;
use testkit::{ENGINES, TestApp, files_below};

async fn refusal(test: &TestApp, text: &str, needed: Scope) -> Denied {
    match test.app.access.authenticate(text, needed).await {
        Err(Error::Denied(denied)) => denied,
        Err(error) => panic!("expected a refusal, got {error}"),
        Ok(_) => panic!("expected a refusal"),
    }
}

/// What the organisation's own chain says, oldest first: action, actor, object, detail.
async fn on_record(test: &TestApp) -> Vec<(String, String, String, String)> {
    let organisation = test.organisation;
    let entries = test.app.audit.entries_of(organisation, organisation.into(), 0, 100).await.unwrap();
    let told = entries.into_iter().map(|entry| entry.told.unwrap());
    told.filter(|told| told.action.starts_with("token."))
        .map(|told| (told.action, told.actor, told.object.unwrap_or_default(), told.detail.unwrap_or_default()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_scopes_name_in_its_own_organisation() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let access = &test.app.access;
        let token = access.create_token(test.organisation, Actor::Operator, "mail", &[Scope::MailWrite]).await.unwrap();
        let bearer = access.authenticate(&token.text, Scope::MailWrite).await.unwrap();
        assert_eq!((bearer.organisation, bearer.token), (test.organisation, token.id));
        let denied = refusal(&test, &token.text, Scope::MetricsRead).await;
        assert_eq!(denied, Denied::Scope { needed: Scope::MetricsRead });
        access.revoke_token(test.organisation, Actor::Operator, token.id).await.unwrap();
        assert_eq!(refusal(&test, &token.text, Scope::MailWrite).await, Denied::Revoked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_the_disk_is_no_token() {
    let test = TestApp::on(Engine::Sqlite).await;
    let access = &test.app.access;
    let token = access.create_token(test.organisation, Actor::Operator, "mail", &[Scope::MailWrite]).await.unwrap();
    let text = token.text.to_string();
    // The last letters are of the secret alone; the others say whose and which it is.
    let secret = text.get(text.len() - 40..).unwrap().to_owned();
    let place = test.close().await;
    for folder in [place.data(), place.keys()] {
        for (path, bytes) in files_below(&folder) {
            for wanted in [text.as_bytes(), secret.as_bytes()] {
                let found = bytes.windows(wanted.len()).any(|window| window == wanted);
                assert!(!found, "the token's text is in {}", path.display());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_token_in_another_organisation_opens_and_ends_nothing() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let access = &test.app.access;
        let other = test.another_organisation("Oak Clinic").await;
        let token = access.create_token(test.organisation, Actor::Operator, "mail", &[Scope::MailWrite]).await.unwrap();
        let refused = access.revoke_token(other, Actor::Operator, token.id).await;
        assert!(matches!(refused, Err(Error::NoToken)));
        assert!(access.list_tokens(other).await.unwrap().is_empty());
        assert!(access.authenticate(&token.text, Scope::MailWrite).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn making_ending_and_misusing_a_token_is_on_record() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let access = &test.app.access;
        let token = access.create_token(test.organisation, Actor::Operator, "mail", &[Scope::MailWrite]).await.unwrap();
        let mut forged = token.text.to_string();
        let at = forged.len() - 20;
        let letter = if forged.get(at..=at) == Some("a") { "b" } else { "a" };
        forged.replace_range(at..=at, letter);
        for _ in 0..3 {
            assert_eq!(refusal(&test, &forged, Scope::MailWrite).await, Denied::Unknown);
            refusal(&test, &token.text, Scope::MetricsRead).await;
        }
        for _ in 0..2 {
            access.revoke_token(test.organisation, Actor::Operator, token.id).await.unwrap();
            refusal(&test, &token.text, Scope::MailWrite).await;
        }
        test.clock.advance(Duration::from_mins(16));
        refusal(&test, &token.text, Scope::MailWrite).await;
        let (id, operator, bearer) = (token.id.to_string(), "operator".to_owned(), token.id.to_string());
        let entry = |action: &str, actor: &str, detail: &str| {
            (action.to_owned(), actor.to_owned(), id.clone(), detail.to_owned())
        };
        let expected = [
            entry("token.created", &operator, "mail:write"),
            entry("token.refused", "system", "wrong secret"),
            entry("token.refused", &bearer, "lacks metrics:read"),
            entry("token.revoked", &operator, ""),
            entry("token.refused", &bearer, "revoked"),
            entry("token.refused", &bearer, "revoked"),
        ];
        assert_eq!(on_record(&test).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_newest_first_without_what_makes_them_worth_something() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let access = &test.app.access;
        let mut made = Vec::new();
        for name in ["first", "second", "third"] {
            test.clock.advance(Duration::from_secs(1));
            let scopes = [Scope::MetricsRead, Scope::MailWrite, Scope::MailWrite];
            made.push(access.create_token(test.organisation, Actor::Operator, name, &scopes).await.unwrap());
        }
        let second = made.get(1).unwrap().id;
        access.revoke_token(test.organisation, Actor::Operator, second).await.unwrap();
        let listed = access.list_tokens(test.organisation).await.unwrap();
        let seen: Vec<_> =
            listed.iter().map(|token| (token.name.as_str(), token.revoked_at.is_some(), token.scopes.len())).collect();
        assert_eq!(seen, [("third", false, 2), ("second", true, 2), ("first", false, 2)]);
        for token in &made {
            assert!(!format!("{listed:?}").contains(token.text.as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_a_name_a_scope_and_an_organisation() {
    let test = TestApp::on(Engine::Sqlite).await;
    let access = &test.app.access;
    let make = async |organisation, name: &str, scopes: &[Scope]| {
        access.create_token(organisation, Actor::Operator, name, scopes).await.err()
    };
    assert!(matches!(make(test.organisation, " ", &[Scope::MailWrite]).await, Some(Error::Name)));
    assert!(matches!(make(test.organisation, "mail", &[]).await, Some(Error::NoScope)));
    let nobody = kernel::Id::from_bytes([9; 16]);
    assert!(matches!(make(nobody, "mail", &[Scope::MailWrite]).await, Some(Error::NoOrganisation)));
}
