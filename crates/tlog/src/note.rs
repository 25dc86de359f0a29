//! Signed notes (C2SP signed-note, Ed25519): a text, a blank line, and a line per signature.
//! Nothing of a note is shown to anyone before a known key has signed it.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::sha256_of_parts;

/// Bytes of the longest note that is read.
pub const NOTE_BYTES: usize = 256 * 1024;
/// Signature lines that are read; the specification asks for at least 16.
pub const SIGNATURES: usize = 64;
/// Bytes of the longest key name.
pub const NAME_BYTES: usize = 255;

/// Signature type of plain Ed25519 in key ids and key texts.
const TYPE_ED25519: u8 = 0x01;
const KEY_ID_BYTES: usize = 4;
const PUBLIC_KEY_BYTES: usize = 32;
/// How a signature line begins: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// What is wrong with a note or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A key name that the format cannot hold.
    #[error("a key name is 1 to 255 bytes without spaces, plus signs and control characters")]
    Name,
    /// Not a key text.
    #[error("a verifier key reads <name>+<8 hex digits>+<base64 of an Ed25519 key>")]
    Key,
    /// The key id in a key text is not that of its name and key.
    #[error("the key id does not belong to this name and key")]
    KeyId,
    /// The signing key could not be made or used.
    #[error("the signing key was refused")]
    Signing,
    /// A text that cannot be a note's.
    #[error("a note's text ends with a newline and holds no other control character")]
    Text,
    /// Not a text, a blank line and signature lines.
    #[error("not a signed note")]
    Form,
    /// Longer than any note that is read.
    #[error("the note is larger than 256 KiB or has more than 64 signatures")]
    TooLarge,
    /// None of the keys that are known has signed.
    #[error("no known key has signed the note")]
    Unsigned,
    /// A signature under the name and id of a known key is not that key's.
    #[error("the signature of {name} is not valid")]
    Forged {
        /// The key's name.
        name: String,
    },
}

/// A public key that notes are checked with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verifier {
    name: String,
    key_id: [u8; KEY_ID_BYTES],
    public_key: [u8; PUBLIC_KEY_BYTES],
}

impl Verifier {
    /// A name and an Ed25519 public key (RFC 8032, 32 bytes).
    pub fn new(name: &str, public_key: [u8; PUBLIC_KEY_BYTES]) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::Name);
        }
        let id = sha256_of_parts(&[name.as_bytes(), b"\n", &[TYPE_ED25519], &public_key]);
        let [a, b, c, d, ..] = *id.bytes();
        Ok(Self { name: name.to_owned(), key_id: [a, b, c, d], public_key })
    }

    /// Reads `<name>+<key id, 8 hex digits>+<base64 of 0x01 ‖ public key>`, in this one form only.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let mut typed = [0; 1 + PUBLIC_KEY_BYTES + 2];
        let public_key = match STANDARD.decode_slice(key, &mut typed) {
            Ok(length) => typed.get(..length).and_then(|typed| typed.strip_prefix(&[TYPE_ED25519])),
            Err(_) => None,
        };
        let public_key = public_key.and_then(|key| key.try_into().ok()).ok_or(NoteError::Key)?;
        let verifier = Self::new(name, public_key)?;
        if verifier.vkey() == vkey { Ok(verifier) } else { Err(NoteError::KeyId) }
    }

    /// The text that [`Verifier::parse`] reads.
    pub fn vkey(&self) -> String {
        let typed: Vec<u8> = std::iter::once(TYPE_ED25519).chain(self.public_key).collect();
        format!("{}+{:08x}+{}", self.name, u32::from_be_bytes(self.key_id), STANDARD.encode(typed))
    }

    /// Name of the key; of a log's key, the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Key id: the first four bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key).
    pub const fn key_id(&self) -> [u8; KEY_ID_BYTES] {
        self.key_id
    }

    fn is_signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public_key).verify(text.as_bytes(), signature).is_ok()
    }
}

/// A private key that signs notes. It cannot be printed; its memory is wiped when it is dropped.
pub struct Signer {
    key: Ed25519KeyPair,
    verifier: Verifier,
}

impl Signer {
    /// The key that belongs to a 32-byte seed (RFC 8032), under a name. The seed stays the caller's to wipe.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Signing)?;
        let public_key = key.public_key().as_ref().try_into().map_err(|_| NoteError::Signing)?;
        Ok(Self { verifier: Verifier::new(name, public_key)?, key })
    }

    /// The public half.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The public half as text.
    pub fn vkey(&self) -> String {
        self.verifier.vkey()
    }

    /// The note of this text with this key's signature alone.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        sign(text, &[self])
    }

    fn line(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        let identified = [&self.verifier.key_id, signature.as_ref()].concat();
        format!("{LINE_START}{} {}\n", self.verifier.name, STANDARD.encode(identified))
    }
}

