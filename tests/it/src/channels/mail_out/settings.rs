//! Addresses and servers: set, shown without secrets, tried out stage by stage.

use app::Actor;
use app::channels::sink::{Answer, Moment, SinkSettings};
use app::channels::{MailServer, OwnAddressDetails, Stage, Tls};
use testkit::{ENGINES, SERVICE, ScriptedSink, TestApp, files_below};

use super::{HELD, asked, reply};
use crate::security::search::Search;

#[tokio::test]
async fn a_trial_tells_how_far_it_came() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Some(("elm".to_owned(), "s3cret".to_owned()));
        let sink =
            ScriptedSink::with(SinkSettings { account, implicit_tls: true, ..SinkSettings::default() }, true).await;
        let mut server = sink.server(Tls::Implicit);
        (server.user, server.password) = (Some("elm".to_owned()), Some("s3cret".to_owned().into()));
        test.sends_by(&server).await;
        let channels = &test.app.channels;
        let trial = || channels.try_mail_server(test.organisation, Actor::Operator, None, "admin@elm.example");
        let set = async |server: &MailServer| {
            channels.set_mail_server(test.organisation, Actor::Operator, None, server).await.unwrap();
        };
        let done = trial().await.unwrap();
        assert_eq!((done.passed.as_slice(), done.trouble), (Stage::ALL.as_slice(), None));
        assert_eq!(sink.received().len(), 1);

        for (moment, stage) in [
            (Moment::Greeting, Stage::Connect),
            (Moment::LogIn, Stage::LogIn),
            (Moment::Sender, Stage::Sender),
            (Moment::Recipient, Stage::Recipient),
            (Moment::LastDot, Stage::Accepted),
        ] {
            sink.script.once(moment, Answer::Say("554 5.7.1 not here".to_owned()));
            let ended = trial().await.unwrap().trouble.unwrap();
            assert_eq!((ended.stage, ended.words.as_str()), (stage, "554 5.7.1 not here"));
            assert!(!ended.advice.is_empty());
        }
        set(&MailServer { authority: None, ..server.clone() }).await;
        assert_eq!(trial().await.unwrap().trouble.unwrap().stage, Stage::Tls, "an unknown authority is not believed");
        set(&MailServer { host: "nowhere.invalid".to_owned(), ..server.clone() }).await;
        assert_eq!(trial().await.unwrap().trouble.unwrap().stage, Stage::Name);
        test.close().await;
    }
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_no_mail() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        test.sends_by(&MailServer { host: "localhost".to_owned(), ..sink.server(Tls::StartTls) }).await;
        let conversation = asked(&test, "anna").await;
        reply(&test, conversation, "In the clear?").await;
        assert_eq!(test.send_after(HELD).await.unusable, 1);
        assert!(sink.received().is_empty());
        let far = MailServer { host: "mail.example.org".to_owned(), ..sink.server(Tls::None) };
        let set = test.app.channels.set_mail_server(test.organisation, Actor::Operator, None, &far);
        assert!(set.await.is_err(), "another machine is never spoken to in the clear");
        test.close().await;
    }
}

#[tokio::test]
async fn each_address_may_have_a_server_and_one_is_the_default() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let [first, second] = [ScriptedSink::start().await, ScriptedSink::start().await];
        let service = test.sends_by(&first.server(Tls::None)).await;
        let (channels, actor) = (&test.app.channels, Actor::Operator);
        let details = OwnAddressDetails { address: "Billing@elm.example".to_owned(), ..OwnAddressDetails::default() };
        let billing = channels.add_own_address(test.organisation, actor, &details, true).await.unwrap();
        channels.set_mail_server(test.organisation, actor, Some(billing), &second.server(Tls::None)).await.unwrap();
        assert!(
            channels.add_own_address(test.organisation, actor, &details, false).await.is_err(),
            "it is ours already"
        );
        let all = channels.own_addresses(test.organisation).await.unwrap();
        assert_eq!(
            all.iter().map(|own| (own.id, own.is_default)).collect::<Vec<_>>(),
            [(billing, true), (service, false)]
        );

        // The customer wrote to the one that is not the default, and is answered by it.
        let conversation = asked(&test, "anna").await;
        reply(&test, conversation, "From service.").await;
        let mut new = super::reply_of(conversation, "From billing.");
        new.writing.from = Some(billing);
        test.clock.advance(std::time::Duration::from_millis(1));
        channels.reply(test.organisation, actor, new).await.unwrap();
        assert_eq!(test.send_after(HELD).await.sent, 2);
        assert_eq!(
            (first.received()[0].from.as_str(), second.received()[0].from.as_str()),
            (SERVICE, "Billing@elm.example")
        );

        channels.remove_own_address(test.organisation, actor, billing).await.unwrap();
        let left = channels.own_addresses(test.organisation).await.unwrap();
        assert_eq!((left.len(), left[0].is_default), (1, true), "the other one becomes the default");
        let conversation = asked(&test, "bert").await;
        reply(&test, conversation, "Waits.").await;
        assert!(channels.remove_own_address(test.organisation, actor, service).await.is_err(), "mail waits for it");
        test.close().await;
    }
}

#[tokio::test]
async fn neither_addresses_nor_passwords_nor_mails_lie_in_the_clear() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let sink = ScriptedSink::start().await;
        let mut server = sink.server(Tls::None);
        (server.user, server.password) = (Some("elm-user-qx".to_owned()), Some("pw-qx-77".to_owned().into()));
        test.sends_by(&server).await;
        let conversation = asked(&test, "virtanen-qx").await;
        reply(&test, conversation, "secret-text-qx").await;
        let mut files = files_below(&test.data());
        if engine == db::Engine::Postgres {
            files.extend(files_below(&testkit::postgres::Cluster::shared().data_folder()));
        }
        let search = Search::of(&["elm-user-qx", "pw-qx-77", "virtanen-qx", "secret-text-qx", SERVICE]);
        assert_eq!(search.find_in(&files), None, "{engine:?}");
        test.close().await;
    }
}
