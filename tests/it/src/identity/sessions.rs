//! Sessions: how long they live, who sees and ends them, and what a changed cookie opens.

use std::time::Duration;

use app::Actor;
use app::identity::{Error, FRESH, IDLE, LONGEST, Means, Role, SESSIONS, Visitor};
use kernel::Locale;
use testkit::{ENGINES, TestApp};

use super::{actions, from};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_half_an_hour_after_its_last_use_and_after_twelve_hours() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let maria = test.employee("maria@elm.example", Role::Agent).await;
        let lives = async || identity.session(&maria.cookie).await.unwrap().is_some();
        test.clock.advance(IDLE.saturating_sub(Duration::from_secs(1)));
        assert!(lives().await);
        test.clock.advance(IDLE.saturating_sub(Duration::from_secs(1)));
        assert!(lives().await);
        test.clock.advance(IDLE);
        assert!(!lives().await);
        let oskar = test.employee("oskar@elm.example", Role::Agent).await;
        let step = Duration::from_mins(20);
        for _ in 0..35 {
            test.clock.advance(step);
            assert!(identity.session(&oskar.cookie).await.unwrap().is_some());
        }
        assert_eq!(step * 36, LONGEST);
        test.clock.advance(step);
        assert!(identity.session(&oskar.cookie).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_cookie_opens_nothing() {
    let test = TestApp::on(db::Engine::Sqlite).await;
    let identity = &test.app.identity;
    let maria = test.employee("maria@elm.example", Role::Agent).await;
    for place in 4..maria.cookie.len() {
        let mut changed = maria.cookie.to_string();
        let letter = if changed.get(place..=place) == Some("7") { "8" } else { "7" };
        changed.replace_range(place..=place, letter);
        assert!(identity.session(&changed).await.unwrap().is_none(), "changed at {place}");
    }
    for other in ["", "dws_", &maria.device, &maria.cookie.replace("dws_", "dwt_"), &"0".repeat(100_000)] {
        assert!(identity.session(other).await.unwrap().is_none());
    }
    assert!(identity.session(&maria.cookie).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_the_own_sessions_and_ends_them_at_once() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let mut maria = test.employee("maria@elm.example", Role::Agent).await;
        let oskar = test.employee("oskar@elm.example", Role::Agent).await;
        let mut cookies = Vec::new();
        for source in ["192.0.2.1", "192.0.2.2"] {
            test.clock.advance(Duration::from_secs(1));
            let begun = identity.begin_sign_in(None, &from(source)).await.unwrap();
            let response = maria.authenticator.get(&begun.options);
            cookies.push(identity.sign_in_with_passkey(begun.ceremony, &response, &from(source)).await.unwrap());
        }
        let listed = identity.sessions(&maria.signed_in).await.unwrap();
        let shown: Vec<_> =
            listed.iter().map(|one| (one.source.as_str(), one.user_agent.as_str(), one.is_own)).collect();
        assert_eq!(shown, [("192.0.2.2", "Browser 1.0", false), ("192.0.2.1", "Browser 1.0", false), ("", "", true)]);
        // Nobody ends another's.
        identity.end_session(&oskar.signed_in, maria.signed_in.session).await.unwrap();
        assert!(identity.session(&maria.cookie).await.unwrap().is_some());
        let ended = cookies.first().unwrap();
        assert!(identity.session(&ended.cookie).await.unwrap().is_some());
        identity.end_session(&maria.signed_in, ended.session).await.unwrap();
        assert!(identity.session(&ended.cookie).await.unwrap().is_none());
        assert_eq!(identity.end_other_sessions(&maria.signed_in).await.unwrap(), 1);
        assert_eq!(identity.end_other_sessions(&maria.signed_in).await.unwrap(), 0);
        assert!(identity.session(&cookies.get(1).unwrap().cookie).await.unwrap().is_none());
        assert!(identity.session(&maria.cookie).await.unwrap().is_some());
        assert_eq!(actions(&test).await.iter().filter(|action| *action == "session.ended").count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_with_other_roles_and_with_the_account() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let (maria, oskar) =
            (test.employee("maria@elm.example", Role::Agent).await, test.employee("o@elm.example", Role::Agent).await);
        identity.set_roles(test.organisation, Actor::Operator, maria.signed_in.agent, Role::Lead.into()).await.unwrap();
        assert!(identity.session(&maria.cookie).await.unwrap().is_none());
        identity.disable(test.organisation, Actor::Operator, oskar.signed_in.agent).await.unwrap();
        assert!(identity.session(&oskar.cookie).await.unwrap().is_none());
        let told = actions(&test).await;
        assert!(told.ends_with(&["agent.roles_changed".to_owned(), "agent.disabled".to_owned()]), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_another_process_ended_is_refused_within_five_seconds() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let maria = test.employee("maria@elm.example", Role::Agent).await;
        // A second process on the same rows, in what it remembers.
        let other = app::App::new(
            app::Context {
                db: test.app.context.db.clone(),
                keyring: test.app.context.keyring.clone(),
                blobs: test.app.context.blobs.clone(),
                clock: test.clock.clone(),
                entropy: test.app.context.entropy.clone(),
            },
            &app::channels::ResolverConfig::Off,
        )
        .unwrap();
        assert!(other.identity.session(&maria.cookie).await.unwrap().is_some());
        test.app.identity.end_session(&maria.signed_in, maria.signed_in.session).await.unwrap();
        test.clock.advance(Duration::from_secs(5));
        assert!(other.identity.session(&maria.cookie).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_sign_in_ends_the_oldest_of_too_many() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let mut maria = test.employee("maria@elm.example", Role::Agent).await;
        for _ in 0..SESSIONS {
            test.clock.advance(Duration::from_secs(10));
            let begun = identity.begin_sign_in(None, &from("192.0.2.1")).await.unwrap();
            let response = maria.authenticator.get(&begun.options);
            identity.sign_in_with_passkey(begun.ceremony, &response, &from("192.0.2.1")).await.unwrap();
        }
        assert!(identity.session(&maria.cookie).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_in_are_changed_soon_after_signing_in_and_one_is_always_left() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let mut maria = test.employee("maria@elm.example", Role::Agent).await;
        let by = maria.signed_in.clone();
        let only = identity.ways(&by).await.unwrap().passkeys.first().unwrap().id;
        assert!(matches!(identity.remove_passkey(&by, only).await, Err(Error::LastMeans)));
        let begun = identity.begin_passkey(&by).await.unwrap();
        let response = maria.authenticator.create(&begun.options);
        identity.add_means(&by, Means::Passkey { ceremony: begun.ceremony, response }).await.unwrap();
        identity.remove_passkey(&by, only).await.unwrap();
        assert!(matches!(identity.remove_passkey(&by, only).await, Err(Error::NoPasskey)));
        let codes = identity.renew_recovery_codes(&by).await.unwrap();
        let old = maria.codes.first().unwrap();
        assert!(matches!(identity.recover("maria@elm.example", old, &Visitor::default()).await, Err(Error::Refused)));
        assert!(identity.recover("maria@elm.example", codes.first().unwrap(), &Visitor::default()).await.is_ok());
        let ways = identity.ways(&by).await.unwrap();
        assert_eq!((ways.passkeys.len(), ways.has_password, ways.recovery_codes), (1, false, 9));
        identity.set_profile(&by, "Maija", Locale::Fi).await.unwrap();
        let renamed = identity.session(&maria.cookie).await.unwrap().unwrap();
        assert_eq!((renamed.name.as_str(), renamed.locale), ("Maija", Locale::Fi));
        test.clock.advance(FRESH);
        assert!(matches!(identity.begin_passkey(&by).await, Err(Error::SignInAgain)));
        assert!(matches!(identity.renew_recovery_codes(&by).await, Err(Error::SignInAgain)));
    }
}
