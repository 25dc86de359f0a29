//! Mails with the faults that real ones have, made here, so that they are there on every machine.

/// A fault by name: header fields that follow the usual ones, and a body.
const FAULTS: [(&str, &str, &str); 22] = [
    ("plain", "", "hello\n"),
    ("no body", "", ""),
    ("encoded word without an end", "Subject: =?utf-8?Q?broken\n", "hello\n"),
    ("encoded word of no charset", "Subject: =?x-nothing?B?aGVsbG8=?=\n", "hello\n"),
    ("header in Latin-1", "Subject: Gr\u{fc}\u{df}e\n", "hello\n"),
    ("header line without a colon", "this is no field\n", "hello\n"),
    ("boundary that never comes", "Content-Type: multipart/mixed; boundary=never\n", "hello\n"),
    ("parts without a boundary", "Content-Type: multipart/mixed\n", "--b\n\nhello\n--b--\n"),
    ("parts without an end", "Content-Type: multipart/mixed; boundary=b\n", "--b\n\nhello\n"),
    ("empty parts", "Content-Type: multipart/mixed; boundary=b\n", "--b\n--b\n--b--\n"),
    (
        "one boundary within itself",
        "Content-Type: multipart/mixed; boundary=b\n",
        "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b--\n--b--\n",
    ),
    ("base 64 of other signs", "Content-Transfer-Encoding: base64\n", "aGVs!!bG8 <hello>\n==\n"),
    ("quoted-printable cut short", "Content-Transfer-Encoding: quoted-printable\n", "hello =E4=\n=9\n"),
    ("unknown encoding", "Content-Transfer-Encoding: x-rot13\n", "uryyb\n"),
    ("unknown charset", "Content-Type: text/plain; charset=klingon\n", "hello\n"),
    ("wrong charset", "Content-Type: text/plain; charset=utf-8\n", "hello \u{fc}\u{df}\n"),
    ("UTF-16 that is none", "Content-Type: text/plain; charset=utf-16\n", "hello\n"),
    ("media type of nothing", "Content-Type: ;;;\n", "hello\n"),
    ("HTML that never closes", "Content-Type: text/html\n", "<p><b>hello<table><tr><td"),
    ("date of no calendar", "Date: Foo, 99 Bar 20266 77:99:00 +9999\n", "hello\n"),
    ("two of each", "From: b@x.example\nSubject: again\nMessage-ID: <twice@x.example>\n", "hello\n"),
    ("file name in pieces", "Content-Disposition: attachment; filename*1=b; filename*0*=utf-8''a%\n", "hello\n"),
];
/// Beginnings of a mail: the usual one, one with a folded and broken sender, one almost without.
const BEGINNINGS: [&str; 3] = [
    "From: A Customer <a@x.example>\nTo: service@elm.example\nSubject: hello\n",
    "From: \"A, Customer\n\t(who\" <a@x.example\nSubject:\n",
    "X-Mailer: old\n",
];

/// Each fault with each beginning: its name and the raw mail, with bare line feeds, with CRLF, or with
/// each in turn. What stands here beyond ASCII goes out as one byte of Latin-1.
pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let mut mails = Vec::new();
    for (start, beginning) in BEGINNINGS.iter().enumerate() {
        for (number, (name, fields, body)) in FAULTS.iter().enumerate() {
            let text = format!("{beginning}Message-ID: <{start}.{number}@x.example>\n{fields}\n{body}");
            let mut raw = Vec::with_capacity(text.len() * 2);
            for (at, sign) in text.chars().enumerate() {
                let ends_as_it_should = start == 1 || (start == 2 && at % 2 == 0);
                if sign == '\n' && ends_as_it_should {
                    raw.push(b'\r');
                }
                raw.push(u8::try_from(u32::from(sign)).expect("Latin-1"));
            }
            mails.push((format!("{name}, beginning {start}"), raw));
        }
    }
    mails
}
