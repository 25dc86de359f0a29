//! What kind of answer goes out, and the header fields that follow from it: what a browser may do
//! with it, and whether anybody may keep it. No handler writes these fields itself.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// What an answer is to a browser. An answer that says nothing is for a program.
#[derive(Clone, Default)]
pub(crate) enum Kind {
    /// JSON and text for programs.
    #[default]
    Program,
    /// A page, or a part of one, with the word that its own scripts carry.
    Page {
        /// Base64 without padding.
        nonce: String,
    },
    /// A style, script or picture of ours.
    Asset,
    /// HTML that somebody sent us, shown in a frame without rights.
    ForeignHtml,
    /// A file that somebody sent us, to be kept and not to be shown.
    Download,
    /// A stream of events.
    Events,
}

/// On every answer.
const EVERYWHERE: [(&str, &str); 3] = [
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
];
/// What a browser may never do for a page of ours.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), \
     browsing-topics=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), \
     geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), \
     midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(self), \
     publickey-credentials-get=(self), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
/// HTML of strangers: no script, no form, no network; its pictures lie in it. `sandbox` takes its
/// origin away even when somebody opens the address by itself.
const FOREIGN: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

impl Kind {
    /// Writes the fields. `encrypted` says whether clients come by HTTPS.
    pub(crate) fn mark(&self, fields: &mut HeaderMap, encrypted: bool) {
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                fields.insert(HeaderName::from_static(name), value);
            }
        };
        for (name, value) in EVERYWHERE {
            if encrypted || name != "strict-transport-security" {
                set(name, value);
            }
        }
        if !matches!(self, Self::Asset) {
            set("cache-control", "no-store");
        }
        // A referrer stays within: forms are told apart by their origin, and no other site hears of us.
        let referrer = if matches!(self, Self::Page { .. }) { "same-origin" } else { "no-referrer" };
        set("referrer-policy", referrer);
        if matches!(self, Self::ForeignHtml) {
            set("content-security-policy", FOREIGN);
            set("x-frame-options", "SAMEORIGIN");
            return;
        }
        set("x-frame-options", "DENY");
        let Self::Page { nonce } = self else {
            set("content-security-policy", NOTHING);
            return;
        };
        set("content-security-policy", &page_policy(nonce));
        set("cross-origin-opener-policy", "same-origin");
        set("permissions-policy", PERMISSIONS);
    }
}

fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'none'"
    )
}
