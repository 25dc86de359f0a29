//! The same against a mail server that is not ours, with the wire cut before and behind each command.

use std::time::Duration;

use app::channels::{DeliveryState, mail};
use testkit::mail_server::{Cut, ForeignServer};
use testkit::{ENGINES, TestApp};

use super::{HELD, asked, delivery, header, reply};

#[tokio::test]
async fn a_foreign_server_has_each_mail_once_wherever_the_wire_is_cut() {
    let cuts = [
        Cut::Connection,
        Cut::Before("EHLO"),
        Cut::Behind("EHLO"),
        Cut::Before("MAIL"),
        Cut::Behind("MAIL"),
        Cut::Before("RCPT"),
        Cut::Behind("RCPT"),
        Cut::Before("DATA"),
        Cut::Behind("DATA"),
        Cut::MidText,
        Cut::BeforeDot,
        Cut::BehindDot,
        Cut::Before("QUIT"),
        Cut::Behind("QUIT"),
    ];
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let foreign = ForeignServer::start();
        test.sends_by(&foreign.server()).await;
        let mut before = 0;
        for (number, cut) in cuts.into_iter().enumerate() {
            let conversation = asked(&test, &format!("anna{number}")).await;
            let written = reply(&test, conversation, ".Once\n.\nand no more").await;
            foreign.cut(cut);
            test.send_after(HELD).await;
            test.send_after(Duration::from_secs(90)).await;
            assert!(foreign.was_cut(), "{cut:?}");
            let shown = delivery(&test, written).await;
            assert_eq!(shown.state, DeliveryState::Sent, "{engine:?} {cut:?}");
            let received = foreign.received();
            let copies = received.len() - before;
            before = received.len();
            assert_eq!(copies, if cut == Cut::BehindDot { 2 } else { 1 }, "{engine:?} {cut:?}");
            assert!(shown.perhaps_twice || copies == 1, "{cut:?}: the thread says so");
            let mut mine = received.iter().filter(|raw| header(raw, "To").contains(&format!("anna{number}@")));
            let first = mail::parse(mine.next().expect("a mail")).unwrap();
            assert_eq!(first.reply.trim(), ".Once\n.\nand no more");
            assert!(mine.all(|copy| mail::parse(copy).unwrap().message_id == first.message_id));
        }
        test.close().await;
    }
}
