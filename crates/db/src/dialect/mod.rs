//! The only place that knows how the engines differ in their SQL.

mod gate;

pub use gate::Gate;
pub(crate) use gate::{CLOSE, PASS};

/// The text that SQLite runs: numbered parameters in its own form, and without the row locks
/// that its single writer makes needless.
pub fn sqlite_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = rest.next() {
        match character {
            '\'' => {
                quoted = !quoted;
                out.push(character);
            }
            '$' if !quoted && rest.peek().is_some_and(char::is_ascii_digit) => out.push('?'),
            _ => out.push(character),
        }
    }
    out.replace(" FOR UPDATE SKIP LOCKED", "").replace(" FOR UPDATE", "").replace(" FOR SHARE", "")
}

#[cfg(test)]
mod tests {
    use super::sqlite_text;

    #[test]
    fn parameters_keep_their_numbers_and_texts_their_dollars() {
        assert_eq!(
            sqlite_text("UPDATE t SET a = $2, b = '$1' WHERE c = $1 FOR UPDATE"),
            "UPDATE t SET a = ?2, b = '$1' WHERE c = ?1"
        );
    }
}
