//! The circle: a customer writes, we answer, the answer comes back to the same conversation.

use app::Actor;
use app::channels::mail;
use app::channels::{DeliveryState, NewFile, NewForward, NewMail, OwnAddressDetails, RecipientState, Tls, Writing};
use app::desk::{After, Direction, State};
use kernel::Locale;
use testkit::{ENGINES, Letter, ScriptedSink, TestApp};

use super::{HELD, asked, delivery, header, message, reply, reply_of, thread};
use crate::channels::joined;

#[tokio::test]
async fn an_answer_leaves_and_its_answer_comes_back_to_the_same_conversation() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "It is paid.\n.alone\nTerveisin").await;

        assert_eq!(thread(&test, conversation).await.state, State::Waiting);
        assert_eq!(delivery(&test, written).await.state, DeliveryState::Held);
        assert_eq!(test.app.channels.send_due(test.organisation).await.unwrap().sent, 0, "it is held back");
        assert_eq!(test.send_after(HELD).await.sent, 1);
        let shown = delivery(&test, written).await;
        assert_eq!((shown.state, shown.perhaps_twice), (DeliveryState::Sent, false));
        assert_eq!(shown.recipients[0].state, RecipientState::Accepted);
        assert!(!shown.recipients[0].address.contains("anna@"), "addresses leave as masks");

        let [received] = sink.received().try_into().ok().expect("one mail");
        assert_eq!((received.from.as_str(), received.to), ("service@elm.example", vec!["anna@x.example".to_owned()]));
        let read = mail::parse(&received.raw).unwrap();
        assert_eq!(read.reply.trim(), "It is paid.\n.alone\nTerveisin");
        assert!(read.quoted.unwrap().contains("> please look at this."));
        assert!(read.html.unwrap().contains("It is paid."), "there is an HTML part too");
        assert_eq!((read.subject.as_str(), read.in_reply_to), ("Re: Invoice", vec!["anna-1@x.example".to_owned()]));
        assert_eq!(read.references, ["anna-1@x.example"]);
        assert_eq!(read.from.unwrap().name.as_deref(), Some("Elm Clinic"));

        // Answered by a program that keeps neither subject nor References, only In-Reply-To.
        let own = read.message_id.unwrap();
        let back = Letter::new("Anna <anna@x.example>", "thanks").id("anna-2@x.example").answers(&own);
        assert_eq!(joined(test.mail(back).await.unwrap()), conversation);
        assert_eq!(thread(&test, conversation).await.state, State::Open);

        let second = reply(&test, conversation, "You are welcome.").await;
        test.send_after(HELD).await;
        let raw = &sink.received()[1].raw;
        assert_eq!(header(raw, "In-Reply-To"), "<anna-2@x.example>");
        assert_eq!(header(raw, "References"), format!("<anna-1@x.example> <{own}> <anna-2@x.example>"));
        assert_ne!(header(raw, "Message-ID"), format!("<{own}>"));
        assert_eq!(message(&test, conversation, second.message).await.direction, Direction::Out);
        test.close().await;
    }
}

#[tokio::test]
async fn a_reply_token_leads_back_even_from_another_address() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        let own = test.sends_by(&sink.server(Tls::None)).await;
        let details = OwnAddressDetails {
            address: "service@elm.example".to_owned(),
            takes_plus: true,
            signatures: [(Locale::De, "Ihre Klinik".to_owned())].into(),
            ..OwnAddressDetails::default()
        };
        test.app.channels.change_own_address(test.organisation, Actor::Operator, own, &details, false).await.unwrap();
        let conversation = asked(&test, "anna").await;
        reply(&test, conversation, "Please answer.").await;
        test.send_after(HELD).await;
        let raw = sink.received()[0].raw.clone();
        let asked_for = header(&raw, "Reply-To").trim_matches(['<', '>']).to_owned();
        assert!(asked_for.starts_with("service+dw") && asked_for.ends_with("@elm.example"), "{asked_for}");
        assert!(String::from_utf8_lossy(&raw).contains("Ihre Klinik"), "the signature");

        let back = Letter::new("Anna at work <anna@office.example>", "From my desk").id("work@office.example");
        let raw =
            String::from_utf8(back.raw()).unwrap().replace("To: service@elm.example", &format!("To: {asked_for}"));
        assert_eq!(joined(test.mail(raw).await.unwrap()), conversation);
        test.close().await;
    }
}

