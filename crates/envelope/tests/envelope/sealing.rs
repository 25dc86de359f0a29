//! Single values: they open in their place, under their key, unchanged, and nowhere else.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use envelope::{
    CryptoEntropy, Dek, DekSlot, FieldClass, FieldKey, Kek, OpenError, Place, RetentionClass, SEALED_OVERHEAD_BYTES,
    SecretKey, SubjectId, key_version_of,
};
use kernel::{CustomerId, Id, OrganisationId};
use proptest::prelude::*;

const CLASS: FieldClass = FieldClass(3);

fn place() -> Place {
    Place {
        organisation: OrganisationId::from_bytes([1; 16]),
        subject: CustomerId::from_bytes([2; 16]).into(),
        table: 3,
        column: 4,
        row: [5; 16],
        class: RetentionClass(6),
        key_version: 7,
    }
}

fn slot() -> DekSlot {
    let Place { organisation, subject, class, key_version, .. } = place();
    DekSlot { organisation, subject, class, version: key_version }
}

fn dek(bytes: [u8; 32]) -> Dek {
    Dek::new(SecretKey::from_slice(&bytes).unwrap())
}

fn field_key(bytes: [u8; 32]) -> FieldKey {
    dek(bytes).field_key(CLASS)
}

/// Cipher key and commitment, and associated data, made by other hands than the product's.
fn derived(dek: [u8; 32]) -> ([u8; 32], [u8; 32]) {
    let mut info = b"doorward/field/1".to_vec();
    info.extend_from_slice(&CLASS.0.to_be_bytes());
    let mut output = [0; 64];
    hkdf::Hkdf::<sha2::Sha256>::from_prk(&dek).unwrap().expand(&info, &mut output).unwrap();
    (output[..32].try_into().unwrap(), output[32..].try_into().unwrap())
}

fn associated(place: &Place) -> Vec<u8> {
    let mut associated = Vec::new();
    for part in [
        &[1u8][..],
        place.organisation.bytes(),
        place.subject.bytes(),
        &place.table.to_be_bytes(),
        &place.column.to_be_bytes(),
        &place.row,
        &place.class.0.to_be_bytes(),
        &place.key_version.to_be_bytes(),
    ] {
        associated.push(u8::try_from(part.len()).unwrap());
        associated.extend_from_slice(part);
    }
    associated
}

fn any_place() -> impl Strategy<Value = Place> {
    (any::<([u8; 16], [u8; 16], u16, u16)>(), any::<([u8; 16], u16, u32)>()).prop_map(
        |((organisation, subject, table, column), (row, class, key_version))| Place {
            organisation: OrganisationId::from_bytes(organisation),
            subject: SubjectId::from_bytes(subject),
            table,
            column,
            row,
            class: RetentionClass(class),
            key_version,
        },
    )
}

proptest! {
    #[test]
    fn a_value_opens_as_it_was_sealed(key: [u8; 32], place in any_place(), value: Vec<u8>) {
        let key = field_key(key);
        let sealed = key.seal(&place, &value, &CryptoEntropy);
        prop_assert_eq!(sealed.len(), value.len() + SEALED_OVERHEAD_BYTES);
        prop_assert_eq!(key_version_of(&sealed), Ok(place.key_version));
        prop_assert_eq!(&*key.open(&place, &sealed).unwrap(), &value);
    }

    #[test]
    fn another_implementation_opens_what_is_sealed_here(key: [u8; 32], place in any_place(), value: Vec<u8>) {
        let sealed = field_key(key).seal(&place, &value, &CryptoEntropy);
        let (cipher_key, commitment) = derived(key);
        prop_assert_eq!(&sealed[5..37], &commitment);
        let nonce = Nonce::try_from(&sealed[37..49]).unwrap();
        let payload = Payload { msg: &sealed[49..], aad: &associated(&place) };
        let opened = Aes256GcmSiv::new(&cipher_key.into()).decrypt(&nonce, payload).unwrap();
        prop_assert_eq!(opened, value);
    }

    #[test]
    fn what_another_implementation_seals_opens_here(key: [u8; 32], place in any_place(), value: Vec<u8>, nonce: [u8; 12]) {
        let (cipher_key, commitment) = derived(key);
        let payload = Payload { msg: &value, aad: &associated(&place) };
        let body = Aes256GcmSiv::new(&cipher_key.into()).encrypt(&nonce.into(), payload).unwrap();
        let sealed = [&[1][..], &place.key_version.to_be_bytes(), &commitment, &nonce, &body].concat();
        prop_assert_eq!(&*field_key(key).open(&place, &sealed).unwrap(), &value);
    }

    #[test]
    fn a_value_with_any_bit_changed_does_not_open(value in prop::collection::vec(any::<u8>(), 0..80), bit: prop::sample::Index) {
        let key = field_key([9; 32]);
        let mut sealed = key.seal(&place(), &value, &CryptoEntropy);
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key.open(&place(), &sealed).is_err());
    }

    #[test]
    fn a_value_cut_or_extended_does_not_open(value in prop::collection::vec(any::<u8>(), 0..80), cut: prop::sample::Index, more in 1..40usize) {
        let key = field_key([9; 32]);
        let mut sealed = key.seal(&place(), &value, &CryptoEntropy);
        prop_assert!(key.open(&place(), &sealed[..cut.index(sealed.len())]).is_err());
        sealed.resize(sealed.len() + more, 0);
        prop_assert!(key.open(&place(), &sealed).is_err());
    }

    #[test]
    fn a_value_does_not_open_in_any_other_place(other in any_place()) {
        let key = field_key([9; 32]);
        let sealed = key.seal(&place(), b"Marja Virtanen", &CryptoEntropy);
        prop_assume!(other != place());
        prop_assert!(key.open(&other, &sealed).is_err());
    }

    #[test]
    fn strange_bytes_are_an_error(bytes: Vec<u8>) {
        let _ = key_version_of(&bytes);
        prop_assert!(field_key([9; 32]).open(&place(), &bytes).is_err());
        prop_assert!(Kek::new(&SecretKey::from_slice(&[8; 32]).unwrap()).unwrap(&slot(), &bytes).is_err());
    }
}

