//! What every page stands in: its language, its moment, its look, who reads it, and the words that
//! bind its scripts and forms to this one answer.

use std::sync::Arc;

use app::identity::SignedIn;
use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kernel::{Entropy, Locale, Timestamp};

use crate::moments::Moments;
use crate::problem::Problem;
use crate::serve::Shared;
use crate::session;
use crate::strings::{self, Strings};
use crate::{assets, cookies, form_token};

/// Bytes of randomness in a nonce and in a visitor's cookie.
const WORD_BYTES: usize = 16;

/// Light or dark; without a choice the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.word() == word).unwrap_or(Self::System)
    }
}

/// The frame of one page.
pub(crate) struct Frame {
    pub(crate) strings: Strings,
    pub(crate) moments: Moments,
    pub(crate) theme: Theme,
    /// Who reads it.
    pub(crate) who: Option<SignedIn>,
    /// The address of this page, to come back to.
    pub(crate) here: String,
    pub(crate) nonce: String,
    token: String,
    /// A cookie for somebody who is not known yet.
    visitor: Option<HeaderValue>,
}

impl Frame {
    /// For a page; `who` has been looked up.
    fn new(parts: &Parts, who: Option<SignedIn>, entropy: &dyn Entropy, now: Timestamp) -> Self {
        let headers = &parts.headers;
        let strings = Strings::of(who.as_ref().map_or_else(|| language(headers), |who| who.locale));
        let known = cookies::get(headers, cookies::SESSION).filter(|_| who.is_some());
        let known = known.or_else(|| cookies::get(headers, cookies::VISITOR));
        let (token, visitor) = if let Some(secret) = known {
            (form_token::make(secret, entropy), None)
        } else {
            let secret = word(entropy);
            (form_token::make(&secret, entropy), cookies::passing(cookies::VISITOR, &secret))
        };
        Self {
            strings,
            moments: Moments::new(strings, zone(headers).as_deref(), now),
            theme: cookies::get(headers, cookies::THEME).map_or(Theme::System, Theme::from_word),
            who,
            here: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            nonce: word(entropy),
            token,
            visitor,
        }
    }

    /// The address of an asset.
    #[expect(clippy::unused_self, reason = "templates ask their frame for everything that is not their own")]
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }

    /// The hidden field of every form.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same for requests that a script makes.
    pub(crate) fn token_header(&self) -> String {
        format!("{{\"x-form-token\":\"{}\"}}", self.token)
    }

    pub(crate) const fn visitor(&self) -> Option<&HeaderValue> {
        self.visitor.as_ref()
    }

    /// Every language with its own name and whether this page is in it.
    pub(crate) fn languages(&self) -> [(&'static str, &'static str, bool); 5] {
        Locale::ALL.map(|locale| (locale.code(), own_name(locale), locale == self.strings.locale()))
    }
}

impl FromRequestParts<Arc<Shared>> for Frame {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let who = session::current(parts, shared).await?;
        let context = &shared.app.context;
        Ok(Self::new(parts, who, &*context.entropy, context.clock.now()))
    }
}

/// The language of somebody who has not signed in: the one they chose, or the one that their
/// browser asks for.
pub(crate) fn language(headers: &HeaderMap) -> Locale {
    let chosen = cookies::get(headers, cookies::LANGUAGE).and_then(|code| code.parse().ok());
    chosen.unwrap_or_else(|| {
        let wished = headers.get(ACCEPT_LANGUAGE).and_then(|field| field.to_str().ok());
        strings::negotiate(wished.unwrap_or_default())
    })
}

/// The time zone that the browser told; a cookie writes its slash as `%2F`.
fn zone(headers: &HeaderMap) -> Option<String> {
    cookies::get(headers, cookies::ZONE).map(|zone| zone.replace("%2F", "/"))
}

fn word(entropy: &dyn Entropy) -> String {
    STANDARD_NO_PAD.encode(entropy.array::<WORD_BYTES>())
}

const fn own_name(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "English",
        Locale::De => "Deutsch",
        Locale::Fi => "Suomi",
        Locale::Pl => "Polski",
        Locale::Ru => "Русский",
    }
}
