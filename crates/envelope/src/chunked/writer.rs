//! Sealing a stream: holds at most one chunk of plaintext and never writes it in the clear.

use std::io::{self, Write};

use kernel::Entropy;
use kernel::limits::BLOB_CHUNK_BYTES;
use zeroize::Zeroizing;

use super::{ChunkCipher, FileKey, new_head};

/// Seals what is written to it. Without [`Writer::finish`] the file has no last chunk and never opens.
pub struct Writer<W: Write> {
    inner: W,
    cipher: ChunkCipher,
    chunk: Zeroizing<Vec<u8>>,
    broken: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a file named `associated`: writes its head.
    ///
    /// # Errors
    /// Those of the writer underneath.
    pub fn new(mut inner: W, key: &FileKey, associated: &[u8], entropy: &dyn Entropy) -> io::Result<Self> {
        let head = new_head(entropy);
        inner.write_all(&head)?;
        let cipher = ChunkCipher::new(key, head, associated);
        Ok(Self { inner, cipher, chunk: Zeroizing::new(Vec::with_capacity(BLOB_CHUNK_BYTES)), broken: false })
    }

    /// Seals the last chunk and gives back the writer underneath, flushed.
    ///
    /// # Errors
    /// Those of the writer underneath.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_chunk(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier part of this sealed file was not written: begin it again"));
        }
        // A chunk half written cannot be repaired: its nonce is spent.
        self.broken = true;
        let tag = self
            .cipher
            .seal(&mut self.chunk, last)
            .map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "a sealed file holds at most 2^32 chunks"))?;
        self.inner.write_all(&self.chunk)?;
        self.inner.write_all(&tag)?;
        // The chunk was sealed in place: only ciphertext is left in it.
        self.chunk.clear();
        self.broken = false;
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        // A full chunk waits until more comes: only then is it known not to be the last.
        if self.chunk.len() == BLOB_CHUNK_BYTES && !plaintext.is_empty() {
            self.seal_chunk(false)?;
        }
        let (taken, _) = plaintext.split_at(plaintext.len().min(BLOB_CHUNK_BYTES - self.chunk.len()));
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// Flushes the sealed chunks; the chunk that is not full yet stays until the end.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
