//! Coming in by a link: once, in time, with something that works.

use std::time::Duration;

use app::Actor;
use app::identity::{
    AgentState, CEREMONY, Enrolment, Error, INVITED_FOR, Means, NewAgent, NoticeKind, RECOVERED_FOR, Role, Roles,
    Settings, Visitor,
};
use db::Engine;
use kernel::Locale;
use testkit::{ENGINES, ORIGIN, PASSWORD, TestApp, authenticator::Authenticator};
use zeroize::Zeroizing;

use super::{actions, from, nobody, on_record, sign_in};

fn new_agent(address: &str, roles: impl Into<Roles>) -> NewAgent {
    NewAgent { address: address.to_owned(), roles: roles.into(), locale: Locale::Fi }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_agent_chooses_a_name_and_a_passkey_and_is_signed_in() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let invited =
            identity.invite(test.organisation, Actor::Operator, new_agent("maria@elm.example", Role::Agent)).await;
        let invited = invited.unwrap();
        let shown = identity.invitation(&invited.text).await.unwrap().unwrap();
        assert_eq!((shown.agent.address.as_str(), shown.agent.state), ("maria@elm.example", AgentState::Invited));
        assert_eq!((shown.organisation.name.as_str(), shown.agent.locale), ("Elm Clinic", Locale::Fi));
        let maria = test.enrol(&invited.text, " Maria ").await;
        assert_eq!((maria.signed_in.agent, maria.signed_in.name.as_str()), (invited.agent, "Maria"));
        assert_eq!(maria.signed_in.roles, Role::Agent.into());
        assert_eq!(maria.codes.len(), 10);
        let known = identity.agent(test.organisation, invited.agent).await.unwrap().unwrap();
        assert_eq!(known.state, AgentState::Active);
        assert!(identity.invitation(&invited.text).await.unwrap().is_none(), "the link is used up");
        let (session, agent) = (maria.signed_in.session.to_string(), invited.agent.to_string());
        let entry = |action: &str, actor: &str, object: &str, detail: &str| {
            (action.to_owned(), actor.to_owned(), object.to_owned(), detail.to_owned())
        };
        let expected = [
            entry("agent.invited", "operator", &agent, "agent"),
            entry("agent.enrolled", &agent, &agent, ""),
            entry("passkey.added", &agent, &agent, ""),
            entry("recovery.renewed", &agent, &agent, ""),
            entry("agent.signed_in", &agent, &session, "passkey"),
        ];
        assert_eq!(on_record(&test).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_comes_in_by_the_link_of_the_set_up() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let new = app::identity::New { name: "Oak Clinic".to_owned(), admin_email: "b@oak.example".to_owned() };
        let created = test.app.identity.create_organisation(new).await.unwrap();
        let admin = test.enrol(&created.invited.text, "Berta").await;
        assert_eq!((admin.signed_in.organisation, admin.signed_in.agent), (created.organisation, created.admin));
        assert!(admin.signed_in.roles.has(Role::Administrator));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_nothing_too_late_replaced_changed_or_for_a_disabled_agent() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let opens = async |text: &str| identity.invitation(text).await.unwrap().is_some();
        let mut changed = invited.text.to_string();
        let last = changed.len() - 10;
        let letter = if changed.get(last..=last) == Some("a") { "b" } else { "a" };
        changed.replace_range(last..=last, letter);
        assert!(opens(&invited.text).await && !opens(&changed).await && !opens("").await);
        let again = identity.invite_again(test.organisation, Actor::Operator, invited.agent).await.unwrap();
        assert!(!opens(&invited.text).await && opens(&again.text).await);
        test.clock.advance(INVITED_FOR.saturating_sub(Duration::from_secs(1)));
        assert!(opens(&again.text).await);
        test.clock.advance(Duration::from_secs(1));
        assert!(!opens(&again.text).await);
        assert!(matches!(identity.begin_enrolment_totp(&again.text).await, Err(Error::LinkOver)));
        let third = identity.invite_again(test.organisation, Actor::Operator, invited.agent).await.unwrap();
        identity.disable(test.organisation, Actor::Operator, invited.agent).await.unwrap();
        assert!(!opens(&third.text).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_link_used_by_two_at_once_lets_one_in() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let come = async || {
            let mut browser = Authenticator::at(ORIGIN);
            let begun = identity.begin_enrolment_passkey(&invited.text).await?;
            let response = browser.create(&begun.options);
            let means = Means::Passkey { ceremony: begun.ceremony, response };
            let wish = Enrolment { name: "Maria".to_owned(), locale: Locale::En, means };
            identity.enrol(&invited.text, wish, &Visitor::default()).await
        };
        let (one, other) = tokio::join!(come(), come());
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
        let refused = one.err().or(other.err()).unwrap();
        assert!(matches!(refused, Error::LinkOver | Error::CeremonyOver), "{refused}");
        assert_eq!(actions(&test).await.iter().filter(|action| *action == "agent.enrolled").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_uses_no_link_up() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let begun = identity.begin_enrolment_totp(&invited.text).await.unwrap();
        let code = test.code(&begun.secret);
        let come = async |name: &str, password: &str, code: &str| {
            let (password, code) = (Zeroizing::new(password.to_owned()), code.to_owned());
            let means = Means::Password { ceremony: begun.ceremony, password, code };
            let wish = Enrolment { name: name.to_owned(), locale: Locale::En, means };
            identity.enrol(&invited.text, wish, &Visitor::default()).await.map(|_| ())
        };
        assert!(matches!(come("", PASSWORD, &code).await, Err(Error::DisplayName)));
        assert!(matches!(come("a\u{202E}b", PASSWORD, &code).await, Err(Error::DisplayName)));
        assert!(matches!(come("Maria", "elevensigns", &code).await, Err(Error::PasswordLength)));
        assert!(matches!(come("Maria", &"x".repeat(1_025), &code).await, Err(Error::PasswordLength)));
        assert!(matches!(come("Maria", "Maria@elm.example", &code).await, Err(Error::PasswordIsAddress)));
        assert!(matches!(come("Maria", PASSWORD, "000000").await, Err(Error::WrongCode)));
        come("Maria", PASSWORD, &code).await.unwrap();
        // The one-time password that set the app up is used.
        let visitor = from("192.0.2.1");
        assert!(matches!(sign_in(&test, "maria@elm.example", &code, &visitor).await, Err(Error::Refused)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_is_good_once_for_ten_minutes_for_its_agent_and_origin() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let (maria, oskar) =
            (test.invite("maria@elm.example", Role::Agent).await, test.invite("oskar@elm.example", Role::Agent).await);
        let come = async |link: &str, ceremony, response: String| {
            let wish =
                Enrolment { name: "M".to_owned(), locale: Locale::En, means: Means::Passkey { ceremony, response } };
            identity.enrol(link, wish, &Visitor::default()).await.map(|_| ())
        };
        let begun = identity.begin_enrolment_passkey(&maria.text).await.unwrap();
        let elsewhere = Authenticator::at("https://desk.evil.example").create(&begun.options);
        assert!(matches!(come(&maria.text, begun.ceremony, elsewhere).await, Err(Error::PasskeyRefused)));
        let response = Authenticator::at(ORIGIN).create(&begun.options);
        assert!(matches!(come(&oskar.text, begun.ceremony, response.clone()).await, Err(Error::CeremonyOver)));
        test.clock.advance(CEREMONY);
        assert!(matches!(come(&maria.text, begun.ceremony, response).await, Err(Error::CeremonyOver)));
        for rubbish in ["", "{}", "[1,2", &"x".repeat(70_000)] {
            let begun = identity.begin_enrolment_passkey(&maria.text).await.unwrap();
            let refused = come(&maria.text, begun.ceremony, rubbish.to_owned()).await;
            assert!(matches!(refused, Err(Error::PasskeyRefused)), "{rubbish:.10}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_gives_a_way_back_once_and_signs_nobody_in() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let maria = test.employee("maria@elm.example", Role::Agent).await;
        let visitor = from("192.0.2.1");
        let code = maria.codes.first().unwrap().to_uppercase();
        let (one, other) = tokio::join!(
            identity.recover("Maria@elm.example", &code, &visitor),
            identity.recover("maria@elm.example", &code, &visitor)
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "one code, one way back");
        let way = one.or(other).unwrap();
        test.clock.advance(Duration::from_secs(1));
        let back = test.enrol(&way.text, "Maria").await;
        assert_eq!(back.signed_in.agent, maria.signed_in.agent);
        let told: Vec<_> =
            identity.notices(&back.signed_in).await.unwrap().into_iter().map(|notice| notice.kind).collect();
        assert_eq!(told, [NoticeKind::RecoveryUsed, NoticeKind::PasskeyAdded]);
        // Enrolling again gave new codes.
        let old = maria.codes.get(1).unwrap();
        assert!(matches!(identity.recover("maria@elm.example", old, &visitor).await, Err(Error::Refused)));
        let late = identity.recover("maria@elm.example", back.codes.get(1).unwrap(), &visitor).await.unwrap();
        test.clock.advance(RECOVERED_FOR);
        assert!(identity.invitation(&late.text).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_invited_again_loses_every_old_way_in_and_is_told() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let mut maria = test.employee("maria@elm.example", Role::Agent).await;
        let agent = maria.signed_in.agent;
        let again = identity.invite_again(test.organisation, Actor::Operator, agent).await.unwrap();
        assert!(identity.session(&maria.cookie).await.unwrap().is_none());
        let begun = identity.begin_sign_in(None, &Visitor::default()).await.unwrap();
        let response = maria.authenticator.get(&begun.options);
        let refused = identity.sign_in_with_passkey(begun.ceremony, &response, &Visitor::default()).await;
        assert!(matches!(refused, Err(Error::Refused)));
        let code = maria.codes.first().unwrap();
        assert!(matches!(identity.recover("maria@elm.example", code, &Visitor::default()).await, Err(Error::Refused)));
        let back = test.enrol(&again.text, "Maria").await;
        let notices = identity.notices(&back.signed_in).await.unwrap();
        let notice = notices.first().copied().unwrap();
        assert_eq!((notices.len(), notice.kind), (1, NoticeKind::InvitedAgain));
        assert_eq!(identity.unmailed_notices(test.organisation).await.unwrap(), notices);
        identity.see_notice(&back.signed_in, notice.id).await.unwrap();
        assert!(identity.notices(&back.signed_in).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_be_taken_away_even_by_two_at_once() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let (a, b) = (
            test.employee("a@elm.example", Role::Administrator).await.signed_in.agent,
            test.employee("b@elm.example", Role::Administrator).await.signed_in.agent,
        );
        let org = test.organisation;
        let (one, other) = tokio::join!(
            identity.set_roles(org, Actor::Agent(a), b, Role::Agent.into()),
            identity.disable(org, Actor::Agent(b), a)
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
        assert!(matches!(one.err().or(other.err()), Some(Error::LastAdministrator)));
        let left = identity.agents(org).await.unwrap();
        let administrators =
            left.iter().filter(|one| one.state == AgentState::Active && one.roles.has(Role::Administrator)).count();
        assert_eq!(administrators, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_invited_once_with_a_role_and_only_in_its_organisation() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let other = test.another_organisation("Oak Clinic").await;
        let invite = async |organisation, address: &str, roles: Roles| {
            identity.invite(organisation, Actor::Operator, new_agent(address, roles)).await.map(|invited| invited.agent)
        };
        let role: Roles = Role::Agent.into();
        let maria = invite(test.organisation, "maria@elm.example", role).await.unwrap();
        assert!(matches!(invite(test.organisation, "MARIA@Elm.example", role).await, Err(Error::AddressTaken)));
        assert!(matches!(invite(test.organisation, "no address", role).await, Err(Error::AgentAddress)));
        assert!(matches!(invite(test.organisation, "x@elm.example", Roles::NONE).await, Err(Error::NoRole)));
        assert!(matches!(invite(nobody(), "x@elm.example", role).await, Err(Error::NoOrganisation)));
        invite(other, "maria@elm.example", role).await.unwrap();
        assert!(identity.agent(other, maria).await.unwrap().is_none());
        assert!(matches!(identity.disable(other, Actor::Operator, maria).await, Err(Error::NoAgent)));
        let refused = identity.invite_again(other, Actor::Operator, maria).await.map(|_| ());
        assert!(matches!(refused, Err(Error::NoAgent)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_on_the_operators_list_is_refused() {
    let test = TestApp::on(Engine::Sqlite).await;
    let list = test.place().keys().join("breached.txt");
    // SHA-1 of "correct horse battery staple".
    std::fs::write(&list, "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42:2\r\n").unwrap();
    let app = test.app.clone().with_identity(Settings::new(ORIGIN, Some(list)).unwrap());
    let invited = test.invite("maria@elm.example", Role::Agent).await;
    let begun = app.identity.begin_enrolment_totp(&invited.text).await.unwrap();
    let means = Means::Password {
        ceremony: begun.ceremony,
        password: Zeroizing::new("correct horse battery staple".to_owned()),
        code: test.code(&begun.secret),
    };
    let wish = Enrolment { name: "Maria".to_owned(), locale: Locale::En, means };
    let refused = app.identity.enrol(&invited.text, wish, &Visitor::default()).await.map(|_| ());
    assert!(matches!(refused, Err(Error::PasswordBreached)));
}
