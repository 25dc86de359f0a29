//! The text of a token: `dwt_` and 103 letters and digits, which say whose it is, which it is, and
//! the 256 random bits that make it worth something.
//!
//! Organisation (16 bytes) ‖ token (16) ‖ secret (32) in lower-case Crockford base 32, most
//! significant bit first, the last three bits zero. Exactly one text stands for one token.

use aws_lc_rs::{constant_time, digest};
use kernel::{Entropy, Id, OrganisationId, TokenId};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const PREFIX: &str = "dwt_";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const BYTES: usize = 2 * ID_BYTES + SECRET_BYTES;
/// 512 bits by five, rounded up.
const CHARS: usize = (BYTES * 8).div_ceil(5);

/// SHA-256 of the bytes of a token: what the database keeps.
pub(super) const HASH_BYTES: usize = 32;

/// The bytes of a token. It cannot be printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct SecretText([u8; BYTES]);

impl SecretText {
    /// A fresh token of an organisation.
    pub(super) fn generate(organisation: OrganisationId, token: TokenId, entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; BYTES];
        let secret = Zeroizing::new(entropy.array::<SECRET_BYTES>());
        let parts = organisation.bytes().iter().chain(token.bytes()).chain(secret.iter());
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        Self(bytes)
    }

    /// Reads a token's text; none for any other text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?.as_bytes();
        if digits.len() != CHARS {
            return None;
        }
        let mut read = Self([0; BYTES]);
        let mut bytes = read.0.iter_mut();
        let (mut held, mut bits) = (0u32, 0u32);
        for digit in digits {
            let value = ALPHABET.iter().position(|known| known == digit)?;
            held = (held << 5) | u32::try_from(value).ok()?;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                *bytes.next()? = u8::try_from((held >> bits) & 0xFF).ok()?;
                held &= (1 << bits) - 1;
            }
        }
        (held == 0).then_some(read)
    }

    /// The text, which is shown once.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + CHARS));
        text.push_str(PREFIX);
        let (mut held, mut bits) = (0u32, 0u32);
        for byte in self.0 {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(letter(held >> bits));
                held &= (1 << bits) - 1;
            }
        }
        if bits > 0 {
            text.push(letter(held << (5 - bits)));
        }
        text
    }

    /// Whose token it claims to be.
    pub(super) fn organisation(&self) -> OrganisationId {
        OrganisationId::from_bytes(self.id(0))
    }

    /// Which token it claims to be.
    pub(super) fn token(&self) -> TokenId {
        TokenId::from_bytes(self.id(ID_BYTES))
    }

    /// What is kept of it. The secret has 256 random bits, so a slow hash would add nothing.
    pub(super) fn hash(&self) -> [u8; HASH_BYTES] {
        let mut hash = [0; HASH_BYTES];
        for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, &self.0).as_ref()) {
            *to = *from;
        }
        hash
    }

    fn id(&self, at: usize) -> [u8; ID_BYTES] {
        let mut id = [0; ID_BYTES];
        for (to, from) in id.iter_mut().zip(self.0.iter().skip(at)) {
            *to = *from;
        }
        id
    }
}

/// Compares two hashes in a time that does not depend on where they differ.
pub(super) fn same(one: &[u8; HASH_BYTES], other: &[u8; HASH_BYTES]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

fn letter(five_bits: u32) -> char {
    let digit = usize::try_from(five_bits & 31).unwrap_or(0);
    ALPHABET.get(digit).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_tell_the_same_token(organisation: [u8; 16], token: [u8; 16], seed: u64) {
            let (organisation, token) = (OrganisationId::from_bytes(organisation), TokenId::from_bytes(token));
            let secret = SecretText::generate(organisation, token, &kernel::SeededEntropy::new(seed));
            let text = secret.text();
            prop_assert_eq!(text.len(), PREFIX.len() + CHARS);
            let read = SecretText::parse(&text).unwrap();
            prop_assert_eq!((read.organisation(), read.token()), (organisation, token));
            prop_assert!(same(&read.hash(), &secret.hash()));
        }

        #[test]
        fn a_text_that_is_taken_is_the_only_one_for_its_token(text in "dwt_[0-9a-z]{103}") {
            if let Some(read) = SecretText::parse(&text) {
                prop_assert_eq!(&*read.text(), &text);
            }
        }

        #[test]
        fn any_other_text_is_refused(text: String) {
            prop_assert!(SecretText::parse(&text).is_none());
        }

        #[test]
        fn one_changed_letter_is_another_token(place in 0usize..CHARS, letter in "[0-9a-hjkmnp-tv-z]") {
            let (organisation, token) = (OrganisationId::from_bytes([1; 16]), TokenId::from_bytes([2; 16]));
            let secret = SecretText::generate(organisation, token, &kernel::SeededEntropy::new(3));
            let mut text = secret.text().to_string();
            let at = PREFIX.len() + place;
            prop_assume!(text[at..=at] != letter);
            text.replace_range(at..=at, &letter);
            prop_assert!(SecretText::parse(&text).is_none_or(|read| !same(&read.hash(), &secret.hash())));
        }
    }
}
