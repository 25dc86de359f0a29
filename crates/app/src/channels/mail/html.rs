//! HTML that strangers sent, made safe to show: no scripts, styles, forms, frames or ids, and
//! nothing that is fetched before somebody asks for it.
//! Two gates: our own rewriting, which also bounds depth and size, and then ammonia.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use kernel::limits;

use super::html_tokens::{Token, Tokens, attribute, resolve};

/// Elements that may be open at one time; deeper ones lose their tags and keep their text.
const OPEN_ELEMENTS: usize = 128;
/// Formatting elements that may be open at one time: a parser opens all of them again in every
/// paragraph, which would let a small mail grow into a huge page.
const OPEN_FORMATTING: usize = 12;
/// Tags of one mail; above this the plain text alone is shown.
const TAGS: usize = 100_000;
/// Bytes of one link or image address.
const URL_BYTES: usize = 16 * 1024;
/// Bytes of any other attribute, such as a title.
const ATTRIBUTE_BYTES: usize = 1024;
/// Bytes of text in one piece.
const TEXT_PIECE_BYTES: usize = 1024;
/// Bytes of one image that stands in the HTML itself.
const DATA_IMAGE_BYTES: usize = 1024 * 1024;

/// Safe HTML, or `None` when there is too much of it.
///
/// Images keep their address only when it is `cid:` (an attachment of the same mail) or holds
/// the picture itself; remote ones carry it as `data-remote-src` and fetch nothing.
pub(super) fn safe(html: &str) -> Option<String> {
    if html.len() > limits::BODY_HTML_BYTES {
        return None;
    }
    let rewritten = Rewriter::default().run(html)?;
    Some(CLEANER.clean(&rewritten).to_string().trim().to_owned())
}

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::empty();
    cleaner
        .tags(ELEMENTS.iter().map(|element| element.name).collect())
        .tag_attributes(allowed_attributes())
        .generic_attributes(HashSet::from(["dir", "lang", "title"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(|element, name, value| match (element, name) {
            ("a", "href") => link(value),
            ("img", "src") => embedded_image(value),
            ("img", "data-remote-src") => remote_image(value).map(Cow::Owned),
            (_, "src" | "href") => None,
            _ => Some(Cow::Borrowed(value)),
        });
    cleaner
});

fn allowed_attributes() -> HashMap<&'static str, HashSet<&'static str>> {
    ELEMENTS.iter().map(|element| (element.name, element.attributes.iter().copied().collect())).collect()
}

/// What an element does to the elements around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block,
    Paragraph,
    Formatting,
    /// Has no content and no end tag.
    Void,
    /// A list item, a cell or a row: ends the one before it.
    Item,
    /// A list or a table: items inside it do not end those outside.
    Holder,
}

struct Element {
    name: &'static str,
    kind: Kind,
    attributes: &'static [&'static str],
}