/// The note of a text with one signature of each key, in their order: two while a key is replaced.
pub fn sign(text: &str, signers: &[&Signer]) -> Result<String, NoteError> {
    if signers.is_empty() {
        return Err(NoteError::Unsigned);
    }
    if !text.ends_with('\n') || has_control(text) {
        return Err(NoteError::Text);
    }
    let lines = signers.iter().map(|signer| signer.line(text));
    let note: String = [text.to_owned(), "\n".to_owned()].into_iter().chain(lines).collect();
    if note.len() > NOTE_BYTES || signers.len() > SIGNATURES { Err(NoteError::TooLarge) } else { Ok(note) }
}

/// A note that at least one known key has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<'n, 'v> {
    /// The text, with its last newline.
    pub text: &'n str,
    /// The known keys that signed, each once, in the order of their lines.
    pub signed_by: Vec<&'v Verifier>,
}

/// Opens a note. Signatures of unknown keys are passed over; a bad signature of a known key refuses
/// the note, and so does the absence of any good one.
pub fn open<'n, 'v>(note: &'n str, verifiers: &'v [Verifier]) -> Result<Opened<'n, 'v>, NoteError> {
    let (text, signatures) = split(note)?;
    let mut signed_by: Vec<&Verifier> = Vec::new();
    for Signature { name, key_id, bytes } in &signatures {
        let known = verifiers.iter().find(|known| known.name == *name && known.key_id == *key_id);
        let Some(known) = known.filter(|known| !signed_by.contains(known)) else { continue };
        if !known.is_signed(text, bytes) {
            return Err(NoteError::Forged { name: known.name.clone() });
        }
        signed_by.push(known);
    }
    if signed_by.is_empty() { Err(NoteError::Unsigned) } else { Ok(Opened { text, signed_by }) }
}

struct Signature<'n> {
    name: &'n str,
    key_id: [u8; KEY_ID_BYTES],
    bytes: Vec<u8>,
}

/// Parts a note at its last blank line.
fn split(note: &str) -> Result<(&str, Vec<Signature<'_>>), NoteError> {
    if note.len() > NOTE_BYTES {
        return Err(NoteError::TooLarge);
    }
    if has_control(note) {
        return Err(NoteError::Form);
    }
    let (before, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
    let text = note.get(..=before.len()).ok_or(NoteError::Form)?;
    let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
    if lines.split('\n').count() > SIGNATURES {
        return Err(NoteError::TooLarge);
    }
    let signatures = lines.split('\n').map(read_line).collect::<Option<_>>().ok_or(NoteError::Form)?;
    Ok((text, signatures))
}

fn read_line(line: &str) -> Option<Signature<'_>> {
    let (name, signature) = line.strip_prefix(LINE_START)?.split_once(' ')?;
    let decoded = STANDARD.decode(signature).ok()?;
    let (key_id, bytes) = decoded.split_first_chunk()?;
    let is_whole = is_key_name(name) && !bytes.is_empty();
    is_whole.then(|| Signature { name, key_id: *key_id, bytes: bytes.to_vec() })
}

