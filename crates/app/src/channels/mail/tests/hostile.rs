//! Mail made to hurt: every one is read in bounded time, stack and memory, and nothing panics.

use std::time::{Duration, Instant};

use kernel::limits;
use proptest::prelude::*;

use super::super::*;
use super::whole::{RICH, read};

/// Far above what any of these takes, far below what an unbounded reader would.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a mail on a thread with the stack a server's worker has.
fn read_on_small_stack(raw: String) -> Mail {
    let start = Instant::now();
    let reader = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || read(&raw)).unwrap();
    let mail = reader.join().expect("no overflow");
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    mail
}

#[test]
fn ten_thousand_parts_are_bounded() {
    let part = "--b\nContent-Type: image/png\n\nx\n";
    let mail = read_on_small_stack(format!(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n{}--b--\n",
        part.repeat(10_000)
    ));
    assert_eq!(mail.attachments.len(), limits::MAIL_ATTACHMENTS);
    assert!(mail.faults.contains(&Fault::TooManyParts) && mail.faults.contains(&Fault::TooManyAttachments));
}

#[test]
fn ten_thousand_texts_are_bounded() {
    let mail = read_on_small_stack(format!(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n{}--b--\n",
        "--b\n\ntext\n".repeat(10_000)
    ));
    assert!(mail.text.matches("text").count() < limits::MAIL_PARTS + 1);
    let html = format!("--b\nContent-Type: text/html\n\n{}\n--b\n\n{}\n", "<p>x".repeat(200), "y".repeat(20_000));
    let mail = read_on_small_stack(format!(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n{}--b--\n",
        html.repeat(200)
    ));
    assert!(mail.text.len() <= limits::BODY_TEXT_BYTES);
}

#[test]
fn a_thousand_fields_of_each_kind_are_bounded() {
    let kinds = [
        "From: a@example.org",
        "To: Some One <b@example.org>, c@example.org",
        "Cc: d@example.org",
        "Reply-To: e@example.org",
        "Sender: f@example.org",
        "Subject: =?utf-8?q?x?=",
        "Date: Mon, 2 Mar 2026 07:00:00 +0000",
        "Message-ID: <1@x>",
        "References: <1@x> <2@x>",
        "In-Reply-To: <1@x>",
        "Content-Type: text/plain; a*0*=b'c'd",
        "Content-Disposition: inline; x=y",
        "Content-Transfer-Encoding: 8bit",
        "Received: from a by b",
        "X-Other: y",
    ];
    for kind in kinds {
        let mail = read_on_small_stack(format!(
            "Subject: first\nFrom: a@example.org\n{}\nbody",
            format!("{kind}\n").repeat(1_000)
        ));
        assert_eq!(mail.text, "body", "{kind}");
        assert!(
            mail.to.len() + mail.cc.len() <= limits::MAIL_RECIPIENTS
                && mail.references.len() <= limits::MAIL_REFERENCES
        );
    }
    let all = kinds.map(|kind| format!("{kind}\n").repeat(1_000)).concat();
    let mail = read_on_small_stack(format!("{all}\nbody"));
    assert!(mail.faults.contains(&Fault::HeaderCut));
    assert_eq!(mail.text, "body");
}

#[test]
fn fields_of_half_a_megabyte_are_bounded() {
    for filling in [
        "a,",
        "<a@b>,",
        "(",
        "\"",
        "=?utf-8?q?x",
        "=?a?b?eA==?= ",
        "a:b;",
        ";a*0*='",
        ";a*1=b",
        "\\",
        "<",
        "@",
        "\n ",
        "=?",
    ] {
        let filled = filling.repeat(500_000 / filling.len());
        for name in ["From", "To", "Subject", "References", "Date", "Content-Type", "Content-Disposition"] {
            read_on_small_stack(format!("To: a@example.org\n{name}: {filled}\nX-End: 1\n\nbody"));
        }
    }
}

