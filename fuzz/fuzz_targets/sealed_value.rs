//! Sealed values, wrapped keys and sealed files as a thief may have bent them: an error, never a panic.

#![no_main]

use std::io::Read;
use std::sync::LazyLock;

use envelope::chunked::{self, FileKey, Reader};
use envelope::{Dek, DekSlot, FieldClass, FieldKey, Kek, Place, RetentionClass, SecretKey, key_version_of};
use kernel::{CustomerId, Id, OrganisationId, SeededEntropy};
use libfuzzer_sys::fuzz_target;

struct Keys {
    kek: Kek,
    field: FieldKey,
    file: FileKey,
}

// The same keys in every run, so that a found input can be replayed.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let entropy = SeededEntropy::new(1);
    Keys {
        kek: Kek::new(&SecretKey::generate(&entropy)),
        field: Dek::generate(&entropy).field_key(FieldClass(1)),
        file: FileKey::generate(&entropy),
    }
});

fuzz_target!(|data: &[u8]| {
    let place = Place {
        organisation: OrganisationId::from_bytes([1; 16]),
        subject: CustomerId::from_bytes([2; 16]).into(),
        table: 3,
        column: 4,
        row: [5; 16],
        class: RetentionClass(6),
        key_version: key_version_of(data).unwrap_or_default(),
    };
    let Place { organisation, subject, class, key_version, .. } = place;
    // Nothing that was not sealed under these keys opens.
    assert!(KEYS.field.open(&place, data).is_err());
    assert!(KEYS.kek.unwrap(&DekSlot { organisation, subject, class, version: key_version }, data).is_err());
    assert!(chunked::open(&KEYS.file, b"name", data).is_err());
    let streamed = Reader::new(data, &KEYS.file, b"name").and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
    assert!(streamed.is_err());

    // What was sealed under them opens as it was, whatever it is.
    let sealed = KEYS.field.seal(&place, data, &SeededEntropy::new(2));
    assert_eq!(KEYS.field.open(&place, &sealed).as_deref().map(Vec::as_slice), Ok(data));
    let sealed = chunked::seal(&KEYS.file, b"name", data, &SeededEntropy::new(2));
    assert_eq!(chunked::open(&KEYS.file, b"name", &sealed).as_deref().map(Vec::as_slice), Ok(data));
});