#[tokio::test]
async fn a_conversation_begun_by_us_has_its_customer_and_takes_the_answer() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let start = |name: Option<&str>, after| NewMail {
            to: "Bert@X.example".to_owned(),
            name: name.map(str::to_owned),
            subject: "Your appointment".to_owned(),
            writing: Writing {
                text: "On Monday.".to_owned(),
                cc: vec!["c@x.example".to_owned()],
                after,
                ..Writing::default()
            },
        };
        let (channels, actor) = (&test.app.channels, Actor::Operator);
        let first =
            channels.start_conversation(test.organisation, actor, start(Some("Bert"), After::Wait)).await.unwrap();
        test.clock.advance(std::time::Duration::from_millis(1));
        let second = channels.start_conversation(test.organisation, actor, start(None, After::Resolve)).await.unwrap();
        let (one, other) = (thread(&test, first.conversation).await, thread(&test, second.conversation).await);
        assert_eq!(one.customer, other.customer, "the contact point finds the customer again");
        assert_eq!(one.customer_name.as_deref(), Some("Bert"));
        assert_eq!((one.state, other.state), (State::Waiting, State::Resolved));
        assert_eq!(test.send_after(HELD).await.sent, 2);
        let received = sink.received();
        assert_eq!(received[0].to, ["Bert@x.example", "c@x.example"]);
        let own = header(&received[1].raw, "Message-ID").trim_matches(['<', '>']).to_owned();
        let back = Letter::new("bert@x.example", "Re: Your appointment").id("b@x.example").refers_to(&own);
        assert_eq!(joined(test.mail(back).await.unwrap()), second.conversation);
        assert_eq!(thread(&test, second.conversation).await.state, State::Open, "an answer opens it again");
        test.close().await;
    }
}

#[tokio::test]
async fn files_travel_small_and_large_and_go_along_with_a_forward() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let large: Vec<u8> = (0..400_000_u32).map(|at| (at % 251) as u8).collect();
        let file = |name: &str, bytes: Vec<u8>| NewFile {
            filename: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: bytes.into(),
        };
        let mut new = reply_of(conversation, "Attached.");
        new.writing.files = vec![file("lasku.pdf", b"small".to_vec()), file("../iso lasku.pdf", large.clone())];
        let written = test.app.channels.reply(test.organisation, Actor::Operator, new).await.unwrap();
        test.send_after(HELD).await;
        let read = mail::parse(&sink.received()[0].raw).unwrap();
        assert_eq!(read.attachments[0].bytes, b"small");
        assert_eq!(read.attachments[1].bytes, large);
        assert_eq!(read.attachments[1].filename.as_deref(), Some("iso lasku.pdf"));

        let forward = NewForward {
            conversation,
            message: written.message,
            to: vec!["lab@y.example".to_owned()],
            with_files: true,
            writing: Writing { text: "For you.".to_owned(), after: After::Stay, ..Writing::default() },
        };
        test.app.channels.forward(test.organisation, Actor::Operator, forward).await.unwrap();
        test.send_after(HELD).await;
        let passed = &sink.received()[1];
        assert_eq!(passed.to, ["lab@y.example"]);
        let read = mail::parse(&passed.raw).unwrap();
        assert_eq!((read.subject.as_str(), read.attachments.len()), ("Fwd: Invoice", 2));
        assert!(read.text.contains("For you.") && read.text.contains("Attached."));
        assert_eq!(header(&passed.raw, "References"), "", "the lab learns no Message-ID of the customer's");
        test.close().await;
    }
}

#[tokio::test]
async fn a_bounce_is_tied_to_its_mail_and_our_own_mail_does_not_go_round() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let conversation = asked(&test, "anna").await;
        let written = reply(&test, conversation, "Done.").await;
        test.send_after(HELD).await;
        let raw = sink.received()[0].raw.clone();
        let before = thread(&test, conversation).await.messages;
        let again = test.mail(raw.clone()).await.unwrap();
        assert_eq!(again, app::channels::Outcome::Duplicate, "our own mail that came back is no customer's");
        assert_eq!(thread(&test, conversation).await.messages, before);

        let report = format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: service@elm.example\r\nSubject: Undelivered\r\n\
             Message-ID: <bounce@mx.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nno such user\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; anna@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\n{}\r\n--b--\r\n",
            String::from_utf8(raw).unwrap()
        );
        assert_eq!(joined(test.mail(report).await.unwrap()), conversation);
        assert!(message(&test, conversation, written.message).await.bounced_at.is_some());
        test.close().await;
    }
}

#[tokio::test]
async fn nothing_answers_a_program_by_itself_nor_a_person_twice() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&sink.server(Tls::None)).await;
        let away =
            Letter::new("away@x.example", "Out of office").id("a@x.example").header("Auto-Submitted", "auto-replied");
        let away = crate::channels::opened(test.mail(away).await.unwrap());
        let channels = &test.app.channels;
        let by_itself =
            |conversation| channels.reply(test.organisation, Actor::System, reply_of(conversation, "We got it."));
        assert!(by_itself(away).await.is_err());
        let person = asked(&test, "anna").await;
        by_itself(person).await.unwrap();
        assert!(by_itself(person).await.is_err(), "once is enough");
        test.send_after(HELD).await;
        let [received] = sink.received().try_into().ok().expect("one mail");
        assert_eq!(header(&received.raw, "Auto-Submitted"), "auto-replied");
        assert_eq!(received.from, "", "no bounce of it comes back");
        test.close().await;
    }
}
