//! A mail as it travels between DATA and the last dot (RFC 5321, 4.5.2).

/// Every line end as CR LF, every leading dot doubled, a line end at the end. A bare CR or LF would
/// let a text end the mail where it likes, with a server that takes it for a line end.
pub(in super::super) fn dotted(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + raw.len() / 50 + 2);
    let mut at_start = true;
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                wire.extend_from_slice(b"\r\n");
                at_start = true;
            }
            _ => {
                if byte == b'.' && at_start {
                    wire.push(b'.');
                }
                wire.push(byte);
                at_start = false;
            }
        }
    }
    if !at_start {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::dotted;
    use proptest::prelude::*;

    #[test]
    fn a_dot_at_the_start_of_a_line_is_doubled() {
        assert_eq!(dotted(b".\n..a\r\nb."), b"..\r\n...a\r\nb.\r\n");
        assert_eq!(dotted(b""), b"");
    }

    proptest! {
        #[test]
        fn no_text_ends_the_mail_before_its_end(raw in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..64)) {
            let mut wire = b"\r\n".to_vec();
            wire.extend(dotted(&raw));
            for (at, byte) in wire.iter().enumerate() {
                prop_assert!(*byte != b'\n' || wire[at - 1] == b'\r');
                prop_assert!(*byte != b'\r' || wire.get(at + 1) == Some(&b'\n'));
            }
            prop_assert!(!wire.windows(5).any(|end| end == b"\r\n.\r\n"));
        }
    }
}