#[test]
fn a_thousand_nested_multiparts_are_bounded() {
    let nested = (0..1_000)
        .fold(String::new(), |mail, n| mail + &format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"));
    let mail = read_on_small_stack(format!("From: a@example.org\n{nested}\nbottom\n"));
    assert!(mail.faults.contains(&Fault::NestedTooDeep));
    assert!(mail.attachments.iter().any(|part| part.bytes.ends_with(b"bottom\n")), "the rest is kept");
}

#[test]
fn a_thousand_nested_mails_are_not_opened() {
    let mail = read_on_small_stack(format!(
        "From: a@example.org\nContent-Type: message/rfc822\n\n{}",
        "Subject: x\nContent-Type: message/rfc822\n\n".repeat(1_000)
    ));
    assert_eq!(mail.attachments.len(), 1);
}

#[test]
fn many_multiparts_without_their_boundary_are_read_once() {
    let part = "--b\nContent-Type: multipart/mixed; boundary=missing\n\nx\n";
    let mail = read_on_small_stack(format!(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n{}",
        part.repeat(300_000)
    ));
    assert!(mail.faults.contains(&Fault::BrokenMultipart));
}

#[test]
fn deep_and_wide_html_is_bounded() {
    for piece in [
        "<div>",
        "<b>",
        "<b><p>",
        "<table><tr><td>",
        "<ul><li>",
        "<blockquote>",
        "<a href=x><div>",
        "<p><b x=1><i>",
        "<font><table><td></font></table>",
        "<!--",
        "<!-->",
        "<a \"",
        "</",
        "<svg><style>",
        "& ",
        "<img src=cid:x>",
    ] {
        let mail = read_on_small_stack(format!(
            "From: a@example.org\nContent-Type: text/html\n\nstart{}",
            piece.repeat(if piece == "<div>" { 100_000 } else { 20_000 })
        ));
        assert!(mail.text.starts_with("start"), "{piece}");
    }
    let mail = read_on_small_stack(format!(
        "From: a@example.org\nContent-Type: text/html\n\n<p>x{}",
        "y".repeat(limits::BODY_HTML_BYTES)
    ));
    assert!(mail.html.is_none() && mail.faults.contains(&Fault::HtmlLeftOut) && mail.faults.contains(&Fault::TextCut));
    assert!(mail.text.starts_with("xyyy") && mail.text.len() <= limits::BODY_TEXT_BYTES);
}

#[test]
fn the_largest_mail_is_read() {
    let lines = format!("{}\r\n", "QUJD".repeat(19)).repeat(limits::MAIL_BYTES / 78 - 10);
    let mail = read_on_small_stack(format!(
        "From: a@example.org\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}"
    ));
    assert!(mail.attachments[0].bytes.starts_with(b"ABCABC"));
    let mail =
        read_on_small_stack(format!("From: a@example.org\r\n\r\n{}", "word ".repeat(limits::MAIL_BYTES / 5 - 10)));
    assert!(mail.text.len() <= limits::BODY_TEXT_BYTES && mail.faults.contains(&Fault::TextCut));
}

fn holds(mail: &Mail) {
    assert!(mail.reply.trim().is_empty() == mail.text.trim().is_empty());
    assert!(mail.attachments.len() <= limits::MAIL_ATTACHMENTS);
    assert!(!mail.text.contains('\0') && !mail.subject.contains(['\n', '\r', '\0']));
    if let Some(html) = &mail.html {
        let lower = html.to_ascii_lowercase();
        assert!(!lower.contains("<script") && !lower.contains("<style") && !lower.contains("<iframe"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read_or_refused(raw: Vec<u8>) {
        if let Ok(mail) = parse(&raw) {
            holds(&mail);
        }
        content_identity(&raw, &mut |_| {});
    }

    #[test]
    fn any_bytes_under_a_header_are_read(body: Vec<u8>, kind in "text/(plain|html)|multipart/(mixed|alternative); boundary=b|message/rfc822", encoding in "base64|quoted-printable|8bit") {
        let mut raw = format!("From: a@example.org\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n").into_bytes();
        raw.extend_from_slice(&body);
        holds(&parse(&raw).expect("it has a header"));
    }

    #[test]
    fn a_mail_with_splices_is_read_or_refused(splices in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6)) {
        let mut raw = RICH.as_bytes().to_vec();
        for (from, to, length) in splices {
            let from = from.index(raw.len());
            let piece = raw[from..raw.len().min(from + length.index(200))].to_vec();
            let to = to.index(raw.len());
            let end = raw.len().min(to + piece.len() / 2);
            raw.splice(to..end, piece);
        }
        if let Ok(mail) = parse(&raw) {
            holds(&mail);
        }
    }

    #[test]
    fn a_mail_cut_short_is_read(at in any::<prop::sample::Index>()) {
        let raw = &RICH.as_bytes()[..at.index(RICH.len())];
        if let Ok(mail) = parse(raw) {
            holds(&mail);
        }
    }
}
