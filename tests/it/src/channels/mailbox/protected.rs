//! TLS: what is trusted, what is not, and what never leaves the machine in the clear.

use app::channels::NewMailbox;
use app::channels::mailbox::{MailboxTest, Security, Server, Stage};
use db::Engine;
use testkit::dovecot::{Account, Dovecot};
use testkit::{ENGINES, TestApp};

use super::{Watching, add, letter, mailbox, until, until_arrived};

fn protected(account: &Account<'_>, security: Security) -> NewMailbox {
    let server = Dovecot::shared();
    let port = if security == Security::Tls { server.tls_port() } else { server.port() };
    let authority = Some(server.authority().to_owned());
    NewMailbox { server: Server { host: "localhost".to_owned(), port, security, authority }, ..mailbox(account, port) }
}

/// The stages that went well, and what was said about the one that did not.
fn told(done: &MailboxTest) -> (Vec<Stage>, Option<String>) {
    let good = done.stages.iter().filter(|checked| checked.found.is_ok()).map(|checked| checked.stage).collect();
    (good, done.stages.iter().find_map(|checked| checked.found.clone().err()))
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_comes_over_tls_from_the_first_byte_or_after_starttls() {
    for (engine, security) in ENGINES.into_iter().zip([Security::Tls, Security::StartTls]) {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        add(&test, protected(&account, security)).await;
        let watching = Watching::begin(&test);
        account.deliver(letter(0));
        until_arrived(&test, 1).await;
        until("it is put away", async || account.folder("Doorward") == 1).await;
        watching.end().await;
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_stage_by_stage_and_changes_nothing() {
    let test = TestApp::on(Engine::Sqlite).await;
    let account = Dovecot::shared().account();
    account.deliver(letter(0));
    account.deliver(letter(1));
    for security in [Security::Tls, Security::StartTls] {
        let done = test.app.channels.try_mailbox(&protected(&account, security)).await.unwrap();
        let (good, trouble) = told(&done);
        assert!(done.passed(), "{trouble:?}");
        let all = [Stage::Name, Stage::Connect, Stage::Tls, Stage::LogIn, Stage::Folder, Stage::Count];
        assert_eq!(good, all);
        let words: Vec<_> = done.stages.iter().filter_map(|checked| checked.found.clone().ok()).collect();
        assert!(words[5].starts_with("2 mails, 2 of them to be taken in"), "{words:?}");
        assert!(words[4].ends_with("moved to Doorward, which will be made"), "{words:?}");
    }
    assert_eq!((account.inbox(), account.flagged('S'), account.folder("Doorward")), (2, 0, 0));
    test.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_ends_it_before_the_log_in() {
    let test = TestApp::on(Engine::Sqlite).await;
    let account = Dovecot::shared().account();
    let stranger = Dovecot::start(None).expect("another server");
    for security in [Security::Tls, Security::StartTls] {
        let mut wrong = protected(&account, security);
        wrong.server.authority = Some(stranger.authority().to_owned());
        let (good, trouble) = told(&test.app.channels.try_mailbox(&wrong).await.unwrap());
        assert_eq!(good, [Stage::Name, Stage::Connect]);
        assert!(trouble.unwrap().contains("certificate"));
    }
    test.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_clear_nothing_leaves_this_machine() {
    let test = TestApp::on(Engine::Sqlite).await;
    let account = Dovecot::shared().account();
    let mut away = mailbox(&account, 143);
    // An address of the documentation's (RFC 5737): nobody is there, and nobody is asked.
    away.server.host = "192.0.2.7".to_owned();
    let (good, trouble) = told(&test.app.channels.try_mailbox(&away).await.unwrap());
    assert!(good.is_empty());
    assert_eq!(trouble.as_deref(), Some("without TLS only this machine is spoken to: use tls, or starttls"));
    test.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stage_that_fails_is_named_in_plain_words() {
    let test = TestApp::on(Engine::Sqlite).await;
    let account = Dovecot::shared().account();
    let good = mailbox(&account, Dovecot::shared().port());
    let tried = async |change: &dyn Fn(&mut NewMailbox)| {
        let mut changed = good.clone();
        change(&mut changed);
        let done = test.app.channels.try_mailbox(&changed).await.unwrap();
        assert!(!done.passed());
        let last = done.stages.last().unwrap();
        (last.stage, last.found.clone().unwrap_err(), done.server_said.is_some())
    };
    let wrong_name = tried(&|new| new.server.host = "no-such-host.invalid".to_owned()).await;
    assert_eq!((wrong_name.0, wrong_name.2), (Stage::Name, false));
    let wrong_secret = tried(&|new| *new.log_in.secret = "wrong".to_owned()).await;
    assert_eq!((wrong_secret.0, wrong_secret.2), (Stage::LogIn, true));
    assert_eq!(wrong_secret.1, "the log-in was refused: check user and secret");
    let wrong_folder = tried(&|new| new.folder = "Nowhere".to_owned()).await;
    assert_eq!((wrong_folder.0, wrong_folder.2), (Stage::Folder, true));
    test.close().await;
}
