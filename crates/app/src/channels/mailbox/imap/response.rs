//! What a server says (RFC 3501, 7; RFC 4315), as far as it matters for fetching mail. Any bytes are
//! an answer: what is not understood counts as something else, and never stops the rest.

use bytes::Bytes;

use super::Cause;
use super::wire::Piece;

/// One response.
#[cfg_attr(test, derive(Debug))]
pub(super) enum Said {
    /// It waits for more of a command.
    Continue(String),
    /// A command is finished.
    Done { tag: String, status: Status },
    /// Something by the way.
    Untagged(Untagged),
}

/// How a command ended, or what the server tells by itself.
#[cfg_attr(test, derive(Debug))]
pub(super) struct Status {
    pub(super) kind: StatusKind,
    /// What stands in brackets: `UIDVALIDITY 7`, `TRYCREATE`.
    pub(super) code: Option<String>,
    pub(super) text: String,
}

impl Status {
    /// The first word of the code, in capitals.
    pub(super) fn code_word(&self) -> Option<String> {
        let word = self.code.as_deref()?.split(' ').next()?;
        let plain = word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then(|| word.to_ascii_uppercase())
    }

    /// The number that follows a code's word.
    pub(super) fn code_number(&self, word: &str) -> Option<u32> {
        let (name, number) = self.code.as_deref()?.split_once(' ')?;
        name.eq_ignore_ascii_case(word).then(|| number.trim().parse().ok())?
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusKind {
    Ok,
    No,
    Bad,
    PreAuth,
    Bye,
}

/// What a server tells without being finished.
#[cfg_attr(test, derive(Debug))]
pub(super) enum Untagged {
    Status(Status),
    /// What it can do, in capitals.
    Capability(Vec<String>),
    /// So many mails are in the folder.
    Exists(u32),
    /// UIDs that were looked for.
    Search(Vec<u32>),
    /// A folder that was asked for is there.
    List,
    Fetch(Fetched),
    Other,
}

/// A mail, as far as it was asked for.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Fetched {
    pub(super) uid: Option<u32>,
    pub(super) size: Option<u64>,
    pub(super) body: Option<Body>,
}

/// The bytes of a mail.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(in crate::channels::mailbox) enum Body {
    Whole(Bytes),
    TooLarge(u64),
}

/// Reads one response.
pub(super) fn read(pieces: &[Piece]) -> Result<Said, Cause> {
    let Some(Piece::Text(line)) = pieces.first() else { return Err(Cause::Unexpected) };
    if let Some(rest) = line.strip_prefix(b"+") {
        return Ok(Said::Continue(lossy(rest).trim_start().to_owned()));
    }
    let Some((tag, rest)) = split_word(line) else { return Err(Cause::Unexpected) };
    if tag != b"*" {
        let status = status(rest).ok_or(Cause::Unexpected)?;
        return Ok(Said::Done { tag: lossy(tag), status });
    }
    Ok(Said::Untagged(untagged(rest, pieces)))
}

fn untagged(rest: &[u8], pieces: &[Piece]) -> Untagged {
    if let Some(status) = status(rest) {
        return Untagged::Status(status);
    }
    let (first, rest) = split_word(rest).unwrap_or((rest, b""));
    if let Some(number) = number(first) {
        let (name, _) = split_word(rest).unwrap_or((rest, b""));
        return match name.to_ascii_uppercase().as_slice() {
            b"EXISTS" => Untagged::Exists(number),
            b"FETCH" => Untagged::Fetch(fetched(pieces)),
            _ => Untagged::Other,
        };
    }
    match first.to_ascii_uppercase().as_slice() {
        b"CAPABILITY" => Untagged::Capability(capabilities(&lossy(rest))),
        b"SEARCH" => Untagged::Search(rest.split(|byte| *byte == b' ').filter_map(number).collect()),
        b"LIST" => Untagged::List,
        _ => Untagged::Other,
    }
}

