//! Which conversation a mail belongs to, in whatever order the mails come.

use std::time::Duration;

use app::channels::Outcome;
use app::desk::PageRequest;
use testkit::{ENGINES, Letter, TestApp};

use super::{at_once, joined, message, opened};

fn first() -> Letter {
    Letter::new("Anna <anna@x.example>", "Invoice 12").id("root@x.example")
}

fn second() -> Letter {
    Letter::new("Anna <anna@x.example>", "Re: Invoice 12").id("reply@x.example").answers("root@x.example")
}

#[tokio::test]
async fn an_answer_joins_by_in_reply_to_and_by_references() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let conversation = opened(test.mail(first()).await.unwrap());
        assert_eq!(joined(test.mail(second()).await.unwrap()), conversation);
        let third = Letter::new("anna@x.example", "New words")
            .id("third@x.example")
            .refers_to("root@x.example")
            .refers_to("never-seen@x.example");
        assert_eq!(joined(test.mail(third).await.unwrap()), conversation);
        test.close().await;
    }
}

#[tokio::test]
async fn an_answer_that_comes_first_is_joined_by_what_it_answers() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let conversation = opened(test.mail(second()).await.unwrap());
        assert_eq!(joined(test.mail(first()).await.unwrap()), conversation);
        assert_eq!(rows(&test).await, 1);
        test.close().await;
    }
}

#[tokio::test]
async fn a_late_parent_gathers_its_senders_answers_and_nobody_elses() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let stranger = Letter::new("stranger@y.example", "Re: Invoice 12").id("s@y.example").answers("root@x.example");
        let by_stranger = opened(test.mail(stranger).await.unwrap());
        let by_anna = opened(test.mail(second()).await.unwrap());
        assert_ne!(by_stranger, by_anna, "a mail that has not come vouches for nobody");
        assert_eq!(joined(test.mail(first()).await.unwrap()), by_anna);
        let page = list(&test).await;
        let row = page.rows.iter().find(|row| row.id == by_anna).unwrap();
        assert_eq!((row.messages, row.subject.as_deref()), (2, Some("Invoice 12")));
        let row = page.rows.iter().find(|row| row.id == by_stranger).unwrap();
        assert_eq!((row.messages, row.customer_name.as_deref()), (1, None));
        test.close().await;
    }
}

#[tokio::test]
async fn whoever_bears_the_id_that_others_answered_takes_nothing_of_theirs() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let mut theirs = Vec::new();
        for n in 0..3 {
            let answer = Letter::new(&format!("c{n}@x.example"), "Re: Outage").id(&format!("{n}@x")).answers("news@us");
            theirs.push(opened(test.mail(answer).await.unwrap()));
        }
        opened(test.mail(Letter::new("thief@y.example", "Outage").id("news@us")).await.unwrap());
        let page = list(&test).await;
        assert!(theirs.iter().all(|id| page.rows.iter().any(|row| row.id == *id && row.messages == 1)));
        test.close().await;
    }
}

#[tokio::test]
async fn strangers_without_an_address_are_not_the_same_sender() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        opened(test.mail(Letter::new("no address", "Invoice").id("1@x")).await.unwrap());
        opened(test.mail(Letter::new("none either", "Re: Invoice").id("2@x")).await.unwrap());
        test.close().await;
    }
}

#[tokio::test]
async fn a_bounce_that_only_claims_to_belong_is_a_strangers_writing() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let conversation = opened(test.mail(first()).await.unwrap());
        let forged = Letter::new("MAILER-DAEMON@y.example", "Undelivered Mail Returned to Sender")
            .id("forged@y.example")
            .answers("root@x.example")
            .header("Content-Type", "multipart/report; report-type=delivery-status; boundary=\"b\"")
            .text(
                "--b\nContent-Type: text/plain\n\nPlease pay elsewhere.\n--b\nContent-Type: message/delivery-status\n\n\
                 Reporting-MTA: dns; y.example\n\nFinal-Recipient: rfc822; a@x\nAction: failed\nStatus: 5.1.1\n--b--\n",
            );
        assert_eq!(joined(test.mail(forged).await.unwrap()), conversation);
        let thread = testkit::desk(&test.app)
            .show(test.organisation, conversation, app::Actor::Operator, whole())
            .await
            .unwrap();
        assert_eq!(thread.participants.len(), 1, "it is marked as nobody's whom the conversation concerns");
        test.close().await;
    }
}

#[tokio::test]
async fn a_waiting_matter_does_not_vanish_into_a_settled_one() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let settled = opened(test.mail(first()).await.unwrap());
        testkit::desk(&test.app).resolve(test.organisation, settled, testkit::agent()).await.unwrap();
        let waiting = Letter::new("anna@x.example", "New words").id("w@x").answers("note@x");
        opened(test.mail(waiting).await.unwrap());
        let note = Letter::new("anna@x.example", "Away").id("note@x").answers("root@x.example");
        joined(test.mail(note.header("Auto-Submitted", "auto-replied")).await.unwrap());
        let page = list(&test).await;
        assert_eq!(
            page.rows.iter().map(|row| (row.id, row.state)).collect::<Vec<_>>(),
            [(settled, app::desk::State::Open)]
        );
        test.close().await;
    }
}

