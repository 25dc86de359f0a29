//! A first look at the header block of a raw mail, before any of it is believed.
//!
//! One bounded pass over the bytes: it counts and measures, so that nothing costly is started for a
//! mail made to be costly. It never decodes a field.

use std::borrow::Cow;

use kernel::limits;

/// Bytes of one signature field. A 4,096-bit signature over a long list of fields takes about 2,000.
const SIGNATURE_FIELD_BYTES: usize = 8 * 1024;
/// Fields whose parsing or checking costs more than their length.
const SIGNATURE_FIELDS: [&[u8]; 3] = [b"DKIM-Signature", b"DKIM2-Signature", b"Message-Instance"];

/// What the header block holds, in numbers.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct HeaderBlock {
    /// Bytes up to the end of the blank line.
    pub(super) bytes: usize,
    /// `DKIM-Signature` fields.
    pub(super) signatures: usize,
    /// `From` fields; RFC 5322 wants exactly one.
    pub(super) authors: usize,
    /// Too long, too many fields, or one signature field too long: not to be parsed.
    pub(super) excessive: bool,
}

impl HeaderBlock {
    /// Measures the block at the start of `raw`, within the limits for header bytes and fields.
    pub(super) fn measure(raw: &[u8]) -> Self {
        let mut block = Self::default();
        let (mut fields, mut field_bytes, mut costly) = (0, 0, false);
        for line in raw.split_inclusive(|&byte| byte == b'\n') {
            block.bytes += line.len();
            if block.bytes > limits::MAIL_HEADER_BYTES {
                block.excessive = true;
                break;
            }
            if matches!(line, b"\n" | b"\r\n") {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                field_bytes += line.len();
            } else {
                let name = field_name(line);
                fields += 1;
                field_bytes = line.len();
                costly = SIGNATURE_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field));
                block.signatures += usize::from(name.eq_ignore_ascii_case(b"DKIM-Signature"));
                block.authors += usize::from(name.eq_ignore_ascii_case(b"From"));
            }
            block.excessive |= fields > limits::MAIL_HEADERS || (costly && field_bytes > SIGNATURE_FIELD_BYTES);
        }
        block
    }
}

/// The mail without the "From " line that a mailbox file or a delivery by pipe puts before it.
pub(super) fn without_mailbox_line(raw: &[u8]) -> &[u8] {
    if !raw.starts_with(b"From ") {
        return raw;
    }
    let end = raw.iter().take(limits::MAIL_HEADER_BYTES).position(|&byte| byte == b'\n').map_or(raw.len(), |at| at + 1);
    raw.get(end..).unwrap_or_default()
}

/// The mail with CRLF after every header line, as it was signed; a pipe or a mailbox file has left
/// LF only. The body stays: its line ends are made alike while it is hashed.
pub(super) fn as_signed(raw: &[u8], header_bytes: usize) -> Cow<'_, [u8]> {
    let Some((header, body)) = raw.split_at_checked(header_bytes) else { return Cow::Borrowed(raw) };
    let bare = |line: &&[u8]| line.ends_with(b"\n") && !line.ends_with(b"\r\n");
    let lines = || header.split_inclusive(|&byte| byte == b'\n');
    let missing = lines().filter(bare).count();
    if missing == 0 {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len() + missing);
    for line in lines() {
        if bare(&line) {
            out.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(body);
    Cow::Owned(out)
}

fn field_name(line: &[u8]) -> &[u8] {
    line.split(|&byte| byte == b':').next().unwrap_or_default().trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_body_does_not_count() {
        let block = HeaderBlock::measure(b"From: a@example.org\r\n\r\nDKIM-Signature: in the body\r\n");
        assert_eq!(block, HeaderBlock { bytes: 23, signatures: 0, authors: 1, excessive: false });
    }

    #[test]
    fn names_are_known_in_any_case_and_with_space_before_the_colon() {
        let block = HeaderBlock::measure(b"dkim-SIGNATURE : v=1;\n\tb=xx\nFROM : a@b\nfrom: c@d\n\n");
        assert_eq!((block.signatures, block.authors, block.excessive), (1, 2, false));
    }

    #[test]
    fn a_block_made_to_be_costly_is_excessive() {
        let many = "X: y\n".repeat(limits::MAIL_HEADERS + 1);
        let long = "X: y\n".repeat(10) + &"y".repeat(limits::MAIL_HEADER_BYTES);
        let signature = format!("DKIM-Signature: h=\n {}\n", "a:b:\n ".repeat(SIGNATURE_FIELD_BYTES / 5));
        let instance = format!("Message-Instance: {}\n", "a=b;".repeat(SIGNATURE_FIELD_BYTES / 4));
        for hostile in [many, long, signature, instance] {
            assert!(HeaderBlock::measure(hostile.as_bytes()).excessive);
        }
    }

    #[test]
    fn the_mailbox_line_goes_and_a_from_field_stays() {
        assert_eq!(without_mailbox_line(b"From a@b Mon Jan 1\nFrom: a@b\n\n"), b"From: a@b\n\n");
        assert_eq!(without_mailbox_line(b"From: a@b\n\n"), b"From: a@b\n\n");
        assert_eq!(without_mailbox_line(b"From nothing else"), b"");
    }

    #[test]
    fn header_lines_get_back_their_line_ends_and_the_body_stays() {
        assert_eq!(as_signed(b"A: b\n c\r\nD: e\n\nbody\n", 17).as_ref(), b"A: b\r\n c\r\nD: e\r\n\r\nbody\n");
        assert!(matches!(as_signed(b"A: b\r\n\r\nbody\n", 8), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_measured_within_their_length(raw in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let block = HeaderBlock::measure(&raw);
            prop_assert!(block.bytes <= raw.len());
            prop_assert!(as_signed(&raw, block.bytes).len() >= raw.len());
            prop_assert!(without_mailbox_line(&raw).len() <= raw.len());
        }
    }
}
