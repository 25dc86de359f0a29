//! HTML as strangers write it, cut into tags and text.
//! Linear in the input and without recursion; never builds a tree. Comments, declarations and
//! the contents of scripts, styles and titles are not handed out at all.

use std::borrow::Cow;

/// Attributes of one tag that are looked at.
const ATTRIBUTES: usize = 64;
/// Bytes in which the end of a character reference is looked for; the longest name has 31.
const REFERENCE_BYTES: usize = 40;

/// One piece of HTML.
pub(super) enum Token<'x> {
    /// Text with its character references still in it.
    Text(&'x str),
    /// A start tag, its name in lower case.
    Open { name: String, attributes: Vec<(&'x str, &'x str)> },
    /// An end tag, its name in lower case.
    Close { name: String },
}

/// The value of an attribute, character references resolved; the first of several counts.
pub(super) fn attribute<'x>(attributes: &[(&str, &'x str)], wanted: &str) -> Option<Cow<'x, str>> {
    let &(_, value) = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    Some(resolve(value))
}

/// Resolves character references. Each is looked for in a short stretch only: a text full of
/// ampersands must not be searched to its end for every one of them.
pub(super) fn resolve(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        resolved.push_str(before);
        let end = after.bytes().take(REFERENCE_BYTES).position(|byte| byte == b';');
        let reference = end.and_then(|end| rest.get(before.len()..before.len() + 1 + end + 1));
        if let Some(reference) = reference {
            html_escape::decode_html_entities_to_string(reference, &mut resolved);
            rest = after.get(reference.len() - 1..).unwrap_or_default();
        } else {
            resolved.push('&');
            rest = after;
        }
    }
    resolved.push_str(rest);
    Cow::Owned(resolved)
}

/// The tokens of a text.
pub(super) struct Tokens<'x> {
    rest: &'x str,
}

impl<'x> Tokens<'x> {
    pub(super) fn of(html: &'x str) -> Self {
        Self { rest: html }
    }

    fn split(&mut self, at: usize) -> &'x str {
        let (head, tail) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    /// Skips to behind `end`, or to the end of the input when it is not there.
    fn skip_past(&mut self, end: &str) {
        let at = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.split(at);
    }

    fn skip_markup(&mut self) {
        let Some(comment) = self.rest.strip_prefix("<!--") else { return self.skip_past(">") };
        // `<!-->` and `<!--->` are whole comments too (HTML, 13.2.5.43).
        if let Some(rest) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
            self.rest = rest;
            return;
        }
        self.rest = comment;
        while !self.rest.is_empty() {
            self.skip_past("-");
            if let Some(rest) = self.rest.strip_prefix("->").or_else(|| self.rest.strip_prefix("-!>")) {
                self.rest = rest;
                return;
            }
        }
    }

    /// Skips the text of an element whose content is no markup, up to its end tag.
    fn skip_raw_text(&mut self, name: &str) {
        let bytes = self.rest.as_bytes();
        let end = (0..bytes.len()).find(|&at| {
            bytes
                .get(at..)
                .and_then(|b| b.strip_prefix(b"</"))
                .and_then(|b| b.get(..name.len()))
                .is_some_and(|b| b.eq_ignore_ascii_case(name.as_bytes()))
        });
        self.split(end.unwrap_or(bytes.len()));
    }

    /// Reads the tag at the start of the rest; `None` when the input ends inside it.
    fn tag(&mut self) -> Option<Token<'x>> {
        let closing = self.rest.starts_with("</");
        self.split(if closing { 2 } else { 1 });
        let name_end = self.rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))?;
        let name = self.split(name_end).to_ascii_lowercase();
        let mut attributes = Vec::new();
        loop {
            let start = self.rest.find(|c: char| !(c.is_ascii_whitespace() || c == '/'))?;
            self.split(start);
            if self.rest.starts_with('>') {
                self.split(1);
                break;
            }
            let attribute = self.attribute()?;
            if attributes.len() < ATTRIBUTES {
                attributes.push(attribute);
            }
        }
        Some(if closing { Token::Close { name } } else { Token::Open { name, attributes } })
    }

    fn attribute(&mut self) -> Option<(&'x str, &'x str)> {
        // A name may start with `=`, whatever that is meant to be (HTML, 13.2.5.32).
        let skip = self.rest.chars().next().map_or(0, char::len_utf8);
        let name_end =
            self.rest.get(skip..)?.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))? + skip;
        let name = self.split(name_end);
        let after = self.rest.trim_ascii_start();
        let Some(value) = after.strip_prefix('=') else { return Some((name, "")) };
        self.rest = value.trim_ascii_start();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = if let Some(quote) = quote {
            self.split(1);
            let end = self.rest.find(quote)?;
            let value = self.split(end);
            self.split(1);
            value
        } else {
            let end = self.rest.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
            self.split(end)
        };
        Some((name, value))
    }
}

