//! What the HTML of a stranger may still do on an agent's page: nothing but be read.

use proptest::prelude::*;

use super::super::html::safe;

fn page(html: &str) -> String {
    safe(html).expect("small enough")
}

#[test]
fn ordinary_markup_survives() {
    let html = "<p align=center>Hi <b>there</b><br>you</p><ul><li>one</li><li>two</li></ul><table width=\"600\"><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>";
    assert_eq!(
        page(html),
        "<p align=\"center\">Hi <b>there</b><br>you</p><ul><li>one</li><li>two</li></ul><table width=\"600\"><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>"
    );
}

#[test]
fn nothing_that_runs_or_submits_survives() {
    for html in [
        "<script>alert(1)</script>",
        "<style>@import url(//x)</style>",
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
        "<a href=\" &#1; javascript:alert(1)\">x</a>",
        "<a href='data:text/html,<script>'>x</a>",
        "<a href=vbscript:x>x</a>",
        "<form action=//x><input name=a><button>b</button></form>",
        "<iframe src=//x></iframe>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<object data=x><embed src=x>",
        "<base href=//x>",
        "<meta http-equiv=refresh content=0>",
        "<link rel=stylesheet href=//x>",
        "<p style=\"background:url(//x)\" onclick=x>y</p>",
        "<textarea><script>x</textarea>",
        "<title><img src=x onerror=alert(1)></title>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<a href=\"https://x\" onmouseover=\"x\">y</a>",
        "<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
        "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
    ] {
        assert_harmless(&page(html), html);
    }
}

/// Asserts that every tag and attribute is a harmless one, whatever the text between them says.
fn assert_harmless(page: &str, html: &str) {
    for tag in tags(page) {
        let (name, attributes) = tag.split_once(' ').unwrap_or((&tag, ""));
        let name = name.trim_start_matches('/');
        assert!(!FORBIDDEN.contains(&name), "{name} of {html} in {page}");
        // Values stand in double quotes, so every second piece is a name with its sign.
        let pieces: Vec<&str> = attributes.split('"').collect();
        for pair in pieces.chunks(2) {
            let [name, value] = pair else { continue };
            let value = value.to_ascii_lowercase();
            let starts = |schemes: &[&str]| schemes.iter().any(|scheme| value.starts_with(scheme));
            let harmless = match name.trim().trim_end_matches('=') {
                "href" => starts(&["http://", "https://", "mailto:", "tel:"]),
                "src" => {
                    starts(&["cid:", "data:image/png;", "data:image/gif;", "data:image/jpeg;", "data:image/webp;"])
                }
                "data-remote-src" => starts(&["http://", "https://"]),
                name => HARMLESS.contains(&name),
            };
            assert!(harmless, "{name}{value} of {html} in {page}");
        }
    }
}

const FORBIDDEN: &[&str] = &[
    "script", "style", "svg", "math", "form", "input", "button", "iframe", "object", "embed", "base", "meta", "link",
    "title", "textarea", "xmp", "noscript", "video",
];
const HARMLESS: &[&str] = &[
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "colspan",
    "rowspan",
    "color",
    "alt",
    "value",
    "start",
    "type",
    "border",
    "cellpadding",
    "cellspacing",
    "dir",
    "lang",
    "title",
    "rel",
    "target",
];

/// The insides of the tags of a page, quoted values with them.
fn tags(page: &str) -> Vec<String> {
    let (mut tags, mut tag, mut quoted) = (Vec::new(), None::<String>, false);
    for c in page.chars() {
        match (&mut tag, c) {
            (None, '<') => tag = Some(String::new()),
            (None, _) => {}
            (Some(_), '>') if !quoted => tags.extend(tag.take()),
            (Some(inside), c) => {
                quoted ^= c == '"';
                inside.push(c);
            }
        }
    }
    tags
}

#[test]
fn remote_images_wait_until_somebody_asks() {
    assert_eq!(
        page("<img src=\"https://t.example/p.gif?a=1&amp;b=2\" width=1>"),
        "<img data-remote-src=\"https://t.example/p.gif?a=1&amp;b=2\" width=\"1\">"
    );
    assert_eq!(page("<img src=//t.example/p.gif>"), "<img data-remote-src=\"https://t.example/p.gif\">");
    assert_eq!(page("<IMG SRC='&#104;ttp://t.example/p'>"), "<img data-remote-src=\"http://t.example/p\">");
    for fetched in [
        "<img srcset=\"//t/x 2x\">",
        "<table background=//t/x><tr><td background=//t/x>y</table>",
        "<video poster=//t/x src=//t/y>",
        "<img data-remote-src=javascript:x>",
        "<img src=/local>",
        "<img src=file:///etc/passwd>",
    ] {
        assert!(!page(fetched).contains("t/x") && !page(fetched).contains("src="), "{}", page(fetched));
    }
}

#[test]
fn pictures_that_came_along_are_shown() {
    assert_eq!(page("<img src=CID:a@b alt=x>"), "<img src=\"CID:a@b\" alt=\"x\">");
    assert_eq!(page("<img src=\"data:image/png;base64,iVBORw==\">"), "<img src=\"data:image/png;base64,iVBORw==\">");
}

#[test]
fn links_open_apart_and_tell_nothing() {
    let link = page("<a href=https://a.example/ target=_top rel=opener id=x class=y name=z>go</a>");
    for part in ["href=\"https://a.example/\"", "rel=\"noopener noreferrer nofollow\"", "target=\"_blank\""] {
        assert!(link.contains(part), "{link}");
    }
    for gone in ["id=", "class=", "name=", "_top", "\"opener\""] {
        assert!(!link.contains(gone), "{link}");
    }
}

#[test]
fn a_mail_cannot_close_what_stands_around_it() {
    assert_eq!(page("</div></body></html><p>x"), "<p>x</p>");
    assert_eq!(page("<div><table><tr><td>x"), "<div><table><tbody><tr><td>x</td></tr></tbody></table></div>");
    assert_eq!(page("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
}

#[test]
fn too_many_tags_are_not_shown() {
    assert!(safe(&"<p>".repeat(200_000)).is_none());
    let deep = page(&"<div>x".repeat(1_000));
    assert!(deep.matches("<div>").count() <= 128 && deep.matches('x').count() == 1_000);
}

proptest! {
    #[test]
    fn whatever_is_cleaned_stays_as_it_is(html in "(<|>|</|<!--|-->|<a href=|<img src=|<p|<b>|<table>|<td>|<li>|<svg>|<style>|</style>|http://x|javascript:|cid:x|\"|'|/|&lt;|&#60;| |x|on=){0,40}") {
        let once = page(&html);
        assert_harmless(&once, &html);
        let twice = page(&once);
        prop_assert_eq!(tags(&page(&twice)), tags(&twice));
    }
}
