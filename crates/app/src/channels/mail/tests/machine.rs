//! Mail that machines send: bounces in their many shapes, absence notes, lists.

use super::super::*;
use super::whole::read;

fn bounce(raw: &str) -> Bounce {
    match read(raw).nature {
        Nature::Bounce(bounce) => bounce,
        _ => panic!("not recognised as a bounce"),
    }
}

fn report(status: &str, returned: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example\n\n{status}\n--b\n{returned}\n--b--\n"
    )
}

#[test]
fn a_delivery_report_tells_what_failed_and_why() {
    let failed = "Final-Recipient: rfc822; grace@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n such user\n";
    for returned in [
        "Content-Type: message/rfc822\n\nMessage-ID: <7@desk.example>\nSubject: Your invoice\n\nHello",
        "Content-Type: text/rfc822-headers\n\nSubject: Your invoice\nMessage-ID: <7@desk.example>\n",
    ] {
        let bounce = bounce(&report(failed, returned));
        assert_eq!(bounce.original_message_id.as_deref(), Some("7@desk.example"));
        assert_eq!(bounce.recipient.as_deref(), Some("grace@example.org"));
        assert_eq!(bounce.status.as_deref(), Some("5.1.1"));
        assert_eq!(bounce.diagnostic.as_deref(), Some("550 5.1.1 no such user"));
        assert!(bounce.permanent);
    }
}

#[test]
fn a_delay_is_not_permanent_and_a_failure_among_deliveries_counts() {
    let delayed = bounce(&report("Final-Recipient: rfc822; a@example.org\nAction: delayed\nStatus: 4.4.1\n", "\n"));
    assert!(!delayed.permanent);
    let mixed = "Final-Recipient: rfc822; a@example.org\nAction: relayed\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; b@example.org\nAction: failed\nStatus: 5.2.2\n";
    assert_eq!(bounce(&report(mixed, "\n")).recipient.as_deref(), Some("b@example.org"));
}

#[test]
fn a_report_of_success_is_no_bounce() {
    let mail = read(&report("Final-Recipient: rfc822; a@example.org\nAction: delivered\nStatus: 2.0.0\n", "\n"));
    assert!(matches!(mail.nature, Nature::AutoReply));
}

#[test]
fn qmail_exim_and_gateways_are_recognised_by_their_words() {
    let qmail = bounce(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\n\
         <grace@example.org>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 550 5.1.1 user unknown\n\n--- Below this line is a copy of the message.\n\n\
         Return-Path: <service@desk.example>\nMessage-ID: <7@desk.example>\nSubject: x\n\nHello\n",
    );
    assert_eq!((qmail.recipient.as_deref(), qmail.status.as_deref()), (Some("grace@example.org"), Some("5.1.1")));
    assert_eq!(qmail.original_message_id.as_deref(), Some("7@desk.example"));
    assert!(qmail.diagnostic.unwrap().contains("user unknown"));

    let exim = bounce(
        "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: Grace@Example.org\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender\n\n\
         This message was created automatically by mail delivery software.\n\n  grace@example.org\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\n\
         Message-Id: <7@desk.example>\n",
    );
    assert_eq!(
        (exim.recipient.as_deref(), exim.original_message_id.as_deref()),
        (Some("grace@example.org"), Some("7@desk.example"))
    );

    let german = bounce(
        "From: postmaster@mx.example\nIn-Reply-To: <7@desk.example>\nSubject: Unzustellbar: Ihre Rechnung\n\nFehler bei der Zustellung an grace@example.org\n",
    );
    assert_eq!(german.original_message_id.as_deref(), Some("7@desk.example"));
}

#[test]
fn auto_replies_are_recognised_by_what_they_declare() {
    for field in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; x=y",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "Precedence: auto_reply",
        "Return-Path: <>",
    ] {
        let mail = read(&format!("From: a@example.org\n{field}\nSubject: Out of office: Re: Invoice\n\nI am away."));
        assert!(matches!(mail.nature, Nature::AutoReply), "{field}");
    }
    assert!(matches!(
        read("From: a@example.org\nPrecedence: bulk\nSubject: Poissa toimistolta\n\nx").nature,
        Nature::AutoReply
    ));
}

#[test]
fn a_persons_mail_is_not_taken_for_a_machines() {
    for head in [
        "Subject: Out of office chairs",
        "Subject: Undeliverable parcel",
        "Auto-Submitted: no\nSubject: Delivery failed again!",
        "X-Auto-Response-Suppress: None\nSubject: hello",
        "Return-Path: <a@example.org>\nSubject: Returned mail?",
    ] {
        let mail = read(&format!("From: a@example.org\n{head}\n\nMy parcel 5.1.1 came back."));
        assert!(matches!(mail.nature, Nature::Personal), "{head}");
    }
}

#[test]
fn lists_and_newsletters_are_bulk() {
    for field in ["Precedence: list", "List-Id: <news.example.org>", "List-Unsubscribe: <mailto:out@example.org>"] {
        assert!(
            matches!(read(&format!("From: a@example.org\n{field}\nSubject: News\n\nx")).nature, Nature::Bulk),
            "{field}"
        );
    }
}

#[test]
fn an_unreadable_report_is_still_a_bounce() {
    let bounce = bounce(&report("garbage", "Content-Type: message/rfc822\n\nMessage-ID: <7@desk.example>\n\n"));
    assert_eq!(bounce.original_message_id.as_deref(), Some("7@desk.example"));
}