impl<'x> Iterator for Tokens<'x> {
    type Item = Token<'x>;

    fn next(&mut self) -> Option<Token<'x>> {
        loop {
            let Some(inner) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                return (end > 0).then(|| Token::Text(self.split(end)));
            };
            match inner.as_bytes() {
                // `</` before anything but a letter starts a comment that ends at the next `>`.
                [b'!' | b'?', ..] => self.skip_markup(),
                [b'/', letter, ..] if !letter.is_ascii_alphabetic() => self.skip_past(">"),
                [b'/', _, ..] | [b'a'..=b'z' | b'A'..=b'Z', ..] => {
                    let Some(tag) = self.tag() else {
                        // The input ends inside a tag: as in a browser, the tag is not there.
                        self.rest = "";
                        return None;
                    };
                    match &tag {
                        Token::Open { name, .. } if is_raw_text(name) => {
                            let name = name.clone();
                            self.skip_raw_text(&name);
                        }
                        _ => return Some(tag),
                    }
                }
                _ => return Some(Token::Text(self.split(1))),
            }
        }
    }
}

/// Elements whose content is not markup, and none of which a mail needs.
fn is_raw_text(name: &str) -> bool {
    matches!(name, "script" | "style" | "title" | "textarea" | "xmp" | "iframe" | "noembed" | "noframes" | "plaintext")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(html: &str) -> String {
        Tokens::of(html)
            .map(|token| match token {
                Token::Text(text) => text.to_owned(),
                Token::Open { name, attributes } => {
                    let list =
                        attributes.iter().fold(String::new(), |list, (name, value)| list + &format!(" {name}={value}"));
                    format!("[{name}{list}]")
                }
                Token::Close { name } => format!("[/{name}]"),
            })
            .collect()
    }

    #[test]
    fn tags_attributes_and_text_come_apart() {
        assert_eq!(seen("a<B Class='x y' id=1 on>b</B >c<br/>"), "a[b Class=x y id=1 on=]b[/b]c[br]");
        assert_eq!(seen("<a title='<p>'>x"), "[a title=<p>]x");
        assert_eq!(seen("1 < 2 & 3 > 2"), "1 < 2 & 3 > 2");
    }

    #[test]
    fn what_is_not_content_is_not_handed_out() {
        assert_eq!(seen("<!DOCTYPE html><!-- <p> --!>a<!-->b<!--->c<?x?>d</ x>e</>f"), "abcdef");
        assert_eq!(seen("a<style>p > b {}</STYLE>b<script><!--<p></script>c"), "a[/style]b[/script]c");
        assert_eq!(seen("a<script>never ends <p>"), "a");
        assert_eq!(seen("a<a href=\"never ends <p>"), "a");
    }

    #[test]
    fn references_are_resolved_and_lone_ampersands_stay() {
        assert_eq!(resolve("a &amp; b &#228;&#xe4;&auml; & c &none; &;&&lt;"), "a & b äää & c &none; &;&<");
        assert_eq!(resolve(&"& ".repeat(500_000)).len(), 1_000_000);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_inventing_anything(html in "[<>/!\\-a-c=\"' \u{e4}]{0,80}") {
            let total: usize = Tokens::of(&html).map(|token| match token {
                Token::Text(text) => text.len(),
                Token::Open { name, .. } | Token::Close { name } => name.len(),
            }).sum();
            prop_assert!(total <= html.len());
        }
    }
}
