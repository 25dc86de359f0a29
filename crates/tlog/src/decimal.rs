//! Numbers in the text formats: ASCII decimal without leading zeros, so that one number has one text.

use crate::MAX_ENTRIES;

/// Reads a size or an index; none when it is not canonical or beyond [`MAX_ENTRIES`].
pub(crate) fn parse(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= MAX_ENTRIES)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_the_one_canonical_text_of_a_number_is_read() {
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("20852163"), Some(20_852_163));
        assert_eq!(parse("9223372036854775807"), Some(i64::MAX.cast_unsigned()));
        for refused in
            ["", "00", "07", "+7", "-7", " 7", "7 ", "7\r", "٧", "9223372036854775808", "99999999999999999999"]
        {
            assert_eq!(parse(refused), None, "{refused:?}");
        }
    }
}
