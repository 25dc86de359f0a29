//! Agents for tests: invited, enrolled and signed in by the same calls that the product's pages make.

use app::Actor;
use app::identity::{Enrolment, Invited, Means, NewAgent, NewSession, Roles, SignedIn, Visitor};
use kernel::{Locale, OrganisationId};
use zeroize::Zeroizing;

use crate::TestApp;
use crate::authenticator::{Authenticator, one_time_password};

/// Where the product of a test is reached.
pub const ORIGIN: &str = "http://localhost:8080";
/// The password of every agent who has one.
pub const PASSWORD: &str = "seven green doors";

/// An agent who is signed in with a passkey.
pub struct Employee {
    /// Who.
    pub signed_in: SignedIn,
    /// The session's cookie.
    pub cookie: Zeroizing<String>,
    /// The cookie of the device.
    pub device: Zeroizing<String>,
    /// The browser that holds the passkey.
    pub authenticator: Authenticator,
    /// The recovery codes.
    pub codes: Vec<Zeroizing<String>>,
}

/// An agent who enrolled with a password.
pub struct PasswordHolder {
    /// The session that enrolling began.
    pub session: NewSession,
    /// The secret in the authenticator app.
    pub secret: Zeroizing<String>,
    /// The recovery codes.
    pub codes: Vec<Zeroizing<String>>,
}

impl TestApp {
    /// Invites an agent of the test's organisation.
    pub async fn invite(&self, address: &str, roles: impl Into<Roles>) -> Invited {
        self.invite_to(self.organisation, address, roles).await
    }

    /// The same, for any organisation.
    pub async fn invite_to(&self, organisation: OrganisationId, address: &str, roles: impl Into<Roles>) -> Invited {
        let new = NewAgent { address: address.to_owned(), roles: roles.into(), locale: Locale::En };
        self.app.identity.invite(organisation, Actor::Operator, new).await.expect("an agent is invited")
    }

    /// Invites an agent, who enrols with a passkey and is signed in.
    pub async fn employee(&self, address: &str, roles: impl Into<Roles>) -> Employee {
        let invited = self.invite(address, roles).await;
        self.enrol(&invited.text, address).await
    }

    /// Enrols whoever bears a link, with a passkey.
    pub async fn enrol(&self, link: &str, name: &str) -> Employee {
        let identity = &self.app.identity;
        let mut authenticator = Authenticator::at(ORIGIN);
        let begun = identity.begin_enrolment_passkey(link).await.expect("the link opens");
        let response = authenticator.create(&begun.options);
        let means = Means::Passkey { ceremony: begun.ceremony, response };
        let wish = Enrolment { name: name.to_owned(), locale: Locale::En, means };
        let enrolled = identity.enrol(link, wish, &Visitor::default()).await.expect("the agent enrols");
        let cookie = enrolled.session.cookie;
        let signed_in = identity.session(&cookie).await.expect("the session is read").expect("the session lives");
        Employee { signed_in, cookie, device: enrolled.session.device, authenticator, codes: enrolled.recovery_codes }
    }

    /// Enrols whoever bears a link, with [`PASSWORD`] and an authenticator app.
    pub async fn enrol_with_password(&self, link: &str, name: &str) -> PasswordHolder {
        let identity = &self.app.identity;
        let begun = identity.begin_enrolment_totp(link).await.expect("the link opens");
        let means = Means::Password {
            ceremony: begun.ceremony,
            password: Zeroizing::new(PASSWORD.to_owned()),
            code: self.code(&begun.secret),
        };
        let wish = Enrolment { name: name.to_owned(), locale: Locale::En, means };
        let enrolled = identity.enrol(link, wish, &Visitor::default()).await.expect("the agent enrols");
        PasswordHolder { session: enrolled.session, secret: begun.secret, codes: enrolled.recovery_codes }
    }

    /// What an authenticator app shows now.
    pub fn code(&self, secret: &str) -> String {
        use kernel::Clock as _;
        one_time_password(secret, self.clock.now())
    }
}
