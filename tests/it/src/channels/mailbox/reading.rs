//! What an organisation gets from its mailboxes on a good day and from mail that is not good.

use std::time::Duration;

use app::Actor;
use app::channels::MailboxPace;
use app::channels::mailbox::{Method, PutAway};
use kernel::{MailboxId, limits};
use testkit::dovecot::Dovecot;
use testkit::{ENGINES, START, TestApp};
use zeroize::Zeroizing;

use super::{PACE, Watching, add, conversations, letter, mailbox, only, until, until_arrived};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_appears_by_itself_while_the_mailbox_is_watched() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        account.deliver(letter(0));
        add(&test, mailbox(&account, Dovecot::shared().port())).await;
        // Nothing is asked for within this test: what appears was told by the server.
        let watching = Watching::at(&test, MailboxPace { poll: Duration::from_mins(10), ..PACE });
        until_arrived(&test, 1).await;
        until("nothing waits", async || only(&test).await.state.succeeded_at.is_some()).await;
        account.deliver(letter(1));
        until_arrived(&test, 2).await;
        until("it is put away", async || account.folder("Doorward") == 2 && account.inbox() == 0).await;
        watching.end().await;
        let state = only(&test).await.state;
        assert_eq!((state.taken, state.left_alone, state.trouble), (2, 0, None));
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_cannot_be_read_or_is_too_large_does_not_stop_the_rest() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let mut large = letter(7);
        large.resize(limits::MAIL_BYTES + 1, b'x');
        account.deliver(&large);
        account.deliver(b"\x01\x02 this is not a mail at all\n");
        account.deliver(letter(0));
        add(&test, mailbox(&account, Dovecot::shared().port())).await;
        let watching = Watching::begin(&test);
        until_arrived(&test, 1).await;
        until("only the large one is left", async || account.inbox() == 1).await;
        let officer = (testkit::agent(), app::identity::Role::PrivacyOfficer);
        let may = testkit::permit_as(&test.app, test.organisation, officer, app::access::OrganisationWide).await;
        let held = test.app.channels.quarantined(&may.unwrap(), None, 10).await.unwrap();
        assert_eq!(held.len(), 1);
        account.deliver(letter(1));
        until_arrived(&test, 2).await;
        watching.end().await;
        let state = only(&test).await.state;
        assert_eq!((state.taken, state.left_alone), (3, 1), "it is told once, however often the folder is looked at");

        // Also after a restart it is left alone.
        let test = test.restart().await;
        let watching = Watching::begin(&test);
        account.deliver(letter(2));
        until_arrived(&test, 3).await;
        watching.end().await;
        assert_eq!(only(&test).await.state.left_alone, 1);
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_stays_is_marked_and_never_taken_twice() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let new = app::channels::NewMailbox { put_away: PutAway::Mark, ..mailbox(&account, Dovecot::shared().port()) };
        add(&test, new).await;
        let watching = Watching::begin(&test);
        account.deliver(letter(0));
        until_arrived(&test, 1).await;
        until("it is marked", async || account.flagged('S') == 1 && account.flagged('a') == 1).await;
        watching.end().await;
        // The server loses its numbers: every mail has another, and what is marked stays marked.
        account.forget_uids();
        let before = only(&test).await.state.uid_validity;
        let watching = Watching::begin(&test);
        account.deliver(letter(1));
        until_arrived(&test, 2).await;
        until("both are marked", async || account.flagged('S') == 2).await;
        watching.end().await;
        let state = only(&test).await.state;
        assert!(before.is_some() && state.uid_validity != before, "the numbers are others");
        assert_eq!((account.inbox(), state.taken), (2, 2));
        test.close().await;
    }
}

async fn is_read(test: &TestApp, id: MailboxId) -> bool {
    let all = test.app.channels.mailboxes(test.organisation).await.unwrap();
    let mailbox = all.iter().find(|mailbox| mailbox.id == id).unwrap();
    mailbox.state.read_until > START
}

#[tokio::test(flavor = "multi_thread")]
async fn several_mailboxes_are_read_at_once_and_a_paused_one_is_not() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let (first, second) = (Dovecot::shared().account(), Dovecot::shared().account());
        let port = Dovecot::shared().port();
        let one = add(&test, mailbox(&first, port)).await;
        add(&test, mailbox(&second, port)).await;
        let watching = Watching::begin(&test);
        first.deliver(letter(0));
        second.deliver(letter(1));
        until_arrived(&test, 2).await;
        until("both are put away", async || first.inbox() + second.inbox() == 0).await;

        let channels = &test.app.channels;
        channels.pause_mailbox(test.organisation, Actor::Operator, one, true).await.unwrap();
        until("the first is let go", async || !is_read(&test, one).await).await;
        first.deliver(letter(2));
        second.deliver(letter(3));
        until_arrived(&test, 3).await;
        assert_eq!(first.inbox(), 1);
        channels.pause_mailbox(test.organisation, Actor::Operator, one, false).await.unwrap();
        until_arrived(&test, 4).await;
        until("all are put away", async || first.inbox() + second.inbox() == 0).await;

        channels.pause_mailbox(test.organisation, Actor::Operator, one, true).await.unwrap();
        until("the first is let go", async || !is_read(&test, one).await).await;
        channels.remove_mailbox(test.organisation, Actor::Operator, one).await.unwrap();
        first.deliver(letter(4));
        second.deliver(letter(5));
        until_arrived(&test, 5).await;
        assert_eq!(first.inbox(), 1);
        watching.end().await;
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_in_plain_words_and_another_is_used_at_once() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let mut new = mailbox(&account, Dovecot::shared().port());
        new.log_in.secret = Zeroizing::new("wrong".to_owned());
        let id = add(&test, new).await;
        let watching = Watching::begin(&test);
        account.deliver(letter(0));
        until("the trouble is told", async || only(&test).await.state.trouble.is_some()).await;
        let (_, words) = only(&test).await.state.trouble.unwrap();
        assert_eq!(words, "log-in: the log-in was refused: check user and secret");
        assert!(conversations(&test).await.is_empty());
        let channels = &test.app.channels;
        channels.set_mailbox_secret(test.organisation, Actor::Operator, id, account.password()).await.unwrap();
        until_arrived(&test, 1).await;
        until("it is well", async || only(&test).await.state.trouble.is_none()).await;
        watching.end().await;
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_and_a_foreign_folder_name_do_as_well() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let mut new = mailbox(&account, Dovecot::shared().port());
        new.log_in.method = Method::Xoauth2;
        new.put_away = PutAway::Move("Käsitellyt & valmiit".to_owned());
        add(&test, new).await;
        let watching = Watching::begin(&test);
        account.deliver(letter(0));
        until_arrived(&test, 1).await;
        until("it is put away", async || account.folder("K&AOQ-sitellyt &- valmiit") == 1).await;
        watching.end().await;
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_from_before_the_wanted_day_is_left_where_it_is() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        account.deliver(letter(0));
        let mut new = mailbox(&account, Dovecot::shared().port());
        // The server knows the machine's time; nothing of it comes from so late a day.
        new.since = Some(START.plus(Duration::from_hours(24 * 365 * 50)));
        add(&test, new).await;
        let watching = Watching::begin(&test);
        until("the folder was looked at", async || only(&test).await.state.succeeded_at.is_some()).await;
        watching.end().await;
        assert_eq!((account.inbox(), conversations(&test).await.len()), (1, 0));
        test.close().await;
    }
}
