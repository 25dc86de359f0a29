//! Signing in: with a passkey, with a password and a one-time password, and not.

use std::time::Duration;

use app::Actor;
use app::identity::{Error, Role, Strength, Visitor};
use testkit::{ENGINES, ORIGIN, PASSWORD, TestApp, authenticator::Authenticator};

use super::{actions, from, sign_in, sign_in_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_found_by_the_browser_or_by_the_address() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let mut maria = test.employee("maria@elm.example", Role::Lead).await;
        for address in [None, Some("MARIA@elm.example")] {
            let begun = identity.begin_sign_in(address, &from("192.0.2.1")).await.unwrap();
            assert_eq!(maria.authenticator.is_asked_for(&begun.options), address.is_some());
            let response = maria.authenticator.get(&begun.options);
            let session = identity.sign_in_with_passkey(begun.ceremony, &response, &from("192.0.2.1")).await.unwrap();
            assert_eq!(session.agent, maria.signed_in.agent);
            let signed_in = identity.session(&session.cookie).await.unwrap().unwrap();
            assert_eq!((signed_in.strength, signed_in.roles), (Strength::Passkey, Role::Lead.into()));
            let again = identity.sign_in_with_passkey(begun.ceremony, &response, &from("192.0.2.1")).await;
            assert!(matches!(again, Err(Error::CeremonyOver)), "an answer is good once");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_has_is_answered_alike_each_time() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        test.employee("maria@elm.example", Role::Agent).await;
        let offered = async |address: &str| {
            let begun = identity.begin_sign_in(Some(address), &from("192.0.2.1")).await.unwrap();
            let options: serde_json::Value = serde_json::from_str(&begun.options).unwrap();
            options.pointer("/publicKey/allowCredentials").unwrap().to_string()
        };
        let (known, nobody) = (offered("maria@elm.example").await, offered("nobody@elm.example").await);
        assert_eq!(known.len(), nobody.len());
        assert_eq!(nobody, offered("nobody@elm.example").await);
        assert_ne!(nobody, offered("somebody@elm.example").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_on_a_false_page_of_a_stranger_or_copied_is_refused_and_on_record() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let visitor = from("192.0.2.1");
        let mut maria = test.employee("maria@elm.example", Role::Agent).await;
        let mut stranger = Authenticator::at(ORIGIN);
        let oskar = test.invite("oskar@elm.example", Role::Agent).await;
        stranger.create(&identity.begin_enrolment_passkey(&oskar.text).await.unwrap().options);
        let refused = async |response: String, ceremony| {
            let answer = identity.sign_in_with_passkey(ceremony, &response, &visitor).await;
            assert!(matches!(answer, Err(Error::Refused)));
            actions(&test).await.iter().filter(|action| *action == "agent.sign_in_refused").count()
        };
        let begin = async || identity.begin_sign_in(None, &visitor).await.unwrap();
        let begun = begin().await;
        let nameless = maria.authenticator.get(&begun.options).replace("userHandle", "ignored");
        assert_eq!(refused(nameless, begun.ceremony).await, 0, "nobody is named");
        // Never stored for Oskar, whose it claims to be.
        let begun = begin().await;
        assert_eq!(refused(stranger.get(&begun.options), begun.ceremony).await, 1);
        let begun = begin().await;
        maria.authenticator.move_to("https://localhost.evil.example");
        assert_eq!(refused(maria.authenticator.get(&begun.options), begun.ceremony).await, 2);
        let begun = begin().await;
        maria.authenticator.move_to(ORIGIN);
        maria.authenticator.rewind();
        assert_eq!(refused(maria.authenticator.get(&begun.options), begun.ceremony).await, 2, "told once");
        let begun = begin().await;
        let response = maria.authenticator.get(&begun.options);
        assert!(identity.sign_in_with_passkey(begun.ceremony, &response, &visitor).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_needs_its_one_time_password_and_neither_says_which_was_wrong() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let maria = test.enrol_with_password(&invited.text, "Maria").await;
        test.clock.advance(Duration::from_mins(1));
        let (visitor, code) = (from("192.0.2.1"), test.code(&maria.secret));
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let tries = [
            ("maria@elm.example", "another password", code.as_str()),
            ("maria@elm.example", PASSWORD, wrong),
            ("maria@elm.example", PASSWORD, ""),
            ("nobody@elm.example", PASSWORD, code.as_str()),
            ("no address at all", PASSWORD, code.as_str()),
        ];
        for (address, password, code) in tries {
            let refused = sign_in_with(&test, address, password, code, &visitor).await.map(|_| ()).unwrap_err();
            assert!(matches!(refused, Error::Refused), "{address} {password} {code}: {refused}");
        }
        let session = sign_in(&test, " Maria@ELM.example", &code, &visitor).await.unwrap();
        let signed_in = test.app.identity.session(&session.cookie).await.unwrap().unwrap();
        assert_eq!(signed_in.strength, Strength::Password);
        assert_ne!(session.cookie, maria.session.cookie, "each sign-in has a secret of its own");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_is_taken_once_even_by_two_at_once() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let maria = test.enrol_with_password(&invited.text, "Maria").await;
        test.clock.advance(Duration::from_mins(1));
        let code = test.code(&maria.secret);
        let visitor = from("192.0.2.1");
        let (one, other) = tokio::join!(
            sign_in(&test, "maria@elm.example", &code, &visitor),
            sign_in(&test, "maria@elm.example", &code, &visitor)
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
        // The one before is older than the one that was taken.
        test.clock.advance(Duration::from_secs(30));
        assert!(matches!(sign_in(&test, "maria@elm.example", &code, &visitor).await, Err(Error::Refused)));
        let next = test.code(&maria.secret);
        assert!(sign_in(&test, "maria@elm.example", &next, &visitor).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_of_two_organisations_comes_into_the_one_whose_secrets_were_given() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let other = test.another_organisation("Oak Clinic").await;
        let here = test.invite("maria@elm.example", Role::Agent).await;
        let there = test.invite_to(other, "maria@elm.example", Role::Lead).await;
        let here = test.enrol_with_password(&here.text, "Maria").await;
        let there = test.enrol_with_password(&there.text, "Maria").await;
        test.clock.advance(Duration::from_mins(1));
        for (secret, organisation) in [(&there.secret, other), (&here.secret, test.organisation)] {
            let code = test.code(secret);
            let session = sign_in(&test, "maria@elm.example", &code, &from("192.0.2.1")).await.unwrap();
            assert_eq!(session.organisation, organisation);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_agent_does_not_come_in() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let maria = test.enrol_with_password(&invited.text, "Maria").await;
        test.app.identity.disable(test.organisation, Actor::Operator, invited.agent).await.unwrap();
        test.clock.advance(Duration::from_mins(1));
        let code = test.code(&maria.secret);
        let refused = sign_in(&test, "maria@elm.example", &code, &Visitor::default()).await;
        assert!(matches!(refused, Err(Error::Refused)));
        assert!(test.app.identity.session(&maria.session.cookie).await.unwrap().is_none());
    }
}
