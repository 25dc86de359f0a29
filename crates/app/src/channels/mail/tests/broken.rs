//! Mail that breaks the rules, by accident or age, and must still be read.

use super::super::*;
use super::whole::read;

#[test]
fn only_what_is_no_mail_is_refused() {
    for (raw, why) in [
        ("", Unreadable::Empty),
        ("\r\n \n", Unreadable::Empty),
        ("Hello there,\nall well?", Unreadable::NoHeader),
        ("\u{0}\u{1}\u{2}", Unreadable::NoHeader),
    ] {
        assert_eq!(parse(raw.as_bytes()).err(), Some(why), "{raw:?}");
    }
    assert!(parse(b"Subject: only this").is_ok());
    let big = vec![b'x'; kernel::limits::MAIL_BYTES + 1];
    assert!(matches!(parse(&big).err(), Some(Unreadable::TooLarge { .. })));
}

#[test]
fn a_mail_without_sender_or_date_says_so() {
    let mail = read("Subject: x\nDate: soon\nFrom: somebody\n\nHi");
    assert_eq!(mail.faults, [Fault::NoDate, Fault::NoSender]);
    assert_eq!(mail.from.unwrap().normalised, None);
    assert_eq!(mail.text, "Hi");
}

#[test]
fn of_two_senders_in_one_field_the_usable_one_counts() {
    assert_eq!(read("From: Name Only, b@example.org\n\nx").from.unwrap().address, "b@example.org");
}

#[test]
fn a_repeated_field_counts_once_and_is_noted() {
    let mail = read("From: a@example.org\nFrom: b@example.org\nSubject: one\nSubject: two\n\nx");
    assert_eq!((mail.from.unwrap().address.as_str(), mail.subject.as_str()), ("a@example.org", "one"));
    assert!(mail.faults.contains(&Fault::RepeatedField));
}

#[test]
fn an_unterminated_multipart_gives_all_it_has() {
    let mail = read(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nbody\n--b\nContent-Type: image/png\n\npic",
    );
    assert_eq!((mail.text.as_str(), mail.attachments.len()), ("body", 1));
    assert!(mail.faults.contains(&Fault::Unterminated));
}

#[test]
fn an_inner_multipart_without_its_end_does_not_swallow_its_neighbour() {
    let mail = read(
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: multipart/alternative; boundary=inner\n\n--inner\n\nbody\n\
         --outer\nContent-Type: application/pdf\n\n%PDF\n--outer--\n",
    );
    assert_eq!((mail.text.as_str(), mail.attachments.len()), ("body", 1));
}

#[test]
fn a_missing_or_wrong_boundary_is_found_out() {
    for declared in ["multipart/mixed", "multipart/mixed; boundary=wrong", "multipart/mixed; boundary=\"\""] {
        let mail = read(&format!(
            "From: a@example.org\nContent-Type: {declared}\n\n--real\nContent-Type: text/plain\n\nbody\n--real\nContent-Type: image/png\n\npic\n--real--\n"
        ));
        assert_eq!((mail.text.as_str(), mail.attachments.len()), ("body", 1), "{declared}");
        assert!(mail.faults.contains(&Fault::BrokenMultipart));
    }
    assert_eq!(read("From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\njust text\n").text, "just text");
}

#[test]
fn wrong_charsets_and_encodings_are_mended_and_noted() {
    let mail = parse(
        b"From: a@example.org\nSubject: Gr\xfc\xdfe\nContent-Type: text/plain; charset=utf-8\n\nSch\xf6ne Gr\xfc\xdfe",
    )
    .unwrap();
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Grüße", "Schöne Grüße"));
    assert!(mail.faults.contains(&Fault::WrongCharset));
    let mail = read("From: a@example.org\nContent-Transfer-Encoding: base64\n\nThis was never encoded, (was it)?\n");
    assert_eq!(mail.text, "This was never encoded, (was it)?");
    assert!(mail.faults.contains(&Fault::TransferEncoding));
}

#[test]
fn no_control_character_reaches_the_text() {
    let mail = read("From: a@example.org\nSubject: a\u{1}b\u{0}c\n\na\u{0}b\u{8}c\rd\td\u{1b}[31m");
    assert_eq!(mail.subject, "a b c");
    assert_eq!(mail.text, "abc\nd\td[31m");
}

#[test]
fn an_envelope_line_and_blank_lines_before_the_header_are_skipped() {
    assert_eq!(read("From a@example.org Mon Mar  2 07:00:00 2026\nSubject: x\n\nbody").subject, "x");
    assert_eq!(read("\r\n\r\nSubject: x\r\n\r\nbody").text, "body");
    assert_eq!(read("From : a@example.org\nSubject : x\n\nbody").from.unwrap().address, "a@example.org");
}

#[test]
fn an_empty_plain_side_gives_way_to_the_html() {
    let mail = read(
        "From: a@example.org\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<p>here</p>\n--b--\n",
    );
    assert_eq!(mail.text, "here");
}
