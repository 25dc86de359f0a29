//! People's addresses: as written for display, and normalised for looking them up.
//! Never guesses: an address that is not plainly one has no normalised form.

use mail_parser::{Addr, Address, HeaderValue, parsers::MessageStream};

use super::words;

/// Bytes of an address (RFC 5321, 4.5.3.1.3, less the angle brackets) and of its local part.
const ADDRESS_BYTES: usize = 254;
const LOCAL_PART_BYTES: usize = 64;
/// Characters of a display name that are kept.
const NAME_CHARS: usize = 300;

/// A name and an address as they stood in the mail. Personal: neither printed nor serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, decoded.
    pub name: Option<String>,
    /// The address as written; empty when the field held a name alone.
    pub address: String,
    /// The address in lower case with its domain as an A-label (RFC 5891), and `None` when it is
    /// not usable as an address.
    pub normalised: Option<String>,
}

/// The normal form of an e-mail address: lower case, the domain as A-labels. `None` when the
/// text is not one plain address (a quoted local part with spaces, no domain, two `@`).
pub fn normalise(address: &str) -> Option<String> {
    let address = address.trim();
    let (local, domain) = address.rsplit_once('@')?;
    let clean =
        |c: char| !(c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"' | '\\'));
    if local.is_empty() || local.len() > LOCAL_PART_BYTES || local.contains('@') || !local.chars().all(clean) {
        return None;
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).ok()?;
    let labels_fit = domain.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    if !labels_fit || !domain.chars().all(clean) {
        return None;
    }
    let normal = format!("{}@{domain}", local.to_lowercase());
    (normal.len() <= ADDRESS_BYTES).then_some(normal)
}

/// The mailboxes of an address field, groups flattened, at most `limit`.
pub(super) fn mailboxes(raw: &[u8], limit: usize) -> Vec<Mailbox> {
    let value = words::structured(raw);
    match MessageStream::new(&value).parse_address() {
        HeaderValue::Address(Address::List(list)) => list.iter().filter_map(mailbox).take(limit).collect(),
        HeaderValue::Address(Address::Group(groups)) => {
            groups.iter().flat_map(|group| &group.addresses).filter_map(mailbox).take(limit).collect()
        }
        _ => Vec::new(),
    }
}

fn mailbox(addr: &Addr<'_>) -> Option<Mailbox> {
    let tidy = |text: &str| words::printable(text).chars().take(NAME_CHARS).collect::<String>();
    let mut name = addr.name.as_deref().map(tidy).filter(|name| !name.is_empty());
    let mut address = addr.address.as_deref().map(tidy).unwrap_or_default();
    // `Grace Whitfield grace@example.org`, the brackets forgotten.
    if name.is_none()
        && let Some((words, last)) = address.rsplit_once(' ')
        && !words.contains('@')
        && normalise(last).is_some()
    {
        name = Some(words.trim().to_owned());
        address = last.to_owned();
    }
    // A name equal to the address says nothing.
    name = name.filter(|name| *name != address);
    if name.is_none() && address.is_empty() {
        return None;
    }
    Some(Mailbox { normalised: normalise(&address), name, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Vec<(Option<String>, String)> {
        mailboxes(raw.as_bytes(), 100).into_iter().map(|m| (m.name, m.address)).collect()
    }

    fn one(name: Option<&str>, address: &str) -> (Option<String>, String) {
        (name.map(str::to_owned), address.to_owned())
    }

    #[test]
    fn names_and_addresses_come_apart() {
        assert_eq!(
            read("\"O'Connor, Grace\" <grace@example.org>"),
            [one(Some("O'Connor, Grace"), "grace@example.org")]
        );
        assert_eq!(read("grace@example.org"), [one(None, "grace@example.org")]);
        assert_eq!(read("grace@example.org (Grace)"), [one(Some("Grace"), "grace@example.org")]);
        assert_eq!(
            read("Yli-Kärppä Säde <s@example.fi>, b@example.com"),
            [one(Some("Yli-Kärppä Säde"), "s@example.fi"), one(None, "b@example.com")]
        );
        assert_eq!(
            read("Team: a@example.com, b@example.com;"),
            [one(None, "a@example.com"), one(None, "b@example.com")]
        );
    }

    #[test]
    fn forgotten_brackets_are_put_back() {
        assert_eq!(read("Grace Whitfield grace@example.org"), [one(Some("Grace Whitfield"), "grace@example.org")]);
        assert_eq!(read("a@example.org b@example.org")[0].1, "a@example.org b@example.org");
    }

    #[test]
    fn encoded_names_are_read_in_and_out_of_quotes() {
        assert_eq!(
            read("=?utf-8?q?J=C3=BCrgen?= =?utf-8?q?_M=C3=BCller?= <j@example.de>"),
            [one(Some("Jürgen Müller"), "j@example.de")]
        );
        assert_eq!(read("\"=?utf-8?B?0JDQvdC90LA=?=\" <a@example.ru>"), [one(Some("Анна"), "a@example.ru")]);
        assert_eq!(read("=?utf-8?q?M=C3=BCller=2C_J?= <j@example.de>"), [one(Some("Müller, J"), "j@example.de")]);
    }

    #[test]
    fn the_same_person_has_one_normal_form() {
        assert_eq!(normalise("Grace@Example.ORG").as_deref(), Some("grace@example.org"));
        assert_eq!(normalise("käthe@Weißenberg.example").as_deref(), Some("käthe@xn--weienberg-i1a.example"));
        assert_eq!(normalise("a@почта.рф").as_deref(), Some("a@xn--80a1acny.xn--p1ai"));
        assert_eq!(normalise("a@example.org.").as_deref(), Some("a@example.org"));
    }

    #[test]
    fn what_is_not_plainly_an_address_has_no_normal_form() {
        for text in [
            "",
            "@",
            "a@",
            "@b.example",
            "a b@c.example",
            "a@b@c.example",
            "a@b..c",
            "undisclosed-recipients",
            "a@b c.example",
        ] {
            assert_eq!(normalise(text), None, "{text}");
        }
        assert_eq!(normalise(&format!("{}@example.org", "a".repeat(65))), None);
    }
}