const fn element(name: &'static str, kind: Kind, attributes: &'static [&'static str]) -> Element {
    Element { name, kind, attributes }
}

const CELL: &[&str] = &["align", "valign", "width", "height", "bgcolor", "colspan", "rowspan"];
const ROW: &[&str] = &["align", "valign", "bgcolor"];
const ALIGN: &[&str] = &["align"];

/// Every element that is shown; any other loses its tags and keeps its text.
const ELEMENTS: &[Element] = &[
    element("a", Kind::Formatting, &["href"]),
    element("abbr", Kind::Formatting, &[]),
    element("address", Kind::Block, &[]),
    element("article", Kind::Block, &[]),
    element("b", Kind::Formatting, &[]),
    element("big", Kind::Formatting, &[]),
    element("blockquote", Kind::Block, &[]),
    element("br", Kind::Void, &[]),
    element("caption", Kind::Block, ALIGN),
    element("center", Kind::Block, &[]),
    element("cite", Kind::Formatting, &[]),
    element("code", Kind::Formatting, &[]),
    element("dd", Kind::Item, &[]),
    element("del", Kind::Formatting, &[]),
    element("div", Kind::Block, ALIGN),
    element("dl", Kind::Holder, &[]),
    element("dt", Kind::Item, &[]),
    element("em", Kind::Formatting, &[]),
    element("figcaption", Kind::Block, &[]),
    element("figure", Kind::Block, &[]),
    element("font", Kind::Formatting, &["color"]),
    element("footer", Kind::Block, &[]),
    element("h1", Kind::Block, ALIGN),
    element("h2", Kind::Block, ALIGN),
    element("h3", Kind::Block, ALIGN),
    element("h4", Kind::Block, ALIGN),
    element("h5", Kind::Block, ALIGN),
    element("h6", Kind::Block, ALIGN),
    element("header", Kind::Block, &[]),
    element("hr", Kind::Void, &[]),
    element("i", Kind::Formatting, &[]),
    element("img", Kind::Void, &["src", "data-remote-src", "alt", "width", "height", "align"]),
    element("ins", Kind::Formatting, &[]),
    element("kbd", Kind::Formatting, &[]),
    element("li", Kind::Item, &["value"]),
    element("ol", Kind::Holder, &["start", "type"]),
    element("p", Kind::Paragraph, ALIGN),
    element("pre", Kind::Block, &[]),
    element("q", Kind::Formatting, &[]),
    element("s", Kind::Formatting, &[]),
    element("samp", Kind::Formatting, &[]),
    element("section", Kind::Block, &[]),
    element("small", Kind::Formatting, &[]),
    element("span", Kind::Formatting, &[]),
    element("strike", Kind::Formatting, &[]),
    element("strong", Kind::Formatting, &[]),
    element("sub", Kind::Formatting, &[]),
    element("sup", Kind::Formatting, &[]),
    element("table", Kind::Holder, &["align", "width", "bgcolor", "border", "cellpadding", "cellspacing"]),
    element("tbody", Kind::Item, ROW),
    element("td", Kind::Item, CELL),
    element("tfoot", Kind::Item, ROW),
    element("th", Kind::Item, CELL),
    element("thead", Kind::Item, ROW),
    element("tr", Kind::Item, ROW),
    element("tt", Kind::Formatting, &[]),
    element("u", Kind::Formatting, &[]),
    element("ul", Kind::Holder, &["type"]),
];

fn find(name: &str) -> Option<&'static Element> {
    let at = ELEMENTS.binary_search_by(|element| element.name.cmp(name)).ok()?;
    ELEMENTS.get(at)
}

/// Writes HTML again, well nested and with nothing but known elements and attributes, so that
/// the parser behind it sees exactly what was decided here.
#[derive(Default)]
struct Rewriter {
    out: String,
    open: Vec<&'static Element>,
    formatting: usize,
    tags: usize,
    /// Bytes of text since the last tag or cut.
    piece: usize,
}

impl Rewriter {
    fn run(mut self, html: &str) -> Option<String> {
        self.out.reserve(html.len());
        for token in Tokens::of(html) {
            match token {
                Token::Text(text) => self.text(text),
                Token::Open { name, attributes } => {
                    self.tags += 1;
                    if let Some(element) = find(&name) {
                        self.start(element, &attributes);
                    }
                }
                Token::Close { name } => {
                    self.tags += 1;
                    if let Some(element) = find(&name) {
                        self.end(element);
                    }
                }
            }
            if self.tags > TAGS {
                return None;
            }
        }
        self.close_to(0);
        Some(self.out)
    }

    /// Writes text anew, so that every `&` and `<` in it is one that we put there. A comment,
    /// which the second gate drops, cuts long text: what writes the page searches each piece to
    /// its end for each sign to escape.
    fn text(&mut self, text: &str) {
        let plain = resolve(text).replace('\0', "");
        let mut rest = plain.as_str();
        while !rest.is_empty() {
            if self.piece >= TEXT_PIECE_BYTES {
                self.out.push_str("<!---->");
                self.piece = 0;
            }
            let end = rest.ceil_char_boundary(TEXT_PIECE_BYTES - self.piece);
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            html_escape::encode_text_to_string(piece, &mut self.out);
            self.piece += piece.len();
            rest = after;
        }
    }

    fn start(&mut self, element: &'static Element, attributes: &[(&str, &str)]) {
        self.make_room(element);
        let formatting = element.kind == Kind::Formatting;
        if element.kind != Kind::Void {
            if self.open.len() >= OPEN_ELEMENTS || formatting && self.formatting >= OPEN_FORMATTING {
                return;
            }
            self.open.push(element);
            self.formatting += usize::from(formatting);
        }
        self.piece = 0;
        self.out.push('<');
        self.out.push_str(element.name);
        for name in element.attributes.iter().chain(&["dir", "lang", "title"]) {
            if let Some(value) = attribute(attributes, name) {
                self.attribute(element, name, value.trim());
            }
        }
        self.out.push('>');
    }

