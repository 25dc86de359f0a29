//! HTML as plain text, for reading, searching and splitting off quotes: paragraphs, lists,
//! links and quotes keep their shape.
//! One pass over the tokens, bounded; never shows what stands in scripts, styles or titles.

use kernel::limits;

use super::html_tokens::{Token, Tokens, attribute, resolve};

/// Quotes within quotes that are still told apart.
const QUOTE_DEPTH: usize = 8;
/// Lists within lists that are still told apart.
const LIST_DEPTH: usize = 16;

/// The readable text of HTML.
pub(super) fn to_text(html: &str) -> String {
    let mut page = Page::default();
    for token in Tokens::of(html) {
        if page.out.len() > limits::BODY_TEXT_BYTES {
            break;
        }
        match token {
            Token::Text(text) => page.text(&resolve(text)),
            Token::Open { name, attributes } => page.open(&name, &attributes),
            Token::Close { name } => page.close(&name),
        }
    }
    page.out.truncate(page.out.trim_end().len());
    page.out
}

#[derive(Default)]
struct Page {
    out: String,
    /// Line ends to be written before the next text; two of them leave a blank line.
    breaks: usize,
    /// The lowest depth of quotes at these line ends: blank lines between quotes belong to it.
    break_quotes: Option<usize>,
    /// A space to be written before the next text of the line.
    space: bool,
    /// Something stands on this line already, besides marks of quotes and lists.
    in_line: bool,
    quotes: usize,
    preformatted: usize,
    /// Open lists: the next number of an ordered one.
    lists: Vec<Option<u32>>,
    link: Option<Link>,
}

struct Link {
    url: String,
    text_from: usize,
}

