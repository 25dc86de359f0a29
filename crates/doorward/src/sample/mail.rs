//! A made-up letter as a mail: plain headers in ASCII, text in UTF-8.

use std::fmt::Write as _;

use jiff::fmt::rfc2822::DateTimePrinter;
use kernel::Timestamp;

/// What a mail is written from.
pub(super) struct Letter<'a> {
    pub(super) from: (&'a str, &'a str),
    pub(super) to: &'a str,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    pub(super) at: Timestamp,
    /// Message-IDs without their brackets: its own, and those it answers, the oldest first.
    pub(super) id: &'a str,
    pub(super) answers: &'a [String],
}

impl Letter<'_> {
    pub(super) fn write(&self) -> Vec<u8> {
        let (name, address) = self.from;
        let mut mail = String::new();
        let _ = write!(
            mail,
            "From: {} <{address}>\r\nTo: Service <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}>\r\n",
            encoded(name),
            self.to,
            encoded(self.subject),
            date(self.at),
            self.id,
        );
        if let Some(parent) = self.answers.last() {
            let all: Vec<String> = self.answers.iter().map(|id| format!("<{id}>")).collect();
            let _ = write!(mail, "In-Reply-To: <{parent}>\r\nReferences: {}\r\n", all.join("\r\n "));
        }
        mail.push_str(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        );
        for line in self.text.lines() {
            let _ = write!(mail, "{line}\r\n");
        }
        mail.into_bytes()
    }
}

fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros())
        .ok()
        .and_then(|at| DateTimePrinter::new().timestamp_to_string(&at).ok())
        .unwrap_or_default()
}

/// A header text as RFC 2047 "Q" words, each at most 75 characters long.
fn encoded(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ') {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        let mut code = String::new();
        if character == ' ' {
            code.push('_');
        } else if character.is_ascii_alphanumeric() {
            code.push(character);
        } else {
            for byte in character.to_string().bytes() {
                let _ = write!(code, "={byte:02X}");
            }
        }
        match words.last_mut() {
            Some(word) if word.len() + code.len() <= 60 => word.push_str(&code),
            _ => words.push(code),
        }
    }
    words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_name_in_another_alphabet_is_encoded() {
        assert_eq!(encoded("Jürgen Weiß"), "=?utf-8?Q?J=C3=BCrgen_Wei=C3=9F?=");
        assert_eq!(encoded("Anna"), "Anna");
    }
}
