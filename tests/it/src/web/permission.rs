//! Who may call what. The matrix is over the router's own table, so a new route is in it.

use std::num::NonZeroU32;

use app::Actor;
use app::access::Scope;
use db::Engine;
use testkit::{ENGINES, Letter};
use web::{Limits, Permit, ROUTES};

use super::{Entry, request};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_only_to_those_whom_its_table_names() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let mail = entry.token(Scope::MailWrite).await;
        let metrics = entry.token(Scope::MetricsRead).await;
        let revoked = entry.token(Scope::MailWrite).await;
        let organisation = entry.test.organisation;
        entry.test.app.access.revoke_token(organisation, Actor::Operator, revoked.id).await.unwrap();
        let made_up = format!("dwt_{}", "0".repeat(103));
        for route in ROUTES {
            let (needs, near) = match route.permit {
                Permit::Everybody => (None, true),
                // Who has signed in is another question, and pages answer it.
                Permit::SignedIn => continue,
                Permit::Token(scope) => (Some(scope), false),
                Permit::LoopbackOrToken(scope) => (Some(scope), true),
            };
            let ask = async |fields: &[(&str, &str)]| entry.call(request(route.method, route.path, fields, b"")).await;
            let permitted = |status: u16| status != 401 && status != 403;

            let open = needs.is_none();
            assert_eq!(permitted(ask(&[]).await.status), near, "{} without a token", route.path);
            let forwarded = ask(&[("x-forwarded-for", "203.0.113.9")]).await;
            assert_eq!(permitted(forwarded.status), open, "{} through a proxy", route.path);
            for bad in [made_up.as_str(), "dwt_", "", &revoked.text] {
                let answer = ask(&[("authorization", &format!("Bearer {bad}"))]).await;
                assert_eq!(permitted(answer.status), open, "{} with a bad token", route.path);
                if !open {
                    assert_eq!(answer.status, 401);
                    assert!(answer.field("www-authenticate").unwrap().starts_with("Bearer realm="));
                }
            }
            for (token, scope) in [(&mail, Scope::MailWrite), (&metrics, Scope::MetricsRead)] {
                let answer = ask(&[("authorization", &format!("Bearer {}", *token.text))]).await;
                let expected = needs.is_none_or(|needed| needed == scope);
                assert_eq!(permitted(answer.status), expected, "{} with {scope}", route.path);
                if !expected {
                    assert_eq!(answer.status, 403);
                    assert!(answer.field("www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_by_the_next_request() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let token = entry.token(Scope::MailWrite).await;
        assert_eq!(entry.mail(&token, Letter::new("anna@customer.example", "Order").id("a@x").raw()).await.status, 201);
        let access = &entry.test.app.access;
        access.revoke_token(entry.test.organisation, Actor::Operator, token.id).await.unwrap();
        let answer = entry.mail(&token, Letter::new("anna@customer.example", "Order").id("b@x").raw()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (401, "token-refused"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_brings_mail_into_its_own_organisation_and_no_other() {
    for engine in ENGINES {
        let entry = Entry::on(engine).await;
        let other = entry.test.another_organisation("Oak Clinic").await;
        let (ours, theirs) = (entry.token(Scope::MailWrite).await, entry.token_of(other, Scope::MailWrite).await);
        let letter = Letter::new("anna@customer.example", "Order").id("same@x").raw();
        let first = entry.mail(&ours, &letter).await;
        let second = entry.mail(&theirs, &letter).await;
        // The same mail is new to the other organisation: neither sees what the other has.
        assert_eq!((first.status, second.status), (201, 201));
        assert_ne!(first.json()["conversation"], second.json()["conversation"]);
        assert_eq!(entry.mail(&theirs, &letter).await.json()["outcome"], "duplicate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_is_not_read() {
    let entry = Entry::on(Engine::Sqlite).await;
    let mut head = request("POST", "/api/v1/inbound/mail", &[("expect", "100-continue")], b"");
    let head = String::from_utf8(std::mem::take(&mut head)).unwrap().replace("length: 0", "length: 1000");
    // The body never comes, and the answer comes at once.
    let answer = entry.call(head).await;
    assert_eq!((answer.status, answer.problem().as_str()), (401, "token-missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_asks_too_often_is_told_to_come_again_and_holds_up_nobody_else() {
    let limits = Limits { token_requests: NonZeroU32::new(2).unwrap(), ..Limits::default() };
    let entry = Entry::with(Engine::Sqlite, limits).await;
    let (busy, calm) = (entry.token(Scope::MailWrite).await, entry.token(Scope::MailWrite).await);
    let mail = |number: u32| Letter::new("anna@customer.example", "Order").id(&format!("{number}@x")).raw();
    for (number, left) in [(1, "\"token\";r=1;t=30"), (2, "\"token\";r=0;t=60")] {
        let taken = entry.mail(&busy, mail(number)).await;
        assert_eq!(taken.status, 201);
        assert_eq!(taken.field("ratelimit-policy"), Some("\"token\";q=2;w=60"));
        assert_eq!(taken.field("ratelimit"), Some(left));
    }
    let refused = entry.mail(&busy, mail(3)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too-many"));
    let wait: u64 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert!(refused.field("ratelimit").unwrap().starts_with("\"token\";r=0;"));
    assert_eq!(entry.mail(&calm, mail(3)).await.status, 201, "it was not taken, and comes in by another");
    let stranger = entry.call(request("POST", "/api/v1/inbound/mail", &[], b"")).await;
    assert_eq!((stranger.status, stranger.field("ratelimit")), (401, None));
    assert_eq!(entry.get("/metrics").await.field("ratelimit"), None);
}
