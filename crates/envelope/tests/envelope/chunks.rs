//! Sealed files: whole, in order, under their name and key, or not at all.

use std::io::{self, Read, Write};

use envelope::chunked::{self, FileKey, Reader, Writer};
use envelope::{CryptoEntropy, Dek, FieldClass, OpenError, Place, RetentionClass};
use kernel::limits::BLOB_CHUNK_BYTES;
use kernel::{CustomerId, Id, OrganisationId, SeededEntropy};
use proptest::prelude::*;

const NAME: &[u8] = b"random blob name";
const HEAD: usize = 8;
const SEALED_CHUNK: usize = BLOB_CHUNK_BYTES + 16;

fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// Opens in memory and as a stream; both must agree.
fn open(key: &FileKey, name: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let whole = chunked::open(key, name, sealed).map(|opened| opened.to_vec());
    let mut streamed = Vec::new();
    let read = Reader::new(sealed, key, name).and_then(|mut reader| reader.read_to_end(&mut streamed));
    match (&whole, read) {
        (Ok(opened), Ok(_)) => assert_eq!(*opened, streamed),
        (Err(error), Err(read)) => {
            assert_eq!(read.kind(), io::ErrorKind::InvalidData);
            assert_eq!(read.get_ref().unwrap().downcast_ref(), Some(error));
        }
        (whole, read) => panic!("memory: {:?}, stream: {read:?}", whole.as_ref().map(Vec::len)),
    }
    whole
}

#[test]
fn files_of_every_length_around_a_chunk_open_as_they_were_sealed() {
    let key = FileKey::generate(&CryptoEntropy);
    for length in [0, 1, 15, 16, 17, BLOB_CHUNK_BYTES - 1, BLOB_CHUNK_BYTES, BLOB_CHUNK_BYTES + 1, 3 * BLOB_CHUNK_BYTES]
    {
        let plain = plaintext(length);
        let sealed = chunked::seal(&key, NAME, &plain, &CryptoEntropy);
        assert_eq!(sealed.len(), chunked::sealed_bytes(length));
        assert_eq!(open(&key, NAME, &sealed), Ok(plain), "{length} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn writing_in_pieces_gives_what_sealing_at_once_gives(pieces in prop::collection::vec(0..100_000usize, 0..5), seed: u64) {
        let key = FileKey::generate(&CryptoEntropy);
        let plain = plaintext(pieces.iter().sum());
        let mut writer = Writer::new(Vec::new(), &key, NAME, &SeededEntropy::new(seed)).unwrap();
        let mut rest = plain.as_slice();
        for piece in pieces {
            let (now, later) = rest.split_at(piece);
            writer.write_all(now).unwrap();
            rest = later;
        }
        let sealed = writer.finish().unwrap();
        prop_assert_eq!(&sealed, &chunked::seal(&key, NAME, &plain, &SeededEntropy::new(seed)));
        prop_assert_eq!(open(&key, NAME, &sealed), Ok(plain));
    }

    #[test]
    fn a_file_with_any_bit_changed_does_not_open(bit: prop::sample::Index) {
        let key = FileKey::generate(&CryptoEntropy);
        let mut sealed = chunked::seal(&key, NAME, &plaintext(BLOB_CHUNK_BYTES + 100), &CryptoEntropy);
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open(&key, NAME, &sealed).is_err());
    }

    #[test]
    fn strange_bytes_are_an_error(mut bytes: Vec<u8>) {
        let key = FileKey::generate(&CryptoEntropy);
        prop_assert!(open(&key, NAME, &bytes).is_err());
        bytes.splice(0..0, [0x21; HEAD]);
        prop_assert!(open(&key, NAME, &bytes).is_err());
    }
}