/// The words of a list of capabilities.
pub(super) fn capabilities(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_ascii_uppercase).collect()
}

fn status(line: &[u8]) -> Option<Status> {
    let (word, rest) = split_word(line).unwrap_or((line, b""));
    let kind = match word.to_ascii_uppercase().as_slice() {
        b"OK" => StatusKind::Ok,
        b"NO" => StatusKind::No,
        b"BAD" => StatusKind::Bad,
        b"PREAUTH" => StatusKind::PreAuth,
        b"BYE" => StatusKind::Bye,
        _ => return None,
    };
    let text = lossy(rest);
    let coded = text.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    Some(match coded {
        Some((code, text)) => Status { kind, code: Some(code.to_owned()), text: text.trim().to_owned() },
        None => Status { kind, code: None, text },
    })
}

/// The items of a FETCH response that were asked for; others are passed over.
fn fetched(pieces: &[Piece]) -> Fetched {
    let mut tokens = Tokens { pieces, piece: 0, at: 0 };
    let mut found = Fetched::default();
    // `*`, the number, `FETCH` and the bracket that opens the items.
    for _ in 0..4 {
        tokens.next();
    }
    while let Some(Token::Word(name)) = tokens.next() {
        let Some(value) = tokens.next() else { break };
        match (name.to_ascii_uppercase().as_slice(), value) {
            (b"UID", Token::Word(text)) => found.uid = number(text),
            (b"RFC822.SIZE", Token::Word(text)) => found.size = lossy(text).parse().ok(),
            (b"BODY[]", Token::Literal(bytes)) => found.body = Some(Body::Whole(bytes.clone())),
            (b"BODY[]", Token::TooLarge(size)) => found.body = Some(Body::TooLarge(size)),
            (b"BODY[]", Token::Quoted(text)) => found.body = Some(Body::Whole(text.into())),
            (b"BODY[]", Token::Word(_)) => found.body = Some(Body::Whole(Bytes::new())),
            (_, Token::Open) => tokens.skip_list(),
            _ => {}
        }
    }
    found
}

enum Token<'p> {
    Open,
    Close,
    Word(&'p [u8]),
    Quoted(Vec<u8>),
    Literal(&'p Bytes),
    TooLarge(u64),
}

/// The words, texts, literals and brackets of a response, one after another.
struct Tokens<'p> {
    pieces: &'p [Piece],
    piece: usize,
    at: usize,
}

