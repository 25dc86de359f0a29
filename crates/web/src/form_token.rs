//! What shows that a form was made by a page of ours for this very browser: a keyed word of the
//! session, written differently on every page, so that the length of a compressed page tells
//! nothing of it. It names nobody and is kept nowhere.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Entropy;

/// Bytes of the word, and of the pad that hides it.
const BYTES: usize = 32;
const LABEL: &[u8] = b"doorward form token 1\0";

/// The token of one page. `secret` is the cookie by which the browser is known.
pub(crate) fn make(secret: &str, entropy: &dyn Entropy) -> String {
    let pad: [u8; BYTES] = entropy.array();
    let hidden = pad.iter().zip(word(secret)).map(|(pad, byte)| pad ^ byte);
    URL_SAFE_NO_PAD.encode(pad.iter().copied().chain(hidden).collect::<Vec<u8>>())
}

/// Whether a token was made for this cookie.
pub(crate) fn holds(token: &str, secret: &str) -> bool {
    let mut bytes = [0; 2 * BYTES];
    // The slice decoder refuses what is longer than the buffer.
    if URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(bytes.len()) {
        return false;
    }
    let (pad, hidden) = bytes.split_at(BYTES);
    let shown: Vec<u8> = pad.iter().zip(hidden).map(|(pad, byte)| pad ^ byte).collect();
    verify_slices_are_equal(&shown, &word(secret)).is_ok()
}

fn word(secret: &str) -> [u8; BYTES] {
    let mut context = Context::new(&SHA256);
    context.update(LABEL);
    context.update(secret.as_bytes());
    let mut word = [0; BYTES];
    for (to, from) in word.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SeededEntropy;

    #[test]
    fn a_token_holds_for_its_own_browser_alone_and_never_looks_the_same() {
        let entropy = SeededEntropy::new(7);
        let (one, other) = (make("session one", &entropy), make("session one", &entropy));
        assert_ne!(one, other);
        assert!(holds(&one, "session one") && holds(&other, "session one"));
        assert!(!holds(&one, "session two"));
    }

    #[test]
    fn what_is_no_token_does_not_hold() {
        let token = make("session", &SeededEntropy::new(7));
        for wrong in ["", "AAAA", &token[1..], &format!("{token}A"), &"A".repeat(token.len()), "ä"] {
            assert!(!holds(wrong, "session"), "{wrong}");
        }
    }
}
