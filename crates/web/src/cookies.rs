//! Cookies: read from a request, and written so that neither a script nor another site gets them.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// The session of an agent.
pub(crate) const SESSION: &str = "__Host-doorward";
/// Somebody who has not signed in: what binds a form to their browser.
pub(crate) const VISITOR: &str = "__Host-doorward-visitor";
/// A device on which an agent signed in before; it opens nothing.
pub(crate) const DEVICE: &str = "__Host-doorward-device";
/// The language that somebody chose.
pub(crate) const LANGUAGE: &str = "__Host-doorward-language";
/// Light or dark, when somebody chose.
pub(crate) const THEME: &str = "__Host-doorward-theme";
/// The time zone of the browser, written by a script of ours.
pub(crate) const ZONE: &str = "doorward-zone";

/// How long a choice of appearance lasts, in seconds: a year.
const CHOICE_SECONDS: u32 = 31_536_000;

/// The value of a cookie; none when it is missing, and none when two bear its name: one of them
/// came from somebody else.
pub(crate) fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// A cookie that ends with the browser.
pub(crate) fn passing(name: &str, value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")).ok()
}

/// A choice that the browser remembers.
pub(crate) fn choice(name: &str, value: &str) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={CHOICE_SECONDS}");
    HeaderValue::from_str(&text).ok()
}

/// The end of a cookie.
pub(crate) fn gone(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&'static str]) -> HeaderMap {
        fields.iter().map(|field| (COOKIE, HeaderValue::from_static(field))).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = headers(&["a=1; __Host-doorward=abc; b=2", "c=3"]);
        assert_eq!((get(&headers, SESSION), get(&headers, "c")), (Some("abc"), Some("3")));
        assert_eq!(get(&headers, "d"), None);
    }

    #[test]
    fn two_of_one_name_are_none() {
        assert_eq!(get(&headers(&["__Host-doorward=a; __Host-doorward=b"]), SESSION), None);
        assert_eq!(get(&headers(&["__Host-doorward=a", "__Host-doorward=a"]), SESSION), None);
    }
}
