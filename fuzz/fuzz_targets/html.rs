//! Any text as the HTML of a mail: what is shown neither runs nor fetches, also when it is
//! cleaned again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::parse;

#[allow(dead_code, unused_imports, reason = "each target uses a part of it")]
#[path = "../../crates/app/src/channels/mail/mod.rs"]
mod mail;

const HEAD: &str = "From: a@example.org\nContent-Type: text/html; charset=utf-8\n\n";

fuzz_target!(|html: &str| {
    let Some(safe) = clean(html) else { return };
    assert_harmless(&safe);
    if let Some(again) = clean(&safe) {
        assert_harmless(&again);
    }
});

fn clean(html: &str) -> Option<String> {
    parse(format!("{HEAD}{html}").as_bytes()).ok()?.html
}

/// What stands in text or in a value is escaped, so a tag's start is a tag wherever it is found.
fn assert_harmless(page: &str) {
    let page = page.to_ascii_lowercase();
    for tag in ["script", "style", "iframe", "form", "svg", "math", "object", "embed", "base", "meta", "link", "video"]
    {
        assert!(!page.contains(&format!("<{tag}")), "{tag} in {page}");
    }
}
