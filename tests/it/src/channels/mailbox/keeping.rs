//! What is kept of a mailbox and by whom: its secret sealed, its changes on record, its reading in one
//! place at a time.

use std::time::Duration;

use app::Actor;
use app::audit::VerifyOptions;
use app::channels::Error;
use app::channels::mailbox::{MAILBOXES, PutAway, Refusal};
use kernel::Id;
use testkit::dovecot::Dovecot;
use testkit::{ENGINES, TestApp, files_below};
use zeroize::Zeroizing;

use super::{PACE, Watching, add, conversations, letter, mailbox, only, until, until_arrived};
use crate::security::search::Search;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_reads_and_the_other_follows() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        add(&test, mailbox(&account, Dovecot::shared().port())).await;
        let first = Watching::begin(&test);
        account.deliver(letter(0));
        until_arrived(&test, 1).await;
        let held = only(&test).await.state.read_until;
        let second = Watching::begin(&test);
        account.deliver(letter(1));
        until_arrived(&test, 2).await;
        assert_eq!(only(&test).await.state.read_until, held, "the lease is the first one's");
        first.end().await;
        account.deliver(letter(2));
        until_arrived(&test, 3).await;
        second.end().await;
        assert_eq!(only(&test).await.state.taken, 3);
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_held_is_taken_over_when_its_time_is_up() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        add(&test, mailbox(&account, Dovecot::shared().port())).await;
        let dead = Watching::begin(&test);
        account.deliver(letter(0));
        until_arrived(&test, 1).await;
        dead.task.abort();
        account.deliver(letter(1));
        let alive = Watching::begin(&test);
        test.clock.advance(PACE.lease + Duration::from_secs(1));
        until_arrived(&test, 2).await;
        alive.end().await;
        test.close().await;
    }
}

#[tokio::test]
async fn user_and_secret_lie_nowhere_in_the_clear() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let mut new = mailbox(&account, 1);
        new.log_in.user = "canary-user-5512@elm.example".to_owned();
        new.log_in.secret = Zeroizing::new("canary-secret-5513".to_owned());
        let id = add(&test, new).await;
        let channels = &test.app.channels;
        channels.set_mailbox_secret(test.organisation, Actor::Operator, id, "canary-secret-5514").await.unwrap();
        assert_eq!(only(&test).await.user, "canary-user-5512@elm.example");
        let place = test.close().await;
        let files = match place.database() {
            Some(database) => {
                database.execute("checkpoint").unwrap();
                files_below(&database.cluster().data_folder())
            }
            None => files_below(&place.data()),
        };
        let here = files.iter().any(|(_, bytes)| bytes.windows(16).any(|window| window == id.bytes()));
        assert!(here, "{engine:?}: the mailbox is among what is searched");
        let search = Search::of(&["canary-user-5512", "canary-secret-5513", "canary-secret-5514"]);
        assert_eq!(search.find_in(&files), None, "{engine:?}");
    }
}

#[tokio::test]
async fn every_change_is_on_record_and_another_organisation_makes_none() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let other = test.another_organisation("Oak Bank").await;
        let account = Dovecot::shared().account();
        let (channels, actor) = (&test.app.channels, Actor::Operator);
        let size = async || test.app.audit.fold(test.organisation).await.unwrap().size;
        let before = size().await;
        let id = add(&test, mailbox(&account, 1)).await;
        assert_eq!(size().await, before + 1);

        let gone = |refused: Result<(), Error>| matches!(refused, Err(Error::Mailbox(Refusal::NoMailbox)));
        assert!(gone(channels.pause_mailbox(other, actor, id, true).await));
        assert!(gone(channels.set_mailbox_secret(other, actor, id, "theirs").await));
        assert!(gone(channels.remove_mailbox(other, actor, id).await));
        assert!(gone(channels.test_mailbox(other, id).await.map(drop)));
        assert!(channels.mailboxes(other).await.unwrap().is_empty());
        assert_eq!(size().await, before + 1);

        channels.pause_mailbox(test.organisation, actor, id, true).await.unwrap();
        channels.pause_mailbox(test.organisation, actor, id, true).await.unwrap();
        channels.set_mailbox_secret(test.organisation, actor, id, "another").await.unwrap();
        channels.remove_mailbox(test.organisation, actor, id).await.unwrap();
        assert_eq!(size().await, before + 4, "the second pause changed nothing");
        assert!(gone(channels.remove_mailbox(test.organisation, actor, id).await));
        let report = test.app.audit.verify(test.organisation, VerifyOptions::default(), &|_, _| {}).await.unwrap();
        assert!(report.problems.is_empty());
        assert!(conversations(&test).await.is_empty());
        test.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_a_mailbox_is_refused() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let (channels, actor) = (&test.app.channels, Actor::Operator);
        let mut same = mailbox(&account, 1);
        same.put_away = PutAway::Move("Inbox".to_owned());
        let refused = channels.add_mailbox(test.organisation, actor, same).await;
        assert!(matches!(refused, Err(Error::Mailbox(Refusal::SameFolder))));
        for _ in 0..MAILBOXES {
            add(&test, mailbox(&account, 1)).await;
        }
        let refused = channels.add_mailbox(test.organisation, actor, mailbox(&account, 1)).await;
        assert!(matches!(refused, Err(Error::Mailbox(Refusal::TooMany))));
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_cannot_be_reached_says_so_and_recovers() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        add(&test, mailbox(&account, nobody)).await;
        let watching = Watching::begin(&test);
        until("the trouble is told", async || only(&test).await.state.trouble.is_some()).await;
        let (_, words) = only(&test).await.state.trouble.unwrap();
        assert_eq!(words, "connect: nobody answers at this host and port: check both, and the firewalls between");
        watching.end().await;
        test.close().await;
    }
}
