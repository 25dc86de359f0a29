//! Opening a stream: gives out nothing of a chunk before that chunk is authentic.
//!
//! Whether the file is whole is known only at its end: whoever acts on the content reads it to the end first.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::{ChunkCipher, FileKey, HEAD_BYTES, SEALED_CHUNK_BYTES, check_format};
use crate::OpenError;
use crate::primitive::TAG_BYTES;

/// Opens what it reads. An error of kind `InvalidData` holds the [`OpenError`]; after one, every
/// further read gives the same.
pub struct Reader<R: Read> {
    inner: R,
    cipher: ChunkCipher,
    /// Sealed bytes read ahead: a full chunk and one byte, which tells whether another follows.
    sealed: Vec<u8>,
    /// The opened chunk and how much of it was given out.
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Chunks,
    End,
    Broken(OpenError),
}

impl<R: Read> Reader<R> {
    /// Begins to read a file named `associated`: reads its head.
    ///
    /// # Errors
    /// Those of the reader underneath, and `InvalidData` with [`OpenError::CutShort`] or [`OpenError::Format`].
    pub fn new(mut inner: R, key: &FileKey, associated: &[u8]) -> io::Result<Self> {
        let mut head = [0; HEAD_BYTES];
        inner.read_exact(&mut head).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => invalid(OpenError::CutShort),
            _ => error,
        })?;
        check_format(head).map_err(invalid)?;
        let cipher = ChunkCipher::new(key, head, associated);
        let sealed = Vec::with_capacity(SEALED_CHUNK_BYTES + 1);
        Ok(Self { inner, cipher, sealed, chunk: Zeroizing::new(Vec::new()), given: 0, state: State::Chunks })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let wanted = SEALED_CHUNK_BYTES + 1 - self.sealed.len();
        // An interrupted read is taken up again by `read_to_end`; any other error leaves what was read in place.
        self.inner.by_ref().take(wanted as u64).read_to_end(&mut self.sealed)?;
        let last = self.sealed.len() <= SEALED_CHUNK_BYTES;
        match self.open_chunk(last) {
            Ok(()) => {
                self.state = if last { State::End } else { State::Chunks };
                Ok(())
            }
            Err(error) => {
                self.chunk.clear();
                self.state = State::Broken(error);
                Err(invalid(error))
            }
        }
    }

    fn open_chunk(&mut self, last: bool) -> Result<(), OpenError> {
        let (sealed, ahead) = self.sealed.split_at(self.sealed.len().min(SEALED_CHUNK_BYTES));
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(OpenError::CutShort)?;
        self.given = 0;
        self.chunk.clear();
        self.chunk.extend_from_slice(ciphertext);
        self.cipher.open(&mut self.chunk, tag, last)?;
        let ahead = ahead.first().copied();
        self.sealed.clear();
        self.sealed.extend(ahead);
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.chunk.get(self.given..).unwrap_or_default();
            if !ready.is_empty() || buffer.is_empty() {
                let (from, _) = ready.split_at(ready.len().min(buffer.len()));
                let (to, _) = buffer.split_at_mut(from.len());
                to.copy_from_slice(from);
                self.given += from.len();
                return Ok(from.len());
            }
            match self.state {
                State::Chunks => self.next_chunk()?,
                State::End => return Ok(0),
                State::Broken(error) => return Err(invalid(error)),
            }
        }
    }
}

fn invalid(error: OpenError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
