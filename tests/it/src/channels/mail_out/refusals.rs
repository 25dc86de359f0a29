//! A server that says no: at once and for good, for the time being, or to one recipient of several.

use std::time::Duration;

use app::Actor;
use app::channels::sink::{Answer, Moment};
use app::channels::{DeliveryState, RecipientState, Stage, Tls};
use testkit::{ENGINES, ScriptedSink, TestApp};

use super::{HELD, asked, delivery, reply, reply_of};

#[tokio::test]
async fn a_no_for_good_is_shown_with_the_servers_words_and_can_be_tried_again() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        for (moment, stage) in [
            (Moment::Sender, Stage::Sender),
            (Moment::Recipient, Stage::Recipient),
            (Moment::Data, Stage::Text),
            (Moment::LastDot, Stage::Accepted),
        ] {
            let conversation = asked(&test, &format!("{moment:?}").to_lowercase()).await;
            let written = reply(&test, conversation, "No?").await;
            let words = "550 5.1.1 <carla@x.example> \u{202e}unknown\u{7}".to_owned();
            sink.script.once(moment, Answer::Say(words));
            assert_eq!(test.send_after(HELD).await.failed, 1, "{moment:?}");
            let shown = delivery(&test, written).await;
            assert_eq!((shown.state, shown.recipients[0].state), (DeliveryState::Failed, RecipientState::Refused));
            let (at, words) = shown.trouble.clone().unwrap();
            assert_eq!(at, stage);
            assert!(words.starts_with("550 5.1.1") && words.ends_with("unknown"), "{words:?}");
            assert!(!words.contains("carla@"), "an address in it is masked");
            let failed = test.app.channels.failed_mail(test.organisation, None, 10).await.unwrap();
            assert_eq!(failed.len(), 1);
            assert_eq!((failed[0].message, &failed[0].delivery), (written.message, &shown));

            let again = test.app.channels.send_again(test.organisation, Actor::Operator, written.message);
            again.await.unwrap();
            assert_eq!(test.send_after(Duration::ZERO).await.sent, 1);
            assert!(test.app.channels.failed_mail(test.organisation, None, 10).await.unwrap().is_empty());
            let twice = test.app.channels.send_again(test.organisation, Actor::Operator, written.message);
            assert!(twice.await.is_err(), "what was sent is not sent again");
        }
        assert_eq!(sink.received().len(), 4);
        test.close().await;
    }
}

#[tokio::test]
async fn a_no_for_now_is_tried_again_with_growing_pauses_for_three_days() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Later?").await;
        sink.script.always(Moment::Recipient, "", Answer::Say("450 4.2.0 greylisted".to_owned()));
        test.clock.advance(HELD);
        let mut pauses = Vec::new();
        loop {
            let round = test.app.channels.send_due(test.organisation).await.unwrap();
            let Some(next) = round.next_due else { break };
            assert!(round.put_off == 1 && pauses.len() < 200);
            let pause = next.since(test.clock_now());
            pauses.push(pause);
            test.clock.advance(pause);
        }
        assert!(pauses[1] > pauses[0] && pauses[2] > pauses[1], "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_mins(72)));
        let whole: Duration = pauses.iter().sum();
        assert!((Duration::from_hours(71)..Duration::from_hours(75)).contains(&whole), "{whole:?}");
        let shown = delivery(&test, written).await;
        assert_eq!(shown.state, DeliveryState::Failed);
        assert_eq!(shown.recipients[0].words.as_deref(), Some("450 4.2.0 greylisted"));
        test.close().await;
    }
}

#[tokio::test]
async fn each_recipient_has_an_answer_of_their_own() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let mut new = reply_of(conversation, "To three.");
        new.writing.cc = vec!["no@x.example".to_owned(), "later@x.example".to_owned(), "ANNA@x.example".to_owned()];
        let written = test.app.channels.reply(test.organisation, Actor::Operator, new).await.unwrap();
        sink.script.always(Moment::Recipient, "no@", Answer::Say("550 no".to_owned()));
        sink.script.always(Moment::Recipient, "later@", Answer::Say("450 later".to_owned()));
        assert_eq!(test.send_after(HELD).await.put_off, 1);
        let states = |delivery: &app::channels::Delivery| {
            delivery.recipients.iter().map(|recipient| recipient.state).collect::<Vec<_>>()
        };
        let between = delivery(&test, written).await;
        assert_eq!(
            states(&between),
            [RecipientState::Accepted, RecipientState::Refused, RecipientState::Waiting],
            "nobody is named twice"
        );
        sink.script.behave();
        assert_eq!(test.send_after(Duration::from_secs(90)).await.failed, 1);
        let after = delivery(&test, written).await;
        assert_eq!(
            (after.state, states(&after)),
            (DeliveryState::Failed, vec![RecipientState::Accepted, RecipientState::Refused, RecipientState::Accepted])
        );
        let to: Vec<Vec<String>> = sink.received().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, [["anna@x.example"], ["later@x.example"]], "who has it does not get it again");
        test.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is_written() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        let conversation = asked(&test, "anna").await;
        let channels = &test.app.channels;
        let reply = |new| channels.reply(test.organisation, Actor::Operator, new);
        assert!(reply(reply_of(conversation, "No address yet.")).await.is_err());
        test.sends_by(&sink.server(Tls::None)).await;
        assert!(reply(reply_of(conversation, " \n")).await.is_err(), "no text");
        assert!(reply(reply_of(conversation, &"x".repeat(300_000))).await.is_err(), "too long");
        for cc in ["service@elm.example", "SERVICE@Elm.example", "a\r\nBcc: b@x.example", "nobody", "a@x.example>"] {
            let mut new = reply_of(conversation, "Hello.");
            new.writing.cc = vec![cc.to_owned()];
            assert!(reply(new).await.is_err(), "{cc:?}");
        }
        let mut new = reply_of(conversation, "Hello.");
        new.writing.cc = (0..60).map(|at| format!("a{at}@x.example")).collect();
        assert!(reply(new).await.is_err(), "too many");
        let thread = super::thread(&test, conversation).await;
        assert_eq!(thread.messages, 1, "nothing of it was stored");
        test.close().await;
    }
}
