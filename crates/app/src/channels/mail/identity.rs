//! What makes two deliveries one mail: the sender's own fields and the body, not the way it came.
//! Hands out bytes for the caller's keyed hash; computes no hash and keeps nothing.

use super::fields::Fields;

/// Fields that the sender's program sets once and that no server on the way changes.
const FIELDS: &[&str] = &["From", "Date", "Subject", "Message-ID", "Content-Type", "Content-Transfer-Encoding"];

/// Feeds the bytes that identify a mail to `feed`: the fields `From`, `Date`, `Subject`,
/// `Message-ID` and those that say how the body is to be read, unfolded and trimmed, then the
/// body with line feeds as line ends and without those at its end. Trace fields, and so the way
/// of delivery, do not count.
pub fn content_identity(raw: &[u8], feed: &mut dyn FnMut(&[u8])) {
    let head = Fields::read(raw);
    for name in FIELDS {
        for value in head.fields.all(name) {
            feed(name.as_bytes());
            feed(b":");
            let unfolded: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
            feed(unfolded.trim_ascii());
            feed(b"\n");
        }
    }
    feed(b"\n");
    let mut body = head.body;
    while let Some(shorter) = body.strip_suffix(b"\n").or_else(|| body.strip_suffix(b"\r")) {
        body = shorter;
    }
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) => {
                feed(text);
                feed(b"\n");
            }
            None => feed(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(raw: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        content_identity(raw, &mut |piece| bytes.extend_from_slice(piece));
        bytes
    }

    const MAIL: &[u8] =
        b"From: a@example.org\r\nSubject: A long\r\n subject\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n\r\nBye\r\n";

    #[test]
    fn the_way_of_delivery_does_not_count() {
        let by_mbox = b"From a@example.org Mon\nReceived: from x\n by y\nReturn-Path: <a@example.org>\nFrom: a@example.org\nSubject: A long\n subject\nMessage-ID:  <1@x> \n\nHello\n\nBye\n\n\n";
        assert_eq!(identity(MAIL), identity(by_mbox));
    }

    #[test]
    fn another_text_or_sender_is_another_mail() {
        for (from, to) in [
            ("Hello", "Hallo"),
            ("a@example.org", "b@example.org"),
            ("<1@x>", "<2@x>"),
            ("long", "short"),
            ("Hello\r\n\r\n", "Hello\r\n"),
        ] {
            let changed = String::from_utf8(MAIL.to_vec()).unwrap().replacen(from, to, 1);
            assert_ne!(identity(MAIL), identity(changed.as_bytes()), "{from} → {to}");
        }
    }

    #[test]
    fn a_body_cannot_pass_for_a_field() {
        assert_ne!(identity(b"Subject: a\n\nMessage-ID:<1@x>\n"), identity(b"Subject: a\nMessage-ID: <1@x>\n\n"));
    }
}
