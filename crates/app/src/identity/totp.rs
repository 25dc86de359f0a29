//! One-time passwords by time (RFC 6238 on RFC 4226): six digits of HMAC-SHA-1, a new one every 30
//! seconds, as every authenticator app makes them.

use std::fmt::Write as _;

use aws_lc_rs::{constant_time, hmac};
use kernel::{Entropy, Timestamp};
use qrcode::QrCode;
use qrcode::render::svg;
use zeroize::Zeroizing;

/// Bytes of a secret: as many as the hash has, RFC 4226 section 4.
const SECRET_BYTES: usize = 20;
/// Seconds for which one password is made.
const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;
/// Steps before and after the present one that are taken, for clocks that are not quite right.
const SKEW: u64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Pixels of a picture's side, at least.
const PICTURE_SIDE: u32 = 220;

/// What authenticator app and server share. It cannot be printed.
pub(super) struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    pub(super) fn generate(entropy: &dyn Entropy) -> Self {
        Self(Zeroizing::new(entropy.array()))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// The step whose password this is, near the present one; none when it is none of theirs.
    pub(super) fn step_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        let typed: Vec<u8> = code.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let present = step_at(now);
        let mut found = None;
        // All are compared, so that the time tells nothing.
        for step in present.saturating_sub(SKEW)..=present.saturating_add(SKEW) {
            let made = self.password(step);
            if constant_time::verify_slices_are_equal(&typed, made.as_bytes()).is_ok() {
                found = Some(step);
            }
        }
        found
    }

    fn password(&self, step: u64) -> Zeroizing<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &*self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        // RFC 4226 section 5.3: the last four bits say where the number stands.
        let at = usize::from(bytes.last().copied().unwrap_or(0) & 0x0F);
        let number = bytes.iter().skip(at).take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        Zeroizing::new(format!("{:0DIGITS$}", (number & 0x7FFF_FFFF) % 1_000_000))
    }

    /// The secret as somebody types it into an app: base 32 (RFC 4648), 32 letters and digits.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES * 8 / 5));
        let (mut held, mut bits) = (0u32, 0u32);
        for byte in &*self.0 {
            held = (held << 8) | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                let digit = usize::try_from((held >> bits) & 31).unwrap_or(0);
                text.push(BASE32.get(digit).copied().map_or('A', char::from));
                held &= (1 << bits) - 1;
            }
        }
        text
    }

    /// The address that an app reads from a picture (Key Uri Format of Google Authenticator).
    pub(super) fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (percent(issuer), percent(account));
        Zeroizing::new(format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", *self.text()))
    }
}

/// The picture of an address, as SVG without script and style; none when the address is too long.
pub(super) fn picture(uri: &str) -> Option<Zeroizing<String>> {
    let code = QrCode::new(uri.as_bytes()).ok()?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(PICTURE_SIDE, PICTURE_SIDE).build();
    // Inside a page no declaration of a document of its own.
    let element = drawn.find("<svg").and_then(|at| drawn.get(at..))?;
    Some(Zeroizing::new(element.to_owned()))
}

fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.micros() / 1_000_000 / STEP_SECONDS).unwrap_or(0)
}

/// Everything but unreserved signs (RFC 3986 section 2.3) as percent and hex.
/// What an authenticator app that was given a secret's text shows now; for a demonstration, whose
/// agents have no app. None for a text that is no secret.
pub fn one_time_password(secret: &str, now: Timestamp) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_BYTES));
    let (mut held, mut bits) = (0u32, 0u32);
    for digit in secret.bytes() {
        let value = BASE32.iter().position(|known| *known == digit)?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xFF).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(TotpSecret::from_bytes(&bytes)?.password(step_at(now)))
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_6238_give_their_last_six_digits() {
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, password) in vectors {
            assert_eq!(*secret().password(seconds / 30), password);
        }
    }

    #[test]
    fn a_password_of_the_step_before_and_after_is_taken_and_no_further_one() {
        let now = Timestamp::from_seconds(1_234_567_890);
        let step = step_at(now);
        for (taken, offset) in [(false, -2_i64), (true, -1), (true, 0), (true, 1), (false, 2)] {
            let at = step.saturating_add_signed(offset);
            assert_eq!(secret().step_of(&secret().password(at), now), taken.then_some(at), "{offset}");
        }
        assert_eq!(secret().step_of("005 924", now), Some(step));
        for wrong in ["", "5924", "0059240", "００５９２４"] {
            assert_eq!(secret().step_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_given_the_secret_as_text_and_as_a_picture() {
        assert_eq!(*secret().text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let shown = one_time_password(&secret().text(), Timestamp::from_seconds(1_234_567_890));
        assert_eq!(shown.unwrap().as_str(), "005924");
        assert!(
            one_time_password("GEZD", Timestamp::EPOCH).is_none() && one_time_password("1", Timestamp::EPOCH).is_none()
        );
        let uri = secret().uri("Elm & Clinic", "maria@elm.example");
        assert!(uri.starts_with("otpauth://totp/Elm%20%26%20Clinic:maria%40elm.example?secret=GEZDGNBV"), "{}", *uri);
        let picture = picture(&uri).unwrap();
        assert!(picture.starts_with("<svg") && !picture.contains("style"), "{}", picture.get(..200).unwrap());
    }
}