#[tokio::test]
async fn a_mail_and_its_answer_at_the_same_moment_are_one_conversation() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        for round in 0..12 {
            let name = |id: &str| format!("{round}-{id}@x.example");
            let root = Letter::new("anna@x.example", &format!("Matter {round}")).id(&name("root"));
            let answers = (0..4).map(|n| {
                Letter::new("anna@x.example", &format!("Re: Matter {round}"))
                    .id(&name(&n.to_string()))
                    .answers(&name("root"))
            });
            for outcome in at_once(&test, std::iter::once(root).chain(answers)).await {
                message(outcome.unwrap());
            }
        }
        let page = list(&test).await;
        assert_eq!(page.rows.len(), 12);
        assert!(page.rows.iter().all(|row| row.messages == 5));
        test.close().await;
    }
}

#[tokio::test]
async fn the_subject_counts_only_with_a_reply_mark_the_same_sender_and_within_thirty_days() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let conversation = opened(test.mail(first()).await.unwrap());
        let guess = |from: &str, subject: &str, id: &str| Letter::new(from, subject).id(id);
        assert_eq!(joined(test.mail(guess("anna@x.example", "AW: Invoice 12", "a@x")).await.unwrap()), conversation);
        opened(test.mail(guess("anna@x.example", "Invoice 12", "b@x")).await.unwrap());
        opened(test.mail(guess("other@x.example", "Re: Invoice 12", "c@x")).await.unwrap());
        test.clock.advance(Duration::from_hours(31 * 24));
        opened(test.mail(guess("anna@x.example", "Re: Invoice 12", "d@x")).await.unwrap());
        test.close().await;
    }
}

#[tokio::test]
async fn a_stranger_in_a_thread_joins_as_a_marked_participant() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let conversation = opened(test.mail(first()).await.unwrap());
        let stranger = Letter::new("lookalike@examp1e.example", "Re: Invoice 12").id("s@y").answers("root@x.example");
        assert_eq!(joined(test.mail(stranger).await.unwrap()), conversation);
        let page = list(&test).await;
        assert_eq!(page.rows.iter().map(|row| row.customer_name.clone()).collect::<Vec<_>>(), [Some("Anna".into())]);
        let thread = testkit::desk(&test.app)
            .show(test.organisation, conversation, app::Actor::Operator, whole())
            .await
            .unwrap();
        assert_eq!(thread.participants.len(), 1);
        test.close().await;
    }
}

#[tokio::test]
async fn an_absence_note_joins_without_reopening_and_a_person_reopens() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let conversation = opened(test.mail(first()).await.unwrap());
        testkit::desk(&test.app).resolve(test.organisation, conversation, testkit::agent()).await.unwrap();
        let absent = second().header("Auto-Submitted", "auto-replied");
        assert_eq!(joined(test.mail(absent).await.unwrap()), conversation);
        assert_eq!(list(&test).await.rows[0].state, app::desk::State::Resolved);
        let person = Letter::new("anna@x.example", "Re: Invoice 12").id("p@x").answers("root@x.example");
        joined(test.mail(person).await.unwrap());
        assert_eq!(list(&test).await.rows[0].state, app::desk::State::Open);
        test.close().await;
    }
}

/// As if we had written it: sending comes later.
static SENT: db::Statement =
    db::Statement::new("it.OURS", "UPDATE message SET direction = 'out' WHERE org = $1 AND id = $2");

#[tokio::test]
async fn a_bounce_marks_the_message_that_came_back_and_belongs_to_its_conversation() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sent = test.mail(first()).await.unwrap();
        let (conversation, sent) = (opened(sent), message(sent));
        let (org, as_ours) = (test.organisation, sent);
        let ours = move |tx: &mut db::Tx<'_>| tx.execute_one(&SENT, &[db::id(&org), db::id(&as_ours)]);
        test.app.context.db.write("it.sent", ours).await.unwrap();
        let report = "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n\
            --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
            Final-Recipient: rfc822; gone@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <root@x.example>\r\nSubject: Invoice 12\r\n\r\nHello\r\n--b--\r\n";
        let bounce = Letter::new("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender")
            .id("bounce@mx.example")
            .header("Content-Type", "multipart/report; report-type=delivery-status; boundary=\"b\"")
            .text(&report.replace("\r\n", "\n"));
        assert_eq!(joined(test.mail(bounce).await.unwrap()), conversation);
        let thread = testkit::desk(&test.app)
            .show(test.organisation, conversation, app::Actor::Operator, whole())
            .await
            .unwrap();
        let marked = thread.items.iter().find_map(|item| match item {
            app::desk::Item::Message(shown) if shown.id == sent => Some(shown.bounced_at),
            _ => None,
        });
        assert!(marked.unwrap().is_some());
        assert!(thread.participants.is_empty(), "a mail server is nobody's customer");
        test.close().await;
    }
}

/// A page that holds the whole thread.
fn whole() -> app::desk::ThreadRequest {
    app::desk::ThreadRequest { before: None, limit: 100 }
}

async fn list(test: &TestApp) -> app::desk::Page {
    let page = PageRequest { limit: 100, ..PageRequest::default() };
    testkit::desk(&test.app).list(test.organisation, app::desk::Filter::default(), page).await.unwrap()
}

async fn rows(test: &TestApp) -> usize {
    list(test).await.rows.len()
}

#[tokio::test]
async fn any_bytes_are_a_message_a_quarantined_mail_or_nothing_new() {
    let test = TestApp::on(db::Engine::Sqlite).await;
    for bytes in [&b""[..], b"\0\0\0", b"From ", b"\r\n\r\n", b"Subject: x", &[0xFF; 300], b"From: <\r\n\r\n--"] {
        let outcome = test.mail(bytes.to_vec()).await.unwrap();
        assert!(!matches!(outcome, Outcome::Duplicate), "{bytes:?}");
    }
    test.close().await;
}
