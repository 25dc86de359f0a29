//! The text of a secret that somebody carries, such as a token: a prefix and 103 letters and digits,
//! which say whose it is, which it is, and the 256 bits that make it worth something.
//!
//! Organisation (16 bytes) ‖ id (16) ‖ secret (32) in lower-case Crockford base 32, most
//! significant bit first, the last three bits zero. Exactly one text stands for one secret.

use std::marker::PhantomData;

use aws_lc_rs::{constant_time, digest};
use kernel::{Entropy, Id, OrganisationId};
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ID_BYTES: usize = 16;
/// Bytes that nobody can guess.
pub(crate) const SECRET_BYTES: usize = 32;
const BYTES: usize = 2 * ID_BYTES + SECRET_BYTES;
/// 512 bits by five, rounded up.
const CHARS: usize = (BYTES * 8).div_ceil(5);

/// SHA-256 of the bytes of a text: what the database keeps.
pub(crate) const HASH_BYTES: usize = 32;

/// What such a text is for.
pub(crate) trait Carried: Id {
    /// How the texts for it begin.
    const BEGINS: &'static str;
}

/// The bytes of such a text. They cannot be printed.
pub(crate) struct SecretText<T>(Zeroizing<[u8; BYTES]>, PhantomData<T>);

impl<T: Carried> SecretText<T> {
    /// A fresh secret of an organisation.
    pub(crate) fn generate(organisation: OrganisationId, id: T, entropy: &dyn Entropy) -> Self {
        Self::with_secret(organisation, id, &Zeroizing::new(entropy.array()))
    }

    /// The text around a secret that was made elsewhere.
    pub(crate) fn with_secret(organisation: OrganisationId, id: T, secret: &[u8; SECRET_BYTES]) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let parts = organisation.bytes().iter().chain(id.bytes()).chain(secret);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        Self(bytes, PhantomData)
    }

    /// Reads a text; none for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(T::BEGINS)?.as_bytes();
        if digits.len() != CHARS {
            return None;
        }
        let mut read = Self(Zeroizing::new([0; BYTES]), PhantomData);
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
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(T::BEGINS.len() + CHARS));
        text.push_str(T::BEGINS);
        let (mut held, mut bits) = (0u32, 0u32);
        for byte in *self.0 {
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

    /// Whose it claims to be.
    pub(crate) fn organisation(&self) -> OrganisationId {
        OrganisationId::from_bytes(self.sixteen(0))
    }

    /// Which it claims to be.
    pub(crate) fn id(&self) -> T {
        T::from_bytes(self.sixteen(ID_BYTES))
    }

    /// What makes it worth something.
    pub(crate) fn secret(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        for (to, from) in secret.iter_mut().zip(self.0.iter().skip(2 * ID_BYTES)) {
            *to = *from;
        }
        secret
    }

    /// What is kept of it. The secret has 256 random bits, so a slow hash would add nothing.
    pub(crate) fn hash(&self) -> [u8; HASH_BYTES] {
        let mut hash = [0; HASH_BYTES];
        for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, &*self.0).as_ref()) {
            *to = *from;
        }
        hash
    }

    fn sixteen(&self, at: usize) -> [u8; ID_BYTES] {
        let mut id = [0; ID_BYTES];
        for (to, from) in id.iter_mut().zip(self.0.iter().skip(at)) {
            *to = *from;
        }
        id
    }
}

/// Compares two hashes in a time that does not depend on where they differ.
pub(crate) fn same(one: &[u8; HASH_BYTES], other: &[u8; HASH_BYTES]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

fn letter(five_bits: u32) -> char {
    let digit = usize::try_from(five_bits & 31).unwrap_or(0);
    ALPHABET.get(digit).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{SessionId, TokenId};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_tell_the_same_token(organisation: [u8; 16], token: [u8; 16], seed: u64) {
            let (organisation, token) = (OrganisationId::from_bytes(organisation), TokenId::from_bytes(token));
            let secret = SecretText::generate(organisation, token, &kernel::SeededEntropy::new(seed));
            let text = secret.text();
            prop_assert_eq!(text.len(), TokenId::BEGINS.len() + CHARS);
            let read = SecretText::<TokenId>::parse(&text).unwrap();
            prop_assert_eq!((read.organisation(), read.id()), (organisation, token));
            prop_assert!(same(&read.hash(), &secret.hash()));
            prop_assert!(SecretText::<SessionId>::parse(&text).is_none());
        }

        #[test]
        fn a_text_that_is_taken_is_the_only_one_for_its_token(text in "dwt_[0-9a-z]{103}") {
            if let Some(read) = SecretText::<TokenId>::parse(&text) {
                prop_assert_eq!(&*read.text(), &text);
            }
        }

        #[test]
        fn any_other_text_is_refused(text: String) {
            prop_assert!(SecretText::<TokenId>::parse(&text).is_none());
        }

        #[test]
        fn one_changed_letter_is_another_token(place in 0usize..CHARS, letter in "[0-9a-hjkmnp-tv-z]") {
            let (organisation, token) = (OrganisationId::from_bytes([1; 16]), TokenId::from_bytes([2; 16]));
            let secret = SecretText::generate(organisation, token, &kernel::SeededEntropy::new(3));
            let mut text = secret.text().to_string();
            let at = TokenId::BEGINS.len() + place;
            prop_assume!(text[at..=at] != letter);
            text.replace_range(at..=at, &letter);
            prop_assert!(SecretText::<TokenId>::parse(&text).is_none_or(|read| !same(&read.hash(), &secret.hash())));
        }
    }
}
