//! The look that a browser remembers: language, light or dark. It concerns one browser, says nothing
//! about anybody, and works before anybody signs in.

use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use kernel::Locale;
use serde::Deserialize;

use crate::cookies;
use crate::form::Form;
use crate::frame::Theme;

/// What somebody chose.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    language: Option<String>,
    theme: Option<String>,
    /// Where they were.
    back: String,
}

/// Remembers a choice and leads back.
pub(crate) async fn choose(Form(chosen): Form<Chosen>) -> Response {
    let mut response = see(&chosen.back);
    let fields = response.headers_mut();
    if let Some(locale) = chosen.language.and_then(|code| code.parse::<Locale>().ok()) {
        append(fields, cookies::choice(cookies::LANGUAGE, locale.code()));
    }
    if let Some(theme) = chosen.theme {
        append(fields, cookies::choice(cookies::THEME, Theme::from_word(&theme).word()));
    }
    response
}

fn append(fields: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        fields.append(SET_COOKIE, cookie);
    }
}

/// Leads to another page of ours after a form (303).
pub(crate) fn see(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(place) = HeaderValue::from_str(own_path(path)) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// A path of this site, or its first page: whoever made a link must not lead anybody elsewhere.
pub(crate) fn own_path(path: &str) -> &str {
    let mut bytes = path.bytes();
    let is_own = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    // A browser drops tabs and line ends, and what is left may be another site's address.
    if is_own && path.bytes().all(|byte| (0x21..0x7F).contains(&byte) && byte != b'\\') { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_way_back_leads_to_this_site_only() {
        assert_eq!(own_path("/desk/mine?order=oldest"), "/desk/mine?order=oldest");
        for elsewhere in
            ["", "desk", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/ä"]
        {
            assert_eq!(own_path(elsewhere), "/", "{elsewhere}");
        }
    }
}
