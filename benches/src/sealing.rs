//! Seal, open and unwrap, beside the raw primitive.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use envelope::{CryptoEntropy, Dek, DekSlot, FieldClass, Kek, Place, RetentionClass, SecretKey, SubjectId};
use kernel::{Id, OrganisationId};

use crate::figures::Figures;

const ROUNDS: u32 = 200_000;
const VALUE: [u8; 64] = [0x5A; 64];

pub fn run(figures: &mut Figures) {
    let entropy = CryptoEntropy;
    let organisation = OrganisationId::from_bytes([1; 16]);
    let subject = SubjectId::from_bytes([2; 16]);
    let class = RetentionClass(1);
    let slot = DekSlot { organisation, subject, class, version: 1 };
    let place = Place { organisation, subject, table: 1, column: 1, row: [3; 16], class, key_version: 1 };
    let kek = Kek::new(&SecretKey::generate(&entropy));
    let dek = Dek::generate(&entropy);
    let wrapped = kek.wrap(&slot, &dek, &entropy);
    let field = dek.field_key(FieldClass(1));
    let sealed = field.seal(&place, &VALUE, &entropy);

    let raw = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &[7; 32]).expect("a key of 32 bytes"));
    let raw_seal = each(|| {
        let mut buffer = VALUE.to_vec();
        let nonce = Nonce::assume_unique_for_key([9; 12]);
        raw.seal_in_place_append_tag(nonce, Aad::empty(), &mut buffer).expect("it seals");
        buffer
    });
    let mut raw_sealed = VALUE.to_vec();
    raw.seal_in_place_append_tag(Nonce::assume_unique_for_key([9; 12]), Aad::empty(), &mut raw_sealed)
        .expect("it seals");
    let raw_open = each(|| {
        let mut buffer = raw_sealed.clone();
        raw.open_in_place(Nonce::assume_unique_for_key([9; 12]), Aad::empty(), &mut buffer).expect("it opens").len()
    });
    let seal = each(|| field.seal(&place, &VALUE, &entropy));
    let open = each(|| field.open(&place, &sealed).expect("it opens").len());
    let unwrap_and_open = each(|| {
        let dek = kek.unwrap(&slot, &wrapped).expect("it unwraps");
        dek.field_key(FieldClass(1)).open(&place, &sealed).expect("it opens").len()
    });
    let beside = |own: Duration, raw: Duration| {
        format!("{:.2} × raw AES-256-GCM-SIV ({raw:.0?}); floor 2.5, aim 1.5", own.as_secs_f64() / raw.as_secs_f64())
    };
    figures.add("seal a value of 64 bytes, key at hand", "one core", format!("{seal:.0?}"), beside(seal, raw_seal));
    figures.add("open a value of 64 bytes, key at hand", "one core", format!("{open:.0?}"), beside(open, raw_open));
    figures.add(
        "reveal, commit and decision not counted: unwrap, derive, open",
        "one core",
        format!("{unwrap_and_open:.2?}"),
        format_args!(
            "{:.1} × raw AES-256-GCM-SIV open ({raw_open:.0?}); a Cedar decision alone takes 6.1 µs, floor 3 times that",
            unwrap_and_open.as_secs_f64() / raw_open.as_secs_f64()
        ),
    );
}

/// The time of one call, over many.
fn each<T>(mut call: impl FnMut() -> T) -> Duration {
    for _ in 0..ROUNDS / 10 {
        black_box(call());
    }
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        black_box(call());
    }
    begun.elapsed() / ROUNDS
}
