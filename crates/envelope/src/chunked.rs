//! Sealing of attachments and raw mails: AES-256-GCM in chunks under a random key per file.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption
//! and its Nonce-Reuse Misuse-Resistance", 2015): nonce = random prefix (7) ‖ chunk counter
//! (4, big-endian) ‖ last-chunk flag (1). A file that was cut, extended, reordered or renamed does not open.

mod reader;
mod writer;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use kernel::Entropy;
use kernel::limits::BLOB_CHUNK_BYTES;
use zeroize::Zeroizing;

use crate::primitive::{NONCE_BYTES, TAG_BYTES};
use crate::{FieldKey, OpenError, Place, SecretKey};

pub use reader::Reader;
pub use writer::Writer;

/// First byte of a file sealed in chunks.
const SEALED_CHUNKS: u8 = 0x21;
const PREFIX_BYTES: usize = 7;
/// Format and nonce prefix stand before the first chunk.
const HEAD_BYTES: usize = 1 + PREFIX_BYTES;
/// Bytes of a full sealed chunk.
const SEALED_CHUNK_BYTES: usize = BLOB_CHUNK_BYTES + TAG_BYTES;

/// The random key of one file. Use it for that file alone.
pub struct FileKey(SecretKey);

impl FileKey {
    /// A fresh random key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(SecretKey::generate(entropy))
    }

    /// Seals the key itself as a value in its place.
    pub fn seal(&self, under: &FieldKey, place: &Place, entropy: &dyn Entropy) -> Vec<u8> {
        under.seal(place, self.0.expose(), entropy)
    }

    /// Opens a key that [`FileKey::seal`] sealed.
    ///
    /// # Errors
    /// As [`FieldKey::open`]; [`OpenError::CutShort`] when what opens is not a key.
    pub fn open(under: &FieldKey, place: &Place, sealed: &[u8]) -> Result<Self, OpenError> {
        let key = under.open(place, sealed)?;
        SecretKey::from_slice(&key).map(Self).ok_or(OpenError::CutShort)
    }
}

/// Seals a whole file held in memory. `associated` names it: its random blob name or its place.
pub fn seal(key: &FileKey, associated: &[u8], plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    let head = new_head(entropy);
    let mut cipher = ChunkCipher::new(key, head, associated);
    let mut sealed = Vec::with_capacity(sealed_bytes(plaintext.len()));
    sealed.extend_from_slice(&head);
    let mut rest = plaintext;
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(BLOB_CHUNK_BYTES));
        rest = after;
        let before = sealed.len();
        sealed.extend_from_slice(chunk);
        let (_, body) = sealed.split_at_mut(before);
        // Memory ends long before the counter does, which is the only way this can fail.
        #[allow(clippy::expect_used, reason = "a slice in memory has fewer than 2^32 chunks of 64 KiB")]
        let tag = cipher.seal(body, rest.is_empty()).expect("fewer than 2^32 chunks");
        sealed.extend_from_slice(&tag);
        if rest.is_empty() {
            return sealed;
        }
    }
}

/// Opens a whole file held in memory.
///
/// # Errors
/// [`OpenError::CutShort`], [`OpenError::Format`], or [`OpenError::Refused`] for a file that was
/// cut at a chunk's end, extended, reordered or renamed, or sealed under another key.
pub fn open(key: &FileKey, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (head, mut rest) = sealed.split_first_chunk::<HEAD_BYTES>().ok_or(OpenError::CutShort)?;
    check_format(*head)?;
    let mut cipher = ChunkCipher::new(key, *head, associated);
    let mut plaintext = Zeroizing::new(Vec::with_capacity(rest.len()));
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(SEALED_CHUNK_BYTES));
        rest = after;
        let (ciphertext, tag) = chunk.split_last_chunk::<TAG_BYTES>().ok_or(OpenError::CutShort)?;
        let before = plaintext.len();
        plaintext.extend_from_slice(ciphertext);
        let (_, body) = plaintext.split_at_mut(before);
        cipher.open(body, tag, rest.is_empty())?;
        if rest.is_empty() {
            return Ok(plaintext);
        }
    }
}

