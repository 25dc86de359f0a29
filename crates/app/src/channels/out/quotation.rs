//! The text around what was newly written: signature, quote, forwarded mail, and the HTML of it all.
//!
//! In the shapes and the five languages that mail programs use, so that they are told apart again
//! when the answer comes back. Foreign text is text here: it is escaped, never taken over.

use std::fmt::Write as _;

use kernel::{Locale, Timestamp};

use crate::desk::MessageContent;

/// Bytes of a message that are quoted.
const QUOTED_BYTES: usize = 16 * 1024;
/// Characters of a name in the line above a quote.
const NAME_CHARS: usize = 100;
/// Depth of quotes that the HTML nests.
const DEPTH: usize = 8;

/// A signature under its mark (RFC 3676, 4.3).
pub(super) fn signature(text: &str) -> String {
    format!("-- \n{}", text.trim_end())
}

/// A message as the one that answers it quotes it.
pub(super) fn quote(content: &MessageContent, written: Timestamp, locale: Locale) -> String {
    let who = author(content);
    let date = day(content.date.map_or(written, Timestamp::from_seconds), locale);
    let above = match locale {
        Locale::En => format!("On {date}, {who} wrote:"),
        Locale::De => format!("Am {date} schrieb {who}:"),
        Locale::Fi => format!("{who} kirjoitti {date}:"),
        Locale::Pl => format!("W dniu {date} {who} napisał(a):"),
        Locale::Ru => format!("{date} {who} пишет:"),
    };
    let lines = cut(&content.text).lines().map(|line| {
        // A quote of a quote stays one deeper, without a gap between its marks.
        if line.starts_with('>') { format!(">{line}") } else { format!("> {line}").trim_end().to_owned() }
    });
    std::iter::once(above).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A message as it is passed on.
pub(super) fn forwarded(content: &MessageContent, written: Timestamp, locale: Locale) -> String {
    let [mark, from, date, subject] = match locale {
        Locale::En => ["Forwarded message", "From", "Date", "Subject"],
        Locale::De => ["Weitergeleitete Nachricht", "Von", "Datum", "Betreff"],
        Locale::Fi => ["Välitetty viesti", "Lähettäjä", "Päivämäärä", "Aihe"],
        Locale::Pl => ["Wiadomość przekazana dalej", "Od", "Data", "Temat"],
        Locale::Ru => ["Пересылаемое сообщение", "От", "Дата", "Тема"],
    };
    let day = day(content.date.map_or(written, Timestamp::from_seconds), locale);
    let who = content.from.as_ref().map_or_else(String::new, |party| match &party.name {
        Some(name) => format!("{} <{}>", one_line(name), one_line(&party.address)),
        None => one_line(&party.address),
    });
    let mut text = format!("---------- {mark} ----------\n{from}: {who}\n{date}: {day}\n");
    let _ = write!(text, "{subject}: {}\n\n{}", one_line(&content.subject), cut(&content.text));
    text
}

fn author(content: &MessageContent) -> String {
    let Some(party) = &content.from else { return "?".to_owned() };
    one_line(party.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&party.address))
}

fn one_line(text: &str) -> String {
    let words = text.split(|sign: char| sign.is_whitespace() || sign.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS).collect()
}

fn day(at: Timestamp, locale: Locale) -> String {
    let Ok(at) = jiff::Timestamp::from_microsecond(at.micros()) else { return String::new() };
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    match locale {
        Locale::En => date.to_string(),
        Locale::Fi => format!("{}.{}.{}", date.day(), date.month(), date.year()),
        Locale::De | Locale::Pl | Locale::Ru => format!("{:02}.{:02}.{}", date.day(), date.month(), date.year()),
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(QUOTED_BYTES)).unwrap_or(text)
}

/// A plain text as HTML: escaped, its lines kept, its quotes nested.
pub(super) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 4 + 128);
    html.push_str("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n");
    let mut depth = 0;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (wanted, rest) = unquoted(line);
        while depth < wanted {
            html.push_str("<blockquote type=\"cite\">\n");
            depth += 1;
        }
        while depth > wanted {
            html.push_str("</blockquote>\n");
            depth -= 1;
        }
        html_escape::encode_text_to_string(rest, &mut html);
        let goes_on = lines.peek().is_some_and(|next| unquoted(next).0 == depth);
        html.push_str(if goes_on { "<br>\n" } else { "\n" });
    }
    html.push_str(&"</blockquote>\n".repeat(depth));
    html.push_str("</body></html>\n");
    html
}

/// How deep a line is quoted, and the line without its marks.
fn unquoted(line: &str) -> (usize, &str) {
    let mut rest = line;
    let mut depth = 0;
    while depth < DEPTH
        && let Some(after) = rest.strip_prefix('>')
    {
        depth += 1;
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    (depth, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::mail;
    use crate::desk::Party;

    fn said(text: &str) -> MessageContent {
        MessageContent {
            from: Some(Party { name: Some("Anna\r\nVirtanen".to_owned()), address: "anna@x.example".to_owned() }),
            subject: "Lasku".to_owned(),
            text: text.to_owned(),
            ..MessageContent::default()
        }
    }

    /// A quote in any language is folded away again when our own reader reads it.
    #[test]
    fn what_is_quoted_is_known_as_a_quote_again() {
        for locale in Locale::ALL {
            let quote = quote(&said("eins\n\n> zwei"), Timestamp::from_seconds(1_772_434_800), locale);
            let raw = format!(
                "From: a@x.example\r\nSubject: Re: Lasku\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDone.\n\n{quote}"
            );
            let read = mail::parse(raw.as_bytes()).unwrap();
            assert_eq!(read.reply.trim(), "Done.", "{locale}: {quote}");
            assert!(read.quoted.is_some_and(|quoted| quoted.contains("> eins") && quoted.contains(">> zwei")));
        }
    }

    #[test]
    fn a_forwarded_mail_says_whose_it_was() {
        for locale in Locale::ALL {
            let text = forwarded(&said("eins"), Timestamp::from_seconds(1_772_434_800), locale);
            assert!(text.contains("Anna Virtanen <anna@x.example>") && text.ends_with("\n\neins"), "{text}");
        }
    }

    #[test]
    fn foreign_text_is_text_in_html_too() {
        let html = html("a <script>alert(1)</script> & b\n> <img src=x>\n>> deep\nend");
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; b"));
        assert!(!html.contains("<script") && !html.contains("<img"));
        assert_eq!(html.matches("<blockquote").count(), 2);
        assert_eq!(html.matches("</blockquote>").count(), 2);
    }
}
