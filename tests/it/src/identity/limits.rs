//! Who guesses is stopped, and nobody is locked out by somebody else.

use std::time::Duration;

use app::identity::{Error, PER_ADDRESS, PER_ADDRESS_AND_SOURCE, PER_DEVICE, PER_SOURCE, Role, Visitor, WINDOW};
use testkit::{ENGINES, TestApp};

use super::{from, on_record, sign_in, sign_in_with};

/// A password so long that nothing is hashed, for tests of the counting alone.
fn too_long() -> String {
    "x".repeat(1_025)
}

async fn guess(test: &TestApp, address: &str, visitor: &Visitor) -> Error {
    sign_in_with(test, address, &too_long(), "000000", visitor).await.map(|_| ()).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_guesses_ten_times_in_a_quarter_of_an_hour() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let maria = test.enrol_with_password(&invited.text, "Maria").await;
        let visitor = from("192.0.2.1");
        for _ in 0..PER_ADDRESS_AND_SOURCE {
            assert!(matches!(guess(&test, "maria@elm.example", &visitor).await, Error::Refused));
        }
        // The right ones do not help any more, and what to do is said.
        let code = test.code(&maria.secret);
        let stopped = sign_in(&test, "maria@elm.example", &code, &visitor).await.map(|_| ()).unwrap_err();
        assert!(matches!(stopped, Error::TooManyAttempts { seconds } if seconds <= 901), "{stopped}");
        // A restart forgets nothing.
        let test = test.restart().await;
        assert!(matches!(guess(&test, "maria@elm.example", &visitor).await, Error::TooManyAttempts { .. }));
        // An address that nobody has is counted alike.
        for _ in 0..PER_ADDRESS_AND_SOURCE {
            assert!(matches!(guess(&test, "nobody@elm.example", &visitor).await, Error::Refused));
        }
        assert!(matches!(guess(&test, "nobody@elm.example", &visitor).await, Error::TooManyAttempts { .. }));
        test.clock.advance(WINDOW);
        let code = test.code(&maria.secret);
        assert!(sign_in(&test, "maria@elm.example", &code, &visitor).await.is_ok());
        let refusals = on_record(&test).await.into_iter().filter(|(action, ..)| action == "agent.sign_in_refused");
        assert_eq!(refusals.count(), 1, "once for an address, a source and a quarter of an hour");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_from_everywhere_does_not_lock_out_a_device_that_is_known() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let invited = test.invite("maria@elm.example", Role::Agent).await;
        let maria = test.enrol_with_password(&invited.text, "Maria").await;
        for number in 0..PER_ADDRESS {
            let visitor = from(&format!("198.51.{}.{}", number / 200, number % 200));
            assert!(matches!(guess(&test, "maria@elm.example", &visitor).await, Error::Refused));
        }
        let stranger = from("203.0.113.1");
        assert!(matches!(guess(&test, "maria@elm.example", &stranger).await, Error::TooManyAttempts { .. }));
        let known = Visitor { device: Some(maria.session.device.to_string()), ..from("203.0.113.2") };
        test.clock.advance(Duration::from_mins(1));
        let code = test.code(&maria.secret);
        assert!(sign_in(&test, "maria@elm.example", &code, &known).await.is_ok());
        // A device has a budget too, and another agent's device is nobody's here.
        let oskar = test.employee("oskar@elm.example", Role::Agent).await;
        let foreign = Visitor { device: Some(oskar.device.to_string()), ..from("203.0.113.3") };
        assert!(matches!(guess(&test, "maria@elm.example", &foreign).await, Error::TooManyAttempts { .. }));
        let mut forged = maria.session.device.to_string();
        let last = forged.len() - 5;
        let letter = if forged.get(last..=last) == Some("a") { "b" } else { "a" };
        forged.replace_range(last..=last, letter);
        let forged = Visitor { device: Some(forged), ..from("203.0.113.4") };
        assert!(matches!(guess(&test, "maria@elm.example", &forged).await, Error::TooManyAttempts { .. }));
        for _ in 0..PER_DEVICE {
            assert!(matches!(guess(&test, "maria@elm.example", &known).await, Error::Refused));
        }
        assert!(matches!(guess(&test, "maria@elm.example", &known).await, Error::TooManyAttempts { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_does_not_try_all_addresses() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let visitor = from("2001:db8::1");
        for number in 0..PER_SOURCE {
            assert!(matches!(guess(&test, &format!("a{number}@elm.example"), &visitor).await, Error::Refused));
        }
        let neighbour = from("2001:db8::2");
        assert!(matches!(guess(&test, "b@elm.example", &neighbour).await, Error::TooManyAttempts { .. }));
        assert!(matches!(guess(&test, "b@elm.example", &from("192.0.2.9")).await, Error::Refused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_get_no_more_than_one_by_one() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        test.employee("maria@elm.example", Role::Agent).await;
        let visitor = from("192.0.2.1");
        let guesses = (0..40).map(|_| guess(&test, "maria@elm.example", &visitor));
        let answers = futures_util::future::join_all(guesses).await;
        let looked_at = answers.iter().filter(|answer| matches!(answer, Error::Refused)).count() as u64;
        assert_eq!(looked_at, PER_ADDRESS_AND_SOURCE);
    }
}