    fn attribute(&mut self, element: &Element, name: &'static str, value: &str) {
        let (name, value) = match (element.name, name) {
            ("img", "src") => match (embedded_image(value), remote_image(value)) {
                (Some(embedded), _) => (name, embedded),
                (None, Some(remote)) => ("data-remote-src", Cow::Owned(remote)),
                (None, None) => return,
            },
            // Only this rewriting makes the attribute; a sender's own is not trusted.
            ("img", "data-remote-src") => return,
            ("a", "href") => match link(value) {
                Some(link) => (name, link),
                None => return,
            },
            _ if value.len() > ATTRIBUTE_BYTES => return,
            _ => (name, Cow::Borrowed(value)),
        };
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        html_escape::encode_double_quoted_attribute_to_string(&*value, &mut self.out);
        self.out.push('"');
    }

    /// Ends what a browser would end before this element starts.
    fn make_room(&mut self, starting: &'static Element) {
        let ends: &[&str] = match (starting.kind, starting.name) {
            (Kind::Formatting, "a") => &["a"],
            (Kind::Formatting | Kind::Void, _) => return,
            (Kind::Item, "td" | "th") => &["td", "th", "p"],
            (Kind::Item, "tr") => &["td", "th", "tr", "p"],
            (Kind::Item, "thead" | "tbody" | "tfoot") => &["td", "th", "tr", "thead", "tbody", "tfoot", "p"],
            (Kind::Item, "dt" | "dd") => &["dt", "dd", "p"],
            (Kind::Item, _) => &["li", "p"],
            _ => &["p"],
        };
        let holder = self.open.iter().rposition(|element| element.kind == Kind::Holder).map_or(0, |at| at + 1);
        let inside = self.open.iter().skip(holder);
        if let Some(at) = inside.clone().position(|element| ends.contains(&element.name)) {
            self.close_to(holder + at);
        }
    }

    fn end(&mut self, element: &'static Element) {
        if element.kind == Kind::Void {
            // `</br>` is a line break to every browser.
            if element.name == "br" {
                self.out.push_str("<br>");
            }
            return;
        }
        // An end tag in a table's cell does not end what is open around the table.
        let holder = match element.kind {
            Kind::Holder => 0,
            _ => self.open.iter().rposition(|open| open.kind == Kind::Holder).map_or(0, |at| at + 1),
        };
        let found = self.open.iter().skip(holder).rposition(|open| open.name == element.name);
        if let Some(at) = found {
            self.close_to(holder + at);
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(element) = self.open.pop() {
                self.formatting -= usize::from(element.kind == Kind::Formatting);
                self.piece = 0;
                self.out.push_str("</");
                self.out.push_str(element.name);
                self.out.push('>');
            }
        }
    }
}

/// The scheme of an address, lower case; spaces and control characters, which browsers skip,
/// do not hide it.
fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once(':')?;
    let scheme: String = scheme.chars().filter(|c| !(c.is_whitespace() || c.is_control())).collect();
    (!scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
        .then(|| scheme.to_ascii_lowercase())
}

fn link(url: &str) -> Option<Cow<'_, str>> {
    let known = matches!(scheme(url)?.as_str(), "http" | "https" | "mailto" | "tel");
    (known && url.len() <= URL_BYTES && !url.contains(|c: char| c.is_control())).then_some(Cow::Borrowed(url))
}

fn embedded_image(url: &str) -> Option<Cow<'_, str>> {
    let lower = url.get(..32).unwrap_or(url).to_ascii_lowercase();
    if lower.starts_with("cid:") && url.len() <= URL_BYTES {
        return Some(Cow::Borrowed(url));
    }
    // No SVG: it is a document, not a picture.
    let picture = ["png", "gif", "jpeg", "jpg", "webp"]
        .iter()
        .any(|kind| lower.starts_with(&format!("data:image/{kind};base64,")));
    (picture && url.len() <= DATA_IMAGE_BYTES).then_some(Cow::Borrowed(url))
}

fn remote_image(url: &str) -> Option<String> {
    let url = if url.starts_with("//") { format!("https:{url}") } else { url.to_owned() };
    let known = matches!(scheme(&url)?.as_str(), "http" | "https");
    (known && url.len() <= URL_BYTES && !url.contains(|c: char| c.is_control())).then_some(url)
}
