//! Just enough of Rust's grammar for the checks: words, signs and texts with their lines, and the
//! paths that they spell. Comments are dropped.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Word(String),
    /// The content of a string literal, as written.
    Text(String),
    /// Any other sign.
    Sign(char),
}

/// A token and its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

impl Token {
    pub(super) fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    pub(super) fn word(&self) -> Option<&str> {
        if let Kind::Word(word) = &self.kind { Some(word) } else { None }
    }
}

/// A path such as `crate::desk::store::FIND`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
}

impl Path {
    /// Whether these segments stand side by side somewhere in it.
    pub(super) fn has(&self, run: &[&str]) -> bool {
        self.segments.windows(run.len()).any(|window| window.iter().zip(run).all(|(is, wanted)| is == wanted))
    }
}

struct Reader<'text> {
    rest: std::iter::Peekable<std::str::Chars<'text>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(next) = self.rest.next_if(|next| wanted(*next)) {
            self.line += usize::from(next == '\n');
            taken.push(next);
        }
        taken
    }

    fn skip_block_comment(&mut self) {
        let (mut depth, mut before) = (1, ' ');
        while let Some(next) = self.next() {
            match (before, next) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    before = next;
                    continue;
                }
            }
            before = ' ';
            if depth == 0 {
                return;
            }
        }
    }

    /// A string after its opening quote, with escapes.
    fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(next) = self.next() {
            match next {
                '"' => break,
                '\\' => text.extend(['\\'].into_iter().chain(self.next())),
                other => text.push(other),
            }
        }
        text
    }

    /// A raw string after its `r`; nothing when it is a raw name.
    fn raw_text(&mut self) -> Option<String> {
        let hashes = self.take_while(|next| next == '#').len();
        self.rest.next_if_eq(&'"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let mut text = String::new();
        while let Some(next) = self.next() {
            text.push(next);
            if let Some(content) = text.strip_suffix(&end) {
                return Some(content.to_owned());
            }
        }
        Some(text)
    }

    /// A character literal or a lifetime, after the apostrophe.
    fn skip_apostrophe(&mut self) {
        match self.next() {
            Some('\\') => {
                self.next();
                self.take_while(|next| next != '\'');
                self.next();
            }
            Some(_) if self.rest.peek() == Some(&'\'') => {
                self.next();
            }
            _ => {}
        }
    }
}

/// The tokens of a file.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source.chars().peekable(), line: 1 };
    let mut tokens = Vec::new();
    while let Some(next) = reader.next() {
        let line = reader.line;
        let kind = match next {
            space if space.is_whitespace() => continue,
            '/' if reader.rest.peek() == Some(&'/') => {
                reader.take_while(|next| next != '\n');
                continue;
            }
            '/' if reader.rest.next_if_eq(&'*').is_some() => {
                reader.skip_block_comment();
                continue;
            }
            '"' => Kind::Text(reader.text()),
            '\'' => {
                reader.skip_apostrophe();
                continue;
            }
            first if first.is_alphanumeric() || first == '_' => {
                let word = first.to_string() + &reader.take_while(|next| next.is_alphanumeric() || next == '_');
                match (word.as_str(), reader.rest.peek()) {
                    ("r" | "br" | "cr", Some('"' | '#')) => match reader.raw_text() {
                        Some(text) => Kind::Text(text),
                        None => continue,
                    },
                    ("b" | "c", Some('"')) => {
                        reader.next();
                        Kind::Text(reader.text())
                    }
                    _ => Kind::Word(word),
                }
            }
            other => Kind::Sign(other),
        };
        tokens.push(Token { line, kind });
    }
    tokens
}

/// The tokens without the items under `#[cfg(test)]`.
pub(super) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut left = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        if is_test_attribute(rest) {
            rest = after_item(rest.get(7..).unwrap_or_default());
        } else {
            left.push(first.clone());
            rest = after;
        }
    }
    left
}

fn is_test_attribute(tokens: &[Token]) -> bool {
    let spelled = tokens.iter().take(7).map(|token| match &token.kind {
        Kind::Word(word) => word.clone(),
        Kind::Text(_) => String::new(),
        Kind::Sign(sign) => sign.to_string(),
    });
    spelled.collect::<String>() == "#[cfg(test)]"
}