#[test]
fn a_file_cut_anywhere_does_not_open() {
    let key = FileKey::generate(&CryptoEntropy);
    let sealed = chunked::seal(&key, NAME, &plaintext(2 * BLOB_CHUNK_BYTES + 10), &CryptoEntropy);
    let cuts = [0, 1, HEAD, HEAD + 15, HEAD + 16, HEAD + SEALED_CHUNK - 1, HEAD + SEALED_CHUNK];
    for cut in cuts.into_iter().chain([HEAD + SEALED_CHUNK + 16, HEAD + 2 * SEALED_CHUNK, sealed.len() - 1]) {
        assert!(open(&key, NAME, &sealed[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn chunks_cannot_be_swapped_doubled_left_out_or_appended() {
    let key = FileKey::generate(&CryptoEntropy);
    let mut plain = plaintext(3 * BLOB_CHUNK_BYTES);
    plain[BLOB_CHUNK_BYTES..2 * BLOB_CHUNK_BYTES].fill(1);
    let sealed = chunked::seal(&key, NAME, &plain, &CryptoEntropy);
    let (head, chunks) = sealed.split_at(HEAD);
    let chunk = |at: usize| &chunks[at * SEALED_CHUNK..(at + 1) * SEALED_CHUNK];
    assert_eq!(open(&key, NAME, &[head, chunk(0), chunk(1), chunk(2)].concat()), Ok(plain));
    let forged = [
        [head, chunk(1), chunk(0), chunk(2)].concat(),
        [head, chunk(0), chunk(0), chunk(2)].concat(),
        [head, chunk(0), chunk(2)].concat(),
        [head, chunk(2)].concat(),
        [head, chunk(0), chunk(1)].concat(),
        [head, chunk(0), chunk(1), chunk(2), chunk(2)].concat(),
        [head, chunk(0), chunk(1), chunk(2), b"x"].concat(),
        [head, chunk(0), chunk(1), chunk(2), &[0; 16]].concat(),
        [head, chunk(0), chunk(1), chunk(2), head, chunk(0), chunk(1), chunk(2)].concat(),
    ];
    for (number, forged) in forged.iter().enumerate() {
        assert!(open(&key, NAME, forged).is_err(), "forgery {number}");
    }
}

#[test]
fn chunks_of_two_files_under_one_key_cannot_be_mixed() {
    let key = FileKey::generate(&CryptoEntropy);
    let plain = plaintext(2 * BLOB_CHUNK_BYTES);
    let first = chunked::seal(&key, NAME, &plain, &CryptoEntropy);
    let second = chunked::seal(&key, NAME, &plain, &CryptoEntropy);
    let mixed = [&first[..HEAD + SEALED_CHUNK], &second[HEAD + SEALED_CHUNK..]].concat();
    assert_eq!(open(&key, NAME, &mixed), Err(OpenError::Refused));
}

#[test]
fn a_file_under_another_name_or_key_does_not_open() {
    let key = FileKey::generate(&CryptoEntropy);
    let sealed = chunked::seal(&key, NAME, b"statement.pdf", &CryptoEntropy);
    assert_eq!(open(&key, b"another name", &sealed), Err(OpenError::Refused));
    assert_eq!(open(&FileKey::generate(&CryptoEntropy), NAME, &sealed), Err(OpenError::Refused));
    assert_eq!(open(&key, NAME, &[b"\x01", &sealed[1..]].concat()), Err(OpenError::Format(1)));
}

#[test]
fn a_file_that_was_not_finished_does_not_open() {
    let key = FileKey::generate(&CryptoEntropy);
    let mut sealed = Vec::new();
    let mut writer = Writer::new(&mut sealed, &key, NAME, &CryptoEntropy).unwrap();
    writer.write_all(&plaintext(BLOB_CHUNK_BYTES + 1)).unwrap();
    drop(writer);
    assert!(sealed.len() > BLOB_CHUNK_BYTES, "the first chunk was written");
    assert!(open(&key, NAME, &sealed).is_err());
}

#[test]
fn after_a_changed_chunk_a_stream_gives_nothing_more() {
    let key = FileKey::generate(&CryptoEntropy);
    let mut sealed = chunked::seal(&key, NAME, &plaintext(3 * BLOB_CHUNK_BYTES), &CryptoEntropy);
    sealed[HEAD + SEALED_CHUNK + 5] ^= 1;
    let mut reader = Reader::new(sealed.as_slice(), &key, NAME).unwrap();
    let mut first = vec![0; BLOB_CHUNK_BYTES];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(first, plaintext(BLOB_CHUNK_BYTES));
    for _ in 0..2 {
        let error = reader.read(&mut first).unwrap_err();
        assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&OpenError::Refused));
    }
}

/// A disk that is full after some bytes, once.
struct FullOnce {
    room: usize,
    taken: Vec<u8>,
}

impl Write for FullOnce {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            self.room = usize::MAX;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.room);
        self.taken.extend_from_slice(&bytes[..taken]);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_failed_write_the_file_cannot_be_finished() {
    let key = FileKey::generate(&CryptoEntropy);
    let disk = FullOnce { room: 1_000, taken: Vec::new() };
    let mut writer = Writer::new(disk, &key, NAME, &CryptoEntropy).unwrap();
    let plain = plaintext(BLOB_CHUNK_BYTES + 1);
    assert_eq!(writer.write_all(&plain).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(writer.write_all(&plain).is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn the_key_of_a_file_is_sealed_like_any_value() {
    let field_key = Dek::generate(&CryptoEntropy).field_key(FieldClass(9));
    let place = Place {
        organisation: OrganisationId::from_bytes([1; 16]),
        subject: CustomerId::from_bytes([2; 16]).into(),
        table: 1,
        column: 2,
        row: [3; 16],
        class: RetentionClass(1),
        key_version: 1,
    };
    let key = FileKey::generate(&CryptoEntropy);
    let sealed_key = key.seal(&field_key, &place, &CryptoEntropy);
    let sealed = chunked::seal(&key, NAME, b"statement.pdf", &CryptoEntropy);
    let again = FileKey::open(&field_key, &place, &sealed_key).ok().unwrap();
    assert_eq!(open(&again, NAME, &sealed), Ok(b"statement.pdf".to_vec()));
    let not_a_key = field_key.seal(&place, b"short", &CryptoEntropy);
    assert_eq!(FileKey::open(&field_key, &place, &not_a_key).err(), Some(OpenError::CutShort));
}
