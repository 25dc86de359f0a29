//! What agents have in their hands: a passkey store that answers as a browser does (WebAuthn level 2,
//! attestation "none", ES256), and an authenticator app (RFC 6238). Written apart from the product's
//! own code, so that one mistake is not made twice.

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Timestamp;
use serde_json::{Value, json};

/// The user was there and was verified.
const PRESENT_AND_VERIFIED: u8 = 0x05;
/// A new credential follows.
const WITH_CREDENTIAL: u8 = 0x40;

/// A browser with a passkey store that says yes to everything.
pub struct Authenticator {
    origin: String,
    passkeys: Vec<Passkey>,
}

struct Passkey {
    id: Vec<u8>,
    user: String,
    key: EcdsaKeyPair,
    counter: u32,
}

impl Authenticator {
    /// A browser that shows a page of this origin.
    pub fn at(origin: &str) -> Self {
        Self { origin: origin.to_owned(), passkeys: Vec::new() }
    }

    /// Answers `navigator.credentials.create`.
    pub fn create(&mut self, options: &str) -> String {
        let options = public_key(options);
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key pair");
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).expect("randomness");
        let domain = text(&options, "/rp/id");
        let mut data = authenticator_data(&domain, PRESENT_AND_VERIFIED | WITH_CREDENTIAL, 1);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(id.len()).expect("short").to_be_bytes());
        data.extend_from_slice(&id);
        data.extend_from_slice(&cose(key.public_key().as_ref()));
        let mut attestation = b"\xA3\x63fmt\x64none\x67attStmt\xA0\x68authData\x59".to_vec();
        attestation.extend_from_slice(&u16::try_from(data.len()).expect("short").to_be_bytes());
        attestation.extend_from_slice(&data);
        let client = self.client_data("webauthn.create", &text(&options, "/challenge"));
        let answer = json!({
            "id": encoded(&id), "rawId": encoded(&id), "type": "public-key", "clientExtensionResults": {},
            "response": { "attestationObject": encoded(&attestation), "clientDataJSON": encoded(client.as_bytes()) },
        });
        self.passkeys.push(Passkey { id, user: text(&options, "/user/id"), key, counter: 1 });
        answer.to_string()
    }

    /// Answers `navigator.credentials.get` with the newest passkey that is allowed.
    pub fn get(&mut self, options: &str) -> String {
        let options = public_key(options);
        let client = self.client_data("webauthn.get", &text(&options, "/challenge"));
        let allowed: Vec<&str> = options
            .pointer("/allowCredentials")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(|one| one.pointer("/id").and_then(Value::as_str)).collect())
            .unwrap_or_default();
        let fits = |passkey: &&mut Passkey| allowed.is_empty() || allowed.contains(&encoded(&passkey.id).as_str());
        let passkey = self.passkeys.iter_mut().rev().find(fits).expect("there is a passkey for this");
        passkey.counter += 1;
        let mut signed = authenticator_data(&text(&options, "/rpId"), PRESENT_AND_VERIFIED, passkey.counter);
        let data = encoded(&signed);
        signed.extend_from_slice(digest::digest(&digest::SHA256, client.as_bytes()).as_ref());
        let signature = passkey.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        json!({
            "id": encoded(&passkey.id), "rawId": encoded(&passkey.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": data, "clientDataJSON": encoded(client.as_bytes()),
                "signature": encoded(signature.as_ref()), "userHandle": passkey.user,
            },
        })
        .to_string()
    }

    /// Shows a page of another origin from now on.
    pub fn move_to(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    /// Counts from the beginning again, as a copy of it would.
    pub fn rewind(&mut self) {
        for passkey in &mut self.passkeys {
            passkey.counter = 0;
        }
    }

    /// Whether one of its passkeys is among those that `get` is asked for.
    pub fn is_asked_for(&self, options: &str) -> bool {
        self.passkeys.iter().any(|passkey| options.contains(&encoded(&passkey.id)))
    }

    fn client_data(&self, kind: &str, challenge: &str) -> String {
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string()
    }
}

fn public_key(options: &str) -> Value {
    let options: Value = serde_json::from_str(options).expect("options are JSON");
    options.pointer("/publicKey").expect("options are for a public key").clone()
}

fn text(options: &Value, pointer: &str) -> String {
    options.pointer(pointer).and_then(Value::as_str).expect("the option is there").to_owned()
}

fn authenticator_data(domain: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = digest::digest(&digest::SHA256, domain.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend_from_slice(&counter.to_be_bytes());
    data
}

/// An uncompressed point as a COSE key (RFC 9053, section 7.1).
fn cose(point: &[u8]) -> Vec<u8> {
    let (x, y) = point.get(1..).expect("an uncompressed point").split_at(32);
    [b"\xA5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), x, b"\x22\x58\x20", y].concat()
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What an authenticator app shows at a moment for a secret in base 32.
pub fn one_time_password(secret: &str, now: Timestamp) -> String {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0u32);
    for sign in secret.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(sign).expect("base 32");
        held = (held << 5) | u32::try_from(value).expect("five bits");
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).expect("eight bits"));
        }
    }
    let step = u64::try_from(now.micros() / 30_000_000).expect("after 1970");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes), &step.to_be_bytes());
    let at = usize::from(tag.as_ref().last().expect("a tag") & 15);
    let four: [u8; 4] = tag.as_ref().get(at..at + 4).and_then(|four| four.try_into().ok()).expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7FFF_FFFF) % 1_000_000)
}