fn is_key_name(name: &str) -> bool {
    let fits = (1..=NAME_BYTES).contains(&name.len());
    fits && !name.contains(|character: char| character.is_whitespace() || character.is_control() || character == '+')
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && byte != b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::Signer as _;
    use proptest::prelude::*;

    // The example of C2SP signed-note.
    const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SPEC_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    // The example of golang.org/x/mod/sumdb/note; the seed is its signer key without the type byte.
    const GO_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_SECOND_VKEY: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
    const GO_TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const GO_LINE: &str = "\u{2014} PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const GO_SECOND_LINE: &str = "\u{2014} EnochRoot \
        rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn go_signer() -> Signer {
        let typed = STANDARD.decode(GO_SEED).unwrap();
        Signer::from_seed("PeterNeumann", typed[1..].try_into().unwrap()).ok().unwrap()
    }

    fn verifiers(vkeys: &[&str]) -> Vec<Verifier> {
        vkeys.iter().map(|vkey| Verifier::parse(vkey).unwrap()).collect()
    }

    #[test]
    fn the_example_of_the_specification_opens() {
        let known = verifiers(&[SPEC_VKEY]);
        let opened = open(SPEC_NOTE, &known).unwrap();
        assert_eq!(opened, Opened { text: "This is an example message.\n", signed_by: vec![&known[0]] });
        assert_eq!(known[0].vkey(), SPEC_VKEY);
    }

    #[test]
    fn the_example_of_the_reference_is_signed_byte_for_byte() {
        assert_eq!(go_signer().vkey(), GO_VKEY);
        assert_eq!(go_signer().sign(GO_TEXT).unwrap(), format!("{GO_TEXT}\n{GO_LINE}"));
    }

    #[test]
    fn unknown_signatures_are_passed_over_and_known_ones_named() {
        let note = format!("{GO_TEXT}\n{GO_LINE}{GO_SECOND_LINE}{GO_LINE}");
        let known = verifiers(&[GO_SECOND_VKEY, GO_VKEY]);
        assert_eq!(open(&note, &known[1..]).unwrap().signed_by, [&known[1]]);
        assert_eq!(open(&note, &known).unwrap().signed_by, [&known[1], &known[0]]);
        assert_eq!(open(&note, &[]), Err(NoteError::Unsigned));
        assert_eq!(open(&note, &verifiers(&[SPEC_VKEY])), Err(NoteError::Unsigned));
    }

    #[test]
    fn a_changed_text_is_refused_though_another_known_key_signed_it() {
        let second = Signer::from_seed("second", &[5; 32]).ok().unwrap();
        let changed = GO_TEXT.replace("answer", "question");
        let note = format!("{}{GO_LINE}", second.sign(&changed).unwrap());
        let known = [second.verifier().clone(), Verifier::parse(GO_VKEY).unwrap()];
        assert_eq!(open(&note, &known), Err(NoteError::Forged { name: "PeterNeumann".to_owned() }));
        assert_eq!(open(&note, &known[..1]).unwrap().text, changed);
    }

    #[test]
    fn a_key_text_with_any_change_is_refused() {
        for end in 0..GO_VKEY.len() {
            assert!(Verifier::parse(&GO_VKEY[..end]).is_err());
            assert!(Verifier::parse(&GO_VKEY[end + 1..]).is_err());
            let mut bytes = GO_VKEY.as_bytes().to_vec();
            bytes[end] += 1;
            assert!(Verifier::parse(str::from_utf8(&bytes).unwrap()).is_err(), "byte {end}");
        }
        assert_eq!(Verifier::parse(&GO_VKEY.replace("c74f20a3", "C74F20A3")), Err(NoteError::KeyId));
        // The right key id for a type that is not Ed25519, and for a key of another length.
        for vkey in [
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        ] {
            assert_eq!(Verifier::parse(vkey), Err(NoteError::Key));
        }
        for name in ["", "two words", "a+b", "tab\t", "no-break\u{a0}space", &"n".repeat(256)] {
            assert_eq!(Verifier::new(name, [1; 32]), Err(NoteError::Name), "{name:?}");
        }
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        let known = verifiers(&[GO_VKEY]);
        let good = format!("{GO_TEXT}\n{GO_LINE}");
        for note in [
            String::new(),
            "\n\n".to_owned(),
            GO_TEXT.to_owned(),
            format!("{GO_TEXT}{GO_LINE}"),
            format!("{GO_TEXT}\n"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("{good}trailing"),
            good.replace('\n', "\r\n"),
            good.replace("answer", "ans\u{1}wer"),
            good.replace('\u{2014}', "-"),
            good.replace("\u{2014} ", "\u{2014}  "),
            format!("{good}\u{2014} other AAAAAA==\n"),
            format!("{good}\u{2014} other !\n"),
        ] {
            assert_eq!(open(&note, &known), Err(NoteError::Form), "{note:?}");
        }
        let crowded = format!("{GO_TEXT}\n{}", GO_LINE.repeat(SIGNATURES + 1));
        assert_eq!(open(&crowded, &known), Err(NoteError::TooLarge));
        assert_eq!(open(&"a".repeat(NOTE_BYTES + 1), &known), Err(NoteError::TooLarge));
        for text in ["", "no newline", "a\rb\n", "a\0\n"] {
            assert_eq!(go_signer().sign(text), Err(NoteError::Text));
        }
        assert_eq!(sign(GO_TEXT, &[]), Err(NoteError::Unsigned));
    }

    proptest! {
        #[test]
        fn another_ed25519_agrees(seed: [u8; 32], text in "[^\\p{Cc}]{0,40}(\n[^\\p{Cc}]{0,40}){0,3}\n") {
            let signer = Signer::from_seed("example.org/log", &seed).ok().unwrap();
            let oracle = ed25519_dalek::SigningKey::from_bytes(&seed);
            prop_assert_eq!(signer.verifier().public_key, oracle.verifying_key().to_bytes());
            let line = [&signer.verifier().key_id()[..], &oracle.sign(text.as_bytes()).to_bytes()].concat();
            let expected = format!("{text}\n\u{2014} example.org/log {}\n", STANDARD.encode(line));
            prop_assert_eq!(signer.sign(&text), Ok(expected.clone()));
            let known = [signer.verifier().clone()];
            prop_assert_eq!(open(&expected, &known).map(|opened| opened.text), Ok(text.as_str()));
            prop_assert_eq!(Verifier::parse(&signer.vkey()), Ok(signer.verifier().clone()));
        }

        #[test]
        fn a_note_with_any_byte_changed_does_not_open(at: prop::sample::Index, by in 1u8..=255) {
            let known = verifiers(&[GO_VKEY]);
            let mut bytes = format!("{GO_TEXT}\n{GO_LINE}").into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            if let Ok(note) = str::from_utf8(&bytes) {
                prop_assert!(open(note, &known).is_err());
            }
        }

        #[test]
        fn any_text_opens_or_is_refused(text: String) {
            prop_assert!(open(&text, &[]).is_err());
            prop_assert!(Verifier::parse(&text).is_err());
        }
    }
}
