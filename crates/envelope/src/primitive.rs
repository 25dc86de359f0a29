//! The three primitives everything else is built from: AES-256-GCM-SIV (RFC 8452), HKDF-Expand
//! with SHA-256 (RFC 5869) and length-prefixed joining. No policy, no formats.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};

use crate::secret::KEY_BYTES;

/// Bytes of a nonce of AES-GCM-SIV and of AES-GCM.
pub(crate) const NONCE_BYTES: usize = 12;
/// Bytes of an authentication tag of both.
pub(crate) const TAG_BYTES: usize = 16;

/// The sealed bytes do not belong to this key, nonce and associated data.
pub(crate) struct Unauthentic;

/// A prepared AES-256-GCM-SIV key.
pub(crate) struct Siv(LessSafeKey);

impl Siv {
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Self {
        #[allow(clippy::expect_used, reason = "the key has the length of the algorithm by its type")]
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("a key of 32 bytes")))
    }

    /// Turns plaintext into ciphertext of the same length and gives the tag.
    pub(crate) fn seal(&self, nonce: [u8; NONCE_BYTES], associated: &[u8], in_out: &mut [u8]) -> Tag {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.0.seal_in_place_separate_tag(nonce, Aad::from(associated), in_out);
        #[allow(clippy::expect_used, reason = "RFC 8452 refuses only plaintexts above 64 GiB")]
        sealed.expect("a plaintext below 64 GiB")
    }

    /// Opens into `plaintext`, which is as long as `ciphertext`. What stands there after an error
    /// is not authentic and must be wiped by the caller.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_BYTES],
        plaintext: &mut [u8],
    ) -> Result<(), Unauthentic> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_separate_gather(nonce, Aad::from(associated), ciphertext, tag, plaintext).map_err(|_| Unauthentic)
    }
}

struct OutputBytes(usize);

impl KeyType for OutputBytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand with SHA-256 from a uniformly random 256-bit key (RFC 5869, section 2.3; the
/// extract step may be left out for such a key, section 3.3).
pub(crate) fn expand(key: &[u8; KEY_BYTES], info: &[u8], output: &mut [u8]) {
    let prk = Prk::new_less_safe(HKDF_SHA256, key);
    let filled = prk.expand(&[info], OutputBytes(output.len())).and_then(|okm| okm.fill(output));
    #[allow(clippy::expect_used, reason = "every caller asks for fewer than 255 blocks")]
    filled.expect("an output below 255 blocks");
}

/// Joins parts so that no two lists of parts give the same bytes: one byte of length before each.
/// `N` is exactly the length of the whole; anything else is a slip in this crate and stops here.
#[inline]
pub(crate) fn length_prefixed<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut joined = [0; N];
    let mut rest = joined.as_mut_slice();
    for part in parts {
        let (length, after) = rest.split_at_mut(1);
        length.fill(u8::try_from(part.len()).unwrap_or(u8::MAX));
        let (slot, after) = after.split_at_mut(part.len());
        slot.copy_from_slice(part);
        rest = after;
    }
    assert!(rest.is_empty(), "the parts fill the whole");
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        let digits = hexadecimal.trim_matches('-');
        assert!(digits.len().is_multiple_of(2), "whole bytes");
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn it_gives_the_results_of_rfc_8452() {
        let lines = include_str!("vectors/rfc8452.txt").lines().filter(|line| !line.starts_with('#'));
        let mut checked = 0;
        for line in lines {
            let parts: Vec<_> = line.split(' ').map(bytes).collect();
            let [key, nonce, associated, plaintext, result] = parts.try_into().unwrap();
            let nonce: [u8; NONCE_BYTES] = nonce.try_into().unwrap();
            let siv = Siv::new(&key.try_into().unwrap());
            let mut sealed = plaintext.clone();
            let tag = siv.seal(nonce, &associated, &mut sealed);
            sealed.extend_from_slice(tag.as_ref());
            assert_eq!(sealed, result, "{line}");

            let (ciphertext, tag) = result.split_last_chunk::<TAG_BYTES>().unwrap();
            let mut opened = vec![0; ciphertext.len()];
            assert!(siv.open(nonce, &associated, ciphertext, tag, &mut opened).is_ok());
            assert_eq!(opened, plaintext, "{line}");
            checked += 1;
        }
        assert!(checked >= 24, "the appendix has more vectors than {checked}");
    }

    #[test]
    fn it_gives_the_results_of_rfc_5869() {
        // Appendix A.1 to A.3: PRK, info, OKM.
        let cases = [
            (
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                (0xf0..=0xf9).collect::<Vec<u8>>(),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            ),
            (
                "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                (0xb0..=0xff).collect(),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09\
                 da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
            ),
            (
                "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                Vec::new(),
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            ),
        ];
        for (prk, info, okm) in cases {
            let okm = bytes(okm);
            let mut output = vec![0; okm.len()];
            expand(&bytes(prk).try_into().unwrap(), &info, &mut output);
            assert_eq!(output, okm);
        }
    }

    #[test]
    fn no_two_lists_of_parts_join_to_the_same_bytes() {
        assert_ne!(length_prefixed::<5>(&[b"ab", b"c"]), length_prefixed::<5>(&[b"a", b"bc"]));
        assert_ne!(length_prefixed::<4>(&[b"abc"]), length_prefixed::<4>(&[b"a", b"c"]));
    }
}