/// What follows the item that begins here: after its `;`, or after its block.
fn after_item(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign('{' | '[' | '(') => depth += 1,
            Kind::Sign('}' | ']' | ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (token.is(';') || token.is('}')) {
            return tokens.get(index + 1..).unwrap_or_default();
        }
    }
    &[]
}

/// Every path of at least one segment that `use` trees and code spell.
pub(super) fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if first.word() == Some("use") {
            rest = use_tree(after, &[], &mut found);
        } else if let Some(word) = first.word() {
            let mut segments = vec![word.to_owned()];
            while let Some((name, further)) = next_segment(rest) {
                segments.push(name.to_owned());
                rest = further;
            }
            found.push(Path { line: first.line, segments });
        }
    }
    found
}

fn after_colons(tokens: &[Token]) -> Option<&[Token]> {
    let [first, second, rest @ ..] = tokens else { return None };
    (first.is(':') && second.is(':')).then_some(rest)
}

fn next_segment(tokens: &[Token]) -> Option<(&str, &[Token])> {
    let (name, rest) = after_colons(tokens)?.split_first()?;
    Some((name.word()?, rest))
}

/// Flattens one `use` tree, up to what ends it; gives what follows.
fn use_tree<'t>(tokens: &'t [Token], prefix: &[String], found: &mut Vec<Path>) -> &'t [Token] {
    let mut rest = after_colons(tokens).unwrap_or(tokens);
    let mut segments = prefix.to_vec();
    while let Some((token, after)) = rest.split_first() {
        if let Some(word) = token.word() {
            segments.push(word.to_owned());
            rest = after;
            if let Some(after) = after_colons(rest) {
                rest = after;
                continue;
            }
            // `as name` spells nothing new.
            let renames = rest.first().is_some_and(|token| token.word() == Some("as"));
            rest = rest.get(if renames { 2 } else { 0 }..).unwrap_or_default();
            found.push(Path { line: token.line, segments });
            return rest;
        }
        if token.is('{') {
            return use_group(after, &segments, found);
        }
        if token.is('*') {
            found.push(Path { line: token.line, segments });
            return after;
        }
        return rest;
    }
    rest
}

fn use_group<'t>(tokens: &'t [Token], prefix: &[String], found: &mut Vec<Path>) -> &'t [Token] {
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        if token.is('}') {
            return after;
        }
        let further = if token.is(',') { after } else { use_tree(rest, prefix, found) };
        // A tree that took nothing is no tree: step over, so that this ends on any text.
        rest = if further.len() == rest.len() { after } else { further };
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(source: &str) -> Vec<String> {
        paths(&tokens(source))
            .into_iter()
            .map(|path| path.segments.join("::"))
            .filter(|path| path.contains("::"))
            .collect()
    }

    #[test]
    fn use_trees_are_flattened_and_code_is_read() {
        let source = "use crate::{desk::{store, model as m}, vault::*};\nfn f() { audit::note(x::y); }";
        assert_eq!(
            spelled(source),
            ["crate::desk::store", "crate::desk::model", "crate::vault", "audit::note", "x::y"]
        );
    }

    #[test]
    fn comments_and_texts_spell_no_paths() {
        let source = "// a::b\n/* c::d /* e::f */ g::h */ \"i::j\" r#\"k::l \" m\"# 'n' 'o: p::q";
        assert_eq!(spelled(source), ["p::q"]);
    }

    #[test]
    fn lines_are_counted_through_comments_and_texts() {
        let tokens = tokens("/*\n\n*/ \"a\nb\" c");
        assert_eq!(tokens.iter().map(|token| token.line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn test_code_is_left_out() {
        let source = "a::b; #[cfg(test)] mod tests { use c::d; fn x() { e::f } } g::h; #[cfg(test)] mod t; i::j";
        let left = without_tests(&tokens(source));
        let left: Vec<_> = paths(&left).into_iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(left, ["a::b", "g::h", "i::j"]);
    }

    #[test]
    fn any_text_comes_to_an_end() {
        for source in ["use {{{", "use a::{b, ;", "r#\"never", "'", "/* open", "\"open \\", "use ::", "#[cfg(test)]"] {
            let tokens = tokens(source);
            let _ = (paths(&tokens), without_tests(&tokens));
        }
    }
}
