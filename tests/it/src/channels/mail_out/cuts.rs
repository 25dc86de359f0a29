//! The connection dies at every command: the recipient has the mail once, and when nobody can know
//! that, twice under one Message-ID, and the thread says so.

use std::time::Duration;

use app::channels::sink::{Answer, Moment};
use app::channels::{DeliveryState, Tls};
use testkit::{ENGINES, ScriptedSink, TestApp};

use super::{HELD, asked, delivery, header, reply};

/// Longer than any first pause.
const LATER: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_connection_cut_at_any_command_leaves_one_mail() {
    let moments = [
        Moment::Greeting,
        Moment::Hello,
        Moment::Sender,
        Moment::Recipient,
        Moment::Data,
        Moment::MidText,
        Moment::LastDot,
        Moment::Quit,
    ];
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        for (number, moment) in moments.into_iter().enumerate() {
            let conversation = asked(&test, &format!("anna{number}")).await;
            let written = reply(&test, conversation, "Once.").await;
            sink.script.once(moment, Answer::Cut);
            let first = test.send_after(HELD).await;
            assert_eq!(first.sent, usize::from(moment == Moment::Quit), "{engine:?} {moment:?}");
            test.send_after(LATER).await;
            assert_eq!(delivery(&test, written).await.state, DeliveryState::Sent, "{engine:?} {moment:?}");
            assert_eq!(sink.received().len(), number + 1, "{engine:?} {moment:?}: the recipient has it once");
            let next = test.send_after(LATER).await;
            assert_eq!((next.sent, next.next_due), (0, None), "{engine:?} {moment:?}: nothing is left to do");
        }
        test.close().await;
    }
}

#[tokio::test]
async fn behind_the_last_dot_the_same_mail_is_sent_again_and_the_thread_says_so() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Once or twice.").await;
        sink.script.once(Moment::Kept, Answer::Cut);
        assert_eq!(test.send_after(HELD).await.put_off, 1);
        let between = delivery(&test, written).await;
        assert_eq!((between.state, between.perhaps_twice), (DeliveryState::Queued, false));
        assert_eq!(test.send_after(LATER).await.sent, 1);
        let ids: Vec<String> = sink.received().iter().map(|mail| header(&mail.raw, "Message-ID")).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1]);
        let after = delivery(&test, written).await;
        assert_eq!((after.state, after.perhaps_twice), (DeliveryState::Sent, true));
        test.close().await;
    }
}

#[tokio::test]
async fn a_log_in_that_is_cut_or_refused_blames_no_mail() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Some(("elm".to_owned(), "s3cret".to_owned()));
        let settings = app::channels::sink::SinkSettings { account, log_in_by: "LOGIN", ..Default::default() };
        let sink = ScriptedSink::with(settings, true).await;
        let mut server = sink.server(Tls::StartTls);
        server.user = Some("elm".to_owned());
        server.password = Some("wrong".to_owned().into());
        test.sends_by(&server).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Patience.").await;
        assert_eq!(test.send_after(HELD).await.unusable, 1);
        assert_eq!(delivery(&test, written).await.state, DeliveryState::Held, "the mail is as it was");
        let shown = test.app.channels.mail_servers(test.organisation).await.unwrap();
        assert_eq!(shown[0].failures, 1);
        assert!(shown[0].retry_at.is_some());

        server.password = Some("s3cret".to_owned().into());
        let actor = app::Actor::Operator;
        test.app.channels.set_mail_server(test.organisation, actor, None, &server).await.unwrap();
        for moment in [Moment::StartTls, Moment::LogIn] {
            sink.script.once(moment, Answer::Cut);
            assert_eq!(test.send_after(LATER).await.unusable, 1, "{moment:?}");
        }
        assert_eq!(test.send_after(LATER).await.sent, 1);
        let received = sink.received();
        assert_eq!((received.len(), received[0].encrypted), (1, true));
        assert_eq!(received[0].user.as_deref(), Some("elm"));
        test.close().await;
    }
}
