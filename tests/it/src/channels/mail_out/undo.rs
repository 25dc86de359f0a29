//! Taking a mail back while it is held, and forgetting a customer whose mail waits.

use std::time::Duration;

use app::Actor;
use app::channels::{DeliveryState, NewFile, NewMail, Tls, Writing};
use app::desk::{After, Item, State};
use testkit::{ENGINES, ScriptedSink, TestApp};

use super::{HELD, asked, delivery, reply, reply_of, thread};

#[tokio::test]
async fn a_mail_taken_back_leaves_no_trace_but_in_the_log() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let before = thread(&test, conversation).await;
        let mut new = reply_of(conversation, "Too early.");
        new.writing.after = After::Resolve;
        new.writing.cc = vec!["c@x.example".to_owned()];
        let bytes = vec![7; 400_000];
        new.writing.files = vec![NewFile {
            filename: "a.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: bytes.into(),
        }];
        let written = test.app.channels.reply(test.organisation, Actor::Operator, new).await.unwrap();
        assert_eq!(thread(&test, conversation).await.state, State::Resolved);
        let back = test.app.channels.take_back(test.organisation, Actor::Operator, written.message).await.unwrap();
        assert_eq!(
            (back.text.as_str(), back.cc, back.to),
            ("Too early.", vec!["c@x.example".to_owned()], vec!["anna@x.example".to_owned()])
        );
        assert_eq!((back.files[0].bytes.len(), back.conversation_is_gone), (400_000, false));
        let after = thread(&test, conversation).await;
        assert_eq!((after.state, after.messages), (before.state, before.messages));
        let stays = |item: &Item| !matches!(item, Item::Event(_));
        assert_eq!(after.items.iter().filter(|item| stays(item)).count(), 1);
        assert_eq!(after.items.len(), before.items.len(), "the step went too");
        let round = test.send_after(HELD).await;
        assert_eq!((round.sent, round.next_due), (0, None));
        assert!(sink.received().is_empty());
        assert!(test.app.channels.take_back(test.organisation, Actor::Operator, written.message).await.is_err());
        let blobs = test.app.channels.remove_due_blobs(test.organisation).await.unwrap();
        assert_eq!(blobs, 1, "the large file goes too");
        test.close().await;
    }
}

#[tokio::test]
async fn what_has_begun_to_leave_cannot_be_taken_back() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Gone.").await;
        test.send_after(HELD).await;
        assert!(test.app.channels.take_back(test.organisation, Actor::Operator, written.message).await.is_err());
        assert_eq!(delivery(&test, written).await.state, DeliveryState::Sent);
        test.close().await;
    }
}

#[tokio::test]
async fn a_customer_who_wrote_meanwhile_keeps_the_conversation_open() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Wait.").await;
        let more = testkit::Letter::new("anna@x.example", "Re: Invoice").id("2@x.example").answers("anna-1@x.example");
        test.mail(more).await.unwrap();
        test.app.channels.take_back(test.organisation, Actor::Operator, written.message).await.unwrap();
        let after = thread(&test, conversation).await;
        assert_eq!((after.state, after.messages), (State::Open, 2));
        test.close().await;
    }
}

#[tokio::test]
async fn a_conversation_that_never_was_goes_with_its_only_mail() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        test.app.channels.set_undo_time(test.organisation, Actor::Operator, Duration::from_mins(1)).await.unwrap();
        let new = NewMail {
            to: "bert@x.example".to_owned(),
            name: None,
            subject: "Hello".to_owned(),
            writing: Writing { text: "Hello.".to_owned(), ..Writing::default() },
        };
        let written = test.app.channels.start_conversation(test.organisation, Actor::Operator, new).await.unwrap();
        assert_eq!(test.send_after(Duration::from_secs(59)).await.sent, 0, "a longer time holds it longer");
        let back = test.app.channels.take_back(test.organisation, Actor::Operator, written.message).await.unwrap();
        assert!(back.conversation_is_gone);
        let page = app::desk::PageRequest { limit: 10, ..Default::default() };
        let list = testkit::desk(&test.app).list(test.organisation, app::desk::Filter::default(), page).await.unwrap();
        assert!(list.rows.is_empty());
        test.close().await;
    }
}

#[tokio::test]
async fn nothing_leaves_for_a_customer_who_was_erased() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Never read.").await;
        let customer = thread(&test, conversation).await.customer;
        testkit::vault(&test.app).erase(test.organisation, customer, "asked for").await.unwrap();
        let round = test.send_after(HELD).await;
        assert_eq!((round.sent, round.next_due), (0, None));
        assert!(sink.received().is_empty());
        let shown = delivery(&test, written).await;
        assert!(shown.recipients.is_empty() && shown.trouble.is_none());
        let more = test.app.channels.reply(test.organisation, Actor::Operator, reply_of(conversation, "More."));
        assert!(more.await.is_err());
        test.close().await;
    }
}
