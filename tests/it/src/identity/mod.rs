//! Organisations, agents, and how they come in.

mod enrolment;
mod limits;
mod organisations;
mod secrets;
mod sessions;
mod sign_in;

use app::identity::{Error, NewSession, PasswordSignIn, Visitor};
use kernel::{Id as _, OrganisationId};
use testkit::{PASSWORD, TestApp};
use zeroize::Zeroizing;

/// What the organisation's own chain says of agents, oldest first: action, actor, object, detail.
async fn on_record(test: &TestApp) -> Vec<(String, String, String, String)> {
    let organisation = test.organisation;
    let entries = test.app.audit.entries_of(organisation, organisation.into(), 0, 500).await.unwrap();
    let told = entries.into_iter().map(|entry| entry.told.unwrap());
    told.skip(2)
        .map(|told| (told.action, told.actor, told.object.unwrap_or_default(), told.detail.unwrap_or_default()))
        .collect()
}

/// Only what was done.
async fn actions(test: &TestApp) -> Vec<String> {
    on_record(test).await.into_iter().map(|(action, ..)| action).collect()
}

fn from(source: &str) -> Visitor {
    Visitor { source: Some(source.parse().unwrap()), user_agent: "Browser 1.0".to_owned(), device: None }
}

async fn sign_in(test: &TestApp, address: &str, code: &str, visitor: &Visitor) -> Result<NewSession, Error> {
    sign_in_with(test, address, PASSWORD, code, visitor).await
}

async fn sign_in_with(
    test: &TestApp,
    address: &str,
    password: &str,
    code: &str,
    visitor: &Visitor,
) -> Result<NewSession, Error> {
    let typed = PasswordSignIn {
        address: address.to_owned(),
        password: Zeroizing::new(password.to_owned()),
        code: code.to_owned(),
    };
    test.app.identity.sign_in_with_password(typed, visitor).await
}

fn nobody() -> OrganisationId {
    OrganisationId::from_bytes([9; 16])
}
