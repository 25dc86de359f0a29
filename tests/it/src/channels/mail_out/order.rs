//! A server that is down for an hour, and two processes that send: all leaves in order, once.

use std::time::Duration;

use app::channels::sink::{Answer, Moment};
use app::channels::{DeliveryState, MailServer, Tls};
use testkit::{ENGINES, ScriptedSink, TestApp};

use super::{HELD, asked, delivery, header, reply};

#[tokio::test]
async fn what_waited_an_hour_leaves_in_order_and_once() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        let down = MailServer { port: closed_port(), ..sink.server(Tls::None) };
        test.sends_by(&down).await;
        let [anna, bert] = [asked(&test, "anna").await, asked(&test, "bert").await];
        for number in 0..12 {
            reply(&test, if number % 3 == 0 { bert } else { anna }, &format!("number {number}.")).await;
            let round = test.send_after(Duration::from_mins(5)).await;
            assert_eq!((round.sent, round.failed, round.put_off), (0, 0, 0));
            assert!(round.next_due.is_some(), "it will be tried again");
        }
        let actor = app::Actor::Operator;
        test.app.channels.set_mail_server(test.organisation, actor, None, &sink.server(Tls::None)).await.unwrap();
        assert_eq!(test.send_after(HELD).await.sent, 12);
        let texts: Vec<String> = sink.received().iter().map(|mail| number(&mail.raw)).collect();
        assert_eq!(texts, (0..12).map(|number| number.to_string()).collect::<Vec<_>>());
        test.close().await;
    }
}

#[tokio::test]
async fn in_one_conversation_a_later_mail_waits_for_an_earlier_one() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let [anna, bert] = [asked(&test, "anna").await, asked(&test, "bert").await];
        reply(&test, anna, "number 0.").await;
        reply(&test, bert, "number 1.").await;
        reply(&test, anna, "number 2.").await;
        sink.script.once(Moment::Sender, Answer::Say("451 4.3.0 later".to_owned()));
        let round = test.send_after(HELD).await;
        assert_eq!((round.sent, round.put_off), (1, 1), "another conversation does not wait");
        test.send_after(Duration::from_secs(90)).await;
        let texts: Vec<String> = sink.received().iter().map(|mail| number(&mail.raw)).collect();
        assert_eq!(texts, ["1", "0", "2"]);
        test.close().await;
    }
}

#[tokio::test]
async fn two_processes_send_every_mail_once() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        for number in 0..20 {
            let conversation = asked(&test, &format!("c{number}")).await;
            reply(&test, conversation, "Once.").await;
        }
        test.clock.advance(HELD);
        let rounds = (0..4).map(|_| test.app.channels.send_due(test.organisation));
        let rounds = futures_util::future::join_all(rounds).await;
        let sent: usize = rounds.into_iter().map(|round| round.unwrap().sent).sum();
        let mut ids: Vec<String> = sink.received().iter().map(|mail| header(&mail.raw, "Message-ID")).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((sent, ids.len(), sink.received().len()), (20, 20, 20), "{engine:?}");
        test.close().await;
    }
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_died_is_sent_again_with_a_doubt() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Held at the dot.").await;
        test.clock.advance(HELD);
        // Dropped while it waits for the answer behind the last dot, as a killed process is.
        sink.script.once(Moment::Kept, Answer::Silent);
        {
            let mut sending = std::pin::pin!(test.app.channels.send_due(test.organisation));
            while sink.received().is_empty() {
                tokio::select! {
                    _ = &mut sending => panic!("the server has not answered"),
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                }
            }
        }
        assert_eq!(delivery(&test, written).await.state, DeliveryState::Sending);
        let test = test.restart().await;
        let round = test.send_after(Duration::from_mins(2)).await;
        assert_eq!(round.sent, 1, "{engine:?}");
        assert!(delivery(&test, written).await.perhaps_twice);
        assert_eq!(sink.received().len(), 2);
        test.close().await;
    }
}

#[tokio::test]
async fn who_serves_sends_what_is_written_and_ends_when_told() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        test.app.channels.set_undo_time(test.organisation, app::Actor::Operator, Duration::ZERO).await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let channels = test.app.channels.clone();
        let sending = tokio::spawn(async move { channels.run_sending(async { drop(stopped.await) }).await });
        let conversation = asked(&test, "anna").await;
        for number in 1..=3 {
            reply(&test, conversation, &format!("number {number}.")).await;
            while sink.received().len() < number {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        stop.send(()).unwrap();
        sending.await.unwrap();
        reply(&test, conversation, "number 4.").await;
        assert_eq!(sink.received().len(), 3);
        test.close().await;
    }
}

fn number(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let after = text.split_once("number ").expect("a numbered mail").1;
    after.split('.').next().unwrap_or_default().to_owned()
}

/// A port of this machine on which nobody listens.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