#[test]
fn a_value_moved_by_one_part_of_its_place_does_not_open() {
    let key = field_key([9; 32]);
    let sealed = key.seal(&place(), b"Marja Virtanen", &CryptoEntropy);
    let moved = [
        Place { organisation: OrganisationId::from_bytes([0; 16]), ..place() },
        Place { subject: CustomerId::from_bytes([0; 16]).into(), ..place() },
        Place { table: 0, ..place() },
        Place { column: 0, ..place() },
        Place { table: place().column, column: place().table, ..place() },
        Place { row: [0; 16], ..place() },
        Place { class: RetentionClass(0), ..place() },
    ];
    for other in moved {
        assert_eq!(key.open(&other, &sealed).unwrap_err(), OpenError::Refused, "{other:?}");
    }
    let renewed = Place { key_version: 8, ..place() };
    assert_eq!(key.open(&renewed, &sealed).unwrap_err(), OpenError::KeyVersion { sealed: 7, given: 8 });
    // An attacker who also rewrites the version in the clear meets the associated data.
    let mut rewritten = sealed;
    rewritten[1..5].copy_from_slice(&8u32.to_be_bytes());
    assert_eq!(key.open(&renewed, &rewritten).unwrap_err(), OpenError::Refused);
}

#[test]
fn a_value_opens_under_one_key_only() {
    let sealed = field_key([9; 32]).seal(&place(), b"Marja Virtanen", &CryptoEntropy);
    assert_eq!(field_key([10; 32]).open(&place(), &sealed).unwrap_err(), OpenError::OtherKey);
    assert_eq!(dek([9; 32]).field_key(FieldClass(4)).open(&place(), &sealed).unwrap_err(), OpenError::OtherKey);
}

#[test]
fn a_ciphertext_for_two_keys_serves_at_most_one() {
    // The attacker of Len, Grubbs and Ristenpart (USENIX Security 2021) tries many keys with one
    // ciphertext. Whatever the body, the commitment decides for one key before anything is decrypted.
    let keys: Vec<[u8; 32]> = (0..64).map(|byte| [byte; 32]).collect();
    for owner in &keys {
        let (_, commitment) = derived(*owner);
        let sealed = [&[1][..], &7u32.to_be_bytes(), &commitment, &[0; 12 + 64 + 16]].concat();
        let reached = keys.iter().filter(|key| field_key(**key).open(&place(), &sealed) != Err(OpenError::OtherKey));
        assert_eq!(reached.collect::<Vec<_>>(), [owner]);
    }
}

#[test]
fn equal_values_do_not_look_equal() {
    let key = field_key([9; 32]);
    let (first, second) = (key.seal(&place(), b"same", &CryptoEntropy), key.seal(&place(), b"same", &CryptoEntropy));
    assert_ne!(first[37..], second[37..]);
}

#[test]
fn a_wrapped_data_key_opens_in_its_slot_under_its_epoch_only() {
    let kek = Kek::new(&SecretKey::from_slice(&[8; 32]).unwrap());
    let wrapped = kek.wrap(&slot(), &dek([9; 32]), &CryptoEntropy);
    let value = field_key([9; 32]).seal(&place(), b"Marja Virtanen", &CryptoEntropy);
    let unwrapped = kek.unwrap(&slot(), &wrapped).ok().unwrap();
    assert_eq!(&*unwrapped.field_key(CLASS).open(&place(), &value).unwrap(), b"Marja Virtanen");

    let moved = [
        DekSlot { organisation: OrganisationId::from_bytes([0; 16]), ..slot() },
        DekSlot { subject: CustomerId::from_bytes([0; 16]).into(), ..slot() },
        DekSlot { class: RetentionClass(0), ..slot() },
        DekSlot { version: 0, ..slot() },
    ];
    for other in moved {
        assert_eq!(kek.unwrap(&other, &wrapped).err(), Some(OpenError::Refused), "{other:?}");
    }
    let next_epoch = Kek::new(&SecretKey::from_slice(&[7; 32]).unwrap());
    assert_eq!(next_epoch.unwrap(&slot(), &wrapped).err(), Some(OpenError::OtherKey));
    assert_eq!(kek.unwrap(&slot(), &value).err(), Some(OpenError::Format(1)));
    for bit in 0..wrapped.len() * 8 {
        let mut changed = wrapped.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(kek.unwrap(&slot(), &changed).is_err(), "bit {bit}");
    }
}