impl Page {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        match name {
            "br" => self.line_break(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "table" | "figure" => self.paragraph(),
            "pre" => {
                self.paragraph();
                self.preformatted += 1;
            }
            "ul" | "ol" => {
                if self.lists.is_empty() {
                    self.paragraph();
                } else {
                    self.line();
                }
                if self.lists.len() < LIST_DEPTH {
                    self.lists.push((name == "ol").then_some(1));
                }
            }
            "li" => self.item(),
            "blockquote" => {
                self.paragraph();
                self.quotes += 1;
            }
            "hr" => {
                self.line();
                self.word("----------");
                self.line();
            }
            "td" | "th" => self.space = true,
            "img" => {
                if let Some(alt) = attribute(attributes, "alt").filter(|alt| !alt.trim().is_empty()) {
                    self.text(&alt);
                }
            }
            "a" => {
                self.end_link();
                let url = attribute(attributes, "href").map(|url| url.trim().to_owned()).unwrap_or_default();
                let lower = url.get(..8).unwrap_or(&url).to_ascii_lowercase();
                if ["http:", "https:", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
                    self.link = Some(Link { url, text_from: self.out.len() });
                }
            }
            _ if is_block(name) => self.line(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "a" => self.end_link(),
            "br" => self.line_break(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "table" | "figure" => self.paragraph(),
            "pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.paragraph();
            }
            "ul" | "ol" => {
                self.lists.pop();
                if self.lists.is_empty() { self.paragraph() } else { self.line() }
            }
            "blockquote" => {
                self.paragraph();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "td" | "th" => self.space = true,
            _ if is_block(name) => self.line(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.preformatted > 0 {
            for (index, line) in text.split('\n').enumerate() {
                if index > 0 {
                    self.line_break();
                }
                self.push(line.trim_end_matches('\r'));
            }
            return;
        }
        self.space |= text.starts_with(|c: char| c.is_whitespace());
        for word in text.split_whitespace() {
            self.word(word);
            self.space = true;
        }
        self.space &= text.is_empty() || text.ends_with(|c: char| c.is_whitespace());
    }

    fn word(&mut self, word: &str) {
        // Characters of no width pad the preview lines of newsletters and soft hyphens split words.
        let visible: String = word
            .chars()
            .filter(|c| {
                !matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
                    && !c.is_control()
            })
            .collect();
        self.push(&visible);
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.flush_breaks();
        if self.space && self.in_line {
            self.out.push(' ');
        }
        self.space = false;
        self.in_line = true;
        self.out.push_str(text);
    }

    fn flush_breaks(&mut self) {
        let prefix = "> ".repeat(self.quotes.min(QUOTE_DEPTH));
        let between = "> ".repeat(self.break_quotes.take().unwrap_or(self.quotes).min(QUOTE_DEPTH));
        if self.out.is_empty() {
            self.breaks = 0;
            self.out.push_str(&prefix);
            return;
        }
        for remaining in (0..std::mem::take(&mut self.breaks)).rev() {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            self.out.push_str(if remaining > 0 { between.trim_end() } else { &prefix });
            self.in_line = false;
        }
    }

    fn line(&mut self) {
        self.end_line(self.breaks.max(1));
    }

    fn paragraph(&mut self) {
        self.end_line(self.breaks.max(2));
    }

    fn end_line(&mut self, breaks: usize) {
        self.breaks = breaks;
        self.break_quotes = Some(self.break_quotes.map_or(self.quotes, |quotes| quotes.min(self.quotes)));
    }

    /// A break that the sender put there; several of them leave several blank lines, but few.
    fn line_break(&mut self) {
        self.end_line((self.breaks + 1).min(3));
    }

    fn item(&mut self) {
        self.line();
        let depth = self.lists.len();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{}. ", number.saturating_sub(1))
            }
            _ => "- ".to_owned(),
        };
        self.flush_breaks();
        self.out.push_str(&"  ".repeat(depth.saturating_sub(1)));
        self.out.push_str(&marker);
        self.in_line = false;
    }

    /// Writes where a link leads, unless its text says so already.
    fn end_link(&mut self) {
        let Some(link) = self.link.take() else { return };
        let said = self.out.get(link.text_from..).unwrap_or_default().trim();
        let bare = |url: &str| {
            let url = url.trim_end_matches('/');
            let start = ["https://", "http://", "mailto:"].iter().find_map(|scheme| url.strip_prefix(scheme));
            start.unwrap_or(url).trim_start_matches("www.").to_ascii_lowercase()
        };
        if !said.is_empty() && bare(said) != bare(&link.url) {
            self.space = true;
            self.push(&format!("<{}>", link.url.replace(|c: char| c.is_whitespace() || c.is_control(), "")));
        }
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "div"
            | "tr"
            | "li"
            | "dt"
            | "dd"
            | "address"
            | "article"
            | "section"
            | "header"
            | "footer"
            | "aside"
            | "main"
            | "nav"
            | "center"
            | "caption"
            | "figcaption"
            | "form"
            | "fieldset"
            | "body"
            | "thead"
            | "tbody"
            | "tfoot"
            | "option"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_breaks_and_lists_keep_their_shape() {
        let html = "<p>Hello,</p><p>two <b>things</b>:<br>now</p><ul><li>one<li>two<ol><li>a</li></ol></ul>End";
        assert_eq!(to_text(html), "Hello,\n\ntwo things:\nnow\n\n- one\n- two\n  1. a\n\nEnd");
    }

    #[test]
    fn nothing_of_head_style_or_script_is_text() {
        let html = "<html><head><title>T</title><style>p{color:red}</style></head><body>Hi<script>alert(1)</script> there</body>";
        assert_eq!(to_text(html), "Hi there");
    }

    #[test]
    fn a_link_says_where_it_leads_once() {
        assert_eq!(to_text("<a href='https://a.example/x'>here</a>."), "here <https://a.example/x>.");
        assert_eq!(to_text("<a href='https://www.a.example/'>a.example</a>"), "a.example");
        assert_eq!(to_text("<a href='mailto:a@b.example'>a@b.example</a>"), "a@b.example");
        assert_eq!(to_text("<a href='javascript:x'>here</a>"), "here");
    }

    #[test]
    fn quotes_become_quoted_lines() {
        let html = "<div>New</div><div>On Monday X wrote:<blockquote type=cite><p>old</p><blockquote>older</blockquote></blockquote></div>";
        assert_eq!(to_text(html), "New\nOn Monday X wrote:\n\n> old\n>\n> > older");
    }

    #[test]
    fn references_and_spaces_are_resolved() {
        assert_eq!(to_text("a&nbsp;&amp;&#32;b \n\t c&auml;\u{200b}\u{ad}d"), "a & b cäd");
        assert_eq!(to_text("<pre>a\n  b</pre>"), "a\n  b");
        assert_eq!(to_text("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"), "a b\nc");
    }
}
