//! Servers that are broken or mean: what they can do is fail, and no more.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};

use app::channels::NewMailbox;
use app::channels::mailbox::Security;
use db::Engine;
use testkit::dovecot::Dovecot;
use testkit::{ENGINES, TestApp};

use super::{Watching, add, letter, mailbox, only, until, until_arrived};

/// A server that greets, and answers each line with what `says` makes of it; a tag stands for `TAG`.
fn played(greeting: &'static str, says: impl Fn(&str) -> Vec<u8> + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let says = says.clone();
            std::thread::spawn(move || {
                let mut answers = client.try_clone().expect("a second handle");
                if answers.write_all(greeting.as_bytes()).is_err() {
                    return;
                }
                for line in BufReader::new(client).lines().map_while(Result::ok) {
                    let tag = line.split(' ').next().unwrap_or_default();
                    let (answer, done) = (says(&line), format!("{tag} OK done\r\n"));
                    let finished = if answer.ends_with(b"\xFF") { &[][..] } else { done.as_bytes() };
                    let answer = answer.strip_suffix(b"\xFF").unwrap_or(&answer);
                    if answers.write_all(&[answer, finished].concat()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// A server with two mails, of which the first is given as `first` says.
fn two_mails(first: &'static [u8]) -> u16 {
    played("* OK [CAPABILITY IMAP4rev1 MOVE] here\r\n", move |line| {
        if line.contains("SELECT") {
            b"* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 3] x\r\n".to_vec()
        } else if line.contains("UID SEARCH") {
            b"* SEARCH 1 2\r\n".to_vec()
        } else if line.contains("RFC822.SIZE") {
            b"* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n* 2 FETCH (UID 2 RFC822.SIZE 10)\r\n".to_vec()
        } else if line.contains("UID FETCH 1 ") {
            first.to_vec()
        } else if line.contains("UID FETCH 2 ") {
            let mail = letter(2);
            let head = format!("* 2 FETCH (UID 2 BODY[] {{{}}}\r\n", mail.len());
            [head.as_bytes(), &mail, b")\r\n"].concat()
        } else if line.contains("CAPABILITY") {
            b"* CAPABILITY IMAP4rev1 MOVE\r\n".to_vec()
        } else {
            Vec::new()
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mail_that_a_server_will_not_give_does_not_keep_the_others_away() {
    let broken: [(&[u8], &str); 4] = [
        // More bytes than there can be.
        (b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n\xFF", "fetch: the server's answer is longer than is taken"),
        // The answer to something else.
        (b"x7 OK who asked\r\n\xFF", "fetch: the server does not speak as an IMAP server does"),
        (b"* BYE no more\r\n\xFF", "fetch: the connection was closed"),
        (b"+ what else\r\n\xFF", "fetch: the server does not speak as an IMAP server does"),
    ];
    for (number, (first, words)) in broken.into_iter().enumerate() {
        let engine = ENGINES[number % ENGINES.len()];
        let test = TestApp::on(engine).await;
        let account = Dovecot::shared().account();
        add(&test, mailbox(&account, two_mails(first))).await;
        let watching = Watching::begin(&test);
        until_arrived(&test, 1).await;
        until(words, async || only(&test).await.state.trouble.is_some_and(|(_, told)| told == words)).await;
        watching.end().await;
        assert_eq!(only(&test).await.state.taken, 1);
        test.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_again_and_again_is_left_alone_and_told_once() {
    let test = TestApp::on(Engine::Sqlite).await;
    let account = Dovecot::shared().account();
    // A finished command of its own, so that no OK follows.
    let port = played("* OK [CAPABILITY IMAP4rev1 MOVE] here\r\n", |line| {
        let tag = line.split(' ').next().unwrap_or_default();
        if line.contains("SELECT") {
            b"* OK [UIDVALIDITY 5] x\r\n".to_vec()
        } else if line.contains("UID SEARCH UID 1:") {
            b"* SEARCH 1\r\n".to_vec()
        } else if line.contains("BODY.PEEK") {
            [format!("{tag} NO [SERVERBUG] cannot be converted\r\n").as_bytes(), b"\xFF"].concat()
        } else if line.contains("CAPABILITY") {
            b"* CAPABILITY IMAP4rev1 MOVE\r\n".to_vec()
        } else {
            Vec::new()
        }
    });
    add(&test, mailbox(&account, port)).await;
    let watching = Watching::begin(&test);
    until("it is left alone", async || only(&test).await.state.left_alone > 0).await;
    until("the folder is clear", async || only(&test).await.state.trouble.is_none()).await;
    watching.end().await;
    let state = only(&test).await.state;
    assert_eq!((state.left_alone, state.uid_done, state.taken), (1, 1, 0));
    test.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_between_cannot_talk_it_out_of_tls() {
    let test = TestApp::on(Engine::Sqlite).await;
    let account = Dovecot::shared().account();
    let tried = async |port: u16| {
        let mut new: NewMailbox = mailbox(&account, port);
        new.server.security = Security::StartTls;
        let done = test.app.channels.try_mailbox(&new).await.unwrap();
        done.stages.last().unwrap().found.clone().unwrap_err()
    };
    // The offer is taken out of the answer.
    let stripped = played("* OK here\r\n", |line| {
        if line.contains("CAPABILITY") { b"* CAPABILITY IMAP4rev1\r\n".to_vec() } else { Vec::new() }
    });
    assert_eq!(tried(stripped).await, "the server offers no STARTTLS: use tls with port 993");
    // It is said to be logged in already.
    let let_in = played("* PREAUTH welcome\r\n", |_| Vec::new());
    assert_eq!(tried(let_in).await, "the server does not speak as an IMAP server does");
    // Words are slipped in before TLS, to be heard as if they came within it.
    let slipped_in = played("* OK [CAPABILITY IMAP4rev1 STARTTLS] here\r\n", |line| {
        let tag = line.split(' ').next().unwrap_or_default();
        [format!("{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n").as_bytes(), b"\xFF"].concat()
    });
    assert_eq!(tried(slipped_in).await, "the server does not speak as an IMAP server does");
    // No TLS follows.
    let garbage = played("* OK [CAPABILITY IMAP4rev1 STARTTLS] here\r\n", |_| Vec::new());
    assert!(tried(garbage).await.starts_with("no trustworthy TLS connection"));
    test.close().await;
}