/// Bytes of a sealed file whose plaintext has `plain` bytes.
pub const fn sealed_bytes(plain: usize) -> usize {
    let chunks = if plain == 0 { 1 } else { plain.div_ceil(BLOB_CHUNK_BYTES) };
    HEAD_BYTES + plain + chunks * TAG_BYTES
}

fn new_head(entropy: &dyn Entropy) -> [u8; HEAD_BYTES] {
    let mut head = [SEALED_CHUNKS; HEAD_BYTES];
    let (_, prefix) = head.split_at_mut(1);
    entropy.fill(prefix);
    head
}

fn check_format(head: [u8; HEAD_BYTES]) -> Result<(), OpenError> {
    let [format, ..] = head;
    if format == SEALED_CHUNKS { Ok(()) } else { Err(OpenError::Format(format)) }
}

/// More chunks than the counter can number.
#[derive(Clone, Copy, Debug)]
struct TooManyChunks;

/// The cipher of one pass over one file: counts its chunks.
struct ChunkCipher {
    key: LessSafeKey,
    head: [u8; HEAD_BYTES],
    /// Format ‖ length of the name (8, big-endian) ‖ name: authentic with every chunk.
    associated: Vec<u8>,
    chunks: u64,
}

impl ChunkCipher {
    fn new(key: &FileKey, head: [u8; HEAD_BYTES], name: &[u8]) -> Self {
        #[allow(clippy::expect_used, reason = "the key has the length of the algorithm by its type")]
        let key = UnboundKey::new(&AES_256_GCM, key.0.expose()).expect("a key of 32 bytes");
        let mut associated = Vec::with_capacity(9 + name.len());
        associated.push(SEALED_CHUNKS);
        associated.extend_from_slice(&(name.len() as u64).to_be_bytes());
        associated.extend_from_slice(name);
        Self { key: LessSafeKey::new(key), head, associated, chunks: 0 }
    }

    fn seal(&mut self, in_out: &mut [u8], last: bool) -> Result<[u8; TAG_BYTES], TooManyChunks> {
        let nonce = self.next_nonce(last)?;
        let sealed = self.key.seal_in_place_separate_tag(nonce, Aad::from(&self.associated), in_out);
        #[allow(clippy::expect_used, reason = "AES-GCM refuses only plaintexts above 64 GiB, and a chunk has 64 KiB")]
        let sealed = sealed.expect("a chunk of 64 KiB");
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(sealed.as_ref());
        Ok(tag)
    }

    /// Opens a chunk in place; what stands there after an error must not be used.
    fn open(&mut self, in_out: &mut [u8], tag: &[u8; TAG_BYTES], last: bool) -> Result<(), OpenError> {
        // A file that is an empty chunk after a full one would be a second form of the same file.
        if self.chunks > 0 && in_out.is_empty() {
            return Err(OpenError::Refused);
        }
        let nonce = self.next_nonce(last).map_err(|TooManyChunks| OpenError::Refused)?;
        self.key
            .open_in_place_separate_tag(nonce, Aad::from(&self.associated), tag, in_out)
            .map(|_| ())
            .map_err(|_| OpenError::Refused)
    }

    fn next_nonce(&mut self, last: bool) -> Result<Nonce, TooManyChunks> {
        // 2^32 chunks of 64 KiB: 256 TiB in one file.
        let counter = u32::try_from(self.chunks).map_err(|_| TooManyChunks)?;
        self.chunks += 1;
        let mut nonce = [u8::from(last); NONCE_BYTES];
        let (prefix, rest) = nonce.split_at_mut(PREFIX_BYTES);
        let (_, drawn) = self.head.split_at(1);
        prefix.copy_from_slice(drawn);
        let (number, _) = rest.split_at_mut(4);
        number.copy_from_slice(&counter.to_be_bytes());
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}
