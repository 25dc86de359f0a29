//! One mail, whole and once: duplicates, guessed Message-IDs, limits, both engines.

use app::channels::{Error, Outcome};
use app::desk::PageRequest;
use kernel::limits;
use testkit::{ENGINES, Letter, TestApp};

use super::{at_once, joined, opened};

#[tokio::test]
async fn a_mail_opens_a_conversation_of_its_sender() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let letter = Letter::new("Päivi Mäkinen <paivi@asiakas.example>", "Lasku 17").id("1@asiakas.example");
        let conversation = opened(test.mail(letter).await.unwrap());
        let page =
            testkit::desk(&test.app).list(test.organisation, app::desk::Filter::default(), page(10)).await.unwrap();
        let [row] = page.rows.as_slice() else { panic!("one conversation") };
        assert_eq!(row.id, conversation);
        assert_eq!(row.subject.as_deref(), Some("Lasku 17"));
        assert_eq!(row.customer_name.as_deref(), Some("Päivi Mäkinen"));
        assert_eq!(row.messages, 1);
        test.close().await;
    }
}

#[tokio::test]
async fn the_same_mail_by_another_way_is_a_duplicate_and_a_guessed_message_id_is_not() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let letter = Letter::new("a@x.example", "Order").id("known@x.example").text("first\n");
        opened(test.mail(letter.clone()).await.unwrap());
        let again = letter.clone().header("Received", "from elsewhere by us; Mon, 02 Mar 2026 07:00:09 +0000");
        assert_eq!(test.mail(again).await.unwrap(), Outcome::Duplicate);
        let with_line_feeds = String::from_utf8(letter.raw()).unwrap().replace("\r\n", "\n");
        assert_eq!(test.mail(with_line_feeds).await.unwrap(), Outcome::Duplicate);
        // Somebody who guesses the Message-ID of a mail must not keep it, or another, from arriving.
        let guessed = Letter::new("thief@y.example", "Other").id("known@x.example").text("second\n");
        opened(test.mail(guessed).await.unwrap());
        test.close().await;
    }
}

#[tokio::test]
async fn thirty_two_deliveries_of_one_mail_at_once_are_one_message() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let letter = Letter::new("a@x.example", "Order").id("1@x.example").raw();
        let outcomes = at_once(&test, (0..32).map(|_| letter.clone())).await;
        let received = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Received { .. }))).count();
        let duplicates = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Duplicate))).count();
        assert_eq!((received, duplicates), (1, 31));
        test.close().await;
    }
}

#[tokio::test]
async fn a_new_sender_who_writes_many_mails_at_once_is_one_customer() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let letters = (0..24)
            .map(|n| Letter::new("Anna <anna@x.example>", &format!("Matter {n}")).id(&format!("{n}@x.example")).raw());
        let outcomes = at_once(&test, letters).await;
        for outcome in outcomes {
            opened(outcome.unwrap());
        }
        let page =
            testkit::desk(&test.app).list(test.organisation, app::desk::Filter::default(), page(50)).await.unwrap();
        let customers: std::collections::HashSet<_> = page.rows.iter().map(|row| row.customer).collect();
        assert_eq!((page.rows.len(), customers.len()), (24, 1));
        test.close().await;
    }
}

#[tokio::test]
async fn a_mail_of_25_megabytes_gets_in_and_one_of_26_is_refused_with_the_limit() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let line = format!("{}\n", "x".repeat(75));
        let large = line.repeat(24 * 1024 * 1024 / line.len());
        opened(test.mail(Letter::new("a@x.example", "Large").id("l@x.example").text(&large)).await.unwrap());
        let refused = test.mail(vec![b'a'; limits::MAIL_BYTES + 1]).await.unwrap_err();
        assert!(matches!(refused, Error::TooLarge { .. }) && !refused.is_temporary());
        assert!(refused.to_string().contains(&limits::MAIL_BYTES.to_string()));
        test.close().await;
    }
}

#[tokio::test]
async fn a_mail_without_a_usable_sender_goes_to_the_unknown_customer() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        opened(test.mail(Letter::new("not an address", "One").id("1@x").raw()).await.unwrap());
        opened(test.mail(Letter::new("<>", "Two").id("2@x").raw()).await.unwrap());
        let page =
            testkit::desk(&test.app).list(test.organisation, app::desk::Filter::default(), page(10)).await.unwrap();
        let customers: std::collections::HashSet<_> = page.rows.iter().map(|row| row.customer).collect();
        assert_eq!((page.rows.len(), customers.len()), (2, 1));
        test.close().await;
    }
}

#[tokio::test]
async fn organisations_never_meet() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let other = test.another_organisation("Oak Bank").await;
        let letter = Letter::new("a@x.example", "Order").id("1@x.example").raw();
        let first = opened(test.mail(letter.clone()).await.unwrap());
        let second = opened(test.mail_to(other, letter).await.unwrap());
        assert_ne!(first, second);
        let answer = Letter::new("a@x.example", "Re: Order").id("2@x.example").answers("1@x.example");
        assert_eq!(joined(test.mail_to(other, answer).await.unwrap()), second);
        let page =
            testkit::desk(&test.app).list(test.organisation, app::desk::Filter::default(), page(10)).await.unwrap();
        assert_eq!(page.rows.iter().map(|row| (row.id, row.messages)).collect::<Vec<_>>(), [(first, 1)]);
        test.close().await;
    }
}

fn page(limit: usize) -> PageRequest {
    PageRequest { limit, ..PageRequest::default() }
}
