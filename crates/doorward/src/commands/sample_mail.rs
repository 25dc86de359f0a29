//! Made-up service mail in the five languages, for the demonstration and the benchmark.
//!
//! The same number gives the same mail. Addresses are of domains that can never exist (RFC 2606).

use std::fmt::Write as _;

use jiff::fmt::rfc2822::DateTimePrinter;
use kernel::Timestamp;

struct Matter {
    name: &'static str,
    subject: &'static str,
    messages: [&'static str; 3],
}

const MATTERS: [Matter; 6] = [
    Matter {
        name: "Anna Lindqvist",
        subject: "Appointment on Thursday",
        messages: [
            "Hello,\n\nI have to move my appointment on Thursday. Is Friday after three possible?\n\nAnna Lindqvist\n+44 20 7946 0958",
            "Friday at half past three is fine, thank you.",
            "One more thing: do I bring the old pictures along?",
        ],
    },
    Matter {
        name: "Jürgen Weiß",
        subject: "Rückfrage zur Rechnung",
        messages: [
            "Guten Tag,\n\nauf der letzten Rechnung steht eine Position zweimal. Könnten Sie das bitte prüfen?\n\nMit freundlichen Grüßen\nJürgen Weiß",
            "Anbei noch die Kundennummer, die auf dem Brief stand.",
            "Vielen Dank, die korrigierte Rechnung ist angekommen.",
        ],
    },
    Matter {
        name: "Päivi Mäkinen",
        subject: "Osoitteenmuutos",
        messages: [
            "Hei,\n\nmuutan ensi kuussa ja tarvitsen laskut uuteen osoitteeseen.\n\nTerveisin\nPäivi Mäkinen",
            "Uusi osoite on Koivukatu 4, 33100 Tampere.",
            "Kiitos nopeasta vastauksesta!",
        ],
    },
    Matter {
        name: "Łukasz Wójcik",
        subject: "Zwrot zamówienia",
        messages: [
            "Dzień dobry,\n\nchciałbym zwrócić zamówienie, ponieważ rozmiar jest zły.\n\nŁukasz Wójcik",
            "Paczkę nadałem dzisiaj rano.",
            "Pieniądze już dotarły, dziękuję.",
        ],
    },
    Matter {
        name: "Ольга Смирнова",
        subject: "Не могу войти",
        messages: [
            "Здравствуйте!\n\nПосле обновления я не могу войти в свой кабинет. Помогите, пожалуйста.\n\nОльга Смирнова",
            "Теперь ссылка работает, но просит код, которого у меня нет.",
            "Всё получилось, большое спасибо!",
        ],
    },
    Matter {
        name: "Tom O'Brien",
        subject: "Broken on arrival",
        messages: [
            "Hi,\n\nthe kettle arrived today and the lid is broken. I would like another one rather than the money.\n\nTom",
            "The number on the box is 4417-22.",
            "The new one is here and works. Thanks!",
        ],
    },
];

/// Mail number `number` of the sample called `sample`. Three in a row are one conversation, each
/// from another person; they were written in the days before `now`.
pub(super) fn mail(sample: &str, number: u64, now: Timestamp) -> Vec<u8> {
    let (matter, step) = (number / 3, number % 3);
    let kind = usize::try_from(matter).unwrap_or(0) % MATTERS.len();
    let Some(Matter { name, subject, messages }) = MATTERS.get(kind) else { return Vec::new() };
    let at = now.minus(std::time::Duration::from_secs(60 * (90 - 30 * step) + matter % 3_600));
    let reply = if step == 0 { "" } else { "Re: " };
    let mut mail = String::new();
    let _ = write!(
        mail,
        "From: {} <customer{matter}.{sample}@example.org>\r\nTo: Service <service@example.com>\r\n\
         Subject: {}\r\nDate: {}\r\nMessage-ID: <{sample}.{matter}.{step}@example.org>\r\n",
        encoded(name),
        encoded(&format!("{reply}{subject}")),
        date(at),
    );
    if step > 0 {
        let parent = step - 1;
        let _ = write!(mail, "In-Reply-To: <{sample}.{matter}.{parent}@example.org>\r\n");
        let _ =
            write!(mail, "References: <{sample}.{matter}.0@example.org> <{sample}.{matter}.{parent}@example.org>\r\n");
    }
    mail.push_str(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    );
    for message in messages.iter().skip(usize::try_from(step).unwrap_or(0)).take(1) {
        for line in message.lines() {
            let _ = write!(mail, "{line}\r\n");
        }
    }
    mail.into_bytes()
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
    words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_plain_ascii_in_short_lines_and_replies_name_their_parents() {
        for number in 0..36 {
            let mail = mail("s", number, Timestamp::from_seconds(1_800_000_000));
            let text = String::from_utf8(mail).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.is_ascii() && head.lines().all(|line| line.len() < 200) && !body.is_empty(), "{head}");
            assert_eq!(head.contains("In-Reply-To:"), number % 3 != 0);
            assert!(head.contains("Date: Fri, 15 Jan 2027"), "{head}");
        }
    }

    #[test]
    fn a_name_in_another_alphabet_is_encoded() {
        assert_eq!(encoded("Jürgen Weiß"), "=?utf-8?Q?J=C3=BCrgen_Wei=C3=9F?=");
        assert_eq!(encoded("Anna"), "Anna");
    }
}
