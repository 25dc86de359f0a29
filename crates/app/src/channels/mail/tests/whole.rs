//! Ordinary mail, as programs send it every day.

use super::super::*;

pub(super) fn read(raw: &str) -> Mail {
    parse(raw.as_bytes()).expect("the mail is readable")
}

/// A mail of two alternatives in `mixed` with an inline picture and a file.
pub(super) const RICH: &str = "\
Return-Path: <grace@example.org>\r\n\
From: =?utf-8?q?Gr=C3=A6ce_O'Connor?= <Grace@Example.ORG>\r\n\
Sender: Office <office@example.org>\r\n\
Reply-To: grace@private.example\r\n\
To: Service <service@desk.example>, other@desk.example\r\n\
Cc: boss@example.org\r\n\
Subject: Re: Invoice\r\n =?utf-8?q?_A-12_=C3=A4?=\r\n\
Date: Mon, 02 Mar 2026 08:00:00 +0100\r\n\
Message-ID: <2@example.org>\r\n\
In-Reply-To: <1@desk.example>\r\n\
References: <0@desk.example>\r\n <1@desk.example>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=\"outer\"\r\n\
\r\n\
This is a multi-part message.\r\n\
--outer\r\n\
Content-Type: multipart/alternative; boundary=outer-inner\r\n\
\r\n\
--outer-inner\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
It is still wrong. =C3=84rgerlich!\r\n\
\r\n\
On Mon, 2 Mar 2026 at 07:00, Service <service@desk.example> wrote:\r\n\
> We looked.\r\n\
--outer-inner\r\n\
Content-Type: multipart/related; boundary=rel\r\n\
\r\n\
--rel\r\n\
Content-Type: text/html; charset=iso-8859-1\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
PHA+SXQgaXMgc3RpbGwgd3JvbmcuIMRyZ2VybGljaCE8L3A+PGltZyBzcmM9ImNpZDpwaWNAeCI+\r\n\
--rel\r\n\
Content-Type: image/png; name=pic.png\r\n\
Content-ID: <pic@x>\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
iVBORw==\r\n\
--rel--\r\n\
--outer-inner--\r\n\
--outer\r\n\
Content-Type: application/pdf\r\n\
Content-Disposition: attachment; filename*=utf-8''Lasku-%C3%A4.pdf\r\n\
\r\n\
%PDF\r\n\
--outer--\r\n\
epilogue\r\n";

#[test]
fn everything_of_a_rich_mail_is_found() {
    let mail = read(RICH);
    let from = mail.from.as_ref().unwrap();
    assert_eq!(from.name.as_deref(), Some("Græce O'Connor"));
    assert_eq!(from.address, "Grace@Example.ORG");
    assert_eq!(from.normalised.as_deref(), Some("grace@example.org"));
    assert_eq!(mail.sender.as_ref().unwrap().address, "office@example.org");
    assert_eq!(mail.reply_to[0].address, "grace@private.example");
    assert_eq!((mail.to.len(), mail.cc.len()), (2, 1));
    assert_eq!(mail.subject, "Re: Invoice A-12 ä");
    assert_eq!(mail.date.map(Timestamp::seconds), Some(1_772_434_800));
    assert_eq!(mail.message_id.as_deref(), Some("2@example.org"));
    assert_eq!(mail.in_reply_to, ["1@desk.example"]);
    assert_eq!(mail.references, ["0@desk.example", "1@desk.example"]);
    assert_eq!(mail.reply, "It is still wrong. Ärgerlich!");
    assert!(mail.quoted.as_ref().unwrap().contains("> We looked."));
    assert_eq!(mail.html.as_deref(), Some("<p>It is still wrong. Ärgerlich!</p><img src=\"cid:pic@x\">"));
    assert!(matches!(mail.nature, Nature::Personal));
    assert_eq!(mail.faults, []);
}

#[test]
fn attachments_carry_names_types_and_bytes() {
    let mail = read(RICH);
    let [picture, file] = &mail.attachments[..] else { panic!("two attachments") };
    assert_eq!(
        (picture.filename.as_deref(), picture.media_type.as_str(), picture.inline),
        (Some("pic.png"), "image/png", true)
    );
    assert_eq!((picture.content_id.as_deref(), picture.bytes.as_slice()), (Some("pic@x"), &b"\x89PNG"[..]));
    assert_eq!(
        (file.filename.as_deref(), file.inline, file.bytes.as_slice()),
        (Some("Lasku-ä.pdf"), false, &b"%PDF"[..])
    );
}

