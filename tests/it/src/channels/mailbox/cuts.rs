//! The connection dies, at every step of the protocol: each mail arrives once, and everything ends
//! up put away.

use testkit::dovecot::Dovecot;
use testkit::{ENGINES, TestApp};

use super::proxy::{Cut, Proxy};
use super::{Watching, add, conversations, letter, mailbox, only, until, until_arrived};

const CUTS: [Cut; 20] = [
    Cut::Greeting,
    Cut::Before("CAPABILITY"),
    Cut::After("CAPABILITY"),
    Cut::Before("AUTHENTICATE"),
    Cut::After("AUTHENTICATE"),
    Cut::Before("SELECT"),
    Cut::After("SELECT"),
    Cut::Before("UID SEARCH"),
    Cut::After("UID SEARCH"),
    Cut::Before("RFC822.SIZE"),
    Cut::After("RFC822.SIZE"),
    Cut::Before("BODY.PEEK"),
    Cut::After("BODY.PEEK"),
    Cut::WithinMail,
    Cut::Before("UID MOVE"),
    Cut::After("UID MOVE"),
    Cut::Before("IDLE"),
    Cut::After("IDLE"),
    Cut::Before("DONE"),
    Cut::After("DONE"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_mail_arrives_once_wherever_the_connection_is_cut() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        let proxy = Proxy::before(Dovecot::shared().port());
        add(&test, mailbox(&account, proxy.port())).await;
        let watching = Watching::begin(&test);
        let mut delivered = 0;
        for cut in CUTS {
            proxy.cut_at(cut);
            // What only happens at the beginning of a connection needs a new one.
            proxy.end_all();
            for _ in 0..2 {
                account.deliver(letter(delivered));
                delivered += 1;
            }
            // A wait for news is ended by news.
            until(&format!("{engine:?}: the cut at {cut:?}"), async || {
                if cut == Cut::Before("DONE") || cut == Cut::After("DONE") {
                    account.deliver(letter(delivered - 1));
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                proxy.has_struck()
            })
            .await;
            until_arrived(&test, delivered).await;
            until(&format!("{engine:?}: all is put away after {cut:?}"), async || account.inbox() == 0).await;
        }
        assert!(account.folder("Doorward") >= delivered, "nothing is lost on the server");
        assert_eq!(only(&test).await.state.taken, delivered as u64, "{engine:?}: each counted once");

        proxy.cut_at(Cut::Before("LOGOUT"));
        watching.end().await;
        assert!(proxy.has_struck(), "it says good-bye");
        assert_eq!(conversations(&test).await.len(), delivered);
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_move_loses_and_doubles_nothing_here() {
    let can_do_less = "IMAP4rev1 SASL-IR UIDPLUS";
    let server = Dovecot::start(Some(can_do_less)).expect("a server that can do less");
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let account = server.account();
        let proxy = Proxy::before(server.port());
        add(&test, mailbox(&account, proxy.port())).await;
        let watching = Watching::begin(&test);
        let cuts = ["UID COPY", "UID STORE", "UID EXPUNGE", "NOOP"];
        for (number, cut) in cuts.iter().flat_map(|words| [Cut::Before(words), Cut::After(words)]).enumerate() {
            proxy.cut_at(cut);
            account.deliver(letter(number));
            until(&format!("{engine:?}: the cut at {cut:?}"), async || proxy.has_struck()).await;
            until_arrived(&test, number + 1).await;
            until(&format!("{engine:?}: all is put away after {cut:?}"), async || account.inbox() == 0).await;
        }
        watching.end().await;
        test.close().await;
    }
}