impl<'p> Tokens<'p> {
    fn next(&mut self) -> Option<Token<'p>> {
        loop {
            let line = match self.pieces.get(self.piece)? {
                Piece::Text(line) => line,
                Piece::Literal(bytes) => return Some(self.after_piece(Token::Literal(bytes))),
                Piece::TooLarge(size) => return Some(self.after_piece(Token::TooLarge(*size))),
            };
            let Some(first) = line.get(self.at) else {
                (self.piece, self.at) = (self.piece + 1, 0);
                continue;
            };
            self.at += 1;
            match first {
                b' ' => {}
                b'(' => return Some(Token::Open),
                b')' => return Some(Token::Close),
                b'"' => return Some(Token::Quoted(self.quoted(line))),
                _ => return Some(Token::Word(self.word(line))),
            }
        }
    }

    fn after_piece(&mut self, token: Token<'p>) -> Token<'p> {
        (self.piece, self.at) = (self.piece + 1, 0);
        token
    }

    /// The rest of a quoted text.
    fn quoted(&mut self, line: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(byte) = line.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    text.extend(line.get(self.at));
                    self.at += 1;
                }
                _ => text.push(*byte),
            }
        }
        text
    }

    /// A word whose first byte was passed; within square brackets blanks and brackets belong to it.
    fn word(&mut self, line: &'p [u8]) -> &'p [u8] {
        let begin = self.at.saturating_sub(1);
        let mut within = line.get(begin) == Some(&b'[');
        while let Some(byte) = line.get(self.at) {
            match byte {
                b'[' => within = true,
                b']' => within = false,
                b' ' | b'(' | b')' if !within => break,
                _ => {}
            }
            self.at += 1;
        }
        line.get(begin..self.at).unwrap_or_default()
    }

    /// Passes over the rest of a list whose opening bracket was read.
    fn skip_list(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some(Token::Open) => depth += 1,
                Some(Token::Close) => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}

fn split_word(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = line.iter().position(|byte| *byte == b' ')?;
    Some((line.get(..blank)?, line.get(blank + 1..)?))
}

fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(line: &str) -> Said {
        read(&[Piece::Text(line.as_bytes().to_vec())]).unwrap()
    }

    fn fetched_of(pieces: &[Piece]) -> Fetched {
        match read(pieces).unwrap() {
            Said::Untagged(Untagged::Fetch(fetched)) => fetched,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_finished_command_tells_its_code() {
        let Said::Done { tag, status } = said("a7 NO [TRYCREATE] no such folder") else { panic!("not finished") };
        assert_eq!((tag.as_str(), status.kind), ("a7", StatusKind::No));
        assert_eq!(status.code_word().as_deref(), Some("TRYCREATE"));
        let Said::Untagged(Untagged::Status(status)) = said("* OK [UIDVALIDITY 3857529045] ok") else { panic!("none") };
        assert_eq!(status.code_number("uidvalidity"), Some(3_857_529_045));
    }

    #[test]
    fn a_code_that_is_no_plain_word_is_not_told() {
        let Said::Done { status, .. } = said("a1 NO [anna@x.example is unknown] no") else { panic!("not finished") };
        assert_eq!(status.code_word(), None);
    }

    #[test]
    fn a_mail_is_found_wherever_it_stands_among_the_items() {
        let pieces = [
            Piece::Text(b"* 12 FETCH (FLAGS (\\Seen (x)) UID 77 BODY[] ".to_vec()),
            Piece::Literal(Bytes::from_static(b"From: a\r\n")),
            Piece::Text(br#" RFC822.SIZE 9 ENVELOPE ("a)\"b" NIL (("x" NIL))) X-NEW ())"#.to_vec()),
        ];
        let found = fetched_of(&pieces);
        assert_eq!((found.uid, found.size), (Some(77), Some(9)));
        assert!(found.body == Some(Body::Whole(Bytes::from_static(b"From: a\r\n"))));
    }

    #[test]
    fn a_short_mail_may_come_in_quotes_or_not_at_all() {
        let quoted = fetched_of(&[Piece::Text(br#"* 1 FETCH (BODY[] "a\"b" UID 1)"#.to_vec())]);
        assert!(quoted.body == Some(Body::Whole(Bytes::from_static(b"a\"b"))) && quoted.uid == Some(1));
        let none = fetched_of(&[Piece::Text(b"* 1 FETCH (UID 1 BODY[] NIL)".to_vec())]);
        assert!(none.body == Some(Body::Whole(Bytes::new())));
    }

    #[test]
    fn a_search_gives_its_numbers() {
        let Said::Untagged(Untagged::Search(found)) = said("* SEARCH 4 5 99999999999 x 7 ") else { panic!("none") };
        assert_eq!(found, [4, 5, 7]);
        assert!(matches!(said("* SEARCH"), Said::Untagged(Untagged::Search(found)) if found.is_empty()));
    }

    proptest! {
        #[test]
        fn any_line_is_an_answer_or_an_error(line: Vec<u8>, literal: Vec<u8>, rest: Vec<u8>) {
            let _ = read(&[Piece::Text(line), Piece::Literal(literal.into()), Piece::Text(rest)]);
        }

        #[test]
        fn any_items_are_passed_over(items in r#"[ ()\[\]"\\a-zA-Z0-9]{0,60}"#) {
            let line = format!("* 1 FETCH ({items}");
            let _ = read(&[Piece::Text(line.into_bytes()), Piece::TooLarge(7), Piece::Text(b")".to_vec())]);
        }
    }
}