#[test]
fn the_same_mail_with_bare_line_feeds_reads_the_same() {
    let (windows, unix) = (read(RICH), read(&RICH.replace("\r\n", "\n")));
    assert_eq!(windows.text, unix.text);
    assert_eq!(windows.subject, unix.subject);
    assert_eq!(windows.html, unix.html);
    assert_eq!(windows.attachments.len(), unix.attachments.len());
    assert_eq!(windows.attachments[1].bytes, unix.attachments[1].bytes);
}

#[test]
fn a_mail_of_html_alone_has_a_text_and_a_reply() {
    let mail = read(
        "From: a@example.org\nSubject: x\nContent-Type: text/html; charset=utf-8\n\n<html><head><style>p{}</style></head><body><p>New &uuml;</p>\
         <div class=gmail_quote><div>On Mon, 2 Mar 2026 at 07:00, Service &lt;s@desk.example&gt; wrote:<br></div><blockquote>old</blockquote></div>",
    );
    assert_eq!(mail.reply, "New ü");
    assert!(mail.quoted.unwrap().contains("> old"));
}

#[test]
fn the_header_that_outlook_copies_ends_the_reply_in_html_too() {
    let mail = read(
        "From: a@example.org\nSubject: AW: x\nContent-Type: text/html; charset=utf-8\n\n<div>Neu</div><hr><div id=divRplyFwdMsg><font><b>Von:</b> Service<br>\
         <b>Gesendet:</b> Montag<br><b>An:</b> A<br><b>Betreff:</b> x</font></div><div>alt</div>",
    );
    assert!(mail.reply.starts_with("Neu") && !mail.reply.contains("alt"));
}

#[test]
fn an_attached_mail_stays_whole() {
    let mail = read(
        "From: a@example.org\nSubject: Fwd: see\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\nContent-Type: message/rfc822\n\n\
         From: x@example.org\nSubject: The /other/ one\n\ninner\n--b--\n",
    );
    assert_eq!(mail.text, "see");
    let attached = &mail.attachments[0];
    assert_eq!((attached.filename.as_deref(), attached.media_type.as_str()), (Some("one.eml"), "message/rfc822"));
    assert_eq!(attached.bytes, b"From: x@example.org\nSubject: The /other/ one\n\ninner");
}

#[test]
fn a_digest_holds_mails() {
    let mail = read(
        "From: a@example.org\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b\n\nSubject: two\n\n2\n--b--\n",
    );
    let names: Vec<_> = mail.attachments.iter().map(|part| part.filename.clone().unwrap()).collect();
    assert_eq!(names, ["one.eml", "two.eml"]);
}

#[test]
fn a_mail_that_is_one_attachment_is_fine() {
    let mail = read(
        "From: a@example.org\nSubject: fax\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\nAAEC\n",
    );
    assert_eq!((mail.text.as_str(), mail.reply.as_str()), ("", ""));
    assert_eq!(
        (mail.attachments[0].filename.as_deref(), &mail.attachments[0].bytes[..]),
        (Some("winmail.dat"), &[0, 1, 2][..])
    );
}

#[test]
fn texts_around_an_attachment_are_read_together() {
    let mail = read(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>above</p>\n--b\nContent-Type: image/png; name=x.png\n\nx\n\
         --b\nContent-Type: text/html\n\n<p>below</p>\n--b\nContent-Type: text/plain\n\nthe list's footer\n--b\nContent-Type: text/plain; name=notes.txt\n\nnotes\n--b--\n",
    );
    for piece in ["above", "below", "footer"] {
        assert!(mail.text.contains(piece) && mail.html.as_ref().unwrap().contains(piece), "{piece}");
    }
    let names: Vec<_> = mail.attachments.iter().map(|part| part.filename.as_deref().unwrap()).collect();
    assert_eq!(names, ["x.png", "notes.txt"]);
}

#[test]
fn an_attached_text_is_not_the_text() {
    let mail = read(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nfile\n--b\n\nbody\n--b--\n",
    );
    assert_eq!(mail.text, "body");
    assert_eq!(mail.attachments.len(), 1);
}

#[test]
fn a_subject_is_bounded() {
    let mail = read(&format!("From: a@example.org\nSubject: {}\n\nx", "ä".repeat(5_000)));
    assert_eq!(mail.subject.chars().count(), kernel::limits::SUBJECT_CHARS);
}
